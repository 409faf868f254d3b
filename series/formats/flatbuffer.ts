/**
 * FlatBuffers, as far as the metadata of Arrow need them (flatbuffers.dev, "FlatBuffers internals"). Objects are written
 * parents first, each at a multiple of 8 bytes, so that every offset points forward and every field is aligned.
 */

/** A number of a fixed width within a table. */
export interface Scalar {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly value: number;
}

/** Fields of a table by their place in the schema; `undefined` is left out. */
export interface TableNode {
  readonly fields: readonly (Scalar | Node | undefined)[];
}
export interface TextNode {
  readonly text: string;
}
/** A vector of tables. */
export interface ListNode {
  readonly items: readonly Node[];
}
/** A vector of structs of 64-bit integers, one after the other. */
export interface LongsNode {
  readonly longs: readonly number[];
  /** Integers of one struct. */
  readonly perItem: number;
}
export type Node = TableNode | TextNode | ListNode | LongsNode;

const ALIGN = 8;
const OFFSET_BYTES = 4;
const isScalar = (field: Scalar | Node): field is Scalar => 'bytes' in field;

class Writer {
  #bytes = Buffer.alloc(1024);
  #length = OFFSET_BYTES;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, Math.ceil(this.#length / ALIGN) * ALIGN);
  }

  /** Room for an object that begins `lead` bytes before a multiple of 8. */
  #room(size: number, lead = 0): number {
    const start = Math.ceil((this.#length + lead) / ALIGN) * ALIGN - lead;
    this.#length = start + size;
    if (this.#length + ALIGN > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length + size)]);
    return start;
  }

  #refer(referrer: number, target: number): void {
    this.#bytes.writeUInt32LE(target - referrer, referrer);
  }

  /** Writes an object, and its offset into the place that refers to it. */
  write(node: Node, referrer: number): void {
    if ('text' in node) {
      const size = Buffer.byteLength(node.text);
      const at = this.#room(OFFSET_BYTES + size + 1);
      this.#bytes.writeUInt32LE(size, at);
      this.#bytes.write(node.text, at + OFFSET_BYTES);
      this.#refer(referrer, at);
    } else if ('longs' in node) {
      const at = this.#room(OFFSET_BYTES + node.longs.length * 8, OFFSET_BYTES);
      this.#bytes.writeUInt32LE(node.longs.length / node.perItem, at);
      for (const [index, value] of node.longs.entries())
        this.#bytes.writeBigInt64LE(BigInt(value), at + OFFSET_BYTES + index * 8);
      this.#refer(referrer, at);
    } else if ('items' in node) {
      const at = this.#room(OFFSET_BYTES * (1 + node.items.length));
      this.#bytes.writeUInt32LE(node.items.length, at);
      this.#refer(referrer, at);
      for (const [index, item] of node.items.entries()) this.write(item, at + OFFSET_BYTES * (1 + index));
    } else this.#table(node, referrer);
  }

  #table({ fields }: TableNode, referrer: number): void {
    const vtableBytes = 4 + 2 * fields.length;
    const places: number[] = [];
    let size = OFFSET_BYTES;
    for (const field of fields) {
      const bytes = field === undefined ? 0 : isScalar(field) ? field.bytes : OFFSET_BYTES;
      if (bytes > 0) size = Math.ceil(size / bytes) * bytes;
      places.push(bytes === 0 ? 0 : size);
      size += bytes;
    }
    const vtable = this.#room(vtableBytes);
    const table = this.#room(size);
    this.#bytes.writeUInt16LE(vtableBytes, vtable);
    this.#bytes.writeUInt16LE(size, vtable + 2);
    this.#bytes.writeInt32LE(table - vtable, table);
    this.#refer(referrer, table);
    for (const [index, place] of places.entries()) this.#bytes.writeUInt16LE(place, vtable + 4 + 2 * index);
    for (const [index, field] of fields.entries()) {
      const place = table + (places[index] ?? 0);
      if (field === undefined) continue;
      if (!isScalar(field)) this.write(field, place);
      else if (field.bytes === 8) this.#bytes.writeBigInt64LE(BigInt(field.value), place);
      else this.#bytes.writeIntLE(field.value, place, field.bytes);
    }
  }
}

/** A table as a buffer of its own, padded to a multiple of 8 bytes. */
export const flatbuffer = (root: TableNode): Buffer => {
  const writer = new Writer();
  writer.write(root, 0);
  return writer.bytes;
};
