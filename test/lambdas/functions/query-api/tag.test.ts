import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import type { BucketBatch } from '../../../../lambdas/functions/query-api/buckets.ts';
import { resolveSeries } from '../../../../lambdas/functions/query-api/series-query.ts';
import { bucketTable, type PagedTable, pointTable } from '../../../../lambdas/functions/query-api/table.ts';
import { type Fact, tagOfBytes, tagOfFacts } from '../../../../lambdas/functions/query-api/tag.ts';
import { gridOf } from '../../../../series/buckets/width.ts';
import { encoded } from '../../../../series/formats/encoder.ts';
import { encoderOf } from '../../../../series/formats/encoders.ts';
import { jsonPage } from '../../../../series/formats/json.ts';
import type { Batch } from '../../../../series/formats/table.ts';
import type { PointBatch } from '../../../../series/points/point-batches.ts';

const cell = fc.oneof(fc.double(), fc.nat(2), fc.boolean(), fc.constantFrom('', '0', 'a', '[0,"a"]', null));
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

/** What a page is written as, in formats that share nothing. */
const written = async <B extends Batch>(table: PagedTable<B>, page: readonly B[]): Promise<string[]> => {
  const bodies = (['rows', 'columns'] as const).map((layout) =>
    tagOfBytes([...jsonPage({ before: { x: 1 }, table, page, layout, next: null })]),
  );
  for (const format of ['text/csv', 'application/vnd.apache.arrow.stream'] as const) {
    const pieces = encoded(
      (async function* () {
        yield* page;
      })(),
      encoderOf(format, table),
    );
    bodies.push(tagOfBytes(await Array.fromAsync(pieces)));
  }
  return bodies;
};

/** Pages of which one has something of another batch in place of its own. */
const expectTold = async <B extends Batch>(table: PagedTable<B>, one: fc.Arbitrary<B>): Promise<void> => {
  const tag = (batches: readonly B[]) => tagOfFacts(batches.flatMap((each) => table.facts?.(each) ?? []));
  const changed = (batch: B, other: B, member: number): B => {
    if (other.length !== batch.length) return other;
    const name = Object.keys(batch)[member % Object.keys(batch).length] as keyof B;
    return { ...batch, [name]: other[name] };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { minLength: 1, maxLength: 2 }),
      one,
      fc.nat(20),
      async (left, other, member) => {
        const right = left.map((batch, at) => (at === 0 ? changed(batch, other, member) : batch));
        if (tag(left) === tag(right)) expect(await written(table, left)).toEqual(await written(table, right));
      },
    ),
    { numRuns: 500 },
  );
};

/** Buckets of few sorts. */
const bucketBatch: fc.Arbitrary<BucketBatch> = fc.nat(2).chain((length) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: length, maxLength: length });
  const count = each(fc.nat(1));
  const flags = fc.option(each(fc.boolean()), { nil: undefined });
  return fc.record({
    length: fc.constant(length),
    device: fc.nat(1),
    channels: fc.constantFrom(
      [{ channel: 'temp', unit: 'Cel' }],
      [
        { channel: 'temp', unit: 'Cel' },
        { channel: 'temp', unit: 'K' },
      ],
    ),
    place: each(fc.constant(0)),
    start: each(fc.nat(1)),
    end: each(fc.constant(2)),
    count: each(fc.constant(1)),
    values: fc.tuple(each(fc.constantFrom(0, -0, 1, true, 'a', null)), count),
    quality: fc.record({ good: count, uncertain: count, bad: count }),
    partial: flags,
    filled: flags,
  });
});
const bucketSeries = resolveSeries(
  instruments,
  { from: 0, to: 10 },
  {
    channels: undefined,
    buckets: {
      grid: gridOf({ months: 0, days: 0, micros: 1 }),
      aggregates: ['last', 'count'],
      fill: 'null',
      qualities: ['good'],
    },
    several: true,
    now: 10,
  },
);

describe('tags of rows are others where any format would be another:', () => {
  it('points', async () => {
    await expectTold(pointTable(series), batch);
  });

  it('buckets', async () => {
    await expectTold(bucketTable(bucketSeries), bucketBatch);
  });
});
