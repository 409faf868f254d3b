/** Values of one channel in a quick chunk: decimals as whole numbers where that is exact, else float64; truth values as bits; texts by a dictionary. */
import type { Value } from '../../../contracts/messages/message.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { readPacked, writePacked } from './packed.ts';

const FLOAT64 = 0;
const DECIMAL = 1;
const BITS = 2;
const TEXTS = 3;

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
const MAX_SCALED = 2 ** 50;

let scaled = new Float64Array(1024);

const mixedTypes = (): TypeError => new TypeError('the values of a channel are of one type');

/** Whether zstd could make smaller what was written. */
type Packing = 'packed' | 'compressible';

/** Makes room for so many scaled values. */
const room = (count: number): void => {
  if (count > scaled.length) scaled = new Float64Array(2 * count);
};

/**
 * Scales decimals to whole numbers, into {@link scaled}.
 * @returns digits after the point, enough to give every value back to the bit; `undefined` when there are not
 */
const scale = (values: readonly Value[]): number | undefined => {
  let digits = 0;
  let power = 1;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value !== 'number') throw mixedTypes();
    const whole = Math.round(value * power);
    const exact = whole / power === value && !Object.is(value, -0);
    if (exact && whole < MAX_SCALED && whole > -MAX_SCALED) scaled[at] = whole;
    else {
      digits += 1;
      if (digits === POWERS.length) return undefined;
      power = POWERS[digits] ?? 1;
      // Begins anew: all that was scaled has to be scaled again.
      at = -1;
    }
  }
  return digits;
};

const writeNumbers = (out: ByteWriter, values: readonly Value[]): Packing => {
  room(values.length);
  const digits = scale(values);
  if (digits === undefined) {
    out.byte(FLOAT64);
    for (const value of values) {
      if (typeof value !== 'number') throw mixedTypes();
      out.float64(value);
    }
    return 'compressible';
  }
  out.byte(DECIMAL);
  out.byte(digits);
  writePacked(out, scaled, values.length);
  return 'packed';
};

const writeBits = (out: ByteWriter, values: readonly boolean[]): void => {
  out.byte(BITS);
  for (let start = 0; start < values.length; start += 8) {
    let bits = 0;
    for (let at = 0; at < 8; at += 1) if (values[start + at] === true) bits |= 1 << at;
    out.byte(bits);
  }
};

const writeTexts = (out: ByteWriter, values: readonly string[]): void => {
  const places = new Map<string, number>();
  for (const value of values) if (!places.has(value)) places.set(value, places.size);
  out.byte(TEXTS);
  out.unsigned(places.size);
  for (const value of places.keys()) out.text(value);
  room(values.length);
  for (const [at, value] of values.entries()) scaled[at] = places.get(value) ?? 0;
  writePacked(out, scaled, values.length);
};

const allOf = <K extends 'boolean' | 'string'>(
  values: readonly Value[],
  kind: K,
): values is readonly Extract<Value, K extends 'boolean' ? boolean : string>[] => {
  for (let at = 0; at < values.length; at += 1) if (typeof values[at] !== kind) return false;
  return true;
};

/**
 * Writes values in the order given.
 * @throws {TypeError} when they are not all of one type
 */
export const writeValues = (out: ByteWriter, values: readonly Value[]): Packing => {
  if (typeof (values[0] ?? 0) === 'number') return writeNumbers(out, values);
  if (allOf(values, 'boolean')) writeBits(out, values);
  else if (allOf(values, 'string')) writeTexts(out, values);
  else throw mixedTypes();
  return 'compressible';
};

const readDecimals = (input: ByteReader, count: number): number[] => {
  const power = POWERS[input.byte()];
  if (power === undefined) throw new MalformedBytes('unknown scale of values');
  return Array.from(readPacked(input, count), (whole) => whole / power);
};

const readBits = (input: ByteReader, count: number): boolean[] => {
  const values: boolean[] = [];
  for (let start = 0; start < count; start += 8) {
    const bits = input.byte();
    for (let at = 0; at < Math.min(8, count - start); at += 1) values.push((bits & (1 << at)) !== 0);
  }
  return values;
};

const readTexts = (input: ByteReader, count: number): string[] => {
  const texts = Array.from({ length: input.count(1) }, () => input.text());
  return Array.from(readPacked(input, count), (place) => {
    const text = texts[place];
    if (text === undefined) throw new MalformedBytes('a text is not in the dictionary');
    return text;
  });
};

/** @throws {MalformedBytes} */
export const readValues = (input: ByteReader, count: number): Value[] => {
  const encoding = input.byte();
  if (encoding === FLOAT64) return Array.from({ length: count }, () => input.float64());
  if (encoding === DECIMAL) return readDecimals(input, count);
  if (encoding === BITS) return readBits(input, count);
  if (encoding === TEXTS) return readTexts(input, count);
  throw new MalformedBytes(`unknown encoding of values ${encoding}`);
};
