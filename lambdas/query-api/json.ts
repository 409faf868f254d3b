/** Tables as JSON: rows as objects, or columns as lists. */
import { jsonCell } from './cells.ts';
import type { Batch, Member, Table } from './table.ts';
import { TextWriter } from './text-writer.ts';

type RowWriter<B> = (out: TextWriter, batch: B, at: number) => void;

const COMMA = 0x2c;
const CLOSING = 0x7d;

/** Writes rows as `JSON.stringify` writes objects of these members. */
export const rowWriter = <B>(members: readonly Member<B>[]): RowWriter<B> => {
  const writers = members.map((member, place): RowWriter<B> => {
    const key = Buffer.from(`${place === 0 ? '{' : ','}${JSON.stringify(member.name)}:`);
    const write = 'members' in member ? rowWriter(member.members) : jsonCell(member.column);
    const needed = 'onlyTrue' in member ? member.column.of : undefined;
    return (out, batch, at) => {
      if (needed !== undefined && needed(batch, at) !== true) return;
      out.raw(key);
      write(out, batch, at);
    };
  });
  const opening = Buffer.from(members.length === 0 ? '{' : '');
  return (out, batch, at) => {
    out.raw(opening);
    for (let place = 0; place < writers.length; place += 1) writers[place]?.(out, batch, at);
    out.byte(CLOSING);
  };
};

function* items<B extends Batch>(
  out: TextWriter,
  table: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  const write = rowWriter(table.members);
  let first = true;
  for (const batch of page)
    for (let at = 0; at < batch.length; at += 1) {
      if (first) first = false;
      else out.byte(COMMA);
      write(out, batch, at);
      if (out.isFull) yield out.take();
    }
}

function* columns<B extends Batch>(
  out: TextWriter,
  table: Table<B>,
  page: readonly B[],
): Generator<Uint8Array> {
  for (const [place, column] of table.columns.entries()) {
    const write = jsonCell(column);
    out.text(`${place === 0 ? '' : ','}${JSON.stringify(column.short)}:[`);
    let first = true;
    for (const batch of page)
      for (let at = 0; at < batch.length; at += 1) {
        if (first) first = false;
        else out.byte(COMMA);
        write(out, batch, at);
        if (out.isFull) yield out.take();
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
