/** What every format of a table has in common. */

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
