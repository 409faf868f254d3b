/**
 * Values of one channel in a dense chunk. In the head a byte that names the form, then:
 *
 * | form | head | tail |
 * |---|---|---|
 * | decimals | digits; rounding; indexes and float64 of exceptions; whole numbers | their bits |
 * | floats | upper 32 bits as whole numbers; whether lower ones follow as planes of bytes | their bits; or planes |
 * | bits | eight truth values a byte | |
 * | texts | dictionary; places in it as whole numbers | their bits |
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Value } from '../../../contracts/messages/message.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { AS_IT_IS, MAX_DIGITS, PRINTED, powerOfTen, rounded, SINGLE, toDecimals } from './decimals.ts';
import { readIntegers, writeIntegers } from './integers.ts';

const DECIMALS = 0;
const FLOATS = 1;
const BITS = 2;
const TEXTS = 3;

const NO_LOWER = 0;
const PLAIN_LOWER = 1;
const ZSTD_LOWER = 2;

let numbers = new Float64Array(8192);
const room = (count: number): Float64Array => {
  if (count > numbers.length) numbers = new Float64Array(2 * count);
  return numbers;
};

const writeNumbers = (head: ByteWriter, tail: ByteWriter, values: readonly number[]): void => {
  const scaled = room(values.length);
  const decimals = toDecimals(values, scaled);
  if (decimals === undefined) {
    head.byte(FLOATS);
    writeFloats(head, tail, values);
    return;
  }
  const { digits, rounding, exceptions } = decimals;
  head.byte(DECIMALS);
  head.byte(digits);
  head.byte(rounding);
  head.unsigned(exceptions.length);
  let before = 0;
  for (const at of exceptions) {
    head.unsigned(at - before);
    head.float64(values[at] ?? 0);
    before = at;
  }
  writeIntegers(head, tail, scaled, values.length);
};

/** Upper halves are predicted. Lower halves are mostly noise: byte by byte in planes, zstd finds the bytes that are not. */
const writeFloats = (head: ByteWriter, tail: ByteWriter, values: readonly number[]): void => {
  const count = values.length;
  const words = new DataView(new ArrayBuffer(8));
  const upper = room(count);
  const planes = Buffer.alloc(count * 4);
  let lower = 0;
  for (let at = 0; at < count; at += 1) {
    words.setFloat64(0, values[at] ?? 0);
    upper[at] = words.getInt32(0);
    lower |= words.getInt32(4);
    for (let plane = 0; plane < 4; plane += 1) planes[plane * count + at] = words.getUint8(4 + plane);
  }
  writeIntegers(head, tail, upper, count);
  if (lower === 0) {
    head.byte(NO_LOWER);
    return;
  }
  const packed = zstdCompressSync(planes);
  const smaller = packed.length + 4 < planes.length;
  head.byte(smaller ? ZSTD_LOWER : PLAIN_LOWER);
  if (smaller) head.unsigned(packed.length);
  tail.bytes(smaller ? packed : planes);
};

const writeBits = (head: ByteWriter, values: readonly boolean[]): void => {
  for (let start = 0; start < values.length; start += 8) {
    let bits = 0;
    for (let at = 0; at < 8; at += 1) if (values[start + at] === true) bits |= 1 << at;
    head.byte(bits);
  }
};

const writeTexts = (head: ByteWriter, tail: ByteWriter, values: readonly string[]): void => {
  const places = new Map<string, number>();
  const indexes = room(values.length);
  for (const [at, value] of values.entries()) {
    let place = places.get(value);
    if (place === undefined) {
      place = places.size;
      places.set(value, place);
    }
    indexes[at] = place;
  }
  head.unsigned(places.size);
  for (const value of places.keys()) head.text(value);
  writeIntegers(head, tail, indexes, values.length);
};

const allOf = <T extends Value>(
  values: readonly Value[],
  kind: 'number' | 'boolean' | 'string',
): values is readonly T[] => {
  for (let at = 0; at < values.length; at += 1) if (typeof values[at] !== kind) return false;
  return true;
};

/**
 * Writes values in the order given.
 * @throws {TypeError} when they are not all of one type
 */
export const writeDenseValues = (head: ByteWriter, tail: ByteWriter, values: readonly Value[]): void => {
  if (allOf<number>(values, 'number')) writeNumbers(head, tail, values);
  else if (allOf<boolean>(values, 'boolean')) {
    head.byte(BITS);
    writeBits(head, values);
  } else if (allOf<string>(values, 'string')) {
    head.byte(TEXTS);
    writeTexts(head, tail, values);
  } else throw new TypeError('the values of a channel are of one type');
};

const readDecimals = (head: ByteReader, tail: ByteReader, count: number): number[] => {
  const digits = head.byte();
  const rounding = head.byte();
  if (digits > MAX_DIGITS) throw new MalformedBytes('too many digits');
  if (rounding !== AS_IT_IS && rounding !== SINGLE && rounding !== PRINTED)
    throw new MalformedBytes(`unknown rounding ${rounding}`);
  const exceptions: (readonly [number, number])[] = [];
  let place = 0;
  for (let left = head.count(9); left > 0; left -= 1) {
    place += head.unsigned();
    if (place >= count) throw new MalformedBytes('an exception of no value');
    exceptions.push([place, head.float64()]);
  }
  const values = readIntegers(head, tail, count, powerOfTen(digits));
  if (rounding !== AS_IT_IS)
    for (let at = 0; at < count; at += 1) values[at] = rounded(values[at] ?? 0, rounding);
  for (const [at, value] of exceptions) values[at] = value;
  return values;
};

const readLower = (head: ByteReader, tail: ByteReader, count: number): Uint8Array | undefined => {
  const form = head.byte();
  if (form === NO_LOWER) return undefined;
  if (form === PLAIN_LOWER) return tail.bytes(count * 4);
  if (form !== ZSTD_LOWER) throw new MalformedBytes('unknown form of lower halves');
  const planes = zstdDecompressSync(tail.bytes(head.unsigned()), { maxOutputLength: Math.max(1, count * 4) });
  if (planes.length !== count * 4) throw new MalformedBytes('lower halves are missing');
  return planes;
};

const readFloats = (head: ByteReader, tail: ByteReader, count: number): number[] => {
  const upper = readIntegers(head, tail, count, 1);
  const planes = readLower(head, tail, count);
  const words = new DataView(new ArrayBuffer(8));
  const values = new Array<number>(count);
  for (let at = 0; at < count; at += 1) {
    words.setInt32(0, upper[at] ?? 0);
    if (planes !== undefined)
      for (let plane = 0; plane < 4; plane += 1) words.setUint8(4 + plane, planes[plane * count + at] ?? 0);
    values[at] = words.getFloat64(0);
  }
  return values;
};

const readBits = (head: ByteReader, count: number): boolean[] => {
  const values = new Array<boolean>(count);
  for (let start = 0; start < count; start += 8) {
    const bits = head.byte();
    for (let at = start; at < Math.min(start + 8, count); at += 1)
      values[at] = (bits & (1 << (at - start))) !== 0;
  }
  return values;
};

const readTexts = (head: ByteReader, tail: ByteReader, count: number): string[] => {
  const texts = Array.from({ length: head.count(1) }, () => head.text());
  const indexes = readIntegers(head, tail, count, 1);
  const values = new Array<string>(count);
  for (let at = 0; at < count; at += 1) {
    const text = texts[indexes[at] ?? 0];
    if (text === undefined) throw new MalformedBytes('a text is not in the dictionary');
    values[at] = text;
  }
  return values;
};

/** @throws {MalformedBytes} */
export const readDenseValues = (head: ByteReader, tail: ByteReader, count: number): Value[] => {
  const form = head.byte();
  if (form === DECIMALS) return readDecimals(head, tail, count);
  if (form === FLOATS) return readFloats(head, tail, count);
  if (form === BITS) return readBits(head, count);
  if (form === TEXTS) return readTexts(head, tail, count);
  throw new MalformedBytes(`unknown form of values ${form}`);
};
