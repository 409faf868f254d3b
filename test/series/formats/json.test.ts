import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '../../../contracts/time.ts';
import { encoded } from '../../../series/formats/encoder.ts';
import { jsonPage, ndjsonEncoder } from '../../../series/formats/json.ts';
import { pointTable } from '../../../series/formats/point-table.ts';
import type { Table } from '../../../series/formats/table.ts';
import { type PointBatch, pointBatches } from '../../../series/points/point-batches.ts';
import { batches, each, itemOf, LISTED, type Row, type Rows, TABLE, textOf } from './sample-table.ts';

/** As `JSON.stringify`, but −0 as `-0`. */
const jsonOf = (value: unknown): string => {
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`)
    .join()}}`;
};

const rowOf = (value: Row['value'], time = 0): Row => ({ time, name: 'x', value, count: 1, flag: null });
const COLUMN = { channel: 'temp', type: 'number', unit: 'Cel', quality: undefined } as const;
const pageOf = (layout: 'rows' | 'columns', page: readonly Rows[], table: Table<Rows> = TABLE) =>
  textOf([...jsonPage({ before: { device: 'a"b' }, table, page, layout, next: null })]);

describe('a page of JSON', () => {
  it('in rows is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(batches, fc.option(fc.string()), (page, next) => {
        const before = { device: 'a"b' };
        const written = textOf([...jsonPage({ before, table: TABLE, page, layout: 'rows', next })]);
        // As text that is encoded: a lone surrogate is escaped by JSON.
        expect(written).toBe(jsonOf({ ...before, items: page.flat().map(itemOf), next }));
      }),
    );
  });

  it('in columns is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(TABLE, LISTED), (page, table) => {
        const rows = page.flat();
        const columns = {
          t: rows.map(({ time }) => formatTime(time)),
          n: rows.map(({ name }) => name),
          v: rows.map(({ value }) => value),
          c: rows.map(({ count }) => count),
          f: rows.map(({ flag }) => flag),
        };
        expect(pageOf('columns', page, table)).toBe(jsonOf({ device: 'a"b', columns, next: null }));
      }),
    );
  });

  it('keeps −0, alone and among others', () => {
    const page = [[rowOf(-0)], [rowOf(0), rowOf(-0), rowOf(-1)]];
    const { items } = JSON.parse(pageOf('rows', page));
    expect(items.map(({ inner }: { inner: { v: number } }) => inner.v)).toStrictEqual([-0, 0, -0, -1]);
    for (const table of [TABLE, LISTED])
      expect(JSON.parse(pageOf('columns', page, table)).columns.v).toStrictEqual([-0, 0, -0, -1]);
  });

  it('in columns asks for one cell of what is one or a list, and no more', () => {
    // What asks for each cell is right as well, and takes a fifth longer for a whole query.
    const table = pointTable({ devices: ['a'], types: ['number'], hasQuality: true });
    let asked = 0;
    const counted = {
      ...table,
      columns: table.columns.map((column) => ({
        ...column,
        of: (batch: PointBatch, at: number) => {
          asked += 1;
          return column.of(batch, at);
        },
      })),
    };
    const time = Array.from({ length: 1000 }, (_, at) => at);
    const batches = [...pointBatches([{ ...COLUMN, time, value: time }], 0)];
    const [written, expected] = [counted, table].map((each) =>
      textOf([
        ...jsonPage({ before: { device: 'a' }, table: each, page: batches, layout: 'columns', next: null }),
      ]),
    );
    expect(written).toBe(expected);
    expect(asked).toBe(table.columns.length);
  });
});

describe('lines of NDJSON', () => {
  it('are what JSON.stringify writes', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (page) => {
        const pieces = await Array.fromAsync(encoded(each(page), ndjsonEncoder(TABLE)));
        const lines = page.flat().map((row) => `${jsonOf(itemOf(row))}\n`);
        expect(textOf(pieces)).toBe(lines.join(''));
      }),
    );
  });
});
