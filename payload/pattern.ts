/**
 * What messages of one device have in common: all bytes of one of them but those of the parts that differ, as its
 * numbers. Of a message that has these bytes too, only the parts are to be read: whatever the bytes between mean, they
 * mean it in both.
 */

/** A part of a message that differs from one to the next: a whole value of JSON, perhaps with white space before it. */
export interface Part {
  readonly kind: 'session' | 'seq' | 'sent' | 'times' | 'values';
  readonly start: number;
  /** Behind its last byte. */
  readonly end: number;
}

export class Pattern<T> {
  /** The bytes before each part, and those behind the last. */
  readonly between: readonly Uint8Array[];
  readonly kinds: readonly Part['kind'][];
  /** What was read of the message that this was made of. */
  readonly like: T;

  /** @param parts in the order in which they stand */
  constructor(bytes: Uint8Array, parts: readonly Part[], like: T) {
    const between: Uint8Array[] = [];
    let end = 0;
    // Copies, which `slice` of a Buffer does not make: to keep the message is to keep its whole batch.
    for (const part of parts) {
      between.push(new Uint8Array(bytes.subarray(end, part.start)));
      end = part.end;
    }
    between.push(new Uint8Array(bytes.subarray(end)));
    this.between = between;
    this.kinds = parts.map(({ kind }) => kind);
    this.like = like;
  }
}
