/** Qualities of one channel as runs of equal ones. */
import type { Quality } from '../../contracts/quality.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';

/** Writes how many runs there are, and of each its length and quality; no run when all is good. */
export const writeQuality = (out: ByteWriter, quality: readonly Quality[]): void => {
  let runs = 0;
  for (let at = 0; at < quality.length; at += 1) if (at === 0 || quality[at] !== quality[at - 1]) runs += 1;
  if (runs === 1 && quality[0] === 0) runs = 0;
  out.unsigned(runs);
  if (runs === 0) return;
  for (let start = 0; start < quality.length; ) {
    let end = start + 1;
    while (end < quality.length && quality[end] === quality[start]) end += 1;
    out.unsigned(end - start);
    out.unsigned(quality[start] ?? 0);
    start = end;
  }
};

/**
 * @returns `undefined` when all is good
 * @throws {MalformedBytes}
 */
export const readQuality = (input: ByteReader, count: number): Quality[] | undefined => {
  const runs = input.count(2);
  if (runs === 0) return undefined;
  const quality: Quality[] = [];
  for (let run = 0; run < runs; run += 1) {
    const length = input.unsigned();
    if (length > count - quality.length) throw new MalformedBytes('more qualities than points');
    const value = input.unsigned();
    for (let at = 0; at < length; at += 1) quality.push(value);
  }
  if (quality.length !== count) throw new MalformedBytes('fewer qualities than points');
  return quality;
};
