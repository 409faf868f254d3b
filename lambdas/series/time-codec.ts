/** Times as gaps in few bits: regular sampling costs next to nothing, jitter its own bits. */
import type { Micros } from '../../contracts/time.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';
import { BLOCK, readPacked, writePacked } from './packed.ts';

/** Steps that times are counted in, in microseconds; the greatest that divides all is taken. */
const STEPS = [1, 1000, 1_000_000] as const;
/** In place of a step: each time as a float64, where differences would not be exact. */
const RAW = 255;
const MAX_EXACT = 2 ** 50;

let steps = new Float64Array(1024);

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

/** Writes times in the order given. */
export const writeTimes = (out: ByteWriter, times: readonly Micros[]): void => {
  out.unsigned(times.length);
  const step = stepOf(times);
  out.byte(step);
  if (step === RAW) {
    for (const time of times) out.float64(time);
    return;
  }
  const [first] = times;
  if (first === undefined) return;
  const size = STEPS[step] ?? 1;
  out.float64(first / size);
  if (times.length > steps.length) steps = new Float64Array(2 * times.length);
  let before = first;
  for (let at = 1; at < times.length; at += 1) {
    const time = times[at] ?? 0;
    steps[at - 1] = (time - before) / size;
    before = time;
  }
  writePacked(out, steps, times.length - 1);
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
