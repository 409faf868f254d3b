/**
 * CBOR (RFC 8949), as much of it as SenML takes: read strictly, at bounded depth, and refused where JSON could not
 * have said it. A small reader of our own: general ones take tags that make objects, and go as deep as they are led.
 */
import { UndecodableMessage } from '../contracts/messages/message.ts';

/** A CBOR item: integers and floats are numbers, byte strings bytes, maps maps. */
export type CborValue =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>;

const MAX_DEPTH = 6;
const INDEFINITE = 31;
const BREAK = Symbol('break');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (detail: string): UndecodableMessage => new UndecodableMessage('malformed-cbor', detail);

/** A half-precision number, RFC 8949 appendix D. */
const halfFloat = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (fraction + 1024) * 2 ** (exponent - 25);
};

const concatenated = (chunks: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
};

class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.at === this.bytes.length;
  }

  private take(count: number): number {
    const from = this.at;
    if (count > this.bytes.length - from) throw malformed('The bytes end within an item.');
    this.at = from + count;
    return from;
  }

  /** The argument of an item's head (§3): a length, a count or a number. */
  private argument(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.view.getUint8(this.take(1));
      case 25:
        return this.view.getUint16(this.take(2));
      case 26:
        return this.view.getUint32(this.take(4));
      case 27:
        return Number(this.view.getBigUint64(this.take(8)));
      default:
        throw malformed(`The additional information ${info} is not defined.`);
    }
  }

  item(depth: number): CborValue {
    const value = this.itemOrBreak(depth);
    if (value === BREAK) throw malformed('A break outside an item of indefinite length.');
    return value;
  }

  private itemOrBreak(depth: number): CborValue | typeof BREAK {
    if (depth > MAX_DEPTH) throw malformed(`Items are nested deeper than ${MAX_DEPTH}.`);
    const head = this.view.getUint8(this.take(1));
    const info = head & 31;
    switch (head >> 5) {
      case 0:
        return this.argument(info);
      case 1:
        return -1 - this.argument(info);
      case 2:
        return this.string(2, info);
      case 3:
        return this.text(info);
      case 4:
        return this.array(info, depth);
      case 5:
        return this.map(info, depth);
      case 6:
        return this.tagged(this.argument(info), depth);
      default:
        return this.simple(info);
    }
  }

  private string(major: number, info: number): Uint8Array {
    if (info !== INDEFINITE) {
      const length = this.argument(info);
      const from = this.take(length);
      return this.bytes.subarray(from, from + length);
    }
    const chunks: Uint8Array[] = [];
    for (;;) {
      const head = this.view.getUint8(this.take(1));
      if (head === 0xff) return concatenated(chunks);
      if (head >> 5 !== major || (head & 31) === INDEFINITE) throw malformed('A chunk of another type.');
      chunks.push(this.string(major, head & 31));
    }
  }

  private text(info: number): string {
    try {
      return utf8.decode(this.string(3, info));
    } catch (error) {
      throw error instanceof UndecodableMessage ? error : malformed('A text is not UTF-8.');
    }
  }

  private array(info: number, depth: number): readonly CborValue[] {
    const items: CborValue[] = [];
    const count = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.argument(info);
    while (items.length < count) {
      const item = this.itemOrBreak(depth + 1);
      if (item === BREAK) {
        if (info === INDEFINITE) return items;
        throw malformed('A break in an array of definite length.');
      }
      items.push(item);
    }
    return items;
  }

  private map(info: number, depth: number): ReadonlyMap<number | string, CborValue> {
    const entries = new Map<number | string, CborValue>();
    const count = info === INDEFINITE ? Number.POSITIVE_INFINITY : this.argument(info);
    while (entries.size < count) {
      const key = this.itemOrBreak(depth + 1);
      if (key === BREAK && info === INDEFINITE) return entries;
      if (typeof key !== 'number' && typeof key !== 'string')
        throw malformed('A label is an integer or a text.');
      if (entries.has(key)) throw malformed(`The label ${key} stands twice.`);
      entries.set(key, this.item(depth + 1));
    }
    return entries;
  }

  private tagged(tag: number, depth: number): CborValue {
    const value = this.item(depth + 1);
    // 55799 marks CBOR as such; 4 is a decimal fraction [exponent, mantissa], which SenML allows for numbers.
    if (tag === 55799) return value;
    if (tag === 4 && Array.isArray(value)) {
      const [exponent, mantissa] = value;
      if (value.length === 2 && Number.isInteger(exponent) && Number.isInteger(mantissa)) {
        // The decimal text is read with one rounding; a product would round twice.
        return Number(`${mantissa}e${exponent}`);
      }
    }
    throw malformed(`The tag ${tag} does not stand for a number here.`);
  }

  private simple(info: number): CborValue | typeof BREAK {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return halfFloat(this.view.getUint16(this.take(2)));
      case 26:
        return this.view.getFloat32(this.take(4));
      case 27:
        return this.view.getFloat64(this.take(8));
      case INDEFINITE:
        return BREAK;
      default:
        throw malformed(`The simple value ${info} says nothing here.`);
    }
  }
}

/**
 * Reads one CBOR item that fills the bytes.
 * @throws {UndecodableMessage} `malformed-cbor`
 */
export const readCbor = (bytes: Uint8Array): CborValue => {
  const reader = new Reader(bytes);
  const item = reader.item(0);
  if (!reader.ended) throw malformed('Bytes follow the item.');
  return item;
};
