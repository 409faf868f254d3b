/** Gathers points that come one by one into columns. */

import type { Column, Value } from '../contracts/messages/message.ts';
import type { Quality } from '../contracts/quality.ts';
import type { Micros } from '../contracts/time.ts';

/** A column while it is being filled. */
export class GrowingColumn implements Column {
  readonly channel: string;
  readonly unit: string | undefined;
  readonly pointer: string;
  time: Micros[] = [];
  readonly value: Value[];
  quality: Quality[] | undefined = undefined;
  readonly row: number[] = [];

  constructor(channel: string, unit: string | undefined, pointer: string, value: Value[]) {
    this.channel = channel;
    this.unit = unit;
    this.pointer = pointer;
    this.value = value;
  }

  /** Adds a quality to a point just added, where one of the column is not good. */
  qualify(quality: Quality): void {
    this.quality ??= new Array<Quality>(this.time.length - 1).fill(0);
    this.quality.push(quality);
  }
}

/*
 * The engine remembers for each place that makes an array what it came to hold, and makes the next accordingly.
 * Two places keep columns of numbers unboxed when another column holds texts.
 */
const numbers = (): Value[] => [];
const others = (): Value[] => [];

/** Columns by channel and unit, in the order first met. */
export class ColumnSet {
  readonly columns: GrowingColumn[] = [];
  private readonly places = new Map<string, number>();
  private last = 0;

  /**
   * The column of a point.
   * @param pointer where its points stand, see {@link Column.pointer}
   */
  of(channel: string, unit: string | undefined, value: unknown, pointer: string): GrowingColumn {
    // Instruments send their channels in turn or one after the other: try the same and the next column first.
    const { columns } = this;
    const same = columns[this.last];
    if (same !== undefined && same.channel === channel && same.unit === unit) return same;
    const at = this.last + 1 === columns.length ? 0 : this.last + 1;
    const next = columns[at];
    if (next !== undefined && next.channel === channel && next.unit === unit) {
      this.last = at;
      return next;
    }
    return this.find(channel, unit, value, pointer);
  }

  private find(channel: string, unit: string | undefined, value: unknown, pointer: string): GrowingColumn {
    // With its length before it, no unit can run into the name of the channel.
    const key = unit === undefined ? `:${channel}` : `${unit.length}:${unit}${channel}`;
    const known = this.places.get(key);
    this.last = known ?? this.columns.length;
    const found = this.columns[this.last];
    if (found !== undefined) return found;
    const column = new GrowingColumn(
      channel,
      unit,
      pointer,
      typeof value === 'number' ? numbers() : others(),
    );
    this.places.set(key, this.last);
    this.columns.push(column);
    return column;
  }

  /** Lets columns that were measured at the same times share one array. */
  shareTimes(): void {
    let before: GrowingColumn | undefined;
    for (const column of this.columns) {
      if (before !== undefined && sameTimes(before.time, column.time)) column.time = before.time;
      before = column;
    }
  }
}

const sameTimes = (left: readonly Micros[], right: readonly Micros[]): boolean => {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) {
    if (left[at] !== right[at]) return false;
  }
  return true;
};
