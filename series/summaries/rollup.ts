/** Makes the summaries that are stored: of each minute of a day without quantiles, of each hour with them. */

import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import { isNumeric } from '../points/column.ts';
import { KEEP_ALL, KEEP_SUMS, type Kept } from './kept.ts';
import type { SummaryColumn, SummaryRun, WindowRange } from './run.ts';
import { type ChannelKind, Summary } from './summary.ts';
import type { Windows } from './windows.ts';
import { WindowsBuilder } from './windows-builder.ts';

/** The kind of a channel; `undefined` when its type is gone. */
export type KindOf = (channel: string) => ChannelKind | undefined;

const summarize = (
  { channel, unit, type, time, value, quality }: SeriesColumn,
  range: WindowRange,
  kept: Kept,
  kindOf: KindOf,
): SummaryColumn => {
  const numeric = isNumeric(type);
  // Where the kind is not known: the default of the contract for numbers, the only possible one for others.
  const kind = kindOf(channel) ?? (numeric ? 'continuous' : 'step');
  const windows = new WindowsBuilder(range.windows, numeric, kept.sketch);
  let window = -1;
  let summary: Summary | undefined;
  for (let at = 0; at < time.length; at += 1) {
    const when = time[at];
    const one = value[at];
    if (when === undefined || one === undefined) continue;
    const next = Math.floor((when - range.start) / range.width);
    if (summary === undefined || next !== window) {
      if (summary !== undefined) windows.put(window, summary);
      window = next;
      summary = new Summary(kind, numeric, kept);
    }
    summary.add(when, one, quality?.[at] ?? 0);
  }
  if (summary !== undefined) windows.put(window, summary);
  return { channel, unit, type, kind, windows: windows.build() };
};

/** The minutes of a day. @param day its start */
export const minutesOfDay = (day: Micros): WindowRange => ({
  start: day,
  width: MICROS_PER_MINUTE,
  windows: MICROS_PER_DAY / MICROS_PER_MINUTE,
});

/**
 * Summaries of the minutes of a day of one channel.
 * @param column points of the day, times ascending
 * @param day its start
 */
export const minutesOf = (column: SeriesColumn, day: Micros, kindOf: KindOf): SummaryColumn =>
  summarize(column, minutesOfDay(day), KEEP_SUMS, kindOf);

/** Summaries of one hour. @param columns points of the hour, times ascending @param hour its start */
export const hourOf = (columns: readonly SeriesColumn[], hour: Micros, kindOf: KindOf): SummaryRun => {
  const range = { start: hour, width: MICROS_PER_HOUR, windows: 1 };
  return { ...range, columns: columns.map((column) => summarize(column, range, KEEP_ALL, kindOf)) };
};

const HOURS_PER_DAY = MICROS_PER_DAY / MICROS_PER_HOUR;

/** The hours of a day of one channel with one of them replaced. @param before `undefined`: no hour yet */
const withWindow = (
  { type, kind }: SummaryColumn,
  before: Windows | undefined,
  replaced: number,
  hour: Windows | undefined,
): Windows => {
  const numeric = isNumeric(type);
  const windows = new WindowsBuilder(HOURS_PER_DAY, numeric, numeric);
  for (let at = 0; at < HOURS_PER_DAY; at += 1) {
    const from = at === replaced ? hour : before;
    if (from === undefined) continue;
    const summary = new Summary(kind, numeric, KEEP_ALL);
    const window = at === replaced ? 0 : at;
    summary.merge(from, window, window + 1);
    windows.put(at, summary);
  }
  return windows.build();
};

/**
 * Summaries of the hours of a day with one hour replaced.
 * @param before `undefined`: no hour yet
 */
export const withHour = (before: SummaryRun | undefined, hour: SummaryRun): SummaryRun => {
  const start = Math.floor(hour.start / MICROS_PER_DAY) * MICROS_PER_DAY;
  const replaced = (hour.start - start) / MICROS_PER_HOUR;
  const channels = new Map(before?.columns.map((column) => [column.channel, column]));
  const fresh = new Map(hour.columns.map((column) => [column.channel, column]));
  const columns = [...new Set([...channels.keys(), ...fresh.keys()])].sort().flatMap((channel) => {
    const known = channels.get(channel);
    const column = fresh.get(channel) ?? known;
    if (column === undefined) return [];
    return [
      { ...column, windows: withWindow(column, known?.windows, replaced, fresh.get(channel)?.windows) },
    ];
  });
  return { start, width: MICROS_PER_HOUR, windows: HOURS_PER_DAY, columns };
};
