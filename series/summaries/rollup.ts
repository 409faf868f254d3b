/** Summaries of points: of each minute of a day, and of whole hours. */
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import { type ChannelKind, isNumeric, KEEP_ALL, KEEP_SUMS, type Kept, Summary } from './summary.ts';
import type { SlotRange, SummaryColumn, SummaryRun } from './summary-codec.ts';
import type { Windows } from './windows.ts';
import { WindowsBuilder } from './windows-builder.ts';

/** How a channel behaves between points. */
export type KindOf = (channel: string) => ChannelKind | undefined;

/** Summarizes a channel, one window after the other. */
const summarize = (
  { channel, unit, type, time, value, quality }: SeriesColumn,
  range: SlotRange,
  kept: Kept,
  kindOf: KindOf,
): SummaryColumn => {
  const numeric = isNumeric(type);
  // A type that is gone tells no kind: numbers then go along straight lines, as the contract has it by default.
  const kind = kindOf(channel) ?? (numeric ? 'continuous' : 'step');
  const windows = new WindowsBuilder(range.windows, numeric, kept.sketch);
  let place = -1;
  let summary: Summary | undefined;
  for (let at = 0; at < time.length; at += 1) {
    const when = time[at];
    const one = value[at];
    if (when === undefined || one === undefined) continue;
    const next = Math.floor((when - range.start) / range.width);
    if (summary === undefined || next !== place) {
      if (summary !== undefined) windows.put(place, summary);
      place = next;
      summary = new Summary(kind, numeric, kept);
    }
    summary.add(when, one, quality?.[at] ?? 0);
  }
  if (summary !== undefined) windows.put(place, summary);
  return { channel, unit, type, kind, windows: windows.build() };
};

/** The minutes of the day that begins at a time. */
export const minutesOfDay = (day: Micros): SlotRange => ({
  start: day,
  width: MICROS_PER_MINUTE,
  windows: MICROS_PER_DAY / MICROS_PER_MINUTE,
});

/**
 * Summaries of the minutes of a day of one channel, without quantiles.
 * @param column of the day, times ascending
 */
export const minutesOf = (column: SeriesColumn, day: Micros, kindOf: KindOf): SummaryColumn =>
  summarize(column, minutesOfDay(day), KEEP_SUMS, kindOf);

/** A whole hour as one window a channel, with quantiles. */
export const hourOf = (columns: readonly SeriesColumn[], hour: Micros, kindOf: KindOf): SummaryRun => {
  const range = { start: hour, width: MICROS_PER_HOUR, windows: 1 };
  return { ...range, columns: columns.map((column) => summarize(column, range, KEEP_ALL, kindOf)) };
};

const HOURS = MICROS_PER_DAY / MICROS_PER_HOUR;

/** Windows of the hours of a day with one of them replaced. */
const withWindow = (
  { type, kind }: SummaryColumn,
  before: Windows | undefined,
  place: number,
  hour: Windows | undefined,
): Windows => {
  const numeric = isNumeric(type);
  const windows = new WindowsBuilder(HOURS, numeric, numeric);
  for (let at = 0; at < HOURS; at += 1) {
    const from = at === place ? hour : before;
    if (from === undefined) continue;
    const summary = new Summary(kind, numeric, KEEP_ALL);
    const window = at === place ? 0 : at;
    summary.merge(from, window, window + 1);
    windows.put(at, summary);
  }
  return windows.build();
};

/**
 * The summaries of a day's hours with one hour of it replaced.
 * @param before `undefined`: no hour is there yet
 */
export const withHour = (before: SummaryRun | undefined, hour: SummaryRun): SummaryRun => {
  const start = Math.floor(hour.start / MICROS_PER_DAY) * MICROS_PER_DAY;
  const place = (hour.start - start) / MICROS_PER_HOUR;
  const channels = new Map(before?.columns.map((column) => [column.channel, column]));
  const fresh = new Map(hour.columns.map((column) => [column.channel, column]));
  const columns = [...new Set([...channels.keys(), ...fresh.keys()])].sort().flatMap((channel) => {
    const known = channels.get(channel);
    const column = fresh.get(channel) ?? known;
    if (column === undefined) return [];
    return [{ ...column, windows: withWindow(column, known?.windows, place, fresh.get(channel)?.windows) }];
  });
  return { start, width: MICROS_PER_HOUR, windows: HOURS, columns };
};
