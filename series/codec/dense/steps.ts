/**
 * Steps between neighbours in a column of whole numbers: counted in a unit that divides all of them, less a slope that
 * all have in common.
 */
import { MAX_STEP, WIDE } from './predict.ts';

/** How steps are counted. */
export interface StepScale {
  /** A number that divides all steps, the greatest unless the sample of {@link guessScale} was misled. */
  readonly unit: number;
  /** The median step in units, which is subtracted from each. */
  readonly slope: number;
  /** How far steps usually are from the slope, in units: half the interquartile range. */
  readonly usual: number;
}

const gcd = (one: number, other: number): number => {
  let [large, small] = [one, other];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
};

const SAMPLE = 32;
const sample = new Float64Array(SAMPLE + 1);

/** A scale that suits a sample of the steps. */
const guessScale = (numbers: Float64Array, count: number): StepScale => {
  const stride = Math.max(1, Math.ceil((count - 1) / SAMPLE));
  let unit = 0;
  let taken = 0;
  for (let at = 1; at < count; at += stride) {
    const step = (numbers[at] ?? 0) - (numbers[at - 1] ?? 0);
    if (unit !== 1) unit = gcd(unit, Math.abs(step));
    sample[taken++] = step;
  }
  unit = unit || 1;
  const sorted = sample.subarray(0, taken).sort();
  const quantile = (share: number): number => (sorted[Math.floor(share * taken)] ?? 0) / unit;
  return { unit, slope: quantile(0.5), usual: (quantile(0.75) - quantile(0.25)) / 2 };
};

/** @returns whether all steps are multiples of the unit */
const fillSteps = (
  numbers: Float64Array,
  count: number,
  { unit, slope }: StepScale,
  steps: Int32Array,
): boolean => {
  let before = numbers[0] ?? 0;
  for (let at = 1; at < count; at += 1) {
    const number = numbers[at] ?? 0;
    const step = (unit === 1 ? number - before : (number - before) / unit) - slope;
    before = number;
    const whole = step | 0;
    if (whole === step && whole < MAX_STEP && whole > -MAX_STEP) steps[at] = whole;
    else if (Number.isInteger(step)) steps[at] = WIDE;
    else return false;
  }
  return true;
};

/**
 * Counts steps.
 * @param steps receives them, from index 1 on; {@link WIDE} for those too wide to be predicted
 */
export const toSteps = (numbers: Float64Array, count: number, steps: Int32Array): StepScale => {
  const guessed = guessScale(numbers, count);
  if (fillSteps(numbers, count, guessed, steps)) return guessed;
  let { unit } = guessed;
  for (let at = 1; unit > 1 && at < count; at += 1)
    unit = gcd(unit, Math.abs((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)));
  const finer = guessed.unit / unit;
  const scale = { unit, slope: guessed.slope * finer, usual: guessed.usual * finer };
  fillSteps(numbers, count, scale, steps);
  return scale;
};

/** A step, however wide. */
export const stepAt = (numbers: Float64Array, at: number, { unit, slope }: StepScale): number =>
  ((numbers[at] ?? 0) - (numbers[at - 1] ?? 0)) / unit - slope;
