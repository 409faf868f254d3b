/** Tables as bodies: NDJSON and CSV (RFC 4180) here, Arrow and Parquet in files of their own. */
import type { Value } from '../../contracts/payload/message.ts';
import { arrowEncoder } from './arrow-format.ts';
import type { Encoder } from './encoder.ts';
import { parquetEncoder } from './parquet-format.ts';
import type { Column, Table } from './table.ts';
import { textOfTime } from './time-text.ts';

/** Media types of a series, the first for who does not care. */
export const SERIES_TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.apache.arrow.stream',
  'application/vnd.apache.parquet',
] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

const NEEDS_QUOTES = /[",\r\n]/;

/** Quoted where RFC 4180 asks for it; nothing else is changed, so that values come back as they were. */
const cell = (value: Value | null): string => {
  if (typeof value === 'number') return String(value);
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

const writerOf = <R>({ kind, of }: Column<R>): ((row: R) => string) =>
  kind === 'time' ? (row) => textOfTime(Number(of(row))) : (row) => cell(of(row));

const csv = <R>({ columns }: Table<R>): Encoder<R> => {
  const writers = columns.map(writerOf);
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: () => `${columns.map(({ name }) => cell(name)).join(',')}\r\n`,
    batch: (rows) => {
      // Lines are joined once: a text that grows cell by cell leaves a trail of small pieces.
      const lines: string[] = [];
      for (const row of rows) {
        let line = writers[0]?.(row) ?? '';
        for (let at = 1; at < writers.length; at += 1) line += `,${writers[at]?.(row)}`;
        lines.push(line);
      }
      lines.push('');
      return lines.join('\r\n');
    },
    tail: () => '',
  };
};

const ndjson = <R>(table: Table<R>): Encoder<R> => ({
  contentType: 'application/x-ndjson',
  head: () => '',
  batch: (rows) => rows.map((row) => `${JSON.stringify(table.item(row))}\n`).join(''),
  tail: () => '',
});

/** The encoder of a format for a table. */
export const encoderOf = <R>(type: Exclude<SeriesType, 'application/json'>, table: Table<R>): Encoder<R> => {
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

/** Batches of at least so many rows, but for the last. */
async function* gathered<R>(
  batches: AsyncIterable<readonly R[]>,
  count: number,
): AsyncGenerator<readonly R[]> {
  let rows: R[] = [];
  for await (const batch of batches) {
    for (const row of batch) rows.push(row);
    if (rows.length < count) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

/** Text that goes out at once: large enough not to pay for each batch, small enough not to wait. */
const PIECE_CHARS = 64 * 1024;

/** Batches of rows as pieces of a body. */
export async function* encoded<R>(
  batches: AsyncIterable<readonly R[]>,
  encoder: Encoder<R>,
): AsyncGenerator<string | Uint8Array> {
  const { rowsAtOnce } = encoder;
  const fitting = rowsAtOnce === undefined ? batches : gathered(batches, rowsAtOnce);
  let text = '';
  /** A piece for now: bytes at once, text when there is enough of it. */
  const next = (piece: string | Uint8Array): string | Uint8Array | undefined => {
    if (typeof piece !== 'string') return piece.byteLength === 0 ? undefined : piece;
    text += piece;
    if (text.length < PIECE_CHARS) return undefined;
    const whole = text;
    text = '';
    return whole;
  };
  const head = next(encoder.head());
  if (head !== undefined) yield head;
  for await (const rows of fitting) {
    const piece = next(encoder.batch(rows));
    if (piece !== undefined) yield piece;
  }
  const tail = next(encoder.tail());
  if (tail !== undefined) yield tail;
  if (text !== '') yield text;
}
