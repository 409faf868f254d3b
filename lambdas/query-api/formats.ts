/** Tables as text: NDJSON and CSV (RFC 4180). */
import type { Value } from '../../contracts/payload/message.ts';
import type { Column, Table } from './table.ts';
import { textOfTime } from './time-text.ts';

/** Media types of a series, the first for who does not care. */
export const SERIES_TYPES = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

/** How the rows of a table are written, batch by batch. */
export interface Encoder<R> {
  readonly contentType: string;
  /** Before the first row. */
  head(): string | Uint8Array;
  batch(rows: readonly R[]): string | Uint8Array;
  /** After the last row. */
  tail(): string | Uint8Array;
}

/** Quoted where RFC 4180 asks for it; nothing else is changed, so that values come back as they were. */
const cell = (value: Value | null): string => {
  if (typeof value === 'number') return String(value);
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
};

const writerOf = <R>({ kind, of }: Column<R>): ((row: R) => string) =>
  kind === 'time' ? (row) => textOfTime(Number(of(row))) : (row) => cell(of(row));

const csv = <R>({ columns }: Table<R>): Encoder<R> => {
  const writers = columns.map(writerOf);
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: () => `${columns.map(({ name }) => cell(name)).join(',')}\r\n`,
    batch: (rows) => {
      let text = '';
      for (const row of rows) {
        for (let at = 0; at < writers.length; at += 1) text += `${at === 0 ? '' : ','}${writers[at]?.(row)}`;
        text += '\r\n';
      }
      return text;
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
export const encoderOf = <R>(type: Exclude<SeriesType, 'application/json'>, table: Table<R>): Encoder<R> =>
  type === 'text/csv' ? csv(table) : ndjson(table);

/** Batches of rows as pieces of a body. */
export async function* encoded<R>(
  batches: AsyncIterable<readonly R[]>,
  encoder: Encoder<R>,
): AsyncGenerator<string | Uint8Array> {
  let text = '';
  const pieces = [encoder.head()];
  const flush = function* (last: boolean): Generator<string | Uint8Array> {
    for (const piece of pieces.splice(0)) {
      if (typeof piece === 'string') text += piece;
      else yield piece;
    }
    if (text.length > 0 && (last || text.length >= PIECE_CHARS)) {
      yield text;
      text = '';
    }
  };
  for await (const rows of batches) {
    pieces.push(encoder.batch(rows));
    yield* flush(false);
  }
  pieces.push(encoder.tail());
  yield* flush(true);
}

/** Text that goes out at once: large enough not to pay for each batch, small enough not to wait. */
const PIECE_CHARS = 64 * 1024;
