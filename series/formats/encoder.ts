/** What every format of a table has in common. */
import type { Batch } from './table.ts';

/** How the rows of a table are written. Pieces are of any size; empty ones are allowed. */
export interface Encoder<B> {
  readonly contentType: string;
  /** Rows that suit the format at a time; as they come when absent. */
  readonly rowsAtOnce?: number;
  /** Before the first row. */
  head(): Uint8Array;
  /** Rows of some batches; of one where nothing is said of `rowsAtOnce`. */
  rows(batches: readonly B[]): Iterable<Uint8Array>;
  /** After the last row. */
  tail(): Uint8Array;
}

/** Rows of so many columns that have about so many cells. */
export const rowsWithin = (cells: number, columns: number): number =>
  Math.max(1, Math.floor(cells / Math.max(1, columns)));

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
