/** Entity tags (RFC 9110, 8.8.3). */
import { createHash, type Hash } from 'node:crypto';
import type { Value } from '../../../contracts/messages/message.ts';

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

const TEXT = 0;
const CELLS = 1;
const EVEN = 2;
/** Numbers that are hashed at once. */
const PIECE = 8192;

/** The step between numbers that are all as far apart, as starts and counts of buckets mostly are; else undefined. */
const stepOf = (cells: readonly (Value | null)[]): number | undefined => {
  const [first, second] = cells;
  if (typeof first !== 'number' || typeof second !== 'number') return undefined;
  const step = second - first;
  for (let at = 0; at < cells.length; at += 1) if (!Object.is(cells[at], first + at * step)) return undefined;
  return step;
};

/** Each fact after its kind and its length, so that what belongs to one can never be taken for another's. */
class FactHash {
  readonly hash = createHash('sha256');
  private readonly numbers = new Float64Array(PIECE);
  private readonly bytes = new Uint8Array(this.numbers.buffer);
  private count = 0;

  flush(): void {
    this.hash.update(this.bytes.subarray(0, this.count * Float64Array.BYTES_PER_ELEMENT));
    this.count = 0;
  }

  private number(value: number): void {
    if (this.count === PIECE) this.flush();
    this.numbers[this.count] = value;
    this.count += 1;
  }

  text(text: string): void {
    const bytes = Buffer.from(text);
    this.number(TEXT);
    this.number(bytes.length);
    this.flush();
    this.hash.update(bytes);
  }

  /** Numbers as they are, to the bit; what is none by its place among them, and as JSON. */
  cells(cells: readonly (Value | null)[]): void {
    const step = stepOf(cells);
    if (step !== undefined) {
      for (const number of [EVEN, cells.length, Number(cells[0]), step]) this.number(number);
      return;
    }
    this.number(CELLS);
    this.number(cells.length);
    const others: (readonly [number, Value | null | undefined])[] = [];
    for (let at = 0; at < cells.length; at += 1) {
      const cell = cells[at];
      if (typeof cell === 'number') this.number(cell);
      else {
        this.number(0);
        others.push([at, cell]);
      }
    }
    this.number(others.length);
    if (others.length > 0) this.text(JSON.stringify(others));
  }
}

/**
 * The tag of an answer that is made of these facts and of nothing else: known before a byte of it is. Two answers
 * have one tag only if their facts are the same, one by one.
 */
export const tagOfFacts = (facts: Iterable<Fact>): string => {
  const hash = new FactHash();
  hash.text(`${WRITTEN}`);
  for (const fact of facts) {
    if (typeof fact === 'string') hash.text(fact);
    else hash.cells(fact);
  }
  hash.flush();
  return tagOf(hash.hash);
};
