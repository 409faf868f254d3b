/** Tables as a Parquet file, row group by row group: what is held is one row group and the places of those before. */
import { zstdCompressSync } from 'node:zlib';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { type Encoder, rowsWithin } from './encoder.ts';
import { ELEMENTS, ENCODINGS } from './parquet-elements.ts';
import type { Batch, Table } from './table.ts';
import { cellsOf, type TypedColumn, typedColumns } from './typed-columns.ts';

/** Cells of a row group: some 10 MB while they are encoded, however many columns there are. */
const GROUP_CELLS = 512 * 1024;

const sourceOf = <B extends Batch>(column: TypedColumn<B>, batches: readonly B[]): ColumnSource => {
  const { name, kind } = column;
  const cells = cellsOf(column, batches);
  const whole = kind === 'time' || kind === 'integer';
  // The cells may be a list of the batch itself, and the writer does not promise to leave lists as they are.
  const data = whole ? cells.map((cell) => (cell === null ? null : BigInt(cell))) : cells.slice();
  return { name, data, ...(kind === 'time' || kind === 'number' ? ENCODINGS[kind] : {}) };
};

/** The encoder of Parquet for a table. The same batches always give the same bytes. */
export const parquetEncoder = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const typed = typedColumns(columns);
  const rowsAtOnce = rowsWithin(GROUP_CELLS, typed.length);
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: 'row', num_children: typed.length },
      ...typed.map(({ name, kind }) => ({ name, ...ELEMENTS[kind], repetition_type: 'OPTIONAL' as const })),
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
    rowsAtOnce,
    head: drain,
    rows: (batches) => {
      const columnData = typed.map((column) => sourceOf(column, batches));
      // Twice as many: the last of the batches may end beyond the group.
      file.write({ columnData, rowGroupSize: 2 * rowsAtOnce });
      return [drain()];
    },
    tail: () => {
      file.finish();
      return drain();
    },
  };
};
