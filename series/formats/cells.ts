/** Cells of columns as text. */
import type { Value } from '../../contracts/messages/message.ts';
import type { Column } from './table.ts';
import { TextWriter } from './text-writer.ts';

/** Writes one cell. */
export type CellWriter<B> = (out: TextWriter, batch: B, at: number) => void;

/** Writes cells of rows of a batch from a place to another, excluded; a comma stands before each. */
export type CellsWriter<B> = (out: TextWriter, batch: B, from: number, to: number) => void;

const QUOTE = 0x22;
const COMMA = 0x2c;
const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** Texts as bytes: names and units are few and come again and again. */
const remembered = (write: (text: string) => string): ((text: string) => Uint8Array) => {
  const known = new Map<string, Uint8Array>();
  let last = '';
  let bytes: Uint8Array = Buffer.from(write(last));
  return (text) => {
    if (text === last) return bytes;
    bytes = known.get(text) ?? Buffer.from(write(text));
    if (known.size < 1000) known.set(text, bytes);
    last = text;
    return bytes;
  };
};

const jsonValue = (out: TextWriter, value: Value | null): void => {
  if (typeof value === 'number' && Number.isFinite(value)) out.number(value);
  else if (value === true) out.raw(TRUE);
  else if (value === false) out.raw(FALSE);
  else if (typeof value === 'string') out.text(JSON.stringify(value));
  else out.raw(NULL);
};

/** Cells of a column as `JSON.stringify` writes them, times as RFC 3339. */
export const jsonCell = <B>({ kind, of }: Column<B>): CellWriter<B> => {
  if (kind === 'time')
    return (out, batch, at) => {
      out.byte(QUOTE);
      out.time(Number(of(batch, at)));
      out.byte(QUOTE);
    };
  if (kind === 'text') {
    const bytesOf = remembered((text) => JSON.stringify(text));
    return (out, batch, at) => out.raw(bytesOf(String(of(batch, at))));
  }
  return (out, batch, at) => jsonValue(out, of(batch, at));
};

/** Cells of a column one after the other, as {@link jsonCell} writes each. */
export const jsonCells = <B>(column: Column<B>): CellsWriter<B> => {
  const { kind, list } = column;
  const write = jsonCell(column);
  if (list !== undefined && kind === 'time')
    return (out, batch, from, to) => out.quotedTimes(list(batch), from, to);
  if (list !== undefined && kind !== 'text')
    return (out, batch, from, to) => {
      const values = list(batch);
      for (let at = out.numbers(values, from, to); at < to; at = out.numbers(values, at + 1, to)) {
        out.byte(COMMA);
        jsonValue(out, values[at] ?? null);
      }
    };
  return (out, batch, from, to) => {
    for (let at = from; at < to; at += 1) {
      out.byte(COMMA);
      write(out, batch, at);
    }
  };
};

const NEEDS_QUOTES = /[",\r\n]/;

/** Quoted where RFC 4180 asks for it; nothing else is changed, so that values come back as they were. */
export const csvText = (text: string): string =>
  NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Cells of a column as CSV has them, times as RFC 3339; nothing for what is not there. */
export const csvCell = <B>({ kind, of }: Column<B>): CellWriter<B> => {
  if (kind === 'time') return (out, batch, at) => out.time(Number(of(batch, at)));
  if (kind === 'text') {
    const bytesOf = remembered(csvText);
    return (out, batch, at) => out.raw(bytesOf(String(of(batch, at))));
  }
  return (out, batch, at) => {
    const value = of(batch, at);
    if (typeof value === 'number') out.number(value);
    else if (typeof value === 'string') out.text(csvText(value));
    else if (value !== null) out.raw(value ? TRUE : FALSE);
  };
};

/** What a row is written of: bytes that all rows of a batch have, and cells. */
export type RowPart<B> = Uint8Array | CellWriter<B>;

const scratch = new TextWriter();

/** A cell of the rows of a batch: as bytes when it is one for all of them. */
export const cellPart = <B>(column: Column<B>, write: CellWriter<B>, batch: B): RowPart<B> => {
  if (column.isOne?.(batch) !== true) return write;
  write(scratch, batch, 0);
  return scratch.take();
};

/** Writes rows of a batch that are made of these parts; bytes that follow each other become one. */
export const rowOf = <B>(parts: readonly RowPart<B>[]): CellWriter<B> => {
  const joined: RowPart<B>[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part instanceof Uint8Array && last instanceof Uint8Array)
      joined[joined.length - 1] = Buffer.concat([last, part]);
    else joined.push(part);
  }
  return (out, batch, at) => {
    for (let place = 0; place < joined.length; place += 1) {
      const part = joined[place];
      if (typeof part === 'function') part(out, batch, at);
      else if (part !== undefined) out.raw(part);
    }
  };
};
