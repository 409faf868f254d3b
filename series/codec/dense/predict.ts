/**
 * Predicting each whole number of a series from those before it; what is left over is small.
 *
 * All arithmetic is on 32-bit integers, so that every computer predicts the same. Steps are differences of
 * neighbours less a constant slope; {@link WIDE} in a step's place starts the prediction anew.
 *
 * The filters follow level and trend (Holt 1957): next = level + trend; with error e, level moves by e / 2^s and
 * trend by e / 2^t. They average noise away, where a plain difference of two noisy numbers doubles it.
 */
import { ESCAPE } from './huffman.ts';

/** A step too large to be predicted. */
export const WIDE = 0x7fffffff;
/** Steps and what is left over are smaller than this. */
export const MAX_STEP = 2 ** 29;
const MAX_LEFT = 2 ** 30;

/** Numbers themselves, counted from the first. */
export const ORDER_0 = 0;
/** Steps. */
export const ORDER_1 = 1;
/** Differences of steps. */
export const ORDER_2 = 2;
/** Shifts `[s, t]` of each filter: predictor 3 and on. */
const FILTERS = [
  [1, 2],
  [1, 4],
  [2, 4],
  [2, 6],
  [3, 8],
  [4, 10],
  [5, 12],
] as const;
const FIRST_FILTER = 3;
export const PREDICTORS = FIRST_FILTER + FILTERS.length;

/** Binary digits after the point in level and trend. */
const FRACTION = 10;
const HALF = 1 << (FRACTION - 1);
const WHOLE = -1 << FRACTION;

const zigzag = (value: number): number => (value << 1) ^ (value >> 31);
const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** A filter under way. Kept in a variable of the loop that uses it, its fields become registers. */
export class Filter {
  private readonly shift: number;
  private readonly trendShift: number;
  private readonly half: number;
  private readonly limit: number;
  /** The next step, and how much of it is trend; the level is counted from the number itself. */
  private next = 0;
  private trend = 0;

  constructor(predictor: number, reset: number) {
    const [shift, trendShift] = FILTERS[predictor - FIRST_FILTER] ?? [1, 2];
    this.shift = shift;
    this.trendShift = trendShift;
    this.half = 1 << (trendShift - 1);
    this.limit = 2 << reset;
  }

  /** Takes the next step. @returns by how much it is off, as zigzag number */
  judge(step: number): number {
    const { next, trend } = this;
    const left = zigzag((step - ((next + HALF) >> FRACTION)) | 0);
    if (left > this.limit) this.next = trend;
    else this.move(((step << FRACTION) - next) | 0, trend);
    return left;
  }

  /** Takes by how much the next step is off, as zigzag number. @returns the step */
  take(left: number): number {
    const { next, trend } = this;
    const off = unzigzag(left);
    const rounded = (next + HALF) & WHOLE;
    if (left > this.limit) this.next = trend;
    else this.move(((off << FRACTION) + ((rounded - next) | 0)) | 0, trend);
    return (off + (rounded >> FRACTION)) | 0;
  }

  private move(error: number, trend: number): void {
    const turn = ((error + this.half) | 0) >> this.trendShift;
    this.next = (((trend - error) | 0) + (((error >> this.shift) + turn) | 0)) | 0;
    this.trend = (trend + turn) | 0;
  }

  /** Goes on from a number that was not predicted. */
  restart(): void {
    this.next = this.trend;
  }
}

/**
 * Writes into `left` what is left over of each step, as zigzag numbers below 2^31 or {@link ESCAPE}.
 * @param reset a filter is off by more than 2^reset: it starts anew at that number
 */
export const predict = (
  predictor: number,
  reset: number,
  steps: Int32Array,
  left: Int32Array,
  from: number,
  to: number,
): void => {
  if (predictor === ORDER_0) predictOrder0(steps, left, from, to);
  else if (predictor === ORDER_1) {
    for (let at = from; at < to; at += 1) {
      const step = steps[at] ?? 0;
      left[at] = step === WIDE ? ESCAPE : zigzag(step);
    }
  } else if (predictor === ORDER_2) {
    let before = 0;
    for (let at = from; at < to; at += 1) {
      const step = steps[at] ?? 0;
      left[at] = step === WIDE ? ESCAPE : zigzag(step - before);
      before = step === WIDE ? 0 : step;
    }
  } else predictByFilter(predictor, reset, steps, left, from, to);
};

const predictOrder0 = (steps: Int32Array, left: Int32Array, from: number, to: number): void => {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const step = steps[at] ?? 0;
    sum += step;
    const wide = step === WIDE || sum >= MAX_LEFT || sum < -MAX_LEFT;
    if (wide) sum = 0;
    left[at] = wide ? ESCAPE : zigzag(sum);
  }
};

const predictByFilter = (
  predictor: number,
  reset: number,
  steps: Int32Array,
  left: Int32Array,
  from: number,
  to: number,
): void => {
  const filter = new Filter(predictor, reset);
  for (let at = from; at < to; at += 1) {
    const step = steps[at] ?? 0;
    if (step === WIDE) {
      left[at] = ESCAPE;
      filter.restart();
      continue;
    }
    left[at] = filter.judge(step);
  }
};

/** How numbers are counted from what is left over. */
export interface Scale {
  /**
   * The first number; the unit that all others are a multiple of away from it; the slope in units; what all are
   * divided by in the end. In an array of float64, from which loops take them without unpacking them each time.
   */
  readonly factors: Float64Array;
  /** Gives the steps in place of each {@link ESCAPE} in turn, in units less the slope. */
  readonly wide: () => number;
}

/** What gives what is left over, number by number. */
export interface Source {
  take(): number;
  /** @throws {MalformedBytes} when more was taken than there was */
  close(): void;
}

/** Undoes {@link predict} by a filter: fills in the numbers after the first. */
export const restoreByFilter = (
  predictor: number,
  reset: number,
  source: Source,
  { factors, wide }: Scale,
  numbers: number[],
): void => {
  const filter = new Filter(predictor, reset);
  const count = numbers.length;
  let number = factors[0] ?? 0;
  const unit = factors[1] ?? 1;
  const slope = factors[2] ?? 0;
  const divisor = factors[3] ?? 1;
  for (let at = 1; at < count; at += 1) {
    const left = source.take();
    if (left === ESCAPE) {
      number += (slope + wide()) * unit;
      filter.restart();
    } else number += (slope + filter.take(left)) * unit;
    numbers[at] = number / divisor;
  }
};

/** Undoes {@link predict} by {@link ORDER_0}. */
export const restoreOrder0 = (source: Source, { factors, wide }: Scale, numbers: number[]): void => {
  const count = numbers.length;
  let number = factors[0] ?? 0;
  const unit = factors[1] ?? 1;
  const slope = factors[2] ?? 0;
  const divisor = factors[3] ?? 1;
  let sum = 0;
  for (let at = 1; at < count; at += 1) {
    const left = source.take();
    if (left === ESCAPE) {
      number += (slope + wide()) * unit;
      sum = 0;
    } else {
      const next = unzigzag(left);
      number += (slope + next - sum) * unit;
      sum = next;
    }
    numbers[at] = number / divisor;
  }
};

/** Undoes {@link predict} by {@link ORDER_1} or, `twice`, {@link ORDER_2}. */
export const restoreSteps = (
  twice: boolean,
  source: Source,
  { factors, wide }: Scale,
  numbers: number[],
): void => {
  const count = numbers.length;
  let number = factors[0] ?? 0;
  const unit = factors[1] ?? 1;
  const slope = factors[2] ?? 0;
  const divisor = factors[3] ?? 1;
  let before = 0;
  for (let at = 1; at < count; at += 1) {
    const left = source.take();
    if (left === ESCAPE) {
      number += (slope + wide()) * unit;
      before = 0;
    } else {
      const step = (unzigzag(left) + before) | 0;
      number += (slope + step) * unit;
      if (twice) before = step;
    }
    numbers[at] = number / divisor;
  }
};
