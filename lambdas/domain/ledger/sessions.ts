/**
 * Sessions of a device: which of their messages came. A device counts the messages of a session from 0; a number that
 * came before is a repeat, however long ago that was.
 *
 * The newest sessions are remembered with the device's state, older ones in items of their own: nothing is forgotten.
 */
import type { Micros } from '../../../contracts/time.ts';

/** Both ends included. */
export type SeqRange = readonly [from: number, to: number];

export interface Session {
  readonly id: string;
  /** When its first message arrived. */
  readonly began: Micros;
  /** Numbers that came: ascending, apart by at least one. */
  readonly ranges: readonly SeqRange[];
}

/** Sessions that are remembered with the state of a device. */
export const MAX_SESSIONS = 4;
/** Ranges of one session: the state of a device stays bounded. */
export const MAX_RANGES = 256;

/** Place of the first range that ends at or after a number. */
const placeOf = (ranges: readonly SeqRange[], seq: number): number => {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.[1] ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Whether ranges hold a number. */
export const holds = (ranges: readonly SeqRange[], seq: number): boolean => {
  const range = ranges[placeOf(ranges, seq)];
  return range !== undefined && range[0] <= seq;
};

/** A set of whole numbers as ranges. */
export class SequenceSet {
  private readonly list: [number, number][];

  constructor(ranges: readonly SeqRange[] = []) {
    this.list = ranges.map(([from, to]) => [from, to]);
  }

  /** Adds a number. @returns whether it was not there */
  add(seq: number): boolean {
    const { list } = this;
    const newest = list.at(-1);
    // Nearly all numbers are the next.
    if (newest !== undefined && newest[1] + 1 === seq) {
      newest[1] = seq;
      return true;
    }
    const place = placeOf(list, seq);
    const after = list[place];
    if (after !== undefined && after[0] <= seq) return false;
    const before = list[place - 1];
    const joinsBefore = before !== undefined && before[1] + 1 === seq;
    const joinsAfter = after !== undefined && after[0] - 1 === seq;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      list.splice(place, 1);
    } else if (joinsBefore) before[1] = seq;
    else if (joinsAfter) after[0] = seq;
    else list.splice(place, 0, [seq, seq]);
    return true;
  }

  get ranges(): readonly SeqRange[] {
    return this.list;
  }

  /**
   * Ranges that are kept. Of too many the lowest but the first is forgotten: a message of a number that was forgotten is
   * taken as new, and each of its points is found to be there when it is merged.
   */
  kept(most: number = MAX_RANGES): readonly SeqRange[] {
    const excess = this.list.length - most;
    return excess > 0 ? [...this.list.slice(0, 1), ...this.list.slice(1 + excess)] : this.list;
  }
}

/** Whole numbers as ascending ranges. */
export const toRanges = (numbers: readonly number[]): readonly SeqRange[] => {
  const set = new SequenceSet();
  for (const number of numbers) set.add(number);
  return set.ranges;
};

/** The greatest number up to which all of a session came, counted from 0; `undefined` when 0 did not. */
export const contiguous = (ranges: readonly SeqRange[]): number | undefined => {
  const first = ranges[0];
  return first !== undefined && first[0] === 0 ? first[1] : undefined;
};
