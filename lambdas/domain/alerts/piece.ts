/** Points of one channel in one message that are newer than all before them, in order of time. */
import type { Value } from '../../../contracts/messages/message.ts';
import { type Quality, statusOf } from '../../../contracts/quality.ts';
import type { Micros } from '../../../contracts/time.ts';

export class Piece {
  /** Which message of the batch: what came with an earlier one is known to a later one. */
  readonly message: number;
  readonly arrived: Micros;
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** As they were judged; `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
  /** Whether it is another version of the newest point: that is not judged again. */
  readonly isCorrection: boolean;
  private low = Number.NaN;
  private high = Number.NaN;

  constructor(
    message: number,
    arrived: Micros,
    time: readonly Micros[],
    value: readonly Value[],
    quality?: readonly Quality[],
    isCorrection = false,
  ) {
    this.message = message;
    this.arrived = arrived;
    this.time = time;
    this.value = value;
    this.quality = quality;
    this.isCorrection = isCorrection;
  }

  /** Whether a point is of bad quality: it says nothing of what is measured. */
  isBad(at: number): boolean {
    const { quality } = this;
    return quality !== undefined && statusOf(quality[at] ?? 0) === 'bad';
  }

  /** Whether all values that are numbers lie within two limits. */
  isWithin(least: number, most: number): boolean {
    if (Number.isNaN(this.low)) this.measure();
    return this.low >= least && this.high <= most;
  }

  /** The least and the greatest value; found once for all rules of the channel. */
  private measure(): void {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const value of this.value as readonly number[]) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.low = low;
    this.high = high;
  }
}

/** By channel, in order of arrival. */
export type Pieces = ReadonlyMap<string, readonly Piece[]>;

/** A value as a number: true is 1. */
export const numberOf = (value: Value): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : undefined;
};
