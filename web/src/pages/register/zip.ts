/** Writes a ZIP file (APPNOTE 6.3) of a few small texts, as they are: nothing is compressed. */

export interface ZipEntry {
  readonly name: string;
  readonly text: string;
  /** Permissions of Unix; 0o644 when absent. */
  readonly mode?: number;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
};

/** Numbers in little-endian order, each with its bytes. */
const fields = (...list: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [value, bytes] of list) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
};

const concat = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** Names are UTF-8. */
const UTF8 = 0x0800;
/** Made by version 2.0 for Unix, which is where permissions come from. */
const MADE_BY = 0x0314;
const NEEDED = 20;
/** 1980-01-01, the first day that the format knows. */
const DAY = 0x21;

export const zip = (entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> => {
  const encoder = new TextEncoder();
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  for (const { name: label, text, mode = 0o644 } of entries) {
    const [name, data] = [encoder.encode(label), encoder.encode(text)];
    const shared = [
      [UTF8, 2],
      [0, 2],
      [0, 2],
      [DAY, 2],
      [crc32(data), 4],
      [data.length, 4],
      [data.length, 4],
      [name.length, 2],
      [0, 2],
    ] as const;
    const head = fields([0x04034b50, 4], [NEEDED, 2], ...shared);
    const attributes = ((0o100000 | mode) << 16) >>> 0;
    central.push(
      fields(
        [0x02014b50, 4],
        [MADE_BY, 2],
        [NEEDED, 2],
        ...shared,
        [0, 2],
        [0, 2],
        [0, 2],
        [attributes, 4],
        [at, 4],
      ),
      name,
    );
    local.push(head, name, data);
    at += head.length + name.length + data.length;
  }
  const size = central.reduce((sum, { length }) => sum + length, 0);
  const count = entries.length;
  const end = fields([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [at, 4], [0, 2]);
  return concat([...local, ...central, end]);
};
