/** A table with a column of every kind, and any rows for it. */
import fc from 'fast-check';
import type { Value } from '../../../contracts/messages/message.ts';
import { formatTime } from '../../../contracts/time.ts';
import type { Column, ColumnKind, Table } from '../../../series/formats/table.ts';

export interface Row {
  readonly time: number;
  readonly name: string;
  readonly value: Value | null;
  readonly count: number;
  readonly flag: boolean | null;
}
export type Rows = readonly Row[];

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

export const TABLE: Table<Rows> = {
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
export const LISTED: Table<Rows> = {
  ...TABLE,
  columns: TABLE.columns.map((each) => ({
    ...each,
    list: (rows: Rows) => rows.map((_, at) => each.of(rows, at)),
  })),
};

/** A row as a member of a page. */
export const itemOf = ({ time: at, name: n, value: v, count: c, flag: f }: Row) => ({
  't"': formatTime(at),
  n,
  inner: { v, c },
  none: {},
  ...(f === true ? { f } : {}),
});

const text = fc.oneof(fc.constantFrom('temp', 'flow', 'good', ''), fc.string({ unit: 'binary' }));
const row: fc.Arbitrary<Row> = fc.record({
  time: fc.integer({ min: 0, max: 2 ** 52 }),
  name: text,
  value: fc.oneof(fc.double(), fc.integer(), fc.constant(-0), fc.boolean(), text, fc.constant(null)),
  count: fc.integer(),
  flag: fc.option(fc.boolean()),
});
const alike = fc
  .tuple(row, fc.array(fc.integer({ min: 0, max: 2 ** 52 }), { maxLength: 3000 }))
  .map(([one, times]) => times.map((at) => ({ ...one, time: at })));
/** Batches of rows that differ, and of rows that are alike in all but their times. */
export const batches = fc.array(fc.oneof(fc.array(row, { maxLength: 20 }), alike), { maxLength: 6 });

export const textOf = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString();

export async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
