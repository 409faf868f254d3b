/**
 * Canonical Huffman codes of whole numbers.
 *
 * A number below 16 is a token itself. The token of a larger one holds its bit length and the two bits after the
 * leading one; the other bits follow as they are (hybrid integers of JPEG XL, ISO/IEC 18181-1, C.2.3).
 */
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { type BitWriter, bitsAt, PEEK_BITS, padStream } from './bits.ts';

/** In place of a number that is written elsewhere. */
export const ESCAPE = -1;
const DIRECT = 16;
/** Numbers below 2^31 and {@link ESCAPE}. */
const TOKENS = DIRECT + 27 * 4 + 1;
const ESCAPE_TOKEN = TOKENS - 1;
const MAX_LENGTH = 12;

/** By token: how many bits follow it, and the least number that it stands for. */
const RAW = new Uint8Array(TOKENS);
const BASE = new Int32Array(TOKENS);
for (let token = 0; token < ESCAPE_TOKEN; token += 1) {
  const exponent = ((token - DIRECT) >> 2) + 4;
  RAW[token] = token < DIRECT ? 0 : exponent - 2;
  BASE[token] = token < DIRECT ? token : (4 + ((token - DIRECT) & 3)) << (exponent - 2);
}
BASE[ESCAPE_TOKEN] = ESCAPE;

const largeToken = (value: number): number => {
  if (value === ESCAPE) return ESCAPE_TOKEN;
  const exponent = 31 - Math.clz32(value);
  return DIRECT + ((exponent - 4) << 2) + ((value >>> (exponent - 2)) & 3);
};
/** Tokens of small numbers, looked up: whether one is below 16 is hard for a processor to predict. */
const SMALL = 1024;
const SMALL_TOKENS = Uint8Array.from({ length: SMALL }, (_, value) =>
  value < DIRECT ? value : largeToken(value),
);
const tokenOf = (value: number): number =>
  value >>> 0 < SMALL ? (SMALL_TOKENS[value] ?? 0) : largeToken(value);

const counts = new Uint32Array(TOKENS);
const lengths = new Uint8Array(TOKENS);
const codes = new Uint16Array(TOKENS);
/** By token: code, number of bits that follow, and length of the code, in one. */
const entries = new Uint32Array(TOKENS);

const weight = new Float64Array(2 * TOKENS);
const parent = new Uint16Array(2 * TOKENS);
const depth = new Uint8Array(2 * TOKENS);

/** Lengths of an optimal code by two queues (J. van Leeuwen, 1976), cut off at the limit. */
const optimalLengths = (used: readonly number[]): void => {
  const leaves = used.length;
  for (let at = 0; at < leaves; at += 1) weight[at] = counts[used[at] ?? 0] ?? 0;
  let leaf = 0;
  let inner = leaves;
  for (let next = leaves; next < 2 * leaves - 1; next += 1) {
    let sum = 0;
    for (let twice = 0; twice < 2; twice += 1) {
      const takeLeaf = leaf < leaves && (inner >= next || (weight[leaf] ?? 0) <= (weight[inner] ?? 0));
      const child = takeLeaf ? leaf++ : inner++;
      sum += weight[child] ?? 0;
      parent[child] = next;
    }
    weight[next] = sum;
  }
  depth[2 * leaves - 2] = 0;
  for (let node = 2 * leaves - 3; node >= 0; node -= 1) depth[node] = (depth[parent[node] ?? 0] ?? 0) + 1;
  for (let at = 0; at < leaves; at += 1) lengths[used[at] ?? 0] = Math.min(depth[at] ?? 0, MAX_LENGTH);
};

/** Lengthens codes of rare tokens until the lengths are those of a code (Kraft's inequality). */
const limitLengths = (used: readonly number[]): void => {
  let room = 1 << MAX_LENGTH;
  for (const token of used) room -= 1 << (MAX_LENGTH - (lengths[token] ?? 0));
  while (room < 0) {
    const token = used.find((one) => (lengths[one] ?? 0) < MAX_LENGTH) ?? 0;
    // The longest of those that can grow; `used` is sorted by count, so that it is among the rarest.
    const grown = used.reduce(
      (best, one) =>
        (lengths[one] ?? 0) < MAX_LENGTH && (lengths[one] ?? 0) > (lengths[best] ?? 0) ? one : best,
      token,
    );
    lengths[grown] = (lengths[grown] ?? 0) + 1;
    room += 1 << (MAX_LENGTH - (lengths[grown] ?? 0));
  }
};

/** Gives each token its code, in order of length and token. @returns whether the lengths are those of a code */
const assignCodes = (): boolean => {
  let code = 0;
  for (let length = 1; length <= MAX_LENGTH; length += 1) {
    for (let token = 0; token < TOKENS; token += 1) {
      if (lengths[token] !== length) continue;
      codes[token] = code;
      code += 1;
    }
    if (code > 1 << length) return false;
    code <<= 1;
  }
  return true;
};

/** What a code takes. */
export interface Plan {
  readonly bytes: number;
  /** Whether {@link ESCAPE} is among them. */
  readonly escapes: boolean;
}

/**
 * Finds the code of numbers, which {@link writeHuffman} then uses.
 * @param values each from 0 to 2^31 − 1, or {@link ESCAPE}
 * @returns bytes of the numbers and the code together
 */
export const planHuffman = (values: Int32Array, from: number, to: number): Plan => {
  counts.fill(0);
  for (let at = from; at < to; at += 1) {
    const token = tokenOf(values[at] ?? 0);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  const used: number[] = [];
  for (let token = 0; token < TOKENS; token += 1) if ((counts[token] ?? 0) > 0) used.push(token);
  const last = used.at(-1) ?? 0;
  used.sort((left, right) => (counts[left] ?? 0) - (counts[right] ?? 0) || left - right);
  lengths.fill(0);
  if (used.length === 1) lengths[used[0] ?? 0] = 1;
  else {
    optimalLengths(used);
    limitLengths(used);
  }
  let bits = 0;
  for (const token of used) bits += (counts[token] ?? 0) * ((lengths[token] ?? 0) + (RAW[token] ?? 0));
  return { bytes: Math.ceil(bits / 8) + 1 + ((last + 2) >> 1), escapes: last === ESCAPE_TOKEN };
};

/** Writes numbers in the code that {@link planHuffman} found for them. */
export const writeHuffman = (
  head: ByteWriter,
  bits: BitWriter,
  values: Int32Array,
  from: number,
  to: number,
): void => {
  assignCodes();
  let last = TOKENS - 1;
  while (last > 0 && lengths[last] === 0) last -= 1;
  head.byte(last);
  for (let token = 0; token <= last; token += 2)
    head.byte(((lengths[token] ?? 0) << 4) | (token < last ? (lengths[token + 1] ?? 0) : 0));
  for (let token = 0; token <= last; token += 1)
    entries[token] = ((codes[token] ?? 0) << 12) | ((RAW[token] ?? 0) << 4) | (lengths[token] ?? 0);
  bits.putCoded(values, from, to, tokenOf, entries);
};

/** By the next bits: token, length of its code, and length together with the bits that follow. */
const table = new Uint32Array(1 << MAX_LENGTH);

const readCode = (head: ByteReader): number => {
  const last = head.byte();
  if (last >= TOKENS) throw new MalformedBytes('unknown token');
  lengths.fill(0);
  let longest = 1;
  for (let token = 0; token <= last; token += 2) {
    const pair = head.byte();
    lengths[token] = pair >> 4;
    if (token < last) lengths[token + 1] = pair & 15;
    longest = Math.max(longest, pair >> 4, token < last ? pair & 15 : 0);
  }
  if (longest > MAX_LENGTH || !assignCodes()) throw new MalformedBytes('no code has such lengths');
  table.fill(0, 0, 1 << longest);
  for (let token = 0; token <= last; token += 1) {
    const length = lengths[token] ?? 0;
    if (length === 0) continue;
    const start = (codes[token] ?? 0) << (longest - length);
    const entry = (token << 12) | (length << 6) | (length + (RAW[token] ?? 0));
    table.fill(entry, start, start + (1 << (longest - length)));
  }
  return longest;
};

/** Reads numbers one by one. Only one reader at a time: they share the table. */
export class HuffmanReader {
  private readonly view: DataView;
  private readonly end: number;
  private readonly shift: number;
  private place = 0;

  /** @throws {MalformedBytes} */
  constructor(head: ByteReader, tail: ByteReader) {
    this.shift = 32 - readCode(head);
    const bytes = tail.bytes(head.unsigned());
    this.view = padStream(bytes);
    this.end = bytes.length * 8;
  }

  /**
   * Beyond the end it is anything, which {@link close} reports.
   * @returns the next number, or {@link ESCAPE}
   * @throws {MalformedBytes} for bits that are no code
   */
  take(): number {
    const { place } = this;
    const word = this.view.getUint32(place >>> 3) << (place & 7);
    const entry = table[word >>> this.shift] ?? 0;
    const size = entry & 63;
    const length = (entry >>> 6) & 63;
    this.place = place + size;
    if (size === 0) throw new MalformedBytes('no number has this code');
    // Two shifts, because one by 32 bits would be none.
    const low =
      size <= PEEK_BITS
        ? ((word << length) >>> 1) >>> (31 - size + length)
        : bitsAt(this.view, place + length, size - length);
    return ((BASE[entry >>> 12] ?? 0) + low) | 0;
  }

  /** @throws {MalformedBytes} when more were read than there are */
  close(): void {
    if (this.place > this.end) throw new MalformedBytes('a stream of bits ends early');
  }
}
