/** Values of one channel: decimals as whole numbers where that is exact, else float64; bits; a dictionary of texts. */
import type { Value } from '../../contracts/messages/message.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';
import { NARROW, readPacked, writeNarrow, writePacked } from './packed.ts';

const FLOAT64 = 0;
const DECIMAL = 1;
const BITS = 2;
const TEXTS = 3;

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
const MAX_SCALED = 2 ** 50;

let scaled = new Float64Array(1024);
/** The same, as far as they are narrow. */
let narrow = new Int32Array(1024);

const mixed = (): TypeError => new TypeError('the values of a channel are of one type');

/** Whether what was written is in few bits already. */
type Packing = 'packed' | 'loose';

const room = (count: number): void => {
  if (count <= scaled.length) return;
  scaled = new Float64Array(2 * count);
  narrow = new Int32Array(2 * count);
};

/** Scales values to whole numbers. @returns digits after the point that hold every one to the bit */
const scale = (values: readonly Value[]): number | undefined => {
  let digits = 0;
  let power = 1;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value !== 'number') throw mixed();
    const whole = Math.round(value * power);
    // Only a zero can be a negative one.
    const exact = whole / power === value && (whole !== 0 || !Object.is(value, -0));
    if (exact && whole < MAX_SCALED && whole > -MAX_SCALED) scaled[at] = whole;
    else {
      digits += 1;
      if (digits === POWERS.length) return undefined;
      power = POWERS[digits] ?? 1;
      // With another power all that was scaled is to be scaled again.
      at = -1;
    }
  }
  return digits;
};

/** As {@link scale}, in less time. @returns `undefined` as well where a number is not narrow */
const scaleNarrow = (values: readonly Value[]): number | undefined => {
  const wholes = narrow;
  let digits = 0;
  let power = 1;
  // Of their magnitudes or one less, all bits.
  let bits = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value !== 'number') throw mixed();
    const product = value * power;
    const whole = (product < 0 ? product - 0.5 : product + 0.5) | 0;
    if (whole / power === value && (whole !== 0 || !Object.is(value, -0))) {
      wholes[at] = whole;
      bits |= whole ^ (whole >> 31);
    } else {
      digits += 1;
      if (digits === POWERS.length) return undefined;
      power = POWERS[digits] ?? 1;
      bits = 0;
      at = -1;
    }
  }
  return bits < NARROW ? digits : undefined;
};

const writeNumbers = (out: ByteWriter, values: readonly Value[]): Packing => {
  room(values.length);
  const few = scaleNarrow(values);
  if (few !== undefined) {
    out.byte(DECIMAL);
    out.byte(few);
    writeNarrow(out, narrow, values.length);
    return 'packed';
  }
  const digits = scale(values);
  if (digits === undefined) {
    out.byte(FLOAT64);
    for (const value of values) {
      if (typeof value !== 'number') throw mixed();
      out.float64(value);
    }
    return 'loose';
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
 * @returns whether zstd could make them smaller
 * @throws {TypeError} when they are not all of one type
 */
export const writeValues = (out: ByteWriter, values: readonly Value[]): Packing => {
  if (typeof (values[0] ?? 0) === 'number') return writeNumbers(out, values);
  if (allOf(values, 'boolean')) writeBits(out, values);
  else if (allOf(values, 'string')) writeTexts(out, values);
  else throw mixed();
  return 'loose';
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
    if (text === undefined) throw new MalformedBytes('unknown place in the dictionary of texts');
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
