/** What every format of a table has in common. */

/** How the rows of a table are written, batch by batch. */
export interface Encoder<R> {
  readonly contentType: string;
  /** Rows of a batch that suit the format; as they come when absent. */
  readonly rowsAtOnce?: number;
  /** Before the first row. */
  head(): string | Uint8Array;
  batch(rows: readonly R[]): string | Uint8Array;
  /** After the last row. */
  tail(): string | Uint8Array;
}
