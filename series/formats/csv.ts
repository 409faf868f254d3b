/** Tables as CSV (RFC 4180): a header row, lines that end with CRLF. */
import { bytesOf } from './bytes.ts';
import type { Encoder } from './encoder.ts';
import { type CellWriter, cellPart, lineEncoder, remembered } from './row-writer.ts';
import type { Batch, Column, Table } from './table.ts';

const NEEDS_QUOTES = /[",\r\n]/;

/**
 * A text as a cell: in quotes where RFC 4180 asks for them, and where it is empty, because nothing at all stands for a
 * value that is missing. Nothing else is changed, so that texts come back as they were.
 */
const textCell = (text: string): string =>
  text === '' || NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Writes cells of a column: times as RFC 3339, nothing for what is missing. */
const cellWriter = <B>({ kind, of }: Column<B>): CellWriter<B> => {
  if (kind === 'time') return (out, batch, at) => out.time(Number(of(batch, at)));
  if (kind === 'text') {
    const cellOf = remembered(textCell);
    return (out, batch, at) => out.raw(cellOf(String(of(batch, at))));
  }
  return (out, batch, at) => {
    const value = of(batch, at);
    if (typeof value === 'number') out.number(value);
    else if (typeof value === 'string') out.text(textCell(value));
    else if (value !== null) out.ascii(String(value));
  };
};

/** The encoder of CSV for a table. */
export const csvEncoder = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const cells = columns.map((column) => ({ column, write: cellWriter(column) }));
  const head = `${columns.map(({ name }) => textCell(name)).join(',')}\r\n`;
  const [comma, end] = [bytesOf(','), bytesOf('\r\n')];
  return lineEncoder('text/csv; charset=utf-8; header=present', head, (batch) => {
    const parts = cells.flatMap(({ column, write }) => [comma, cellPart(column, write, batch)]);
    return [...parts.slice(1), end];
  });
};
