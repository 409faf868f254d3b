/**
 * Sections of stored summaries. Each is bytes of its own, an attribute of the item, so that a reader fetches only
 * those that it needs.
 *
 * | bytes | what |
 * |---|---|
 * | 0 | version, 2 |
 * | 1–4 | CRC-32 of all that follows, little-endian |
 * | 5 | 1: the body is packed with zstd |
 * | 6– | body: for each channel, in the order of `counts`, the number of its bytes, and they |
 */
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, MalformedBytes } from '../codec/bytes.ts';
import { UnknownFormat } from '../codec/unknown-format.ts';
import type { Kept } from './kept.ts';

const VERSION = 2;
const HEADER_BYTES = 6;
/** Largest body that is unpacked. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** A body is packed when that makes it smaller than this share: to unpack the rest takes longer than to read it. */
const WORTH_PACKING = 0.75;

export const SECTIONS = ['counts', 'ends', 'extremes', 'sums', 'squares', 'areas', 'sketches'] as const;
export type Section = (typeof SECTIONS)[number];

/** Bytes by section. A section that no channel keeps is absent. */
export type Sections = Readonly<Partial<Record<Section, Uint8Array>>>;

/** Sections that hold what is kept. */
export const sectionsFor = (kept: Kept): readonly Section[] => {
  const wanted: Readonly<Record<Section, boolean>> = {
    counts: true,
    ends: kept.ends,
    extremes: kept.extremes,
    sums: kept.sum,
    squares: kept.squares,
    areas: kept.area,
    sketches: kept.sketch,
  };
  return SECTIONS.filter((section) => wanted[section]);
};

/** A body as the bytes of a section. */
export const seal = (body: Buffer): Buffer => {
  const packed = zstdCompressSync(body);
  const isPacked = packed.length < body.length * WORTH_PACKING;
  const bytes = Buffer.concat([Buffer.alloc(HEADER_BYTES), isPacked ? packed : body]);
  bytes[0] = VERSION;
  bytes[HEADER_BYTES - 1] = isPacked ? 1 : 0;
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES - 1)), 1);
  return bytes;
};

/**
 * The body of a section.
 * @param name of the item, for errors
 * @throws {UnknownFormat} for another version
 * @throws {MalformedBytes} when any other byte is not as it was written
 */
export const unseal = (bytes: Uint8Array, name: string): ByteReader => {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length < HEADER_BYTES) throw new MalformedBytes('they are too short');
  if (all[0] !== VERSION) throw new UnknownFormat(name, all[0], VERSION);
  if (all.readUInt32LE(1) !== crc32(all.subarray(HEADER_BYTES - 1)))
    throw new MalformedBytes('their checksum is wrong');
  const body = all.subarray(HEADER_BYTES);
  const isPacked = all[HEADER_BYTES - 1] === 1;
  return new ByteReader(isPacked ? zstdDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES }) : body);
};
