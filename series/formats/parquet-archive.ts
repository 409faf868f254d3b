/**
 * A day of a device as Parquet, as the archive keeps it, and back: one row a point, sorted by channel and time.
 *
 * | column | type | what |
 * |---|---|---|
 * | `time` | timestamp, µs, UTC | when it was measured |
 * | `channel`, `type`, `unit` | string | `type` is `number`, `integer`, `boolean` or `string` |
 * | `value` | double, null for text | truth values as 0 and 1 |
 * | `value_text` | string, null for all but text | |
 * | `quality` | string | `good`, `uncertain/jump`, ... |
 * | `quality_code` | 64-bit integer | OPC UA status code |
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type FileMetaData, parquetMetadata, parquetRead } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Value } from '../../contracts/messages/message.ts';
import { opcUaOf, type Quality, qualityFromName, qualityName } from '../../contracts/quality.ts';
import { VALUE_TYPES, type ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import { ELEMENTS, ENCODINGS } from './parquet-elements.ts';

const required = { repetition_type: 'REQUIRED' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;

/** Columns of the file, in their order. */
export const PARQUET_COLUMNS = [
  { name: 'time', ...ELEMENTS.time, ...required },
  { name: 'channel', ...ELEMENTS.text, ...required },
  { name: 'type', ...ELEMENTS.text, ...required },
  { name: 'value', ...ELEMENTS.number, ...optional },
  { name: 'value_text', ...ELEMENTS.text, ...optional },
  { name: 'unit', ...ELEMENTS.text, ...required },
  { name: 'quality', ...ELEMENTS.text, ...required },
  { name: 'quality_code', ...ELEMENTS.integer, ...required },
] as const;

const ROW_GROUP_ROWS = 128 * 1024;
const LEVEL = { params: { [zlib.ZSTD_c_compressionLevel]: 6 } };

const numeric = (value: Value): number | null =>
  typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null;

/** Writes the file of a day, some channels at a time. */
export class ParquetDay {
  private readonly bytes = new ByteWriter();
  private readonly file: ParquetWriter;
  rows = 0;

  constructor() {
    this.file = new ParquetWriter({
      writer: this.bytes,
      schema: [
        { name: 'point', num_children: PARQUET_COLUMNS.length },
        ...PARQUET_COLUMNS.map((column) => ({ ...column })),
      ],
      codec: 'ZSTD',
      compressors: { ZSTD: (input) => zstdCompressSync(input, LEVEL) },
      statisticsTruncateLength: Number.POSITIVE_INFINITY,
      createdBy: 'labgate',
    });
  }

  /**
   * Adds points.
   * @param columns one a channel, sorted by channel name, all after those that were added before; times ascending
   */
  add(columns: readonly SeriesColumn[]): void {
    const count = columns.reduce((sum, { time }) => sum + time.length, 0);
    if (count === 0) return;
    const each = <T>(of: (column: SeriesColumn, at: number) => T): T[] => {
      const values = new Array<T>(count);
      let place = 0;
      for (const column of columns)
        for (let at = 0; at < column.time.length; at += 1) values[place++] = of(column, at);
      return values;
    };
    const valueAt = ({ value, channel }: SeriesColumn, at: number): Value => {
      const one = value[at];
      if (one === undefined) throw new RangeError(`${channel} has fewer values than times`);
      return one;
    };
    this.file.write({
      columnData: [
        { name: 'time', data: each(({ time }, at) => BigInt(time[at] ?? 0)), ...ENCODINGS.time },
        { name: 'channel', data: each(({ channel }) => channel), columnIndex: true },
        { name: 'type', data: each(({ type }) => type) },
        { name: 'value', data: each((column, at) => numeric(valueAt(column, at))), ...ENCODINGS.number },
        {
          name: 'value_text',
          data: each((column, at) => {
            const value = valueAt(column, at);
            return typeof value === 'string' ? value : null;
          }),
        },
        { name: 'unit', data: each(({ unit }) => unit) },
        { name: 'quality', data: each(({ quality }, at) => qualityName(quality?.[at] ?? 0)) },
        { name: 'quality_code', data: each(({ quality }, at) => BigInt(opcUaOf(quality?.[at] ?? 0))) },
      ],
      rowGroupSize: ROW_GROUP_ROWS,
    });
    this.rows += count;
  }

  /** The whole file. The same points always give the same bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    this.file.finish();
    return new Uint8Array(this.bytes.getBuffer());
  }
}

/** The file is damaged, or not one that {@link ParquetDay} wrote. */
export class UnreadableParquet extends Error {
  override readonly name = 'UnreadableParquet';
}

const qualityOf = (name: string): Quality => {
  const known = qualityFromName(name);
  if (known !== undefined) return known;
  const code = Number(name.split('/')[1]);
  if (!Number.isInteger(code)) throw new UnreadableParquet(`unknown quality ${name}`);
  return code;
};

const restored = (type: ValueType, number: unknown, words: unknown): Value => {
  if (type === 'string' && typeof words === 'string') return words;
  if (type === 'boolean' && typeof number === 'number') return number !== 0;
  if (type !== 'string' && type !== 'boolean' && typeof number === 'number') return number;
  throw new UnreadableParquet(`a ${type} without a value`);
};

interface OpenColumn {
  readonly channel: string;
  readonly type: ValueType;
  readonly unit: string;
  readonly time: Micros[];
  readonly value: Value[];
  readonly quality: Quality[];
}

const NEEDED = ['time', 'channel', 'type', 'value', 'value_text', 'unit', 'quality'] as const;

/** Row groups that may hold one of the channels by their statistics, as ranges of rows. */
function* rangesOf({ row_groups: groups }: FileMetaData, channels: ReadonlySet<string> | undefined) {
  let start = 0;
  for (const { columns, num_rows: rows } of groups) {
    const end = start + Number(rows);
    const statistics = columns.find(({ meta_data: meta }) => meta?.path_in_schema.join() === 'channel')
      ?.meta_data?.statistics;
    const { min_value: least, max_value: greatest } = statistics ?? {};
    const may =
      channels === undefined ||
      typeof least !== 'string' ||
      typeof greatest !== 'string' ||
      [...channels].some((channel) => least <= channel && channel <= greatest);
    if (may) yield { rowStart: start, rowEnd: end };
    start = end;
  }
}

/**
 * Reads the points of a file.
 * @param channels only these; all when absent
 * @throws {UnreadableParquet}
 */
export const readParquetDay = async (
  bytes: Uint8Array,
  channels?: ReadonlySet<string>,
): Promise<SeriesColumn[]> => {
  // A copy: a Buffer may lie anywhere in the memory that it shares with others.
  const { buffer } = new Uint8Array(bytes);
  const metadata = parquetMetadata(buffer);
  const open = new Map<string, OpenColumn>();
  for (const range of rangesOf(metadata, channels)) {
    const data = new Map<string, unknown[]>();
    await parquetRead({
      file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
      metadata,
      ...range,
      columns: [...NEEDED],
      compressors: {
        ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
      },
      parsers: { timestampFromMicroseconds: Number },
      onChunk: ({ columnName, columnData }) => {
        const list = data.get(columnName) ?? [];
        for (const one of columnData) list.push(one);
        data.set(columnName, list);
      },
    });
    takeRows(data, channels, open);
  }
  return [...open.values()].map((column) => ({
    ...column,
    quality: column.quality.some((one) => one !== 0) ? column.quality : undefined,
  }));
};

const takeRows = (
  data: ReadonlyMap<string, readonly unknown[]>,
  channels: ReadonlySet<string> | undefined,
  open: Map<string, OpenColumn>,
): void => {
  const [time, channel, type, value, words, unit, quality] = NEEDED.map((name) => data.get(name) ?? []);
  for (let at = 0; at < (time?.length ?? 0); at += 1) {
    const name = String(channel?.[at]);
    if (channels?.has(name) === false) continue;
    let column = open.get(name);
    if (column === undefined) {
      const known = VALUE_TYPES.find((one) => one === type?.[at]);
      if (known === undefined) throw new UnreadableParquet(`unknown type ${String(type?.[at])}`);
      column = { channel: name, type: known, unit: String(unit?.[at]), time: [], value: [], quality: [] };
      open.set(name, column);
    }
    column.time.push(Number(time?.[at]));
    column.value.push(restored(column.type, value?.[at], words?.[at]));
    column.quality.push(qualityOf(String(quality?.[at])));
  }
};
