/**
 * A column of whole numbers, in the form that takes the fewest bytes.
 *
 * In the head: the first number. When there are more: unit and slope of the steps (see steps.ts), a byte
 * `predictor * 4 + form`, for a filter where it starts anew, what the form needs, and the steps too wide to be
 * predicted. In the tail: the residuals in bits.
 */
import { zstdCompressSync } from 'node:zlib';
import { type ByteReader, ByteWriter, MalformedBytes } from '../bytes.ts';
import { BitWriter } from './bits.ts';
import { choosePredictor } from './choose-predictor.ts';
import { ESCAPE, HuffmanReader, planHuffman, writeHuffman } from './huffman.ts';
import {
  ORDER_0,
  ORDER_1,
  ORDER_2,
  PREDICTORS,
  predict,
  type ResidualReader,
  restoreByFilter,
  restoreOrder0,
  restoreSteps,
} from './predict.ts';
import { planRice, RiceReader, writeRice } from './rice.ts';
import { stepAt, toSteps } from './steps.ts';

/** Magnitudes are smaller than this, */
export const MAX_NUMBER = 2 ** 52;
/** and differences of any two numbers than this. */
export const MAX_SPAN = 2 ** 50;

/** All residuals are 0. */
const EXACT = 0;
/** Steps as variable-length integers in the head, which is packed with zstd: for what repeats itself. */
const BYTES = 1;
/** Residuals in Rice's code. */
const RICE = 2;
/** Residuals in a prefix code of their own. */
const HUFFMAN = 3;

/** Longer columns are not tried in Rice's code: a table of codes pays off. */
const RICE_UP_TO = 1024;

let steps = new Int32Array(8192);
let residuals = new Int32Array(8192);
const bits = new BitWriter();
const trial = new ByteWriter(16 * 1024);

const makeRoom = (count: number): void => {
  if (count <= steps.length) return;
  steps = new Int32Array(2 * count);
  residuals = new Int32Array(2 * count);
};

const areZero = (count: number): boolean => {
  for (let at = 1; at < count; at += 1) if (residuals[at] !== 0) return false;
  return true;
};

const recent = new Int32Array(1024);
/** Whether runs of four residuals recur so often, among the first thousand, that zstd might beat codes. */
const repeat = (count: number): boolean => {
  const end = Math.min(count, 1024);
  if (end < 32) return false;
  recent.fill(-1);
  let hash = 0;
  let found = 0;
  for (let at = 1; at < end; at += 1) {
    hash = ((hash << 8) ^ Math.imul(residuals[at] ?? 0, 0x9e3779b1)) | 0;
    const place = (Math.imul(hash, 0x85ebca6b) >>> 22) & 1023;
    if (recent[place] === hash) found += 1;
    recent[place] = hash;
  }
  return found * 4 > end;
};

/**
 * Writes numbers in the order given.
 * @param numbers whole, within {@link MAX_NUMBER} and {@link MAX_SPAN}, none −0
 */
export const writeIntegers = (
  head: ByteWriter,
  tail: ByteWriter,
  numbers: Float64Array,
  count: number,
): void => {
  if (count === 0) return;
  head.signed(numbers[0] ?? 0);
  if (count === 1) return;
  makeRoom(count);
  const scale = toSteps(numbers, count, steps);
  const { predictor, reset } = choosePredictor(steps, count, scale.usual, residuals);
  predict(predictor, reset, steps, residuals, 1, count);
  head.unsigned(scale.unit);
  head.signed(scale.slope);
  const writeForm = (form: number): void => {
    head.byte(predictor * 4 + form);
    if (predictor > ORDER_2) head.byte(reset);
  };
  if (areZero(count)) {
    writeForm(EXACT);
    return;
  }
  const rice = count <= RICE_UP_TO ? planRice(residuals, 1, count) : undefined;
  const huffman = planHuffman(residuals, 1, count);
  const bytes = Math.min(huffman.bytes, rice === undefined ? Number.POSITIVE_INFINITY : rice.bytes + 1);
  if (repeat(count)) {
    trial.reset();
    for (let at = 1; at < count; at += 1) trial.signed(stepAt(numbers, at, scale));
    if (zstdCompressSync(trial.view()).length < bytes) {
      head.byte(ORDER_1 * 4 + BYTES);
      head.bytes(trial.view());
      return;
    }
  }
  bits.reset();
  if (rice !== undefined && rice.bytes + 1 <= huffman.bytes) {
    writeForm(RICE);
    head.byte(rice.low);
    writeRice(bits, residuals, 1, count, rice.low);
  } else {
    writeForm(HUFFMAN);
    writeHuffman(head, bits, residuals, 1, count);
  }
  const stream = bits.finish();
  head.unsigned(stream.length);
  tail.bytes(stream);
  if (!huffman.escapes) return;
  for (let at = 1; at < count; at += 1) if (residuals[at] === ESCAPE) head.signed(stepAt(numbers, at, scale));
};

const NO_RESIDUALS: ResidualReader = { take: () => 0, close: () => undefined };

const openResiduals = (form: number, head: ByteReader, tail: ByteReader): ResidualReader => {
  if (form === HUFFMAN) return new HuffmanReader(head, tail);
  return form === RICE ? new RiceReader(head, tail) : NO_RESIDUALS;
};

/**
 * Reads what {@link writeIntegers} wrote.
 * @param divisor what the numbers are divided by
 * @throws {MalformedBytes}
 */
export const readIntegers = (
  head: ByteReader,
  tail: ByteReader,
  count: number,
  divisor: number,
): number[] => {
  const numbers = new Array<number>(count);
  if (count === 0) return numbers;
  // An array that has held a fraction keeps float64 from now on: it need not be rebuilt when a large number comes.
  numbers[0] = 0.5;
  const first = head.signed();
  numbers[0] = first / divisor;
  if (count === 1) return numbers;
  const unit = head.unsigned();
  const slope = head.signed();
  const choice = head.byte();
  const predictor = choice >> 2;
  const form = choice & 3;
  if (predictor >= PREDICTORS) throw new MalformedBytes(`unknown predictor ${predictor}`);
  if (form === BYTES) {
    for (let at = 1, number = first; at < count; at += 1) {
      number += (slope + head.signed()) * unit;
      numbers[at] = number / divisor;
    }
    return numbers;
  }
  const reset = predictor > ORDER_2 ? head.byte() : 0;
  const scale = { factors: Float64Array.of(first, unit, slope, divisor), wide: () => head.signed() };
  const source = openResiduals(form, head, tail);
  if (predictor === ORDER_0) restoreOrder0(source, scale, numbers);
  else if (predictor <= ORDER_2) restoreSteps(predictor === ORDER_2, source, scale, numbers);
  else restoreByFilter(predictor, reset, source, scale, numbers);
  source.close();
  return numbers;
};
