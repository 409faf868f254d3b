/** The address of Explore holds the whole question, and the same question leads elsewhere. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesQuery } from '../../contracts/resources/series.ts';
import { everyFor, type Range, rangeFromUrl, rangeToUrl } from '../../web/src/charts/range.ts';
import { aggregateSeries } from '../../web/src/pages/explore/aggregates.ts';
import {
  apiQuery,
  copies,
  EMPTY,
  type ExploreQuery,
  queryFromUrl,
  queryToUrl,
} from '../../web/src/pages/explore/query.ts';

const NOW = Date.parse('2026-03-01T10:00:00Z');

const ranges: fc.Arbitrary<Range> = fc.oneof(
  fc.constantFrom('PT5M', 'P7D', 'P1DT2H').map((last) => ({ last })),
  fc
    .tuple(fc.integer({ min: 1, max: NOW }), fc.integer({ min: 1, max: 1e9 }))
    .map(([from, width]) => ({ from, to: from + width })),
);
const names = fc.uniqueArray(fc.constantFrom('a', 'b-1', 'temp', 'oven.temp'));
const queries: fc.Arbitrary<ExploreQuery> = fc.record({
  devices: names,
  channels: names,
  range: ranges,
  every: fc.constantFrom('', 'auto', 'PT1M', 'P1D'),
  agg: fc.constantFrom(['mean'], ['min', 'max'], ['p95']),
  fill: fc.constantFrom('none', 'null', 'previous', 'linear'),
  unit: fc.constantFrom('', 'temp:K'),
  tz: fc.constantFrom('UTC', 'Europe/Berlin'),
  view: fc.constantFrom('chart', 'table'),
});

describe('the address', () => {
  it('gives back every query', () => {
    fc.assert(
      fc.property(queries, (query) => {
        expect(queryFromUrl(new URLSearchParams(queryToUrl(query).toString()))).toEqual(query);
      }),
    );
  });

  it('of nonsense is the empty query', () => {
    expect(queryFromUrl(new URLSearchParams('last=soon&view=pie&fill=magic&from=x&to=y'))).toEqual(EMPTY);
  });

  it('keeps a range to the millisecond', () => {
    const range = { from: NOW, to: NOW + 1 };
    expect(rangeFromUrl(new URLSearchParams(rangeToUrl(range)), { last: 'PT1H' })).toEqual(range);
  });
});

it('what is asked is what the API takes', () => {
  fc.assert(
    fc.property(queries, (query) => {
      const { devices: _devices, ...asked } = apiQuery(query, NOW);
      expect(seriesQuery.safeParse(asked).error).toBeUndefined();
    }),
  );
});

it('buckets are as wide as the range wants', () => {
  expect(everyFor(0, 3_600_000, 720)).toBe('PT5S');
  expect(everyFor(0, 365 * 86_400_000, 720)).toBe('P1D');
});

it('a copy for a shell holds whatever stands in it', () => {
  const { curl, cli, python } = copies(
    { ...EMPTY, devices: ["it's"], unit: "x:'" },
    NOW,
    'https://lab.example',
  );
  expect(curl).toContain('devices=it%27s');
  expect(cli).toContain(`'it'\\''s'`);
  expect(python).toContain(`"devices": "it's"`);
});

it('each aggregate is a series of its own', () => {
  const columns = {
    t: ['a', 'b'],
    n: ['temp', 'temp'],
    u: ['Cel', 'Cel'],
    min: [1, 2],
    max: [3, null],
    good: [1, 1],
    uncertain: [0, 1],
    bad: [0, 0],
  };
  expect(aggregateSeries(columns, ['min', 'max'])).toEqual({
    t: ['a', 'b', 'a', 'b'],
    u: ['Cel', 'Cel', 'Cel', 'Cel'],
    q: ['good', 'uncertain', 'good', 'uncertain'],
    n: ['temp (min)', 'temp (min)', 'temp (max)', 'temp (max)'],
    v: [1, 2, 3, null],
  });
});
