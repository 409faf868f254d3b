/** Entity tags (RFC 9110, 8.8.3). */
import { createHash, type Hash } from 'node:crypto';
import type { Value } from '../../contracts/payload/message.ts';

/** To be changed with whatever changes how the same facts are written. */
const WRITTEN = 1;

const tagOf = (hash: Hash): string => `"${hash.digest('base64url').slice(0, 32)}"`;

/** The tag of an answer of these bytes. */
export const tagOfBytes = (pieces: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return tagOf(hash);
};

/** What an answer is made of: text, or cells. */
export type Fact = string | readonly (Value | null)[];

/** Numbers as they are, to the bit; what is none by its place among them, and as JSON. */
const bytesOf = (cells: readonly (Value | null)[]): Uint8Array[] => {
  const numbers = new Float64Array(cells.length);
  const others: (readonly [number, Value | null | undefined])[] = [];
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at];
    if (typeof cell === 'number') numbers[at] = cell;
    else others.push([at, cell]);
  }
  return [new Uint8Array(numbers.buffer), Buffer.from(JSON.stringify(others))];
};

/**
 * The tag of an answer that is made of these facts and of nothing else: known before a byte of it is. Two answers
 * have one tag only if their facts are the same, one by one.
 */
export const tagOfFacts = (facts: Iterable<Fact>): string => {
  const hash = createHash('sha256');
  const update = (bytes: Uint8Array): void => {
    // With their length, so that what belongs to one fact can never be taken for another's.
    hash.update(`${bytes.length}:`);
    hash.update(bytes);
  };
  hash.update(`${WRITTEN}:`);
  for (const fact of facts)
    for (const bytes of typeof fact === 'string' ? [Buffer.from(fact)] : bytesOf(fact)) update(bytes);
  return tagOf(hash);
};
