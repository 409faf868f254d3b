/**
 * Columns of one device as bytes, and back.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version, 1 |
 * | 1 | 0: body as it is; 1: body under zstd |
 * | 2–5 | CRC-32 of all that follows, little-endian |
 * | 6–9 | length of the plain body, little-endian |
 * | 10– | body |
 *
 * Body: the number of time columns and each of them; the number of channels and of each its name, unit, value
 * type, place of its time column, values, and runs of quality. Channels measured together share a time column.
 */
import { crc32, constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { VALUE_TYPES } from '../../contracts/instrument-types.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import { ByteReader, ByteWriter, MalformedBytes } from './bytes.ts';
import type { SeriesColumn } from './column.ts';
import { readTimes, writeTimes } from './time-codec.ts';
import { readValues, writeValues } from './value-codec.ts';

/** Version of the format that {@link encodeChunk} writes. */
export const CHUNK_VERSION = 1;

const HEADER_BYTES = 10;
const PLAIN = 0;
const ZSTD = 1;
/**
 * Below this, zstd costs 30 to 50 µs to save bytes that no bill shows: DynamoDB counts writes in whole KB, and
 * compaction packs the hour again anyway.
 */
const ZSTD_FROM_BYTES = 800;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const LEVEL = { [zlib.ZSTD_c_compressionLevel]: 1 };

/** Told the size beforehand, zstd takes memory for that and no more: half the time for small chunks. */
const compress = (plain: Buffer): Buffer =>
  zstdCompressSync(plain, {
    params: LEVEL,
    pledgedSrcSize: plain.length,
    chunkSize: Math.max(1024, plain.length + 128),
  });

/** A chunk whose bytes are not those that were written. */
export class CorruptChunk extends Error {
  override readonly name = 'CorruptChunk';
  /** @param chunk its key; @param cause what is wrong with it */
  constructor(chunk: string, why: string, cause?: unknown) {
    super(`chunk ${chunk} is corrupt: ${why}`, { cause });
  }
}

const sameTimes = (left: readonly Micros[], right: readonly Micros[]): boolean => {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (!Object.is(left[at], right[at])) return false;
  return true;
};

const writeQuality = (out: ByteWriter, quality: readonly Quality[]): void => {
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

const readQuality = (input: ByteReader, count: number): Quality[] | undefined => {
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

const writeBody = (out: ByteWriter, columns: readonly SeriesColumn[]): void => {
  const clocks: (readonly Micros[])[] = [];
  const places = columns.map(({ time }) => {
    const place = clocks.findIndex((clock) => sameTimes(clock, time));
    return place >= 0 ? place : clocks.push(time) - 1;
  });
  out.unsigned(clocks.length);
  for (const clock of clocks) writeTimes(out, clock);
  out.unsigned(columns.length);
  for (const [at, column] of columns.entries()) {
    if (column.value.length !== column.time.length) throw new RangeError('as many values as times');
    out.text(column.channel);
    out.text(column.unit);
    out.byte(VALUE_TYPES.indexOf(column.type));
    out.unsigned(places[at] ?? 0);
    writeValues(out, column.value);
    writeQuality(out, column.quality ?? []);
  }
};

const readBody = (input: ByteReader): SeriesColumn[] => {
  const clocks = Array.from({ length: input.count(2) }, () => readTimes(input));
  const columns = Array.from({ length: input.count(5) }, (): SeriesColumn => {
    const channel = input.text();
    const unit = input.text();
    const type = VALUE_TYPES[input.byte()];
    const time = clocks[input.unsigned()];
    if (type === undefined || time === undefined) throw new MalformedBytes('unknown type or time column');
    const value = readValues(input, time.length);
    return { channel, type, unit, time, value, quality: readQuality(input, time.length) };
  });
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return columns;
};

// Encoding never waits, so that one piece of memory serves all calls.
const scratch = new ByteWriter(64 * 1024);

/**
 * Encodes columns; the order of channels and points is kept, every float64 to the bit.
 * @throws {TypeError} when the values of a channel are of several types
 */
export const encodeChunk = (columns: readonly SeriesColumn[]): Buffer => {
  scratch.reset();
  writeBody(scratch, columns);
  const plain = scratch.view();
  const packed = plain.length >= ZSTD_FROM_BYTES ? compress(plain) : plain;
  const smaller = packed.length < plain.length;
  const body = smaller ? packed : plain;
  const chunk = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  chunk[0] = CHUNK_VERSION;
  chunk[1] = smaller ? ZSTD : PLAIN;
  chunk.writeUInt32LE(plain.length, 6);
  chunk.set(body, HEADER_BYTES);
  chunk.writeUInt32LE(crc32(chunk.subarray(6)), 2);
  return chunk;
};

const unpack = (chunk: Buffer): Buffer => {
  const length = chunk.readUInt32LE(6);
  if (length > MAX_BODY_BYTES) throw new MalformedBytes(`a body of ${length} bytes`);
  const body = chunk.subarray(HEADER_BYTES);
  if (chunk[1] === PLAIN) return body;
  if (chunk[1] !== ZSTD) throw new MalformedBytes(`unknown packing ${chunk[1]}`);
  return zstdDecompressSync(body, { maxOutputLength: length });
};

/**
 * Decodes a chunk.
 * @param name what to call it in an error: its key
 * @returns the columns; a quality that is all good is `undefined`
 * @throws {CorruptChunk} when any byte is not as it was written, or the version is unknown
 */
export const decodeChunk = (bytes: Uint8Array, name: string): SeriesColumn[] => {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (chunk.length < HEADER_BYTES) throw new CorruptChunk(name, 'it is too short');
  if (chunk[0] !== CHUNK_VERSION) throw new CorruptChunk(name, `its version is ${chunk[0]}`);
  if (chunk.readUInt32LE(2) !== crc32(chunk.subarray(6)))
    throw new CorruptChunk(name, 'its checksum is wrong');
  try {
    return readBody(new ByteReader(unpack(chunk)));
  } catch (error) {
    throw new CorruptChunk(name, error instanceof Error ? error.message : String(error), error);
  }
};
