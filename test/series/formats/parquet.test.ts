import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../../contracts/messages/message.ts';
import { column } from '../../../series/formats/columns.ts';
import { encoded } from '../../../series/formats/encoder.ts';
import { parquetEncoder } from '../../../series/formats/parquet.ts';
import type { Column, Table } from '../../../series/formats/table.ts';
import { each } from './sample-table.ts';

type Rows = readonly (readonly (Value | null)[])[];

const tableOf = (columns: readonly Column<Rows>[]): Table<Rows> => ({ columns, members: [] });
const cell = (name: string, place: number, types: Column<Rows>['types'] = ['number']): Column<Rows> => ({
  ...column<Rows>(name, name, 'value', (rows, at) => rows[at]?.[place] ?? null),
  types,
});
const fileOf = async (table: Table<Rows>, batches: readonly Rows[]): Promise<ArrayBuffer> => {
  const pieces = await Array.fromAsync(encoded(each(batches), parquetEncoder(table)));
  return new Uint8Array(Buffer.concat(pieces)).buffer;
};
const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) };

describe('a table as Parquet', () => {
  it('has a column for each type of value, and keeps −0', async () => {
    const rows: Rows = [[-0], [0], [null], ['a'], [''], [true], [-1.5]];
    const file = await fileOf(tableOf([cell('value', 0, ['number', 'string', 'boolean'])]), [rows]);
    const none = { value: null, value_text: null, value_truth: null };
    expect(await parquetReadObjects({ file, compressors })).toStrictEqual([
      { ...none, value: -0 },
      { ...none, value: 0 },
      none,
      { ...none, value_text: 'a' },
      { ...none, value_text: '' },
      { ...none, value_truth: true },
      { ...none, value: -1.5 },
    ]);
  });

  it('has row groups of so many cells, however wide the rows are', async () => {
    const batch = (width: number): Rows =>
      Array.from({ length: 2048 }, (_, at) => Array.from({ length: width }, (_, place) => at * place));
    for (const width of [4, 200]) {
      const one = batch(width);
      const table = tableOf(Array.from({ length: width }, (_, place) => cell(`c${place}`, place)));
      const count = Math.ceil(1_200_000 / (2048 * width));
      const file = await fileOf(table, new Array<Rows>(count).fill(one));
      const { row_groups: groups, num_rows: rows } = parquetMetadata(file);
      expect(Number(rows)).toBe(2048 * count);
      expect(groups.length).toBeGreaterThan(1);
      for (const { num_rows: held } of groups)
        expect(Number(held) * width).toBeLessThanOrEqual(512 * 1024 + 2048 * width);
    }
  });

  it('is the same bytes for the same batches', async () => {
    const table = tableOf([cell('a', 0), cell('b', 1, ['string'])]);
    const batches: Rows[] = [
      [
        [1, 'x'],
        [2, 'y'],
      ],
      [[3, null]],
    ];
    expect(Buffer.from(await fileOf(table, batches))).toEqual(Buffer.from(await fileOf(table, batches)));
  });
});
