/** Tables with a type for each column, as Arrow and Parquet want them. */
import type { ValueType } from '../../contracts/instrument-types.ts';
import type { Value } from '../../contracts/payload/message.ts';
import type { Batch, Column } from './table.ts';

/** What a column holds. `time` is microseconds in UTC. */
export type TypedKind = 'time' | 'number' | 'integer' | 'text' | 'truth';

export interface TypedColumn<B> {
  readonly name: string;
  readonly kind: TypedKind;
  readonly of: (batch: B, at: number) => Value | null;
}

const KIND_OF: Readonly<Record<ValueType, 'number' | 'text' | 'truth'>> = {
  number: 'number',
  integer: 'number',
  boolean: 'truth',
  string: 'text',
};

const SUITS = { number: 'number', text: 'string', truth: 'boolean' } as const;

/**
 * Columns of one type each. Where channels of several types share a column, it becomes one for each:
 * `value` for numbers, `value_text` and `value_truth`.
 */
export const typedColumns = <B>(columns: readonly Column<B>[]): TypedColumn<B>[] =>
  columns.flatMap(({ name, kind, of, types = [] }): TypedColumn<B>[] => {
    if (kind !== 'value') return [{ name, kind, of }];
    const kinds = [...new Set(types.map((type) => KIND_OF[type]))];
    if (kinds.length <= 1) return [{ name, kind: kinds[0] ?? 'number', of }];
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

/** Cells of a column over some batches. */
export const cellsOf = <B extends Batch>({ of }: TypedColumn<B>, batches: readonly B[]): (Value | null)[] => {
  const cells: (Value | null)[] = [];
  for (const batch of batches) for (let at = 0; at < batch.length; at += 1) cells.push(of(batch, at));
  return cells;
};
