/** Tables as JSON: rows as objects, or columns as lists. */

import { type CellWriter, cellPart, jsonCell, jsonCells, type RowPart, rowOf } from './cells.ts';
import type { Batch, Column, Member, Table } from './table.ts';
import { TextWriter } from './text-writer.ts';

const COMMA = Buffer.from(',');

/** Parts of an object of these members. */
type Parts<B> = (batch: B) => RowPart<B>[];

/** A member that is there when its column is true alone. */
const onlyTrue =
  <B>({ of }: Column<B>, key: Uint8Array, write: CellWriter<B>): CellWriter<B> =>
  (out, batch, at) => {
    if (of(batch, at) !== true) return;
    out.raw(key);
    write(out, batch, at);
  };

const objectParts = <B>(members: readonly Member<B>[]): Parts<B> => {
  const makers = members.map((member, place): Parts<B> => {
    const key = Buffer.from(`${place === 0 ? '' : ','}${JSON.stringify(member.name)}:`);
    if ('members' in member) {
      const inner = objectParts(member.members);
      return (batch) => [key, ...inner(batch)];
    }
    const { column } = member;
    const write = jsonCell(column);
    if (member.onlyTrue === true) {
      const whole = onlyTrue(column, key, write);
      return () => [whole];
    }
    return (batch) => [key, cellPart(column, write, batch)];
  });
  const [opening, closing] = [Buffer.from('{'), Buffer.from('}')];
  return (batch) => [opening, ...makers.flatMap((make) => make(batch)), closing];
};

/** Makes what writes rows of a batch, which is not empty, as `JSON.stringify` writes objects of these members. */
export const jsonRows = <B>(members: readonly Member<B>[]): ((batch: B) => CellWriter<B>) => {
  const parts = objectParts(members);
  return (batch) => rowOf(parts(batch));
};

function* items<B extends Batch>(
  out: TextWriter,
  table: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  const rowsOf = jsonRows(table.members);
  let first = true;
  for (const batch of page) {
    if (batch.length === 0) continue;
    const write = rowsOf(batch);
    for (let at = 0; at < batch.length; at += 1) {
      if (first) first = false;
      else out.raw(COMMA);
      write(out, batch, at);
      if (out.isFull) yield out.take();
    }
  }
}

/** Cells that are written at once: they fit the room that a full piece has left. */
const CELLS_AT_ONCE = 64;
/** As many, where they are copied. */
const COPIED = 256;

function* columns<B extends Batch>(
  out: TextWriter,
  table: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  for (const [place, column] of table.columns.entries()) {
    const write = jsonCell(column);
    const writeAll = jsonCells(column);
    out.text(`${place === 0 ? '' : ','}${JSON.stringify(column.short)}:[`);
    let first = true;
    for (const batch of page) {
      if (batch.length === 0) continue;
      if (!first) out.raw(COMMA);
      first = false;
      const cell = cellPart(column, write, batch);
      // The comma stands before each but the first.
      const again = typeof cell === 'function' ? undefined : Buffer.concat([COMMA, cell]);
      if (typeof cell === 'function') cell(out, batch, 0);
      else out.raw(cell);
      const interval = again === undefined ? CELLS_AT_ONCE : COPIED;
      for (let from = 1; from < batch.length; from += interval) {
        const to = Math.min(from + interval, batch.length);
        if (again === undefined) writeAll(out, batch, from, to);
        else out.repeat(again, to - from);
        if (out.isFull) yield out.take();
      }
    }
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
  yield* byColumns ? columns(out, table, page) : items(out, table, page);
  out.text(`${byColumns ? '}' : ']'},"next":${JSON.stringify(next)}}`);
  yield out.take();
}
