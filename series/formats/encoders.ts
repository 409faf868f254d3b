/** Tables as bodies: NDJSON and CSV (RFC 4180) here, JSON, Arrow and Parquet in files of their own. */
import { arrowEncoder } from './arrow-format.ts';
import { type CellWriter, cellPart, csvCell, csvText, rowOf } from './cells.ts';
import type { Encoder } from './encoder.ts';
import { jsonRows } from './json.ts';
import { parquetEncoder } from './parquet-format.ts';
import type { Batch, Table } from './table.ts';
import { TextWriter } from './text-writer.ts';

/** Media types of a series, the first for who does not care. */
export const SERIES_TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.apache.arrow.stream',
  'application/vnd.apache.parquet',
] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

/** The encoder of a format whose rows are lines. */
const lines = <B extends Batch>(
  contentType: string,
  head: string,
  rowsOf: (batch: B) => CellWriter<B>,
): Encoder<B> => {
  const out = new TextWriter();
  return {
    contentType,
    head: () => Buffer.from(head),
    *rows(batches) {
      for (const batch of batches) {
        if (batch.length === 0) continue;
        const write = rowsOf(batch);
        for (let at = 0; at < batch.length; at += 1) {
          write(out, batch, at);
          if (out.isFull) yield out.take();
        }
      }
    },
    tail: () => out.take(),
  };
};

const csv = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const cells = columns.map((column) => ({ column, write: csvCell(column) }));
  const head = `${columns.map(({ name }) => csvText(name)).join(',')}\r\n`;
  const [comma, end] = [Buffer.from(','), Buffer.from('\r\n')];
  return lines('text/csv; charset=utf-8; header=present', head, (batch) => {
    const parts = cells.flatMap(({ column, write }) => [comma, cellPart(column, write, batch)]);
    return rowOf([...parts.slice(1), end]);
  });
};

const ndjson = <B extends Batch>({ members }: Table<B>): Encoder<B> => {
  const rowsOf = jsonRows(members);
  const newline = Buffer.from('\n');
  return lines('application/x-ndjson', '', (batch) => rowOf([rowsOf(batch), newline]));
};

/** The encoder of a format for a table. */
export const encoderOf = <B extends Batch>(
  type: Exclude<SeriesType, 'application/json'>,
  table: Table<B>,
): Encoder<B> => {
  switch (type) {
    case 'text/csv':
      return csv(table);
    case 'application/x-ndjson':
      return ndjson(table);
    case 'application/vnd.apache.arrow.stream':
      return arrowEncoder(table);
    case 'application/vnd.apache.parquet':
      return parquetEncoder(table);
  }
};

/** Batches that together have at least so many rows, but for the last; each alone when it does not matter. */
async function* gathered<B extends Batch>(
  batches: AsyncIterable<B>,
  count: number,
): AsyncGenerator<readonly B[]> {
  let group: B[] = [];
  let rows = 0;
  for await (const batch of batches) {
    group.push(batch);
    rows += batch.length;
    if (rows < count) continue;
    yield group;
    [group, rows] = [[], 0];
  }
  if (rows > 0) yield group;
}

/** Batches of rows as pieces of a body; none is empty. */
export async function* encoded<B extends Batch>(
  batches: AsyncIterable<B>,
  encoder: Encoder<B>,
): AsyncGenerator<Uint8Array> {
  const head = encoder.head();
  if (head.length > 0) yield head;
  for await (const group of gathered(batches, encoder.rowsAtOnce ?? 1))
    for (const piece of encoder.rows(group)) if (piece.length > 0) yield piece;
  const tail = encoder.tail();
  if (tail.length > 0) yield tail;
}
