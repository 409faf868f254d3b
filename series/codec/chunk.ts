/**
 * Columns of one device as bytes, and back, in one of two forms. Quick: for chunks, which `ingest` writes by the
 * thousand. Dense: for blocks, which compaction makes once and queries read for years; they are a twentieth smaller
 * where there are thousands of points, and take three to eight times as long to write.
 *
 * | bytes | quick | dense |
 * |---|---|---|
 * | 0 | version, 4 | version, 3 |
 * | 1 | 0: plain body; 1: body packed with zstd | the same of the head |
 * | 2–5 | CRC-32, little-endian, of all that follows | of all but itself |
 * | 6–9 | length of the plain body, little-endian | length of the plain head |
 * | 10– | body, see quick/body.ts | length of the head as stored, little-endian, 4 bytes; head; tail, see dense/body.ts |
 */
import { crc32, constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { SeriesColumn } from '../points/column.ts';
import { ByteReader, ByteWriter, MalformedBytes } from './bytes.ts';
import { readDense, writeDense } from './dense/body.ts';
import { readQuick, writeQuick } from './quick/body.ts';
import { UnknownFormat } from './unknown-format.ts';

/** Versions of the format: what {@link encodeChunk} writes for each effort. */
export const CHUNK_VERSION = { quick: 4, dense: 3 } as const;
export type Effort = keyof typeof CHUNK_VERSION;

const QUICK_HEADER_BYTES = 10;
const DENSE_HEADER_BYTES = 14;
const PLAIN = 0;
const ZSTD = 1;
/**
 * With fewer bytes that zstd could make smaller it is not tried: it takes 30 to 50 µs to save what no bill shows.
 * DynamoDB counts writes in whole KB, and compaction packs the hour again anyway.
 */
const ZSTD_FROM_BYTES = { quick: 800, dense: 400 } as const;
const ZSTD_LEVEL = { quick: 1, dense: 6 } as const;
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Told the size beforehand, zstd takes no more memory than it needs: half the time for small chunks. */
const compress = (plain: Buffer, effort: Effort): Buffer =>
  zstdCompressSync(plain, {
    params: { [zlib.ZSTD_c_compressionLevel]: ZSTD_LEVEL[effort] },
    pledgedSrcSize: plain.length,
    chunkSize: Math.max(1024, plain.length + 128),
  });

/**
 * @param compressible how many of the bytes zstd could make smaller
 * @returns the smaller of plain and packed bytes
 */
const pack = (
  plain: Buffer,
  effort: Effort,
  compressible: number,
): { readonly packing: number; readonly bytes: Buffer } => {
  const packed = compressible >= ZSTD_FROM_BYTES[effort] ? compress(plain, effort) : plain;
  return packed.length < plain.length ? { packing: ZSTD, bytes: packed } : { packing: PLAIN, bytes: plain };
};

const unpack = (bytes: Buffer, packing: number | undefined, length: number): Buffer => {
  if (length > MAX_BODY_BYTES) throw new MalformedBytes(`a body of ${length} bytes`);
  if (packing !== PLAIN && packing !== ZSTD) throw new MalformedBytes(`unknown packing ${packing}`);
  const plain = packing === ZSTD ? zstdDecompressSync(bytes, { maxOutputLength: length }) : bytes;
  if (plain.length !== length) throw new MalformedBytes(`${plain.length} bytes in place of ${length}`);
  return plain;
};

/** A chunk whose bytes are not those that were written. */
export class CorruptChunk extends Error {
  override readonly name = 'CorruptChunk';
  /** @param chunk its key; @param cause what is wrong with it */
  constructor(chunk: string, why: string, cause?: unknown) {
    super(`chunk ${chunk} is corrupt: ${why}`, { cause });
  }
}

// Encoding is synchronous: the same memory serves all calls.
const scratch = new ByteWriter(64 * 1024);
const tail = new ByteWriter(64 * 1024);

const encodeQuick = (columns: readonly SeriesColumn[]): Buffer => {
  const compressible = writeQuick(scratch, columns);
  const plain = scratch.view();
  const { packing, bytes } = pack(plain, 'quick', compressible);
  const chunk = Buffer.allocUnsafe(QUICK_HEADER_BYTES + bytes.length);
  chunk[0] = CHUNK_VERSION.quick;
  chunk[1] = packing;
  chunk.writeUInt32LE(plain.length, 6);
  chunk.set(bytes, QUICK_HEADER_BYTES);
  chunk.writeUInt32LE(crc32(chunk.subarray(6)), 2);
  return chunk;
};

const denseChecksum = (chunk: Buffer): number => crc32(chunk.subarray(6), crc32(chunk.subarray(0, 2)));

const encodeDense = (columns: readonly SeriesColumn[]): Buffer => {
  tail.reset();
  writeDense(scratch, tail, columns);
  const plain = scratch.view();
  const { packing, bytes } = pack(plain, 'dense', plain.length);
  const chunk = Buffer.allocUnsafe(DENSE_HEADER_BYTES + bytes.length + tail.size);
  chunk[0] = CHUNK_VERSION.dense;
  chunk[1] = packing;
  chunk.writeUInt32LE(plain.length, 6);
  chunk.writeUInt32LE(bytes.length, 10);
  chunk.set(bytes, DENSE_HEADER_BYTES);
  chunk.set(tail.view(), DENSE_HEADER_BYTES + bytes.length);
  chunk.writeUInt32LE(denseChecksum(chunk), 2);
  return chunk;
};

/**
 * Encodes columns; the order of channels and points is kept, every float64 to the bit.
 * @param effort `quick` takes the least time, `dense` the fewest bytes
 * @throws {TypeError} when the values of a channel are of several types
 */
export const encodeChunk = (columns: readonly SeriesColumn[], effort: Effort = 'quick'): Buffer => {
  scratch.reset();
  return effort === 'quick' ? encodeQuick(columns) : encodeDense(columns);
};

const decodeQuick = (chunk: Buffer, only: ReadonlySet<string> | undefined): SeriesColumn[] => {
  const body = unpack(chunk.subarray(QUICK_HEADER_BYTES), chunk[1], chunk.readUInt32LE(6));
  const columns = readQuick(new ByteReader(body));
  return only === undefined ? columns : columns.filter(({ channel }) => only.has(channel));
};

const decodeDense = (chunk: Buffer, only: ReadonlySet<string> | undefined): SeriesColumn[] => {
  const end = DENSE_HEADER_BYTES + chunk.readUInt32LE(10);
  if (end > chunk.length) throw new MalformedBytes('the bytes end early');
  const head = unpack(chunk.subarray(DENSE_HEADER_BYTES, end), chunk[1], chunk.readUInt32LE(6));
  return readDense(new ByteReader(head), new ByteReader(chunk.subarray(end)), only);
};

/**
 * Decodes a chunk of either form.
 * @param name what to call it in an error: its key
 * @param only channels that are wanted, which a dense chunk gives without decoding the others; all when absent
 * @returns the columns; a quality that is all good is `undefined`. Those of a quick chunk have the given quality alone
 * @throws {CorruptChunk} when any byte is not as it was written
 * @throws {UnknownFormat} for any other version
 */
export const decodeChunk = (bytes: Uint8Array, name: string, only?: ReadonlySet<string>): SeriesColumn[] => {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dense = chunk[0] === CHUNK_VERSION.dense;
  if (chunk.length < (dense ? DENSE_HEADER_BYTES : QUICK_HEADER_BYTES))
    throw new CorruptChunk(name, 'it is too short');
  if (!dense && chunk[0] !== CHUNK_VERSION.quick)
    throw new UnknownFormat(`chunk ${name}`, chunk[0], Object.values(CHUNK_VERSION).join(' and '));
  if (chunk.readUInt32LE(2) !== (dense ? denseChecksum(chunk) : crc32(chunk.subarray(6))))
    throw new CorruptChunk(name, 'its checksum is wrong');
  try {
    return dense ? decodeDense(chunk, only) : decodeQuick(chunk, only);
  } catch (error) {
    throw new CorruptChunk(name, error instanceof Error ? error.message : String(error), error);
  }
};
