/** Rows as text, whatever the format: what is the same for all rows of a batch is made into bytes once. */
import { bytesOf, concatenated } from './bytes.ts';
import type { Encoder } from './encoder.ts';
import type { Batch, Column } from './table.ts';
import { TextWriter } from './text-writer.ts';

/** Writes a cell, or a row. */
export type CellWriter<B> = (out: TextWriter, batch: B, at: number) => void;

/** What a row is written of: bytes that all rows of a batch have, and cells. */
export type RowPart<B> = Uint8Array | CellWriter<B>;

const MOST_REMEMBERED = 1000;

/** Remembers texts as bytes: names and units are few and come again and again. */
export const remembered = (write: (text: string) => string): ((text: string) => Uint8Array) => {
  const known = new Map<string, Uint8Array>();
  return (text) => {
    let bytes = known.get(text);
    if (bytes === undefined) {
      bytes = bytesOf(write(text));
      if (known.size < MOST_REMEMBERED) known.set(text, bytes);
    }
    return bytes;
  };
};

const scratch = new TextWriter();

/** A cell of the rows of a batch: as bytes when it is the same in all of them. */
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
      joined[joined.length - 1] = concatenated([last, part]);
    else joined.push(part);
  }
  return (out, batch, at) => {
    for (const part of joined) {
      if (typeof part === 'function') part(out, batch, at);
      else out.raw(part);
    }
  };
};

/**
 * The encoder of a format whose rows are lines.
 * @param head before the first line
 * @param partsOf what a line is made of, its end included; the batch is not empty
 */
export const lineEncoder = <B extends Batch>(
  contentType: string,
  head: string,
  partsOf: (batch: B) => readonly RowPart<B>[],
): Encoder<B> => {
  const out = new TextWriter();
  return {
    contentType,
    head: () => bytesOf(head),
    *rows(batches) {
      for (const batch of batches) {
        if (batch.length === 0) continue;
        const write = rowOf(partsOf(batch));
        for (let at = 0; at < batch.length; at += 1) {
          write(out, batch, at);
          if (out.isFull) yield out.take();
        }
      }
    },
    tail: () => out.take(),
  };
};
