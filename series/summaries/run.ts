/** Summaries of a device in consecutive windows of time, such as the 1440 minutes of a day. */
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';
import type { ChannelKind } from './summary.ts';
import type { Windows } from './windows.ts';

/** Consecutive windows of one width. */
export interface WindowRange {
  /** Start of the first. */
  readonly start: Micros;
  readonly width: Micros;
  /** How many there are. */
  readonly windows: number;
}

/** Summaries of one channel. */
export interface SummaryColumn {
  readonly channel: string;
  readonly unit: string;
  readonly type: ValueType;
  readonly kind: ChannelKind;
  readonly windows: Windows;
}

/** Summaries of all channels of a device. */
export interface SummaryRun extends WindowRange {
  readonly columns: readonly SummaryColumn[];
}

/** The windows that lie whole in `[from, to)`: index of the first, and of the one after the last. */
export const windowsIn = (
  { start, width, windows }: WindowRange,
  from: Micros,
  to: Micros,
): { readonly first: number; readonly end: number } => ({
  first: Math.max(0, Math.ceil((from - start) / width)),
  end: Math.min(windows, Math.floor((to - start) / width)),
});
