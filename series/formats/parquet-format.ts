/** Tables as a Parquet file, row group by row group: what is held is one row group and the places of those before. */
import { zstdCompressSync } from 'node:zlib';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { Encoder } from './encoder.ts';
import type { Batch, Table } from './table.ts';
import { cellsOf, type TypedColumn, type TypedKind, typedColumns } from './typed.ts';

const GROUP_ROWS = 64 * 1024;

const SCHEMA = {
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  number: { type: 'DOUBLE' },
  integer: { type: 'INT64' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  truth: { type: 'BOOLEAN' },
} as const satisfies Record<TypedKind, object>;

const sourceOf = <B extends Batch>(column: TypedColumn<B>, batches: readonly B[]): ColumnSource => {
  const { name, kind } = column;
  const cells = cellsOf(column, batches);
  const whole = kind === 'time' || kind === 'integer';
  // The cells may be a list of the batch itself, and the writer does not promise to leave lists as they are.
  const data = whole ? cells.map((cell) => (cell === null ? null : BigInt(cell))) : cells.slice();
  // Not numbers by dictionary, in which 0 and −0 would be one.
  if (kind === 'number') return { name, data, encoding: 'PLAIN' };
  return kind === 'time' ? { name, data, encoding: 'DELTA_BINARY_PACKED' } : { name, data };
};

/** The encoder of Parquet for a table. */
export const parquetEncoder = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const typed = typedColumns(columns);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'row', num_children: typed.length },
      ...typed.map(({ name, kind }) => ({ name, ...SCHEMA[kind], repetition_type: 'OPTIONAL' as const })),
    ],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    createdBy: 'labgate',
  });
  /** Takes out what has been written; places in the file go on counting. */
  const drain = (): Uint8Array => {
    // A copy: what is written next stands in the same memory.
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  return {
    contentType: 'application/vnd.apache.parquet',
    rowsAtOnce: GROUP_ROWS,
    head: drain,
    rows: (batches) => {
      const columnData = typed.map((column) => sourceOf(column, batches));
      file.write({ columnData, rowGroupSize: 2 * GROUP_ROWS });
      return [drain()];
    },
    tail: () => {
      file.finish();
      return drain();
    },
  };
};
