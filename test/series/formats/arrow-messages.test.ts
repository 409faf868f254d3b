import { tableFromIPC } from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArrowCells,
  type ArrowField,
  arrowBatch,
  arrowEnd,
  arrowSchema,
} from '../../../series/formats/arrow-messages.ts';

const nullable = <T>(cell: fc.Arbitrary<T>) => fc.option(cell, { nil: null, freq: 4 });
const CELLS = {
  time: nullable(fc.integer({ min: -1e15, max: 8e15 })),
  number: nullable(fc.double({ noNaN: true })),
  integer: nullable(fc.maxSafeInteger()),
  text: nullable(fc.oneof(fc.constantFrom('temp', 'Cel', ''), fc.string({ unit: 'grapheme', maxLength: 9 }))),
  truth: nullable(fc.boolean()),
};
const kind = fc.constantFrom('time', 'number', 'integer', 'text', 'truth');
const name = fc.string({ minLength: 1, maxLength: 12 });

const tables = fc
  .tuple(
    fc.uniqueArray(fc.record({ name, kind }), {
      minLength: 1,
      maxLength: 6,
      selector: (field) => field.name,
    }),
    fc.array(fc.nat(40), { maxLength: 3 }),
  )
  .chain(([fields, sizes]) =>
    fc.record({
      fields: fc.constant<ArrowField[]>(fields),
      batches: fc.tuple(
        ...sizes.map((size) =>
          fc.tuple(
            ...fields.map(
              (field): fc.Arbitrary<ArrowCells> =>
                fc.array<ArrowCells[number]>(CELLS[field.kind], { minLength: size, maxLength: size }),
            ),
          ),
        ),
      ),
    }),
  );

const TYPES = {
  time: 'Timestamp<MICROSECOND, UTC>',
  number: 'Float64',
  integer: 'Int64',
  text: 'Utf8',
  truth: 'Bool',
};

describe('an Arrow stream', () => {
  it('is read by Apache Arrow as it was written', () => {
    fc.assert(
      fc.property(tables, ({ fields, batches }) => {
        const bytes = Buffer.concat([
          arrowSchema(fields),
          ...batches.map((columns) => arrowBatch(fields, columns)),
          arrowEnd(),
        ]);
        const table = tableFromIPC(bytes);
        expect(table.schema.fields.map((field) => [field.name, String(field.type), field.nullable])).toEqual(
          fields.map((field) => [field.name, TYPES[field.kind], true]),
        );
        for (const [at, field] of fields.entries()) {
          const written = batches.flatMap((columns) => columns[at] ?? []);
          const read = Array.from(
            { length: table.numRows },
            (_, row) => table.getChildAt(at)?.get(row) ?? null,
          );
          const expected = written.map((cell) => {
            if (cell === null) return null;
            if (field.kind === 'integer') return BigInt(cell);
            return field.kind === 'time' ? Number(cell) / 1000 : cell;
          });
          expect(read).toEqual(expected);
        }
      }),
    );
  });
});
