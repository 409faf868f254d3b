import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../../contracts/messages/message.ts';
import { formatTime } from '../../../contracts/time.ts';
import { encoded, encoderOf } from '../../../series/formats/encoders.ts';
import { jsonPage } from '../../../series/formats/json.ts';
import type { Column, ColumnKind, Table } from '../../../series/formats/table.ts';

interface Row {
  readonly time: number;
  readonly name: string;
  readonly value: Value | null;
  readonly count: number;
  readonly flag: boolean | null;
}
type Rows = readonly Row[];

const column = (name: string, kind: ColumnKind, of: (row: Row) => Value | null): Column<Rows> => ({
  name,
  short: name.slice(0, 1),
  kind,
  of: (rows, at) => {
    const row = rows[at];
    if (row === undefined) throw new RangeError(`no row ${at}`);
    return of(row);
  },
});
const time = column('time', 'time', (row) => row.time);
/** As wholes of a batch may be known: sometimes they are, and sometimes it is not told. */
const isOne =
  (of: (row: Row) => Value | null) =>
  (rows: Rows): boolean =>
    rows.length % 2 === 0 && rows.every((row) => Object.is(of(row), of(rows[0] ?? row)));
const name = { ...column('name, or "so"', 'text', (row) => row.name), isOne: isOne((row) => row.name) };
const value = { ...column('value', 'value', (row) => row.value), isOne: isOne((row) => row.value) };
const count = column('count', 'integer', (row) => row.count);
const flag = column('flag', 'truth', (row) => row.flag);
const TABLE: Table<Rows> = {
  columns: [time, name, value, count, flag],
  members: [
    { name: 't"', column: time },
    { name: 'n', column: name },
    {
      name: 'inner',
      members: [
        { name: 'v', column: value },
        { name: 'c', column: count },
      ],
    },
    { name: 'none', members: [] },
    { name: 'f', column: flag, onlyTrue: true },
  ],
};
/** The same with cells that are lists already, as far as they may be. */
const LISTED: Table<Rows> = {
  ...TABLE,
  columns: TABLE.columns.map((each) => ({
    ...each,
    list: (rows: Rows) => rows.map((_, at) => each.of(rows, at)),
  })),
};
const itemOf = ({ time: at, name: n, value: v, count: c, flag: f }: Row) => ({
  't"': formatTime(at),
  n,
  inner: { v, c },
  none: {},
  ...(f === true ? { f } : {}),
});

const text = fc.oneof(fc.constantFrom('temp', 'flow', 'good'), fc.string({ unit: 'binary' }));
const row: fc.Arbitrary<Row> = fc.record({
  time: fc.integer({ min: 0, max: 2 ** 52 }),
  name: text,
  value: fc.oneof(fc.double(), fc.integer(), fc.boolean(), text, fc.constant(null)),
  count: fc.integer(),
  flag: fc.option(fc.boolean()),
});
/** Batches of rows that differ, and of rows that are alike in all but their times. */
const alike = fc
  .tuple(row, fc.array(fc.integer({ min: 0, max: 2 ** 52 }), { maxLength: 3000 }))
  .map(([one, times]) => times.map((at) => ({ ...one, time: at })));
const batches = fc.array(fc.oneof(fc.array(row, { maxLength: 20 }), alike), { maxLength: 6 });

const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString();
async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

describe('a page of JSON', () => {
  it('in rows is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(batches, fc.option(fc.string()), (page, next) => {
        const before = { device: 'a"b' };
        const written = textOf([...jsonPage({ before, table: TABLE, page, layout: 'rows', next })]);
        // As text that is encoded: a lone surrogate is escaped by JSON.
        expect(written).toBe(JSON.stringify({ ...before, items: page.flat().map(itemOf), next }));
      }),
    );
  });

  it('in columns is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(TABLE, LISTED), (page, table) => {
        const before = { from: 'x' };
        const rows = page.flat();
        const columns = {
          t: rows.map((each) => formatTime(each.time)),
          n: rows.map((each) => each.name),
          v: rows.map((each) => each.value),
          c: rows.map((each) => each.count),
          f: rows.map((each) => each.flag),
        };
        const written = textOf([...jsonPage({ before, table, page, layout: 'columns', next: null })]);
        expect(written).toBe(JSON.stringify({ ...before, columns, next: null }));
      }),
    );
  });
});

describe('lines', () => {
  const all = async (type: 'text/csv' | 'application/x-ndjson', page: readonly Rows[]): Promise<string> =>
    textOf(await Array.fromAsync(encoded(each(page), encoderOf(type, TABLE))));

  it('of NDJSON are what JSON.stringify writes', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (page) => {
        const lines = page.flat().map((each) => `${JSON.stringify(itemOf(each))}\n`);
        expect(await all('application/x-ndjson', page)).toBe(lines.join(''));
      }),
    );
  });

  it('of CSV hold what String writes, quoted as RFC 4180 has it', async () => {
    const cell = (content: Value | null): string => {
      const plain = content === null ? '' : String(content);
      return typeof content === 'string' && /[",\r\n]/.test(plain)
        ? `"${plain.replaceAll('"', '""')}"`
        : plain;
    };
    await fc.assert(
      fc.asyncProperty(batches, async (page) => {
        const lines = page
          .flat()
          .map(({ time: at, name: n, value: v, count: c, flag: f }) =>
            [formatTime(at), ...[n, v, c, f].map(cell)].join(','),
          );
        const whole = `${['time,"name, or ""so""",value,count,flag', ...lines].join('\r\n')}\r\n`;
        // Through bytes: a lone surrogate is none in UTF-8.
        expect(await all('text/csv', page)).toBe(Buffer.from(whole).toString());
      }),
    );
  });

  it('are written in pieces', async () => {
    const page = [
      Array.from({ length: 20_000 }, (_, at) => ({ time: at, name: 'x', value: at, count: 1, flag: null })),
    ];
    const pieces = await Array.fromAsync(encoded(each(page), encoderOf('text/csv', TABLE)));
    expect(textOf(pieces).split('\r\n')).toHaveLength(20_002);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(140 * 1024);
    expect(pieces.length).toBeGreaterThan(4);
  });
});
