/**
 * Times in a quick chunk, written as the gaps between them. With regular sampling the gaps are equal and take hardly
 * any space; with jitter each takes as many bits as the jitter needs.
 */
import type { Micros } from '../../../contracts/time.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { BLOCK, readPacked, writePacked } from './packed.ts';

/** Units of time in microseconds. Times are counted in the greatest that divides all of them. */
const UNITS = [1, 1000, 1_000_000] as const;
/** Stands in place of the unit when gaps would not be exact: then each time is written as a float64. */
const RAW = 255;
/** Greatest gap in microseconds. The difference of two gaps is then small enough to be written exactly. */
const MAX_EXACT = 2 ** 50;

/** Writing is synchronous, so that one array serves all calls. */
let gaps = new Float64Array(1024);

/** Not by `%`, which takes ten times as long. */
const isMultiple = (time: Micros, size: number): boolean => Math.round(time / size) * size === time;

/** @returns index in {@link UNITS}, or {@link RAW} */
const unitOf = (times: readonly Micros[]): number => {
  let unit = UNITS.length - 1;
  let before = times[0] ?? 0;
  for (let at = 0; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    // Gaps would turn -0 into 0.
    if (Math.abs(time - before) > MAX_EXACT || Object.is(time, -0) || !Number.isSafeInteger(time)) return RAW;
    while (unit > 0 && !isMultiple(time, UNITS[unit] ?? 1)) unit -= 1;
    before = time;
  }
  return unit;
};

/** Writes times in the order given. */
export const writeTimes = (out: ByteWriter, times: readonly Micros[]): void => {
  const [first] = times;
  out.unsigned(times.length);
  if (first === undefined) {
    out.byte(0);
    return;
  }
  const unit = unitOf(times);
  if (unit === RAW) {
    out.byte(RAW);
    for (const time of times) out.float64(time);
    return;
  }
  const size = UNITS[unit] ?? 1;
  out.byte(unit);
  out.float64(first / size);
  if (times.length > gaps.length) gaps = new Float64Array(2 * times.length);
  for (let at = 1; at < times.length; at += 1)
    gaps[at - 1] = ((times[at] ?? 0) - (times[at - 1] ?? 0)) / size;
  writePacked(out, gaps, times.length - 1);
};

/** @throws {MalformedBytes} */
export const readTimes = (input: ByteReader): Micros[] => {
  // A block of gaps takes at least a byte: more times than that allows would be a forged count.
  const count = input.count(1 / BLOCK);
  const unit = input.byte();
  const times: Micros[] = [];
  if (unit === RAW) {
    for (let at = 0; at < count; at += 1) times.push(input.float64());
    return times;
  }
  const size = UNITS[unit];
  if (size === undefined) throw new MalformedBytes(`unknown unit of times ${unit}`);
  if (count === 0) return times;
  let time = input.float64();
  times.push(time * size);
  for (const gap of readPacked(input, count - 1)) {
    time += gap;
    times.push(time * size);
  }
  return times;
};
