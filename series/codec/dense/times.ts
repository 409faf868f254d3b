/** Times of points: whole numbers, or float64 where those would not be exact. */
import type { Micros } from '../../../contracts/time.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { MAX_NUMBER, MAX_SPAN, readIntegers, writeIntegers } from './integers.ts';

const WHOLE = 0;
const RAW = 1;

let numbers = new Float64Array(8192);

/** @returns whether all times are whole and near enough to each other */
const fill = (times: readonly Micros[]): boolean => {
  if (times.length > numbers.length) numbers = new Float64Array(2 * times.length);
  const first = times[0] ?? 0;
  if (!(Math.abs(first) < MAX_NUMBER - MAX_SPAN)) return false;
  for (let at = 0; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    if (!(Math.abs(time - first) < MAX_SPAN / 2) || Math.floor(time) !== time) return false;
    if (time === 0 && Object.is(time, -0)) return false;
    numbers[at] = time;
  }
  return true;
};

/** Writes times in the order given. */
export const writeDenseTimes = (head: ByteWriter, tail: ByteWriter, times: readonly Micros[]): void => {
  if (fill(times)) {
    head.byte(WHOLE);
    writeIntegers(head, tail, numbers, times.length);
    return;
  }
  head.byte(RAW);
  for (const time of times) head.float64(time);
};

/** @throws {MalformedBytes} */
export const readDenseTimes = (head: ByteReader, tail: ByteReader, count: number): Micros[] => {
  const form = head.byte();
  if (form === RAW) return Array.from({ length: count }, () => head.float64());
  if (form !== WHOLE) throw new MalformedBytes(`unknown form of times ${form}`);
  return readIntegers(head, tail, count, 1);
};
