/**
 * Summaries of one device as bytes, and back: what rollup items hold. Each section is bytes of its own, so that a
 * reader asks the store for those that it needs, and passes over channels that it does not want.
 *
 * | section | what |
 * |---|---|
 * | `counts` | start, width and number of windows; of each channel its name, unit, type and kind, and points by quality |
 * | `ends` | first and last values, and when |
 * | `extremes` | least and greatest numbers, and when |
 * | `sums`, `squares`, `areas` | exact sums |
 * | `sketches` | quantiles |
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version, 2 |
 * | 1–4 | CRC-32 of all that follows, little-endian |
 * | 5 | 1: what follows is packed with zstd |
 * | 6– | body: of each channel, in the order of `counts`, the number of its bytes, and they |
 *
 * All but counts are of windows that points entered. Only summaries of good and uncertain points are written.
 */
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { VALUE_TYPES, type ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';
import { ByteReader, ByteWriter, MalformedBytes } from '../codec/bytes.ts';
import { UnknownFormat } from '../codec/unknown-format.ts';
import { ExactSum } from './exact.ts';
import type { Sketch } from './sketch.ts';
import { type ChannelKind, isNumeric, KEEP_ALL, type Kept } from './summary.ts';
import {
  readCounts,
  readNumbers,
  readSketch,
  readValues,
  readWhole,
  writeNumbers,
  writeSketch,
  writeValues,
  writeWhole,
} from './summary-columns.ts';
import { readSums, writeSums } from './sums-codec.ts';
import { addSums, type Ends, type Extremes, type Sums, type Windows } from './windows.ts';

const VERSION = 2;
const HEADER_BYTES = 6;
/** Greatest body that is unpacked. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** More windows than any run has. */
const MAX_SLOTS = 100_000;
const KINDS: readonly ChannelKind[] = ['continuous', 'step'];

/** Bytes that are not those that were written. */
export class CorruptSummaries extends Error {
  override readonly name = 'CorruptSummaries';
  constructor(item: string, why: string, cause?: unknown) {
    super(`the summaries of ${item} cannot be read: ${why}`, { cause });
  }
}

/** Summaries of one channel in windows of one width. */
export interface SummaryColumn {
  readonly channel: string;
  readonly unit: string;
  readonly type: ValueType;
  readonly kind: ChannelKind;
  readonly windows: Windows;
}

/** A run of windows, such as the 1440 minutes of a day. */
export interface SlotRange {
  readonly start: Micros;
  /** Width of a window. */
  readonly width: Micros;
  readonly windows: number;
}

/** Summaries of a device in a run of windows. */
export interface SummaryRun extends SlotRange {
  readonly columns: readonly SummaryColumn[];
}

export const SECTIONS = ['counts', 'ends', 'extremes', 'sums', 'squares', 'areas', 'sketches'] as const;
export type Section = (typeof SECTIONS)[number];

/** Bytes by section. */
export type Sections = Readonly<Partial<Record<Section, Uint8Array>>>;

/** Sections that hold what is to be kept. */
export const sectionsFor = (kept: Kept): readonly Section[] =>
  SECTIONS.filter(
    (section) =>
      ({
        counts: true,
        ends: kept.ends,
        extremes: kept.extremes,
        sums: kept.sum,
        squares: kept.squares,
        areas: kept.area,
        sketches: kept.sketch,
      })[section],
  );

/** A channel as bytes by section, not yet packed; those that it does not keep are empty. */
export type EncodedColumn = { readonly channel: string } & Readonly<Record<Section, Buffer>>;

const scratch = new ByteWriter();
const written = (write: (out: ByteWriter) => void): Buffer => {
  scratch.reset();
  write(scratch);
  return Buffer.from(scratch.view());
};
const EMPTY = Buffer.alloc(0);

/** Places of windows that points entered. */
const filledPlaces = ({ good, uncertain }: Pick<Windows, 'good' | 'uncertain'>): Uint32Array => {
  const places = new Uint32Array(good.length);
  let filled = 0;
  for (let at = 0; at < good.length; at += 1) {
    if (good[at] === 0 && uncertain[at] === 0) continue;
    places[filled] = at;
    filled += 1;
  }
  return filled === places.length ? places : places.subarray(0, filled);
};

/** A channel as bytes by section. */
export const encodeColumn = (range: SlotRange, column: SummaryColumn): EncodedColumn => {
  const { channel, unit, type, kind, windows } = column;
  const places = [...filledPlaces(windows)];
  const numeric = isNumeric(type);
  const { ends, extremes, sketches } = windows;
  const pick = <T>(values: ArrayLike<T | undefined>): T[] =>
    places.flatMap((at) => {
      const value = values[at];
      return value === undefined ? [] : [value];
    });
  const starts = places.map((at) => range.start + at * range.width);
  const since = (times: Float64Array, before: readonly number[]): number[] =>
    pick(times).map((time, at) => time - (before[at] ?? 0));
  const sums = (of: Sums | undefined): Buffer =>
    of === undefined
      ? EMPTY
      : written((out) =>
          writeSums(
            out,
            places.map((at) => {
              const sum = new ExactSum();
              addSums(of, at, at + 1, sum);
              return sum;
            }),
          ),
        );
  const firsts = ends === undefined ? [] : pick(ends.firstTimes);
  if (ends === undefined && places.length > 0)
    throw new TypeError(`${channel} is to be stored without its first and last points`);
  return {
    channel,
    counts: written((out) => {
      out.text(channel);
      out.text(unit);
      out.byte(VALUE_TYPES.indexOf(type));
      out.byte(KINDS.indexOf(kind));
      for (const counts of [windows.good, windows.uncertain, windows.bad])
        writeWhole(out, Array.from(counts));
    }),
    ends:
      ends === undefined
        ? EMPTY
        : written((out) => {
            writeWhole(out, since(ends.firstTimes, starts));
            writeWhole(out, since(ends.lastTimes, firsts));
            writeValues(out, pick(ends.firsts), numeric);
            writeValues(out, pick(ends.lasts), numeric);
          }),
    extremes:
      extremes === undefined
        ? EMPTY
        : written((out) => {
            writeWhole(out, since(extremes.minTimes, starts));
            writeWhole(out, since(extremes.maxTimes, starts));
            writeNumbers(out, pick(extremes.mins));
            writeNumbers(out, pick(extremes.maxs));
          }),
    sums: sums(windows.sums),
    squares: sums(windows.squares),
    areas: sums(windows.areas),
    sketches:
      sketches === undefined
        ? EMPTY
        : written((out) => {
            for (const sketch of pick(sketches)) writeSketch(out, sketch);
          }),
  };
};

const seal = (body: Buffer): Buffer => {
  const packed = zstdCompressSync(body);
  // To unpack takes longer than to read what became less than a quarter smaller, and means take sums alone.
  const isPacked = packed.length < body.length * 0.75;
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), isPacked ? packed : body]);
  bytes[0] = VERSION;
  bytes[HEADER_BYTES - 1] = isPacked ? 1 : 0;
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES - 1)), 1);
  return bytes;
};

const unseal = (bytes: Uint8Array, name: string): ByteReader => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES) throw new MalformedBytes('they are too short');
  if (all[0] !== VERSION) throw new UnknownFormat(name, all[0], VERSION);
  if (all.readUInt32LE(1) !== crc32(all.subarray(HEADER_BYTES - 1)))
    throw new MalformedBytes('their checksum is wrong');
  const body = all.subarray(HEADER_BYTES);
  const isPacked = all[HEADER_BYTES - 1] === 1;
  return new ByteReader(isPacked ? zstdDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES }) : body);
};

/** Channels as sections. A section that no channel keeps is left out. */
export const packColumns = (
  { start, width, windows }: SlotRange,
  columns: readonly EncodedColumn[],
): Sections => {
  const packed: Partial<Record<Section, Buffer>> = {};
  for (const section of SECTIONS) {
    if (section !== 'counts' && columns.every((column) => column[section].length === 0)) continue;
    const body = written((out) => {
      if (section === 'counts') {
        out.signed(start);
        out.unsigned(width);
        out.unsigned(windows);
        out.unsigned(columns.length);
      }
      for (const column of columns) {
        out.unsigned(column[section].length);
        out.bytes(column[section]);
      }
    });
    packed[section] = seal(body);
  }
  return packed;
};

/** Writes summaries. They are of good and uncertain points, the usual choice. */
export const encodeSummaries = (run: SummaryRun): Sections =>
  packColumns(
    run,
    run.columns.map((column) => encodeColumn(run, column)),
  );

type Head = Omit<SummaryColumn, 'windows'> & Pick<Windows, 'good' | 'uncertain' | 'bad'>;

const readHead = (input: ByteReader, { windows }: SlotRange): Head => {
  const channel = input.text();
  const unit = input.text();
  const type = VALUE_TYPES[input.byte()];
  const kind = KINDS[input.byte()];
  if (type === undefined || kind === undefined) throw new MalformedBytes('a type or kind is unknown');
  const counts = (): Float64Array => readCounts(input, windows);
  return { channel, unit, type, kind, good: counts(), uncertain: counts(), bad: counts() };
};

const readEnds = (input: ByteReader, range: SlotRange, places: Uint32Array, numeric: boolean): Ends => {
  const firstTimes = new Float64Array(range.windows);
  const lastTimes = new Float64Array(range.windows);
  readWhole(input, places, firstTimes);
  readWhole(input, places, lastTimes);
  for (const at of places) {
    const first = range.start + at * range.width + (firstTimes[at] ?? 0);
    firstTimes[at] = first;
    lastTimes[at] = first + (lastTimes[at] ?? 0);
  }
  const values = () => readValues(input, places, range.windows, numeric);
  return { firstTimes, lastTimes, firsts: values(), lasts: values() };
};

const readExtremes = (input: ByteReader, range: SlotRange, places: Uint32Array): Extremes => {
  const times = (): Float64Array => {
    const list = new Float64Array(range.windows);
    readWhole(input, places, list);
    for (const at of places) list[at] = range.start + at * range.width + (list[at] ?? 0);
    return list;
  };
  const values = (): Float64Array => {
    const list = new Float64Array(range.windows);
    readNumbers(input, places, list);
    return list;
  };
  return { minTimes: times(), maxTimes: times(), mins: values(), maxs: values() };
};

const readSketches = (input: ByteReader, range: SlotRange, places: Uint32Array) => {
  const sketches = new Array<Sketch | undefined>(range.windows).fill(undefined);
  for (const at of places) sketches[at] = readSketch(input);
  return sketches;
};

/** Reads the part of a channel; nothing when it does not keep the section. */
const partOf = <T>(bytes: Buffer | undefined, read: (input: ByteReader) => T): T | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const input = new ByteReader(bytes);
  const part = read(input);
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return part;
};

/** Bytes of a section by channel. */
const partsOf = (input: ByteReader, count: number): Buffer[] => {
  const parts: Buffer[] = [];
  for (let left = count; left > 0; left -= 1) parts.push(input.bytes(input.unsigned()));
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return parts;
};

const readRun = (
  sections: Sections,
  name: string,
  channels: ReadonlySet<string> | undefined,
  kept: Kept,
): SummaryRun => {
  if (sections.counts === undefined) throw new MalformedBytes('they have no counts');
  const input = unseal(sections.counts, name);
  const range = { start: input.signed(), width: input.unsigned(), windows: input.unsigned() };
  if (range.windows > MAX_SLOTS) throw new MalformedBytes('they are of too many windows');
  const heads = partsOf(input, input.count(1));
  const parts: Partial<Record<Section, Buffer[]>> = {};
  for (const section of sectionsFor(kept)) {
    const bytes = section === 'counts' ? undefined : sections[section];
    if (bytes !== undefined) parts[section] = partsOf(unseal(bytes, name), heads.length);
  }
  const columns = heads.flatMap((bytes, at): SummaryColumn[] => {
    if (channels?.has(new ByteReader(bytes).text()) === false) return [];
    const head = partOf(bytes, (reader) => readHead(reader, range));
    if (head === undefined) throw new MalformedBytes('a channel is empty');
    const { good, uncertain, bad, ...about } = head;
    const counts = { good, uncertain, bad };
    const places = filledPlaces(counts);
    const sums = (section: Section): Sums | undefined =>
      partOf(parts[section]?.[at], (reader) => readSums(reader, places, range.windows));
    const windows: Windows = {
      ...counts,
      ends: partOf(parts.ends?.[at], (reader) => readEnds(reader, range, places, isNumeric(about.type))),
      extremes: partOf(parts.extremes?.[at], (reader) => readExtremes(reader, range, places)),
      sums: sums('sums'),
      squares: sums('squares'),
      areas: sums('areas'),
      sketches: partOf(parts.sketches?.[at], (reader) => readSketches(reader, range, places)),
    };
    return [{ ...about, windows }];
  });
  return { ...range, columns };
};

/**
 * Reads summaries.
 * @param name what to call them in an error: the key of their item
 * @param channels only these; all when absent
 * @param kept what is wanted; sections of all else may be absent and are passed over
 * @throws {CorruptSummaries} when any byte is not as it was written
 * @throws {UnknownFormat} for any other version
 */
export const decodeSummaries = (
  sections: Sections,
  name: string,
  channels?: ReadonlySet<string>,
  kept: Kept = KEEP_ALL,
): SummaryRun => {
  try {
    return readRun(sections, name, channels, kept);
  } catch (error) {
    if (error instanceof UnknownFormat) throw error;
    throw new CorruptSummaries(name, error instanceof Error ? error.message : String(error), error);
  }
};
