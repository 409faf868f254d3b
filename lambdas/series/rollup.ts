/** Summaries of the points of an hour: of each of its minutes, and of the whole. */
import { MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from './column.ts';
import { type ChannelKind, isNumeric, KEEP_ALL, KEEP_SUMS, type Kept, Summary } from './summary.ts';
import type { SummaryColumn, SummaryRun } from './summary-codec.ts';

/** How a channel behaves between points. */
export type KindOf = (channel: string) => ChannelKind | undefined;

const summarize = (
  columns: readonly SeriesColumn[],
  start: Micros,
  width: Micros,
  kept: Kept,
  kindOf: KindOf,
): SummaryColumn[] =>
  columns.map(({ channel, unit, type, time, value, quality }) => {
    const numeric = isNumeric(type);
    // A type that is gone tells no kind: numbers then go along straight lines, as the contract has it by default.
    const kind = kindOf(channel) ?? (numeric ? 'continuous' : 'step');
    const slots: (Summary | undefined)[] = new Array(MICROS_PER_HOUR / width).fill(undefined);
    for (let at = 0; at < time.length; at += 1) {
      const when = time[at];
      const one = value[at];
      if (when === undefined || one === undefined) continue;
      const place = Math.floor((when - start) / width);
      let slot = slots[place];
      if (slot === undefined) {
        slot = new Summary(kind, numeric, kept);
        slots[place] = slot;
      }
      slot.add(when, one, quality?.[at] ?? 0);
    }
    return { channel, unit, type, kind, slots };
  });

/**
 * Summaries of the minutes of an hour, without quantiles.
 * @param columns of the hour, one a channel, times ascending
 */
export const minutesOf = (columns: readonly SeriesColumn[], hour: Micros, kindOf: KindOf): SummaryRun => ({
  start: hour,
  width: MICROS_PER_MINUTE,
  slots: MICROS_PER_HOUR / MICROS_PER_MINUTE,
  columns: summarize(columns, hour, MICROS_PER_MINUTE, KEEP_SUMS, kindOf),
});

/** A whole hour as one slot a channel, with quantiles. */
export const hourOf = (columns: readonly SeriesColumn[], hour: Micros, kindOf: KindOf): SummaryRun => ({
  start: hour,
  width: MICROS_PER_HOUR,
  slots: 1,
  columns: summarize(columns, hour, MICROS_PER_HOUR, KEEP_ALL, kindOf),
});

const HOURS = MICROS_PER_DAY / MICROS_PER_HOUR;

/**
 * The summaries of a day's hours with one hour of it replaced.
 * @param before `undefined`: no hour is there yet
 */
export const withHour = (before: SummaryRun | undefined, hour: SummaryRun): SummaryRun => {
  const start = Math.floor(hour.start / MICROS_PER_DAY) * MICROS_PER_DAY;
  const place = (hour.start - start) / MICROS_PER_HOUR;
  const channels = new Map(before?.columns.map((column) => [column.channel, column]));
  const put = (column: SummaryColumn, slot: Summary | undefined): void => {
    const slots =
      channels.get(column.channel)?.slots ?? new Array<Summary | undefined>(HOURS).fill(undefined);
    channels.set(column.channel, { ...column, slots: slots.with(place, slot) });
  };
  for (const column of channels.values()) put(column, undefined);
  for (const column of hour.columns) put(column, column.slots[0]);
  const columns = [...channels.keys()].sort().flatMap((channel) => channels.get(channel) ?? []);
  return { start, width: MICROS_PER_HOUR, slots: HOURS, columns };
};
