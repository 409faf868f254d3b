/** Streams of bits, the highest bit of a byte first. */

/** Bits that a look ahead of 32 bits holds for sure, wherever in a byte it begins. */
export const PEEK_BITS = 25;
/** Bytes behind a stream that may be looked at. */
const MARGIN_BYTES = 16;

/** Bits that one write of 32 bits can add, wherever in a byte it begins. */
const PUT_BITS = 24;

export class BitWriter {
  private view = new DataView(new ArrayBuffer(64 * 1024));
  /** Bits written. */
  private place = 0;
  /** Bits of the byte under way, in the highest places. */
  private word = 0;

  reset(): void {
    this.place = 0;
    this.word = 0;
  }

  /** Makes room for so many more bytes. */
  private room(bytes: number): void {
    const needed = (this.place >>> 3) + bytes + 8;
    if (needed <= this.view.byteLength) return;
    const grown = new Uint8Array(2 * needed);
    grown.set(new Uint8Array(this.view.buffer));
    this.view = new DataView(grown.buffer);
  }

  /** Writes the low `count` bits, 1 to 32, of a value that has no others. */
  put(value: number, count: number): void {
    if (count > PUT_BITS) {
      this.put(value >>> 16, count - 16);
      this.put(value & 0xffff, 16);
      return;
    }
    this.room(4);
    const shift = this.place & 7;
    const word = this.word | (value << (32 - shift - count));
    this.view.setUint32(this.place >>> 3, word);
    this.place += count;
    this.word = word << ((shift + count) & 24);
  }

  /**
   * Writes numbers in a prefix code: the code of the number's token, then its low bits.
   * @param entries by token: code << 12 | number of low bits << 4 | length of the code
   */
  putCoded(
    values: Int32Array,
    from: number,
    to: number,
    tokenOf: (value: number) => number,
    entries: Uint32Array,
  ): void {
    this.room((to - from) * 6);
    // In local variables: encoding spends most of its time here.
    let { place, word } = this;
    const { view } = this;
    for (let at = from; at < to; at += 1) {
      const value = values[at] ?? 0;
      const entry = entries[tokenOf(value)] ?? 0;
      const low = (entry >>> 4) & 31;
      const count = (entry & 15) + low;
      if (count > PUT_BITS) {
        this.place = place;
        this.word = word;
        this.put(entry >>> 12, entry & 15);
        this.put(value & ((1 << low) - 1), low);
        place = this.place;
        word = this.word;
        continue;
      }
      const shift = place & 7;
      word |= (((entry >>> 12) << low) | (value & ((1 << low) - 1))) << (32 - shift - count);
      view.setUint32(place >>> 3, word);
      place += count;
      word <<= (shift + count) & 24;
    }
    this.place = place;
    this.word = word;
  }

  /** What was written, padded with zeros to whole bytes; valid until the next write. */
  finish(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, Math.ceil(this.place / 8));
  }
}

let padded = new Uint8Array(16 * 1024);
let paddedView = new DataView(padded.buffer);

/**
 * Copies a stream to memory that may be looked at beyond its end.
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

/** The `count` bits, 1 to 32, at a place in a padded stream. */
export const bitsAt = (view: DataView, place: number, count: number): number => {
  const high = view.getUint32(place >>> 3);
  const shift = place & 7;
  if (shift + count <= 32) return (high << shift) >>> (32 - count);
  const low = view.getUint8((place >>> 3) + 4);
  return (((high << shift) | (low >>> (8 - shift))) >>> 0) >>> (32 - count);
};
