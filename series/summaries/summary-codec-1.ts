/**
 * Reads summaries of version 1, which nobody writes any more: minutes of an hour, or hours of a day, in one piece.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version, 1 |
 * | 1–4 | CRC-32 of all that follows, little-endian |
 * | 5– | body under zstd |
 *
 * Body: start, width and number of the windows; the number of channels, and of each its name, the number of bytes that
 * follow, unit, value type and kind, which windows are there, and column by column what they hold.
 */
import { crc32, zstdDecompressSync } from 'node:zlib';
import { VALUE_TYPES } from '../../contracts/resources/instrument-types.ts';
import { ByteReader, MalformedBytes } from '../codec/bytes.ts';
import type { Sketch } from './sketch.ts';
import { type ChannelKind, isNumeric } from './summary.ts';
import { CorruptSummaries, type SlotRange, type SummaryColumn, type SummaryRun } from './summary-codec.ts';
import { readNumbers, readSketch, readValues } from './summary-columns.ts';
import { readTerms } from './sums-codec.ts';
import type { Windows } from './windows.ts';

const VERSION = 1;
const HEADER_BYTES = 5;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const KINDS: readonly ChannelKind[] = ['continuous', 'step'];

/** Whole numbers at their places. */
const whole = (input: ByteReader, places: readonly number[], windows: number): Float64Array => {
  const values = new Float64Array(windows);
  for (const at of places) values[at] = input.unsigned();
  return values;
};

const readNumeric = (
  input: ByteReader,
  { windows }: SlotRange,
  filled: readonly number[],
  firstTimes: Float64Array,
): Pick<Windows, 'extremes' | 'sums' | 'squares' | 'areas' | 'sketches'> => {
  const times = (): Float64Array => {
    const list = whole(input, filled, windows);
    for (const at of filled) list[at] = (firstTimes[at] ?? 0) + (list[at] ?? 0);
    return list;
  };
  const values = (): Float64Array => {
    const list = new Float64Array(windows);
    readNumbers(input, filled, list);
    return list;
  };
  const extremes = { minTimes: times(), maxTimes: times(), mins: values(), maxs: values() };
  const sums = () => (input.byte() === 0 ? undefined : readTerms(input, filled, windows));
  const [sum, squares, areas] = [sums(), sums(), sums()];
  if (input.byte() === 0) return { extremes, sums: sum, squares, areas, sketches: undefined };
  const sketches = new Array<Sketch | undefined>(windows).fill(undefined);
  for (const at of filled) sketches[at] = readSketch(input);
  return { extremes, sums: sum, squares, areas, sketches };
};

const readColumn = (input: ByteReader, range: SlotRange, channel: string): SummaryColumn => {
  const unit = input.text();
  const type = VALUE_TYPES[input.byte()];
  const kind = KINDS[input.byte()];
  if (type === undefined || kind === undefined) throw new MalformedBytes('a type or kind is unknown');
  const there: number[] = [];
  for (let at = 0; at < range.windows; at += 1) if (input.byte() === 1) there.push(at);
  const counts = () => whole(input, there, range.windows);
  const [good, uncertain, bad] = [counts(), counts(), counts()];
  const filled = there.filter((at) => (good[at] ?? 0) + (uncertain[at] ?? 0) > 0);
  const firstTimes = whole(input, filled, range.windows);
  const lastTimes = whole(input, filled, range.windows);
  for (const at of filled) {
    firstTimes[at] = range.start + (firstTimes[at] ?? 0);
    lastTimes[at] = (firstTimes[at] ?? 0) + (lastTimes[at] ?? 0);
  }
  const numeric = isNumeric(type);
  const values = () => readValues(input, filled, range.windows, numeric);
  const ends = { firstTimes, lastTimes, firsts: values(), lasts: values() };
  const nothing = {
    extremes: undefined,
    sums: undefined,
    squares: undefined,
    areas: undefined,
    sketches: undefined,
  };
  const numbers = numeric ? readNumeric(input, range, filled, firstTimes) : nothing;
  return { channel, unit, type, kind, windows: { good, uncertain, bad, ends, ...numbers } };
};

/**
 * Reads summaries of version 1, with all that they hold.
 * @param name what to call them in an error: the key of their item
 * @param channels only these; all when absent
 * @throws {CorruptSummaries} when any byte is not as it was written, or the version is another
 */
export const decodeSummaries1 = (
  bytes: Uint8Array,
  name: string,
  channels?: ReadonlySet<string>,
): SummaryRun => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES) throw new CorruptSummaries(name, 'they are too short');
  if (all[0] !== VERSION) throw new CorruptSummaries(name, `their version is ${all[0]}`);
  const packed = all.subarray(HEADER_BYTES);
  if (all.readUInt32LE(1) !== crc32(packed)) throw new CorruptSummaries(name, 'their checksum is wrong');
  try {
    const input = new ByteReader(zstdDecompressSync(packed, { maxOutputLength: MAX_BODY_BYTES }));
    const range = { start: input.signed(), width: input.unsigned(), windows: input.unsigned() };
    const columns: SummaryColumn[] = [];
    for (let left = input.count(2); left > 0; left -= 1) {
      const channel = input.text();
      const column = input.bytes(input.unsigned());
      if (channels?.has(channel) === false) continue;
      const reader = new ByteReader(column);
      columns.push(readColumn(reader, range, channel));
      if (reader.left > 0) throw new MalformedBytes('bytes are left over');
    }
    if (input.left > 0) throw new MalformedBytes('bytes are left over');
    return { ...range, columns };
  } catch (error) {
    throw new CorruptSummaries(name, error instanceof Error ? error.message : String(error), error);
  }
};
