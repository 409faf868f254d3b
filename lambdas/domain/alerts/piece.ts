/** Points that alert rules are held against. */
import type { Value } from '../../../contracts/messages/message.ts';
import { type Quality, statusOf } from '../../../contracts/quality.ts';
import type { Micros } from '../../../contracts/time.ts';

/** Points that a rule at rest may pass over, all at once. */
export interface Points {
  /** Whether none is of another quality than good. */
  readonly isGood: boolean;
  /** Time of the last. */
  readonly end: Micros;
  /** Whether all values that are numbers lie within two limits. */
  isWithin(least: number, most: number): boolean;
}

/** Points of one channel in one message that are newer than all before them, in order of time. */
export class Piece implements Points {
  /** Which message of the batch: what came with an earlier one is known to a later one. */
  readonly message: number;
  readonly arrived: Micros;
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** As they were judged; `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
  /** Whether it is another version of the newest point: that is not judged again. */
  readonly isCorrection: boolean;

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

  get isGood(): boolean {
    return this.quality === undefined;
  }

  get end(): Micros {
    return this.time.at(-1) ?? 0;
  }

  isWithin(least: number, most: number): boolean {
    const values = this.value as readonly number[];
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at] as number;
      if (value < least || value > most) return false;
    }
    return true;
  }
}

/** Pieces of one channel, in order of arrival. */
export class ChannelPieces implements Points {
  readonly list: readonly Piece[];
  private range: readonly [low: number, high: number] | undefined;

  constructor(list: readonly Piece[]) {
    this.list = list;
  }

  get isGood(): boolean {
    return this.list.every(({ quality }) => quality === undefined);
  }

  get end(): Micros {
    return this.list.at(-1)?.end ?? 0;
  }

  isWithin(least: number, most: number): boolean {
    this.range ??= this.measure();
    const [low, high] = this.range;
    return low >= least && high <= most;
  }

  /** The least and the greatest value; found once for all rules of the channel. */
  private measure(): readonly [number, number] {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const { value } of this.list) {
      const values = value as readonly number[];
      for (let at = 0; at < values.length; at += 1) {
        const one = values[at] as number;
        if (one < low) low = one;
        if (one > high) high = one;
      }
    }
    return [low, high];
  }
}

/** By channel. */
export type Pieces = ReadonlyMap<string, ChannelPieces>;

/** A value as a number: true is 1. */
export const numberOf = (value: Value): number | undefined => {
  if (typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : undefined;
};
