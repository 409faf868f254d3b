/** Times as gaps in few bits: regular sampling costs next to nothing, jitter its own bits. */
import type { Micros } from '../../contracts/time.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';
import { BLOCK, NARROW, readPacked, writeNarrow, writePacked } from './packed.ts';

/** Steps that times are counted in, in microseconds; the greatest that divides all is taken. */
const STEPS = [1, 1000, 1_000_000] as const;
/** In place of a step: each time as a float64, where differences would not be exact. */
const RAW = 255;
const MAX_EXACT = 2 ** 50;

let gaps = new Float64Array(1024);
let narrow = new Int32Array(1024);

/** As `%` would tell, which takes ten times as long. */
const isMultiple = (time: Micros, size: number): boolean => Math.round(time / size) * size === time;

const stepOf = (times: readonly Micros[]): number => {
  let step = STEPS.length - 1;
  let before = times[0] ?? 0;
  for (let at = 0; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    if (Math.abs(time - before) > MAX_EXACT || Object.is(time, -0) || !Number.isSafeInteger(time)) return RAW;
    while (step > 0 && !isMultiple(time, STEPS[step] ?? 1)) step -= 1;
    before = time;
  }
  return step;
};

/**
 * Counts the gaps between times in steps of a size.
 * @returns whether the size divides all times and the gaps are narrow; then they are in {@link narrow}
 */
const countGaps = (times: readonly Micros[], size: number): boolean => {
  const counts = narrow;
  // What is imported is read anew each time: not within the loop.
  const limit = NARROW;
  let before = times[0] ?? 0;
  if (!isMultiple(before, size)) return false;
  for (let at = 0; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    const gap = (time - before) / size;
    const count = gap | 0;
    before = time;
    if (count !== gap || count >= limit || count <= -limit) return false;
    if (!Number.isSafeInteger(time) || Object.is(time, -0)) return false;
    // The first gap, which is none, is written over.
    counts[at === 0 ? 0 : at - 1] = count;
  }
  return true;
};

const writeStart = (out: ByteWriter, step: number, first: Micros): void => {
  out.byte(step);
  out.float64(first / (STEPS[step] ?? 1));
};

const room = (count: number): void => {
  if (count <= gaps.length) return;
  gaps = new Float64Array(2 * count);
  narrow = new Int32Array(2 * count);
};

/** Writes times in the order given. */
export const writeTimes = (out: ByteWriter, times: readonly Micros[]): void => {
  const [first] = times;
  out.unsigned(times.length);
  if (first === undefined) {
    out.byte(0);
    return;
  }
  room(times.length);
  for (let step = STEPS.length - 1; step >= 0; step -= 1) {
    if (!countGaps(times, STEPS[step] ?? 1)) continue;
    writeStart(out, step, first);
    writeNarrow(out, narrow, times.length - 1);
    return;
  }
  const step = stepOf(times);
  if (step === RAW) {
    out.byte(RAW);
    for (const time of times) out.float64(time);
    return;
  }
  writeStart(out, step, first);
  const size = STEPS[step] ?? 1;
  for (let at = 1; at < times.length; at += 1)
    gaps[at - 1] = ((times[at] ?? 0) - (times[at - 1] ?? 0)) / size;
  writePacked(out, gaps, times.length - 1);
};

/** @throws {MalformedBytes} */
export const readTimes = (input: ByteReader): Micros[] => {
  const count = input.count(1 / BLOCK);
  const step = input.byte();
  const times: Micros[] = [];
  if (step === RAW) {
    for (let at = 0; at < count; at += 1) times.push(input.float64());
    return times;
  }
  const size = STEPS[step];
  if (size === undefined) throw new MalformedBytes(`unknown step of times ${step}`);
  if (count === 0) return times;
  let time = input.float64();
  times.push(time * size);
  for (const gap of readPacked(input, count - 1)) {
    time += gap;
    times.push(time * size);
  }
  return times;
};
