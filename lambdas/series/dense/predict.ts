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

const filterOf = (predictor: number): { shift: number; trendShift: number; trendHalf: number } => {
  const [shift, trendShift] = FILTERS[predictor - FIRST_FILTER] ?? [1, 2];
  return { shift, trendShift, trendHalf: 1 << (trendShift - 1) };
};

const zigzag = (value: number): number => (value << 1) ^ (value >> 31);

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
  const { shift, trendShift, trendHalf } = filterOf(predictor);
  const limit = 1 << reset;
  // Level and trend are kept as what they predict: the level is counted from the number itself.
  let next = 0;
  let trend = 0;
  for (let at = from; at < to; at += 1) {
    const step = steps[at] ?? 0;
    if (step === WIDE) {
      left[at] = ESCAPE;
      next = trend;
      continue;
    }
    const off = (step - ((next + HALF) >> FRACTION)) | 0;
    left[at] = zigzag(off);
    if (off > limit || off < -limit) next = trend;
    else {
      const error = ((step << FRACTION) - next) | 0;
      const turn = (error + trendHalf) >> trendShift;
      next = (trend - error + (error >> shift) + turn) | 0;
      trend = (trend + turn) | 0;
    }
  }
};

/** How {@link restore} counts numbers from what is left over. */
export interface Scale {
  /** The first number. */
  readonly first: number;
  /** All others are a multiple of this away from it. */
  readonly unit: number;
  /** In units. */
  readonly slope: number;
  /** Steps in place of each {@link ESCAPE}, in units less the slope. */
  readonly wide: readonly number[];
}

const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** Undoes {@link predict}: gives the numbers, of which the first is in `scale`. */
export const restore = (
  predictor: number,
  reset: number,
  left: Int32Array,
  scale: Scale,
  numbers: number[],
  count: number,
): void => {
  numbers[0] = scale.first;
  if (predictor === ORDER_0) restoreOrder0(left, scale, numbers, count);
  else if (predictor === ORDER_1 || predictor === ORDER_2)
    restoreSteps(predictor === ORDER_2, left, scale, numbers, count);
  else restoreByFilter(predictor, reset, left, scale, numbers, count);
};

const restoreOrder0 = (
  left: Int32Array,
  { first, unit, slope, wide }: Scale,
  numbers: number[],
  count: number,
): void => {
  // The number that sums start from, and how many steps ago it was.
  let base = 0;
  let baseAt = 0;
  let sum = 0;
  let escapes = 0;
  for (let at = 1; at < count; at += 1) {
    const one = left[at] ?? 0;
    if (one === ESCAPE) {
      base += sum + slope * (at - baseAt) + (wide[escapes++] ?? 0);
      baseAt = at;
      sum = 0;
    } else sum = unzigzag(one);
    numbers[at] = first + (base + sum + slope * (at - baseAt)) * unit;
  }
};

const restoreSteps = (
  twice: boolean,
  left: Int32Array,
  { first, unit, slope, wide }: Scale,
  numbers: number[],
  count: number,
): void => {
  let number = first;
  let before = 0;
  let escapes = 0;
  for (let at = 1; at < count; at += 1) {
    const one = left[at] ?? 0;
    if (one === ESCAPE) {
      number += (slope + (wide[escapes++] ?? 0)) * unit;
      before = 0;
    } else {
      const step = (unzigzag(one) + before) | 0;
      number += (slope + step) * unit;
      if (twice) before = step;
    }
    numbers[at] = number;
  }
};

const restoreByFilter = (
  predictor: number,
  reset: number,
  left: Int32Array,
  { first, unit, slope, wide }: Scale,
  numbers: number[],
  count: number,
): void => {
  const { shift, trendShift, trendHalf } = filterOf(predictor);
  const limit = 1 << reset;
  let number = first;
  let next = 0;
  let trend = 0;
  let escapes = 0;
  for (let at = 1; at < count; at += 1) {
    const one = left[at] ?? 0;
    if (one === ESCAPE) {
      number += (slope + (wide[escapes++] ?? 0)) * unit;
      next = trend;
    } else {
      const off = unzigzag(one);
      // What is rounded away, then what was off: no longer chain of steps than need be.
      const rounded = (next + HALF) & WHOLE;
      const error = ((off << FRACTION) + (rounded - next)) | 0;
      number += (slope + ((off + (rounded >> FRACTION)) | 0)) * unit;
      if (off > limit || off < -limit) next = trend;
      else {
        const turn = (error + trendHalf) >> trendShift;
        next = (trend - error + (error >> shift) + turn) | 0;
        trend = (trend + turn) | 0;
      }
    }
    numbers[at] = number;
  }
};
