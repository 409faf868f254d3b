/**
 * A run of records of one shard in one block of memory. The same bytes are what the segment file holds, so
 * writing to disk is copying and loading is reading; and records cost the garbage collector nothing.
 *
 * One record: u32 length of what follows · u32 CRC-32 of what follows the CRC · f64 counter · f64 arrival (ms)
 * · u16 length of the partition key · partition key (UTF-8) · data.
 */
import { crc32 } from 'node:zlib';

const HEADER = 26;
/** Blocks are allocated once and never grow; the pages behind them are touched only when written. */
export const SEGMENT_BYTES = 4 * 1024 * 1024;

/** What `append` takes: raw bytes, or the base64 text of an HTTP request, decoded in place. */
export type RecordData = Buffer | string;

export interface StoredRecord {
  readonly counter: number;
  readonly partitionKey: string;
  /** Base64. */
  readonly data: string;
  readonly arrival: number;
}

/** Length of the decoded data in bytes. */
export function dataBytes(data: RecordData): number {
  return typeof data === 'string' ? Buffer.byteLength(data, 'base64') : data.length;
}

/** Where the record ends that begins here; `undefined` when none does, or none that is whole. */
function endOf(bytes: Buffer, start: number): number | undefined {
  if (start + HEADER > bytes.length) return undefined;
  const end = start + 4 + bytes.readUInt32LE(start);
  if (end < start + HEADER || end > bytes.length) return undefined;
  return crc32(bytes.subarray(start + 8, end)) === bytes.readUInt32LE(start + 4) ? end : undefined;
}

function anyAfter(bytes: Buffer, start: number): boolean {
  for (let at = start + 1; at + HEADER <= bytes.length; at += 1) {
    // A counter is a whole number: so few places need the checksum.
    if (Number.isSafeInteger(bytes.readDoubleLE(at + 8)) && endOf(bytes, at) !== undefined) return true;
  }
  return false;
}

export class Segment {
  /** Counter of the first record; the ones after it follow without a gap. */
  readonly first: number;
  readonly #block: Buffer;
  /** Where each record starts. */
  #starts: number[] = [];
  #end = 0;
  #lastArrival = 0;

  constructor(first: number, capacity = SEGMENT_BYTES) {
    this.first = first;
    this.#block = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes that a record takes here. */
  static size(partitionKey: string, data: RecordData): number {
    return HEADER + Buffer.byteLength(partitionKey) + dataBytes(data);
  }

  /**
   * Reads a segment file as far as its records are whole.
   * @returns `torn`: bytes after them; `more`: whether a whole record is among these, so that they were not torn
   *   when the computer stopped while they were written, but damaged later
   */
  static load(bytes: Buffer): { segment: Segment | undefined; torn: number; more: boolean } {
    let end = 0;
    const starts: number[] = [];
    for (let next = endOf(bytes, 0); next !== undefined; next = endOf(bytes, end)) {
      starts.push(end);
      end = next;
    }
    const more = end < bytes.length && anyAfter(bytes, end);
    if (starts.length === 0) return { segment: undefined, torn: bytes.length, more };
    const segment = new Segment(bytes.readDoubleLE(8), end);
    bytes.copy(segment.#block, 0, 0, end);
    segment.#starts = starts;
    segment.#end = end;
    segment.#lastArrival = bytes.readDoubleLE((starts.at(-1) ?? 0) + 16);
    return { segment, torn: bytes.length - end, more };
  }

  /** Counter after the last record. */
  get next(): number {
    return this.first + this.#starts.length;
  }

  get bytes(): number {
    return this.#end;
  }

  get lastArrival(): number {
    return this.#lastArrival;
  }

  fits(size: number): boolean {
    return this.#end + size <= this.#block.length;
  }

  append(partitionKey: string, data: RecordData, arrival: number): void {
    const block = this.#block;
    const start = this.#end;
    const keyLength = block.write(partitionKey, start + HEADER, 'utf8');
    const dataStart = start + HEADER + keyLength;
    const end =
      dataStart +
      (typeof data === 'string' ? block.write(data, dataStart, 'base64') : data.copy(block, dataStart));
    block.writeUInt32LE(end - start - 4, start);
    block.writeDoubleLE(this.next, start + 8);
    block.writeDoubleLE(arrival, start + 16);
    block.writeUInt16LE(keyLength, start + 24);
    block.writeUInt32LE(crc32(block.subarray(start + 8, end)), start + 4);
    this.#starts.push(start);
    this.#end = end;
    this.#lastArrival = arrival;
  }

  /** Arrival of the record with this counter, in milliseconds since the epoch. */
  arrivalOf(counter: number): number {
    return this.#block.readDoubleLE(this.#start(counter) + 16);
  }

  /** Length of a record's data in bytes. */
  dataLength(counter: number): number {
    const start = this.#start(counter);
    return this.#block.readUInt32LE(start) - (HEADER - 4) - this.#block.readUInt16LE(start + 24);
  }

  read(counter: number): StoredRecord {
    const block = this.#block;
    const start = this.#start(counter);
    const keyEnd = start + HEADER + block.readUInt16LE(start + 24);
    return {
      counter,
      partitionKey: block.toString('utf8', start + HEADER, keyEnd),
      data: block.toString('base64', keyEnd, start + 4 + block.readUInt32LE(start)),
      arrival: block.readDoubleLE(start + 16),
    };
  }

  /** The encoded bytes from one place to the end, for the segment file. */
  encoded(from: number): Buffer {
    return this.#block.subarray(from, this.#end);
  }

  #start(counter: number): number {
    const start = this.#starts[counter - this.first];
    if (start === undefined) throw new RangeError(`no record ${counter} in the segment from ${this.first}`);
    return start;
  }
}
