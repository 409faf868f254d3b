/**
 * Fingerprints of messages: 32 bits that tell one message from another of the same number. In less time than a
 * CRC-32 of so few bytes takes, most of which is the way to zlib and back.
 *
 * Words of four bytes go in turn into two lanes as those of MurmurHash3 do (Appleby, 2011). Each step is one to one in
 * the lane and in the word: two messages that differ in one word, as by a digit, never have one fingerprint. A word is
 * mixed before it goes in: multiplication carries upwards only, so that what a digit of one changes could else be
 * undone by a digit of another. Of others one in 2^32 has the same by chance. It is not made against somebody who looks
 * for such.
 */

const FIRST = 0xcc9e2d51 | 0;
const SECOND = 0x1b873593;
const LANES_BYTES = 8;

let memory: DataView = new DataView(new ArrayBuffer(0));

/** Takes a word into a lane. */
const take = (lane: number, word: number): number => {
  const mixed = Math.imul(word, FIRST);
  const next = lane ^ Math.imul((mixed << 15) | (mixed >>> 17), SECOND);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
};

/** Spreads what any bit says over all. */
const finish = (lane: number): number => {
  let all = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  all = Math.imul(all ^ (all >>> 13), 0xc2b2ae35);
  return all ^ (all >>> 16);
};

/** @returns a whole number of 32 bits, not negative */
export const fingerprint = (bytes: Uint8Array): number => {
  // Messages of a batch lie in one piece of memory.
  if (memory.buffer !== bytes.buffer) memory = new DataView(bytes.buffer);
  const view = memory;
  const { byteOffset: start, length } = bytes;
  const whole = length - (length % LANES_BYTES);
  let first = length;
  let second = ~length;
  for (let at = start; at < start + whole; at += LANES_BYTES) {
    first = take(first, view.getInt32(at, true));
    second = take(second, view.getInt32(at + 4, true));
  }
  for (let at = whole; at < length; at += 1) first = take(first, bytes[at] ?? 0);
  // One after the other: side by side, what two words of both lanes change could meet.
  return finish(finish(first) ^ second) >>> 0;
};
