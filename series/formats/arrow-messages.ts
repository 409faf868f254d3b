/**
 * The Arrow IPC streaming format, version V5 (arrow.apache.org/docs/format/Columnar.html): a schema, record batches
 * with their buffers at multiples of 8 bytes, and the end of the stream.
 */
import type { Micros } from '../../contracts/time.ts';
import { flatbuffer, type Node, type Scalar, type TableNode } from './flatbuffer.ts';
import type { TypedKind } from './typed-columns.ts';

export interface ArrowField {
  readonly name: string;
  readonly kind: TypedKind;
}

/** Cells of a column. */
export type ArrowCells = readonly (Micros | number | string | boolean | null)[];

const scalar = (bytes: Scalar['bytes'], value: number): Scalar => ({ bytes, value });
const table = (...fields: (Scalar | Node | undefined)[]): TableNode => ({ fields });
const text = (value: string): Node => ({ text: value });

const V5 = scalar(2, 4);
/** Members of the union MessageHeader. */
const SCHEMA = 1;
const RECORD_BATCH = 3;
const MICROSECOND = 2;
const DOUBLE = 2;

/** Member of the union Type, and its table. */
const TYPES: Readonly<Record<TypedKind, readonly [number, TableNode]>> = {
  integer: [2, table(scalar(4, 64), scalar(1, 1))],
  number: [3, table(scalar(2, DOUBLE))],
  text: [5, table()],
  truth: [6, table()],
  time: [10, table(scalar(2, MICROSECOND), text('UTC'))],
};

const CONTINUATION = 0xffffffff;
const PREFIX_BYTES = 8;

const message = (header: number, node: TableNode, body: readonly Buffer[]): Buffer[] => {
  const size = body.reduce((sum, { length }) => sum + length, 0);
  const metadata = flatbuffer(table(V5, scalar(1, header), node, scalar(8, size)));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(CONTINUATION, 0);
  prefix.writeInt32LE(metadata.length, 4);
  return [prefix, metadata, ...body];
};

const fieldNode = ({ name, kind }: ArrowField): Node => {
  const [type, node] = TYPES[kind];
  return table(text(name), scalar(1, 1), scalar(1, type), node, undefined, { items: [] });
};

/** The schema message, with which a stream begins. */
export const arrowSchema = (fields: readonly ArrowField[]): Buffer =>
  Buffer.concat(message(SCHEMA, table(scalar(2, 0), { items: fields.map(fieldNode) }), []));

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

const bitsOf = (count: number, isSet: (at: number) => boolean): Buffer => {
  const bits = Buffer.alloc(padded(Math.ceil(count / 8)));
  for (let at = 0; at < count; at += 1)
    if (isSet(at)) bits.writeUInt8(bits.readUInt8(at >>> 3) | (1 << (at & 7)), at >>> 3);
  return bits;
};

/** The same text in several rows, one after the other: its bytes, and the place that all of them take. */
interface Run {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The UTF-8 bytes of cells. Names and units are the same in many rows one after the other. */
const textBuffers = (cells: ArrowCells): Buffer[] => {
  const offsets = Buffer.alloc(padded(4 * (cells.length + 1)));
  const ends = new Int32Array(offsets.buffer, offsets.byteOffset, cells.length + 1);
  const runs: Run[] = [];
  let end = 0;
  for (let from = 0; from < cells.length; ) {
    const cell = cells[from] ?? null;
    const bytes = cell === null ? Buffer.alloc(0) : Buffer.from(String(cell));
    const start = end;
    let to = from;
    for (; to < cells.length && (cells[to] ?? null) === cell; to += 1) {
      end += bytes.length;
      ends[to + 1] = end;
    }
    if (end > start) runs.push({ bytes, start, end });
    from = to;
  }
  const all = Buffer.alloc(padded(end));
  for (const { bytes, start, end: until } of runs) all.fill(bytes, start, until);
  return [offsets, all];
};

const countNulls = (cells: ArrowCells): number => {
  let nulls = 0;
  for (let at = 0; at < cells.length; at += 1) if (cells[at] === null) nulls += 1;
  return nulls;
};

/** Float64. Arrow is little-endian, as every machine is that Node and Lambda run on. */
const numberBuffer = (cells: ArrowCells): Buffer => {
  const numbers = new Float64Array(cells.length);
  for (let at = 0; at < cells.length; at += 1) numbers[at] = Number(cells[at] ?? 0);
  return Buffer.from(numbers.buffer);
};

const WORD = 2 ** 32;

/** Whole numbers as 64 bits: two words, the lower one first. */
const integerBuffer = (cells: ArrowCells): Buffer => {
  const words = new Uint32Array(2 * cells.length);
  for (let at = 0; at < cells.length; at += 1) {
    const cell = Number(cells[at] ?? 0);
    const high = Math.floor(cell / WORD);
    words[2 * at] = cell - high * WORD;
    words[2 * at + 1] = high;
  }
  return Buffer.from(words.buffer);
};

const dataBuffers = (kind: TypedKind, cells: ArrowCells): Buffer[] => {
  if (kind === 'text') return textBuffers(cells);
  if (kind === 'truth') return [bitsOf(cells.length, (at) => cells[at] === true)];
  return [kind === 'number' ? numberBuffer(cells) : integerBuffer(cells)];
};

/**
 * A record batch message.
 * @param columns cells of each field, all of one length
 */
export const arrowBatch = (fields: readonly ArrowField[], columns: readonly ArrowCells[]): Buffer => {
  const rows = columns[0]?.length ?? 0;
  const nodes: number[] = [];
  const layout: number[] = [];
  const body: Buffer[] = [];
  let offset = 0;
  const put = (buffer: Buffer): void => {
    layout.push(offset, buffer.length);
    body.push(buffer);
    offset += buffer.length;
  };
  for (const [at, { kind }] of fields.entries()) {
    const cells = columns[at] ?? [];
    const nulls = countNulls(cells);
    nodes.push(rows, nulls);
    put(nulls === 0 ? Buffer.alloc(0) : bitsOf(rows, (row) => cells[row] !== null));
    for (const buffer of dataBuffers(kind, cells)) put(buffer);
  }
  const node = table(scalar(8, rows), { longs: nodes, perItem: 2 }, { longs: layout, perItem: 2 });
  return Buffer.concat(message(RECORD_BATCH, node, body));
};

/** The end-of-stream marker. */
export const arrowEnd = (): Buffer => {
  const end = Buffer.alloc(PREFIX_BYTES);
  end.writeUInt32LE(CONTINUATION, 0);
  return end;
};
