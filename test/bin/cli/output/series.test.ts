import { expect, it } from 'vitest';
import { itemTable } from '../../../../bin/cli/output/series.ts';

it('says in the heading of a quantile how far it may be wrong', () => {
  const items = [{ t: '10:00', p95: 37.1, count: 3 }];
  const heading = (error?: number) => itemTable(items, error).split('\n')[0]?.split(/ {2,}/);
  expect(heading()).toEqual(['TIME', 'P95', 'COUNT']);
  expect(heading(0.01)).toEqual(['TIME', 'P95 ±1 %', 'COUNT']);
});

it('shows beside an aligned value what it is worth, unless that is good', () => {
  const items = [
    { t: '10:00', values: { 'a/temp': 1.5, 'b/temp': null }, quality: { 'a/temp': 'good', 'b/temp': null } },
    {
      t: '10:01',
      values: { 'a/temp': 2, 'b/temp': 3 },
      quality: { 'a/temp': 'bad', 'b/temp': 'uncertain/jump' },
    },
    // Buckets have none.
    { t: '10:02', values: { 'a/temp': 4, 'b/temp': 5 } },
  ];
  expect(
    itemTable(items)
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/)),
  ).toEqual([
    ['TIME', 'A/TEMP', 'B/TEMP'],
    ['10:00', '1.5'],
    ['10:01', '2 bad', '3 uncertain/jump'],
    ['10:02', '4', '5'],
  ]);
});
