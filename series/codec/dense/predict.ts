/**
 * Predicts each whole number of a column from those before it, so that only small residuals have to be written.
 *
 * All arithmetic is on 32-bit integers: every computer predicts the same. Steps are differences of neighbours less a
 * constant slope; {@link WIDE} in a step's place starts the prediction anew.
 *
 * The filters follow level and trend (double exponential smoothing: C. C. Holt, 1957): next = level + trend; with
 * error e, level moves by e / 2^s and trend by e / 2^t. They average noise away, where a plain difference of two
 * noisy numbers doubles it.
 */
import { ESCAPE } from './huffman.ts';

/** A step too large to be predicted. */
export const WIDE = 0x7fffffff;
/** Magnitudes of steps are smaller than this. */
export const MAX_STEP = 2 ** 29;
const MAX_RESIDUAL = 2 ** 30;

/** Predicts the first number. */
export const ORDER_0 = 0;
/** Predicts the number before. */
export const ORDER_1 = 1;
/** Predicts the same step as before. */
export const ORDER_2 = 2;
/** Shifts `[s, t]` of each filter: predictors from 3 on. */
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

/** State of a filter. */
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

  /** Takes the next step. @returns its residual, as zigzag number */
  residualOf(step: number): number {
    const { next, trend } = this;
    const residual = zigzag((step - ((next + HALF) >> FRACTION)) | 0);
    if (residual > this.limit) this.next = trend;
    else this.move(((step << FRACTION) - next) | 0, trend);
    return residual;
  }

  /** Takes the residual of the next step, as zigzag number. @returns the step */
  stepOf(residual: number): number {
    const { next, trend } = this;
    const off = unzigzag(residual);
    const rounded = (next + HALF) & WHOLE;
    if (residual > this.limit) this.next = trend;
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
 * Computes residuals, as zigzag numbers below 2^31 or {@link ESCAPE}.
 * @param reset a filter that is off by more than 2^reset starts anew at that number
 * @param residuals receives them
 */
export const predict = (
  predictor: number,
  reset: number,
  steps: Int32Array,
  residuals: Int32Array,
  from: number,
  to: number,
): void => {
  if (predictor === ORDER_0) predictOrder0(steps, residuals, from, to);
  else if (predictor === ORDER_1) {
    for (let at = from; at < to; at += 1) {
      const step = steps[at] ?? 0;
      residuals[at] = step === WIDE ? ESCAPE : zigzag(step);
    }
  } else if (predictor === ORDER_2) {
    let before = 0;
    for (let at = from; at < to; at += 1) {
      const step = steps[at] ?? 0;
      residuals[at] = step === WIDE ? ESCAPE : zigzag(step - before);
      before = step === WIDE ? 0 : step;
    }
  } else predictByFilter(predictor, reset, steps, residuals, from, to);
};

const predictOrder0 = (steps: Int32Array, residuals: Int32Array, from: number, to: number): void => {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const step = steps[at] ?? 0;
    sum += step;
    const wide = step === WIDE || sum >= MAX_RESIDUAL || sum < -MAX_RESIDUAL;
    if (wide) sum = 0;
    residuals[at] = wide ? ESCAPE : zigzag(sum);
  }
};

const predictByFilter = (
  predictor: number,
  reset: number,
  steps: Int32Array,
  residuals: Int32Array,
  from: number,
  to: number,
): void => {
  const filter = new Filter(predictor, reset);
  for (let at = from; at < to; at += 1) {
    const step = steps[at] ?? 0;
    if (step === WIDE) {
      residuals[at] = ESCAPE;
      filter.restart();
      continue;
    }
    residuals[at] = filter.residualOf(step);
  }
};

/** How numbers are made of residuals. */
export interface Scale {
  /**
   * First number; unit of the steps; slope in units; what numbers are divided by in the end. An array, because loops
   * read float64 from it faster than from an object.
   */
  readonly factors: Float64Array;
  /** The next of the steps that stand as {@link ESCAPE}, in units less the slope. */
  readonly wide: () => number;
}

/** Reads residuals one by one. */
export interface ResidualReader {
  take(): number;
  /** @throws {MalformedBytes} when more were read than there are */
  close(): void;
}

/** Undoes {@link predict} by a filter. @param numbers receives all after the first */
export const restoreByFilter = (
  predictor: number,
  reset: number,
  source: ResidualReader,
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
    const residual = source.take();
    if (residual === ESCAPE) {
      number += (slope + wide()) * unit;
      filter.restart();
    } else number += (slope + filter.stepOf(residual)) * unit;
    numbers[at] = number / divisor;
  }
};

/** Undoes {@link predict} by {@link ORDER_0}. */
export const restoreOrder0 = (source: ResidualReader, { factors, wide }: Scale, numbers: number[]): void => {
  const count = numbers.length;
  let number = factors[0] ?? 0;
  const unit = factors[1] ?? 1;
  const slope = factors[2] ?? 0;
  const divisor = factors[3] ?? 1;
  let sum = 0;
  for (let at = 1; at < count; at += 1) {
    const residual = source.take();
    if (residual === ESCAPE) {
      number += (slope + wide()) * unit;
      sum = 0;
    } else {
      const next = unzigzag(residual);
      number += (slope + next - sum) * unit;
      sum = next;
    }
    numbers[at] = number / divisor;
  }
};

/** Undoes {@link predict} by {@link ORDER_1} or, `twice`, {@link ORDER_2}. */
export const restoreSteps = (
  twice: boolean,
  source: ResidualReader,
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
    const residual = source.take();
    if (residual === ESCAPE) {
      number += (slope + wide()) * unit;
      before = 0;
    } else {
      const step = (unzigzag(residual) + before) | 0;
      number += (slope + step) * unit;
      if (twice) before = step;
    }
    numbers[at] = number / divisor;
  }
};
