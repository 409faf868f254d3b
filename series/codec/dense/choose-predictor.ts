/** Chooses the predictor of a column by trying each on some windows of it. */
import { ORDER_1, PREDICTORS, predict } from './predict.ts';

/** Steps of a window, and windows of a column. */
const WINDOW = 48;
const WINDOWS = 3;
/** First steps of a window that do not count: a filter has to find level and trend first. */
const WARM_UP = 8;

/** log2(n + 1) of small numbers. */
const LOG = Float32Array.from({ length: 1024 }, (_, at) => Math.log2(at + 1));

/** About how many bits residuals take. */
const bitsOf = (residuals: Int32Array, from: number, to: number): number => {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const one = residuals[at] ?? 0;
    sum += one >>> 0 < LOG.length ? (LOG[one] ?? 0) : 32 - Math.clz32(one);
  }
  return sum;
};

/** A predictor, and where a filter starts anew; see {@link predict}. */
export interface Choice {
  readonly predictor: number;
  readonly reset: number;
}

/**
 * Chooses the predictor with the smallest residuals.
 * @param usual how far steps usually are from the slope
 * @param residuals is overwritten
 */
export const choosePredictor = (
  steps: Int32Array,
  count: number,
  usual: number,
  residuals: Int32Array,
): Choice => {
  const isShort = count <= 1 + WINDOW * WINDOWS;
  const starts = isShort
    ? [1]
    : Array.from({ length: WINDOWS }, (_, at) => 1 + Math.floor((at * (count - 1 - WINDOW)) / (WINDOWS - 1)));
  const size = isShort ? count - 1 : WINDOW;
  const skipped = isShort ? 0 : WARM_UP;
  // A filter starts anew where it is off by some six times the usual.
  const reset = Math.min(16, Math.max(2, Math.ceil(Math.log2(6 * usual + 1))));
  let best = { predictor: ORDER_1, reset };
  let least = Number.POSITIVE_INFINITY;
  for (let predictor = 0; predictor < PREDICTORS; predictor += 1) {
    let bits = 0;
    for (const start of starts) {
      predict(predictor, reset, steps, residuals, start, start + size);
      bits += bitsOf(residuals, start + skipped, start + size);
    }
    if (bits < least) {
      least = bits;
      best = { predictor, reset };
    }
  }
  return best;
};
