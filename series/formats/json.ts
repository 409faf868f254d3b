/** Tables as JSON, rows as objects or columns as lists, and as NDJSON. */
import type { Value } from '../../contracts/messages/message.ts';
import { bytesOf, concatenated } from './bytes.ts';
import type { Encoder } from './encoder.ts';
import { type CellWriter, cellPart, lineEncoder, type RowPart, remembered, rowOf } from './row-writer.ts';
import type { Batch, Column, Member, Table } from './table.ts';
import { TextWriter } from './text-writer.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COMMA_BYTES = Uint8Array.of(COMMA);
const NEWLINE = bytesOf('\n');

/** As `JSON.stringify` does, but −0 as `-0`, which its grammar has. */
const writeValue = (out: TextWriter, value: Value | null): void => {
  if (typeof value === 'number' && Number.isFinite(value)) out.number(value);
  else if (typeof value === 'string') out.text(JSON.stringify(value));
  else out.ascii(typeof value === 'boolean' ? String(value) : 'null');
};

const writeTime = (out: TextWriter, time: Value | null): void => {
  out.byte(QUOTE);
  out.time(Number(time));
  out.byte(QUOTE);
};

/** Writes cells of a column: times as RFC 3339. */
const cellWriter = <B>({ kind, of }: Column<B>): CellWriter<B> => {
  if (kind === 'text') {
    const cellOf = remembered((text) => JSON.stringify(text));
    return (out, batch, at) => out.raw(cellOf(String(of(batch, at))));
  }
  const write = kind === 'time' ? writeTime : writeValue;
  return (out, batch, at) => write(out, of(batch, at));
};

/** A member that is there when its column is true alone. */
const onlyTrue =
  <B>({ of }: Column<B>, member: Uint8Array): CellWriter<B> =>
  (out, batch, at) => {
    if (of(batch, at) === true) out.raw(member);
  };

/** What an object of these members is made of. */
const objectParts = <B>(members: readonly Member<B>[]): ((batch: B) => RowPart<B>[]) => {
  const makers = members.map((member, place): ((batch: B) => RowPart<B>[]) => {
    const key = `${place === 0 ? '' : ','}${JSON.stringify(member.name)}:`;
    const keyBytes = bytesOf(key);
    if ('members' in member) {
      const inner = objectParts(member.members);
      return (batch) => [keyBytes, ...inner(batch)];
    }
    const { column } = member;
    if (member.onlyTrue === true) {
      const whole = onlyTrue(column, bytesOf(`${key}true`));
      return () => [whole];
    }
    const write = cellWriter(column);
    return (batch) => [keyBytes, cellPart(column, write, batch)];
  });
  const [opening, closing] = [bytesOf('{'), bytesOf('}')];
  return (batch) => [opening, ...makers.flatMap((make) => make(batch)), closing];
};

/** The encoder of NDJSON for a table. */
export const ndjsonEncoder = <B extends Batch>({ members }: Table<B>): Encoder<B> => {
  const partsOf = objectParts(members);
  return lineEncoder('application/x-ndjson', '', (batch) => [...partsOf(batch), NEWLINE]);
};

function* items<B extends Batch>(
  out: TextWriter,
  { members }: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  const partsOf = objectParts(members);
  let first = true;
  for (const batch of page) {
    if (batch.length === 0) continue;
    const write = rowOf(partsOf(batch));
    for (let at = 0; at < batch.length; at += 1) {
      if (first) first = false;
      else out.byte(COMMA);
      write(out, batch, at);
      if (out.isFull) yield out.take();
    }
  }
}

/** Cells that are written before the room in a piece is looked at: they are together a fraction of it. */
const CELLS_AT_ONCE = 64;

/** Writes cells of a column from a place to another, excluded; a comma stands before each. */
const cellsWriter = <B>(column: Column<B>, writeCell: CellWriter<B>) => {
  const { kind, list } = column;
  if (list === undefined || kind === 'text')
    return (out: TextWriter, batch: B, from: number, to: number): void => {
      for (let at = from; at < to; at += 1) {
        out.byte(COMMA);
        writeCell(out, batch, at);
      }
    };
  const write = kind === 'time' ? writeTime : writeValue;
  return (out: TextWriter, batch: B, from: number, to: number): void => {
    const cells = list(batch);
    for (let at = from; at < to; at += 1) {
      out.byte(COMMA);
      write(out, cells[at] ?? null);
    }
  };
};

function* columnCells<B extends Batch>(
  out: TextWriter,
  column: Column<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  const writeCell = cellWriter(column);
  const writeCells = cellsWriter(column, writeCell);
  let first = true;
  for (const batch of page) {
    if (batch.length === 0) continue;
    if (!first) out.byte(COMMA);
    first = false;
    const cell = cellPart(column, writeCell, batch);
    const isOne = typeof cell !== 'function';
    if (isOne) out.raw(cell);
    else cell(out, batch, 0);
    const again = isOne ? concatenated([COMMA_BYTES, cell]) : COMMA_BYTES;
    for (let from = 1; from < batch.length; from += CELLS_AT_ONCE) {
      const to = Math.min(from + CELLS_AT_ONCE, batch.length);
      if (isOne) out.repeat(again, to - from);
      else writeCells(out, batch, from, to);
      if (out.isFull) yield out.take();
    }
  }
}

function* columnLists<B extends Batch>(
  out: TextWriter,
  { columns }: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  for (const [place, column] of columns.entries()) {
    out.text(`${place === 0 ? '' : ','}${JSON.stringify(column.short)}:[`);
    yield* columnCells(out, column, page);
    out.text(']');
  }
}

/** A page as it goes out. */
export interface JsonPage<B extends Batch> {
  /** Members before the rows; at least one. */
  readonly before: Readonly<Record<string, unknown>>;
  readonly table: Table<B>;
  readonly page: readonly B[];
  readonly layout: 'rows' | 'columns';
  readonly next: string | null;
}

/** A page as the pieces of its text. */
export function* jsonPage<B extends Batch>({
  before,
  table,
  page,
  layout,
  next,
}: JsonPage<B>): Generator<Uint8Array> {
  const out = new TextWriter();
  const byColumns = layout === 'columns';
  out.text(`${JSON.stringify(before).slice(0, -1)},${byColumns ? '"columns":{' : '"items":['}`);
  yield* byColumns ? columnLists(out, table, page) : items(out, table, page);
  out.text(`${byColumns ? '}' : ']'},"next":${JSON.stringify(next)}}`);
  yield out.take();
}
