/** What every format writes: rows as columns of cells, whatever they were made of. */
import type { Value } from '../../contracts/messages/message.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';

/**
 * What a column holds. `time` is microseconds; `truth` is true or false; `value` is whatever its channel is of, so that
 * one column may hold numbers, texts and truth values.
 */
export type ColumnKind = 'time' | 'text' | 'number' | 'integer' | 'truth' | 'value';

/** Rows that go together. Tables reach each by its place, so that no object is made for any of them. */
export interface Batch {
  readonly length: number;
}

/** A column of the rows of batches. Columns of `time` and `text` have a cell in each row; others may be `null` there. */
export interface Column<B> {
  /** In tables. */
  readonly name: string;
  /** In JSON. */
  readonly short: string;
  readonly kind: ColumnKind;
  /** A cell. */
  readonly of: (batch: B, at: number) => Value | null;
  /** Cells of all rows of a batch, where they are a list already. */
  readonly list?: (batch: B) => readonly (Value | null)[];
  /** Whether all rows of a batch have the same cell, as far as that is known without looking at them. */
  readonly isOne?: (batch: B) => boolean;
  /** Of a column of values: types of the channels that it may hold. */
  readonly types?: readonly ValueType[];
}

/** A member of a row in JSON: a column, or members under a name. */
export type Member<B> =
  | {
      readonly name: string;
      readonly column: Column<B>;
      /** The member is there where it is true, and absent where not. */
      readonly onlyTrue?: true;
    }
  | { readonly name: string; readonly members: readonly Member<B>[] };

/** Rows of a kind: their columns, and how JSON has them. */
export interface Table<B extends Batch> {
  readonly columns: readonly Column<B>[];
  /** A row as JSON has it. */
  readonly members: readonly Member<B>[];
}
