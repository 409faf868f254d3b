import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instrumentType } from '../../../contracts/instrument-types.ts';
import { encoded, encoderOf } from '../../../lambdas/query-api/formats.ts';
import { jsonPage } from '../../../lambdas/query-api/json.ts';
import type { PointBatch } from '../../../lambdas/query-api/points.ts';
import { resolveSeries } from '../../../lambdas/query-api/series-query.ts';
import { pointTable } from '../../../lambdas/query-api/table.ts';
import { type Fact, tagOfBytes, tagOfFacts } from '../../../lambdas/query-api/tag.ts';

const cell = fc.oneof(fc.double(), fc.nat(2), fc.boolean(), fc.constantFrom('', '0', 'a', '[0,"a"]'));
const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.array(cell, { maxLength: 3 }),
  fc.array(fc.nat(1), { maxLength: 3 }),
);
const facts = fc.array(fact, { maxLength: 3 });

describe('tags of facts', () => {
  it('are the same for the same facts, and for no others', () => {
    fc.assert(
      fc.property(facts, facts, (left, right) => {
        // Two zeros are two numbers: some formats tell them apart.
        const same =
          left.length === right.length &&
          left.every((one, at) => {
            const other = right[at] ?? '';
            if (typeof one === 'string' || typeof other === 'string') return one === other;
            return one.length === other.length && one.every((each, place) => Object.is(each, other[place]));
          });
        expect(tagOfFacts(left) === tagOfFacts(right)).toBe(same);
        expect(tagOfFacts(left)).toBe(tagOfFacts(structuredClone(left)));
      }),
      { numRuns: 2000 },
    );
  });
});

const type = instrumentType.parse({
  id: 'meter',
  name: 'Meter',
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
  channels: { temp: { unit: 'Cel' }, door: { unit: '1', type: 'boolean', kind: 'step' } },
});
const instruments = ['one', 'two'].map((id) => ({ id, channels: type.channels }));
const series = resolveSeries(
  instruments,
  { from: 0, to: 10 },
  { channels: undefined, buckets: undefined, several: true, now: 10 },
);

/** Batches of few sorts, so that two are often the same. */
const batch: fc.Arbitrary<PointBatch> = fc.nat(3).chain((length) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length });
  return fc.record({
    length: fc.constant(length),
    device: fc.nat(1),
    channels: fc.constantFrom([{ channel: 'temp', unit: 'Cel' }], [{ channel: 'temp', unit: 'K' }]),
    place: fc.option(each(fc.constant(0)), { nil: undefined }),
    time: each(fc.nat(1)),
    value: each(fc.constantFrom(0, -0, 1, true, 'a')),
    quality: fc.option(each(fc.constantFrom(0, 9)), { nil: undefined }),
  });
});

describe('tags of points', () => {
  it('are others where any format would be another', async () => {
    const table = pointTable(series);
    const page = fc.array(batch, { maxLength: 2 });
    const tag = (batches: readonly PointBatch[]) =>
      tagOfFacts(batches.flatMap((one) => table.facts?.(one) ?? []));
    const written = async (batches: readonly PointBatch[]): Promise<string[]> => {
      const bodies = (['rows', 'columns'] as const).map((layout) =>
        tagOfBytes([...jsonPage({ before: { x: 1 }, table, page: batches, layout, next: null })]),
      );
      for (const format of ['text/csv', 'application/vnd.apache.arrow.stream'] as const) {
        const pieces = encoded(
          (async function* () {
            yield* batches;
          })(),
          encoderOf(format, table),
        );
        bodies.push(tagOfBytes(await Array.fromAsync(pieces)));
      }
      return bodies;
    };
    await fc.assert(
      fc.asyncProperty(page, page, async (left, right) => {
        if (tag(left) === tag(right)) expect(await written(left)).toEqual(await written(right));
      }),
      { numRuns: 500 },
    );
  });
});
