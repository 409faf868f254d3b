/** Columns of one type each, as Arrow and Parquet have them. */

import type { Value } from '../../contracts/messages/message.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Batch, Column } from './table.ts';

/** What a column holds. `time` is microseconds in UTC. */
export type TypedKind = 'time' | 'number' | 'integer' | 'text' | 'truth';

export interface TypedColumn<B> extends Pick<Column<B>, 'name' | 'of' | 'list' | 'isOne'> {
  readonly kind: TypedKind;
}

/** How values of a channel are written. */
const KIND_OF: Readonly<Record<ValueType, 'number' | 'text' | 'truth'>> = {
  number: 'number',
  integer: 'number',
  boolean: 'truth',
  string: 'text',
};

/** What `typeof` says of the values of a kind. */
const SUITS = { number: 'number', text: 'string', truth: 'boolean' } as const;

/**
 * Columns of one type each. Where channels of several types share a column, it becomes one for each:
 * `value` for numbers, `value_text` and `value_truth`.
 */
export const typedColumns = <B>(columns: readonly Column<B>[]): TypedColumn<B>[] =>
  columns.flatMap(({ kind, types = [], ...column }): TypedColumn<B>[] => {
    if (kind !== 'value') return [{ ...column, kind }];
    const { name, of } = column;
    const kinds = [...new Set(types.map((type) => KIND_OF[type]))];
    if (kinds.length <= 1) return [{ ...column, kind: kinds[0] ?? 'number' }];
    return (['number', 'text', 'truth'] as const)
      .filter((one) => one === 'number' || kinds.includes(one))
      .map((one) => ({
        name: one === 'number' ? name : `${name}_${one}`,
        kind: one,
        of: (batch, at) => {
          const value = of(batch, at);
          return typeof value === SUITS[one] ? value : null;
        },
      }));
  });

type Cells = readonly (Value | null)[];

const cellsOfBatch = <B extends Batch>({ of, list, isOne }: TypedColumn<B>, batch: B): Cells => {
  if (list !== undefined) return list(batch);
  if (batch.length > 0 && isOne?.(batch) === true)
    return new Array<Value | null>(batch.length).fill(of(batch, 0));
  const cells: (Value | null)[] = [];
  for (let at = 0; at < batch.length; at += 1) cells.push(of(batch, at));
  return cells;
};

/** Cells of a column over some batches. They may be a list of the batch itself: not to be changed. */
export const cellsOf = <B extends Batch>(column: TypedColumn<B>, batches: readonly B[]): Cells => {
  const cells = batches.map((batch) => cellsOfBatch(column, batch));
  const [only] = cells;
  const none: (Value | null)[] = [];
  return cells.length === 1 && only !== undefined ? only : none.concat(...cells);
};
