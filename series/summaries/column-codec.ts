/**
 * Summaries of one channel as bytes by section, and back.
 *
 * | section | what |
 * |---|---|
 * | `counts` | name, unit, type and kind of the channel; points by quality of each window |
 * | `ends` | first and last values, and when |
 * | `extremes` | least and greatest numbers, and when |
 * | `sums`, `squares`, `areas` | exact sums |
 * | `sketches` | sketches for quantiles |
 *
 * All but the counts are of windows that have a good or an uncertain point. Times are offsets: of first, least and
 * greatest values from the start of their window, of last ones from the first.
 */
import { VALUE_TYPES } from '../../contracts/resources/instrument-types.ts';
import { ByteReader, ByteWriter, MalformedBytes } from '../codec/bytes.ts';
import { isNumeric } from '../points/column.ts';
import { ExactSum } from './exact-sum.ts';
import type { SummaryColumn, WindowRange } from './run.ts';
import type { Section } from './sections.ts';
import type { Sketch } from './sketch.ts';
import type { ChannelKind } from './summary.ts';
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

const KINDS: readonly ChannelKind[] = ['continuous', 'step'];

/** A channel as bytes by section, not yet packed; a section that it does not keep is empty. */
export type EncodedColumn = { readonly channel: string } & Readonly<Record<Section, Buffer>>;

const EMPTY = Buffer.alloc(0);
const scratch = new ByteWriter();
/** What is written, as bytes of its own. */
export const bytesOf = (write: (out: ByteWriter) => void): Buffer => {
  scratch.reset();
  write(scratch);
  return Buffer.from(scratch.view());
};

/** Indexes of windows that have a good or an uncertain point. */
const filledWindows = ({ good, uncertain }: Pick<Windows, 'good' | 'uncertain'>): Uint32Array => {
  const filled = new Uint32Array(good.length);
  let count = 0;
  for (let at = 0; at < good.length; at += 1) {
    if (good[at] === 0 && uncertain[at] === 0) continue;
    filled[count] = at;
    count += 1;
  }
  return filled.subarray(0, count);
};

/**
 * A channel as bytes by section.
 * @throws {TypeError} when it has points, but its first and last ones are not kept
 */
export const encodeColumn = (range: WindowRange, column: SummaryColumn): EncodedColumn => {
  const { channel, unit, type, kind, windows } = column;
  const { ends, extremes, sketches } = windows;
  const filled = [...filledWindows(windows)];
  const numeric = isNumeric(type);
  if (ends === undefined && filled.length > 0)
    throw new TypeError(`${channel} is to be stored without its first and last points`);
  const pick = <T>(values: ArrayLike<T | undefined>): T[] =>
    filled.flatMap((at) => {
      const value = values[at];
      return value === undefined ? [] : [value];
    });
  const starts = filled.map((at) => range.start + at * range.width);
  const firstTimes = ends === undefined ? [] : pick(ends.firstTimes);
  const offsets = (times: Float64Array, from: readonly number[]): number[] =>
    pick(times).map((time, at) => time - (from[at] ?? 0));
  const sumBytes = (sums: Sums | undefined): Buffer => {
    if (sums === undefined) return EMPTY;
    const exact = filled.map((at) => {
      const sum = new ExactSum();
      addSums(sums, at, at + 1, sum);
      return sum;
    });
    return bytesOf((out) => writeSums(out, exact));
  };
  return {
    channel,
    counts: bytesOf((out) => {
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
        : bytesOf((out) => {
            writeWhole(out, offsets(ends.firstTimes, starts));
            writeWhole(out, offsets(ends.lastTimes, firstTimes));
            writeValues(out, pick(ends.firsts), numeric);
            writeValues(out, pick(ends.lasts), numeric);
          }),
    extremes:
      extremes === undefined
        ? EMPTY
        : bytesOf((out) => {
            writeWhole(out, offsets(extremes.minTimes, starts));
            writeWhole(out, offsets(extremes.maxTimes, starts));
            writeNumbers(out, pick(extremes.mins));
            writeNumbers(out, pick(extremes.maxs));
          }),
    sums: sumBytes(windows.sums),
    squares: sumBytes(windows.squares),
    areas: sumBytes(windows.areas),
    sketches:
      sketches === undefined
        ? EMPTY
        : bytesOf((out) => {
            for (const sketch of pick(sketches)) writeSketch(out, sketch);
          }),
  };
};

type Head = Omit<SummaryColumn, 'windows'> & Pick<Windows, 'good' | 'uncertain' | 'bad'>;

const readHead = (input: ByteReader, { windows }: WindowRange): Head => {
  const channel = input.text();
  const unit = input.text();
  const type = VALUE_TYPES[input.byte()];
  const kind = KINDS[input.byte()];
  if (type === undefined || kind === undefined) throw new MalformedBytes('a type or kind is unknown');
  const counts = (): Float64Array => readCounts(input, windows);
  return { channel, unit, type, kind, good: counts(), uncertain: counts(), bad: counts() };
};

const readEnds = (input: ByteReader, range: WindowRange, filled: Uint32Array, numeric: boolean): Ends => {
  const firstTimes = new Float64Array(range.windows);
  const lastTimes = new Float64Array(range.windows);
  readWhole(input, filled, firstTimes);
  readWhole(input, filled, lastTimes);
  for (const at of filled) {
    const first = range.start + at * range.width + (firstTimes[at] ?? 0);
    firstTimes[at] = first;
    lastTimes[at] = first + (lastTimes[at] ?? 0);
  }
  const values = () => readValues(input, filled, range.windows, numeric);
  return { firstTimes, lastTimes, firsts: values(), lasts: values() };
};

const readExtremes = (input: ByteReader, range: WindowRange, filled: Uint32Array): Extremes => {
  const times = (): Float64Array => {
    const list = new Float64Array(range.windows);
    readWhole(input, filled, list);
    for (const at of filled) list[at] = range.start + at * range.width + (list[at] ?? 0);
    return list;
  };
  const values = (): Float64Array => {
    const list = new Float64Array(range.windows);
    readNumbers(input, filled, list);
    return list;
  };
  return { minTimes: times(), maxTimes: times(), mins: values(), maxs: values() };
};

const readSketches = (input: ByteReader, range: WindowRange, filled: Uint32Array) => {
  const sketches = new Array<Sketch | undefined>(range.windows).fill(undefined);
  for (const at of filled) sketches[at] = readSketch(input);
  return sketches;
};

/** Reads all of some bytes; `undefined` when they are absent or empty, because the channel does not keep the section. */
const readAll = <T>(bytes: Buffer | undefined, read: (input: ByteReader) => T): T | undefined => {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const input = new ByteReader(bytes);
  const found = read(input);
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return found;
};

/** The name of the channel of such `counts`. */
export const channelOf = (counts: Buffer): string => new ByteReader(counts).text();

/**
 * Reads what {@link encodeColumn} wrote.
 * @param sections those that are wanted, with `counts`
 * @throws {MalformedBytes}
 */
export const decodeColumn = (
  range: WindowRange,
  sections: Readonly<Partial<Record<Section, Buffer | undefined>>>,
): SummaryColumn => {
  const head = readAll(sections.counts, (input) => readHead(input, range));
  if (head === undefined) throw new MalformedBytes('a channel is empty');
  const { good, uncertain, bad, ...about } = head;
  const filled = filledWindows(head);
  const sums = (section: Section): Sums | undefined =>
    readAll(sections[section], (input) => readSums(input, filled, range.windows));
  const windows: Windows = {
    good,
    uncertain,
    bad,
    ends: readAll(sections.ends, (input) => readEnds(input, range, filled, isNumeric(about.type))),
    extremes: readAll(sections.extremes, (input) => readExtremes(input, range, filled)),
    sums: sums('sums'),
    squares: sums('squares'),
    areas: sums('areas'),
    sketches: readAll(sections.sketches, (input) => readSketches(input, range, filled)),
  };
  return { ...about, windows };
};
