/** Streams of bits: the first bit of a byte is its highest. */
import { MalformedBytes } from '../bytes.ts';

/** Bits that one look ahead gives for sure, wherever in a byte it begins. */
export const PEEK_BITS = 25;
/** Room behind a stream for looks ahead. */
const MARGIN_BYTES = 16;

export class BitWriter {
  private bytes = new Uint8Array(16 * 1024);
  private view = new DataView(this.bytes.buffer);
  /** Bits gathered for the next word, from the highest down. */
  private word = 0;
  private free = 32;
  private at = 0;

  reset(): void {
    this.word = 0;
    this.free = 32;
    this.at = 0;
  }

  private grow(): void {
    const grown = new Uint8Array(this.bytes.length * 2);
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Writes the low `count` bits, 1 to 32, of a value that has no others. */
  put(value: number, count: number): void {
    const { free } = this;
    if (count < free) {
      this.word |= value << (free - count);
      this.free = free - count;
      return;
    }
    const rest = count - free;
    if (this.at + 8 > this.bytes.length) this.grow();
    this.view.setUint32(this.at, this.word | (value >>> rest));
    this.at += 4;
    this.word = rest === 0 ? 0 : value << (32 - rest);
    this.free = 32 - rest;
  }

  /** What was written, filled up with zeros to whole bytes; valid until the next write. */
  finish(): Uint8Array {
    this.view.setUint32(this.at, this.word);
    return this.bytes.subarray(0, this.at + Math.ceil((32 - this.free) / 8));
  }
}

let padded = new Uint8Array(16 * 1024);
let paddedView = new DataView(padded.buffer);

/**
 * Copies a stream to where looking ahead past its end is harmless.
 * @returns a view of it; valid until the next call
 */
export const padStream = (bytes: Uint8Array): DataView => {
  if (bytes.length + MARGIN_BYTES > padded.length) {
    padded = new Uint8Array(2 * bytes.length + MARGIN_BYTES);
    paddedView = new DataView(padded.buffer);
  }
  padded.set(bytes);
  padded.fill(0, bytes.length, bytes.length + MARGIN_BYTES);
  return paddedView;
};

/** The `count` bits, 1 to 32, at a place of a padded stream. */
export const bitsAt = (view: DataView, place: number, count: number): number => {
  const high = view.getUint32(place >>> 3);
  const shift = place & 7;
  if (shift + count <= 32) return (high << shift) >>> (32 - count);
  const low = view.getUint8((place >>> 3) + 4);
  return (((high << shift) | (low >>> (8 - shift))) >>> 0) >>> (32 - count);
};

/** @throws {MalformedBytes} when reading went past the end of a stream */
export const checkEnd = (place: number, bytes: Uint8Array): void => {
  if (place > bytes.length * 8) throw new MalformedBytes('a stream of bits ends early');
};
