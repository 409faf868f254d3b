/** Tables as bodies: NDJSON and CSV (RFC 4180) here, JSON, Arrow and Parquet in files of their own. */
import { arrowEncoder } from './arrow-format.ts';
import { csvCell, csvText } from './cells.ts';
import type { Encoder } from './encoder.ts';
import { rowWriter } from './json.ts';
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

const COMMA = 0x2c;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

/** The encoder of a format whose rows are lines, written one after the other. */
const lines = <B extends Batch>(
  contentType: string,
  head: string,
  write: (out: TextWriter, batch: B, at: number) => void,
): Encoder<B> => {
  const out = new TextWriter();
  return {
    contentType,
    head: () => Buffer.from(head),
    *rows(batches) {
      for (const batch of batches)
        for (let at = 0; at < batch.length; at += 1) {
          write(out, batch, at);
          if (out.isFull) yield out.take();
        }
    },
    tail: () => out.take(),
  };
};

const csv = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const writers = columns.map(csvCell);
  const head = `${columns.map(({ name }) => csvText(name)).join(',')}\r\n`;
  return lines('text/csv; charset=utf-8; header=present', head, (out, batch, at) => {
    for (let place = 0; place < writers.length; place += 1) {
      if (place > 0) out.byte(COMMA);
      writers[place]?.(out, batch, at);
    }
    out.byte(RETURN);
    out.byte(NEWLINE);
  });
};

const ndjson = <B extends Batch>({ members }: Table<B>): Encoder<B> => {
  const write = rowWriter(members);
  return lines('application/x-ndjson', '', (out, batch, at) => {
    write(out, batch, at);
    out.byte(NEWLINE);
  });
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
