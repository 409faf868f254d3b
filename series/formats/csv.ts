/** Tables as CSV (RFC 4180): a header row, lines that end with CRLF. */
import type { CsvStyle } from '../../contracts/csv.ts';
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

/** How texts begin that spreadsheets take for formulas, the full-width forms of the signs included. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** A text as a cell that no spreadsheet takes for a formula: all of them show what follows a `'` as text. */
const safeCell = (text: string): string => textCell(FORMULA.test(text) ? `'${text}` : text);

/** Writes cells of a column: times as RFC 3339, nothing for what is missing. */
const cellWriter = <B>({ kind, of }: Column<B>, cell: (text: string) => string): CellWriter<B> => {
  if (kind === 'time') return (out, batch, at) => out.time(Number(of(batch, at)));
  if (kind === 'text') {
    const cellOf = remembered(cell);
    return (out, batch, at) => out.raw(cellOf(String(of(batch, at))));
  }
  return (out, batch, at) => {
    const value = of(batch, at);
    if (typeof value === 'number') out.number(value);
    else if (typeof value === 'string') out.text(cell(value));
    else if (value !== null) out.ascii(String(value));
  };
};

/** The encoder of CSV for a table. */
export const csvEncoder = <B extends Batch>({ columns }: Table<B>, style: CsvStyle = 'plain'): Encoder<B> => {
  const cell = style === 'plain' ? textCell : safeCell;
  const cells = columns.map((column) => ({ column, write: cellWriter(column, cell) }));
  // Without the mark, spreadsheets read UTF-8 as what the computer was set to long ago.
  const mark = style === 'plain' ? '' : '\uFEFF';
  const head = `${mark}${columns.map(({ name }) => cell(name)).join(',')}\r\n`;
  const [comma, end] = [bytesOf(','), bytesOf('\r\n')];
  return lineEncoder('text/csv; charset=utf-8; header=present', head, (batch) => {
    const parts = cells.flatMap(({ column, write }) => [comma, cellPart(column, write, batch)]);
    return [...parts.slice(1), end];
  });
};
