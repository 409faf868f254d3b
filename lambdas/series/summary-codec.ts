/**
 * Summaries of one device as bytes, and back: what rollup items hold.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version, 1 |
 * | 1–4 | CRC-32 of all that follows, little-endian |
 * | 5– | body under zstd |
 *
 * Body: start, width and number of the slots; the number of channels, and of each its name, the number of bytes
 * that follow, unit, value type and kind, which slots are there, and column by column what they hold. Only summaries of good and uncertain points
 * are written.
 */
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { VALUE_TYPES, type ValueType } from '../../contracts/instrument-types.ts';
import type { Value } from '../../contracts/payload/message.ts';
import type { Micros } from '../../contracts/time.ts';
import { ByteReader, ByteWriter, MalformedBytes } from './bytes.ts';
import { ExactSum } from './exact.ts';
import { type Bins, Sketch } from './sketch.ts';
import { type ChannelKind, type Dated, isNumeric, KEEP_ALL, type Kept, Summary } from './summary.ts';

const VERSION = 1;
const HEADER_BYTES = 5;
/** Greatest body that is unpacked: far above 60 slots of 200 channels. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const BEYOND = 255;
const KINDS: readonly ChannelKind[] = ['continuous', 'step'];

const scratch = new ByteWriter();

/** Bytes that are not those that were written. */
export class CorruptSummaries extends Error {
  override readonly name = 'CorruptSummaries';
  constructor(item: string, why: string, cause?: unknown) {
    super(`the summaries of ${item} cannot be read: ${why}`, { cause });
  }
}

/** Summaries of one channel in slots of one width. */
export interface SummaryColumn {
  readonly channel: string;
  readonly unit: string;
  readonly type: ValueType;
  readonly kind: ChannelKind;
  /** By place; `undefined` where the channel has no point at all. */
  readonly slots: readonly (Summary | undefined)[];
}

/** Summaries of a device in a run of slots, such as 60 minutes of an hour. */
export interface SummaryRun {
  readonly start: Micros;
  /** Width of a slot. */
  readonly width: Micros;
  readonly slots: number;
  readonly columns: readonly SummaryColumn[];
}

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
const FLOATS = 255;

const holds = (values: readonly number[], power: number): boolean =>
  values.every((value) => {
    const scaled = Math.round(value * power);
    return Math.abs(scaled) < 2 ** 50 && scaled / power === value && !Object.is(value, -0);
  });

/** Decimals as differences of whole numbers where that is exact, else float64. */
const writeNumbers = (out: ByteWriter, values: readonly number[]): void => {
  const digits = POWERS.findIndex((power) => holds(values, power));
  const power = POWERS[digits];
  out.byte(power === undefined ? FLOATS : digits);
  let before = 0;
  for (const value of values) {
    if (power === undefined) {
      out.float64(value);
      continue;
    }
    const scaled = Math.round(value * power);
    out.signed(scaled - before);
    before = scaled;
  }
};

const readNumbers = (input: ByteReader, count: number): number[] => {
  const digits = input.byte();
  const power = POWERS[digits];
  if (power === undefined && digits !== FLOATS) throw new MalformedBytes('a number of digits is unknown');
  const values: number[] = [];
  let scaled = 0;
  for (let at = 0; at < count; at += 1) {
    if (power === undefined) values.push(input.float64());
    else {
      scaled += input.signed();
      values.push(scaled / power);
    }
  }
  return values;
};

const writeValues = (out: ByteWriter, values: readonly Value[], numeric: boolean): void => {
  if (numeric) writeNumbers(out, values.map(Number));
  else for (const value of values) out.text(JSON.stringify(value));
};

const readValues = (input: ByteReader, count: number, numeric: boolean): Value[] =>
  numeric
    ? readNumbers(input, count)
    : Array.from({ length: count }, (): Value => {
        const value: unknown = JSON.parse(input.text());
        if (typeof value === 'string' || typeof value === 'boolean') return value;
        throw new MalformedBytes('a value is neither text nor truth value');
      });

const writeSums = (out: ByteWriter, sums: readonly (ExactSum | undefined)[]): void => {
  const kept = sums.every((sum) => sum !== undefined);
  out.byte(kept ? 1 : 0);
  if (!kept) return;
  for (const sum of sums) {
    const parts = sum.parts;
    out.byte(sum.beyond ? BEYOND : parts.length);
    for (const part of parts) out.float64(part);
  }
};

/** Nothing when the sums are not there or not wanted. */
const readSums = (input: ByteReader, count: number, wanted: boolean): (ExactSum | undefined)[] => {
  const sums: (ExactSum | undefined)[] = [];
  if (input.byte() === 0) return sums;
  for (let at = 0; at < count; at += 1) {
    const length = input.byte();
    if (!wanted) {
      if (length !== BEYOND) input.bytes(length * 8);
      continue;
    }
    const sum = new ExactSum([], length === BEYOND);
    if (length !== BEYOND) for (let part = 0; part < length; part += 1) sum.add(input.float64());
    sums.push(sum);
  }
  return sums;
};

const writeBins = (out: ByteWriter, bins: Bins): void => {
  out.unsigned(bins.length);
  let before = 0;
  for (const [bin, held] of bins) {
    out.signed(bin - before);
    out.unsigned(held);
    before = bin;
  }
};

const readBins = (input: ByteReader): [number, number][] => {
  const bins: [number, number][] = [];
  let bin = 0;
  for (let left = input.count(2); left > 0; left -= 1) {
    bin += input.signed();
    bins.push([bin, input.unsigned()]);
  }
  return bins;
};

const writeSketches = (out: ByteWriter, sketches: readonly (Sketch | undefined)[]): void => {
  const kept = sketches.every((sketch) => sketch !== undefined);
  out.byte(kept ? 1 : 0);
  if (!kept) return;
  for (const { above, below, zeros } of sketches) {
    writeBins(out, above);
    writeBins(out, below);
    out.unsigned(zeros);
  }
};

/** Nothing when the sketches are not there or not wanted; they come last of a channel and need not be passed. */
const readSketches = (input: ByteReader, count: number, wanted: boolean): (Sketch | undefined)[] => {
  const sketches: (Sketch | undefined)[] = [];
  if (input.byte() === 0) return sketches;
  if (!wanted) {
    input.bytes(input.left);
    return sketches;
  }
  for (let at = 0; at < count; at += 1)
    sketches.push(new Sketch(readBins(input), readBins(input), input.unsigned()));
  return sketches;
};

const requiredTime = (point: Dated | undefined): Micros => {
  if (point === undefined)
    throw new TypeError('a summary with points has a first, a last, a least and a greatest');
  return point.time;
};

const writeColumn = (out: ByteWriter, run: SummaryRun, { unit, type, kind, slots }: SummaryColumn): void => {
  out.text(unit);
  out.byte(VALUE_TYPES.indexOf(type));
  out.byte(KINDS.indexOf(kind));
  for (let at = 0; at < run.slots; at += 1) out.byte(slots[at] === undefined ? 0 : 1);
  const there = slots.filter((slot) => slot !== undefined);
  for (const { counts } of there) out.unsigned(counts.good);
  for (const { counts } of there) out.unsigned(counts.uncertain);
  for (const { counts } of there) out.unsigned(counts.bad);
  const filled = there.filter(({ count }) => count > 0);
  for (const { first } of filled) out.unsigned(requiredTime(first) - run.start);
  for (const { first, last } of filled) out.unsigned(requiredTime(last) - requiredTime(first));
  const numeric = isNumeric(type);
  writeValues(
    out,
    filled.map(({ first }) => first?.value ?? 0),
    numeric,
  );
  writeValues(
    out,
    filled.map(({ last }) => last?.value ?? 0),
    numeric,
  );
  if (!numeric) return;
  for (const { first, min } of filled) out.unsigned(requiredTime(min) - requiredTime(first));
  for (const { first, max } of filled) out.unsigned(requiredTime(max) - requiredTime(first));
  writeNumbers(
    out,
    filled.map(({ min }) => min?.value ?? 0),
  );
  writeNumbers(
    out,
    filled.map(({ max }) => max?.value ?? 0),
  );
  writeSums(
    out,
    filled.map(({ sum }) => sum),
  );
  writeSums(
    out,
    filled.map(({ squares }) => squares),
  );
  writeSums(
    out,
    filled.map(({ area }) => area),
  );
  writeSketches(
    out,
    filled.map(({ sketch }) => sketch),
  );
};

const readColumn = (
  input: ByteReader,
  run: Omit<SummaryRun, 'columns'>,
  channel: string,
  kept: Kept,
): SummaryColumn => {
  const unit = input.text();
  const type = VALUE_TYPES[input.byte()];
  const kind = KINDS[input.byte()];
  if (type === undefined || kind === undefined) throw new MalformedBytes('a type or kind is unknown');
  const mask = Array.from({ length: run.slots }, () => input.byte() === 1);
  const there = mask.filter((one) => one).length;
  const column = (count: number): number[] => {
    const values: number[] = [];
    for (let at = 0; at < count; at += 1) values.push(input.unsigned());
    return values;
  };
  const [good, uncertain, bad] = [column(there), column(there), column(there)];
  const countAt = (at: number): number => (good[at] ?? 0) + (uncertain[at] ?? 0);
  const filled = good.filter((_, at) => countAt(at) > 0).length;
  const firstTimes = column(filled).map((offset) => run.start + offset);
  const dated = <T extends Value>(at: number, offset: number | undefined, value: T | undefined): Dated<T> => {
    const first = firstTimes[at];
    if (first === undefined || offset === undefined || value === undefined)
      throw new MalformedBytes('columns differ in length');
    return { time: first + offset, value };
  };
  const lastOffsets = column(filled);
  const numeric = isNumeric(type);
  const firsts = readValues(input, filled, numeric);
  const lasts = readValues(input, filled, numeric);
  const numbers = numeric
    ? {
        minOffsets: column(filled),
        maxOffsets: column(filled),
        mins: readNumbers(input, filled),
        maxs: readNumbers(input, filled),
        sums: readSums(input, filled, kept.sum),
        squares: readSums(input, filled, kept.squares),
        areas: readSums(input, filled, kept.area),
        sketches: readSketches(input, filled, kept.sketch),
      }
    : undefined;
  let place = -1;
  let point = -1;
  const slots = mask.map((present) => {
    if (!present) return undefined;
    place += 1;
    const count = countAt(place);
    if (count > 0) point += 1;
    const has = count > 0;
    return Summary.restore(kind, {
      counts: { good: good[place] ?? 0, uncertain: uncertain[place] ?? 0, bad: bad[place] ?? 0 },
      count,
      first: has ? dated(point, 0, firsts[point]) : undefined,
      last: has ? dated(point, lastOffsets[point], lasts[point]) : undefined,
      min: has && numbers ? dated(point, numbers.minOffsets[point], numbers.mins[point]) : undefined,
      max: has && numbers ? dated(point, numbers.maxOffsets[point], numbers.maxs[point]) : undefined,
      sum: has ? numbers?.sums[point] : undefined,
      squares: has ? numbers?.squares[point] : undefined,
      area: has ? numbers?.areas[point] : undefined,
      sketch: has ? numbers?.sketches[point] : undefined,
    });
  });
  return { channel, unit, type, kind, slots };
};

/** Writes summaries. They are of good and uncertain points, the usual choice. */
export const encodeSummaries = (run: SummaryRun): Buffer => {
  const out = new ByteWriter();
  out.signed(run.start);
  out.unsigned(run.width);
  out.unsigned(run.slots);
  out.unsigned(run.columns.length);
  for (const column of run.columns) {
    out.text(column.channel);
    scratch.reset();
    writeColumn(scratch, run, column);
    const bytes = scratch.view();
    out.unsigned(bytes.length);
    out.bytes(bytes);
  }
  const body = zstdCompressSync(out.view());
  const bytes = Buffer.alloc(HEADER_BYTES + body.length);
  bytes[0] = VERSION;
  bytes.writeUInt32LE(crc32(body), 1);
  bytes.set(body, HEADER_BYTES);
  return bytes;
};

/**
 * Reads summaries.
 * @param name what to call them in an error: the key of their item
 * @param channels only these; all when absent
 * @param kept sums that are wanted; others are passed over
 * @throws {CorruptSummaries} when any byte is not as it was written, or the version is unknown
 */
export const decodeSummaries = (
  bytes: Uint8Array,
  name: string,
  channels?: ReadonlySet<string>,
  kept: Kept = KEEP_ALL,
): SummaryRun => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES) throw new CorruptSummaries(name, 'they are too short');
  if (all[0] !== VERSION) throw new CorruptSummaries(name, `their version is ${all[0]}`);
  const packed = all.subarray(HEADER_BYTES);
  if (all.readUInt32LE(1) !== crc32(packed)) throw new CorruptSummaries(name, 'their checksum is wrong');
  try {
    const input = new ByteReader(zstdDecompressSync(packed, { maxOutputLength: MAX_BODY_BYTES }));
    const run = { start: input.signed(), width: input.unsigned(), slots: input.unsigned() };
    const columns: SummaryColumn[] = [];
    for (let left = input.count(2); left > 0; left -= 1) {
      const channel = input.text();
      const column = input.bytes(input.unsigned());
      if (channels?.has(channel) === false) continue;
      const reader = new ByteReader(column);
      columns.push(readColumn(reader, run, channel, kept));
      if (reader.left > 0) throw new MalformedBytes('bytes are left over');
    }
    if (input.left > 0) throw new MalformedBytes('bytes are left over');
    return { ...run, columns };
  } catch (error) {
    throw new CorruptSummaries(name, error instanceof Error ? error.message : String(error), error);
  }
};
