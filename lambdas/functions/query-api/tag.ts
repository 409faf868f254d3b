/** Entity tags (RFC 9110, 8.8.3). */
import { createHash, type Hash } from 'node:crypto';
import type { Value } from '../../../contracts/messages/message.ts';

/** To be raised with whatever changes how the same facts are written: old answers may still be in caches. */
const WRITTEN = 2;

const tagOf = (hash: Hash): string => `"${hash.digest('base64url').slice(0, 32)}"`;

/** The tag of an answer of these bytes. */
export const tagOfBytes = (pieces: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return tagOf(hash);
};

/** What an answer is made of: text, or cells. */
export type Fact = string | readonly (Value | null)[];

// Each fact comes after its kind and its length, so that what belongs to one can never be taken for another's.

const addText = (hash: Hash, text: string): void => {
  hash.update(`text ${Buffer.byteLength(text)}:`);
  hash.update(text);
};

/** Numbers as they are, to the bit; any other cell by its place among them, and as JSON. */
const addCells = (hash: Hash, cells: readonly (Value | null)[]): void => {
  const numbers = new Float64Array(cells.length);
  const others: (readonly [number, Value | null | undefined])[] = [];
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at];
    if (typeof cell === 'number') numbers[at] = cell;
    else others.push([at, cell]);
  }
  hash.update(`cells ${cells.length}:`);
  hash.update(numbers);
  addText(hash, JSON.stringify(others));
};

/**
 * The ETag of an answer that is made of these facts and of nothing else. It is known before the answer is made, so that
 * none is made for a caller who has it already. Two answers have the same tag only if each of their facts is the same.
 */
export const tagOfFacts = (facts: Iterable<Fact>): string => {
  const hash = createHash('sha256');
  addText(hash, String(WRITTEN));
  for (const fact of facts) {
    if (typeof fact === 'string') addText(hash, fact);
    else addCells(hash, fact);
  }
  return tagOf(hash);
};
