import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MICROS_PER_MINUTE } from '../../../contracts/time.ts';
import type { BucketColumns } from '../../../series/buckets/bucket-columns.ts';
import { type DenseColumns, Filler, LONGEST_LINE } from '../../../series/buckets/fill.ts';
import { gridOf } from '../../../series/buckets/width.ts';

const CHANNELS = ['a', 'b', 'd'].map((channel) => ({ channel, unit: 'K' }));
const AGGREGATES = ['mean', 'count', 'last'] as const;
const FROM = 1_770_000_012_345_678;
const START = Math.floor(FROM / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;

interface Row {
  /** Minutes since the first. */
  readonly minute: number;
  readonly channel: string;
  readonly unit: string;
  readonly mean: number;
  readonly count: number;
  readonly last: string | number;
  readonly bad: number;
}

const row: fc.Arbitrary<Omit<Row, 'minute'>> = fc.record({
  // `c` is not asked for.
  channel: fc.constantFrom('a', 'b', 'c', 'd'),
  unit: fc.constantFrom('K', 'K', 'Cel'),
  mean: fc.integer({ min: -100, max: 100 }),
  count: fc.constantFrom(0, 1, 2),
  last: fc.constantFrom('x', 3, 4),
  bad: fc.nat(2),
});
/** By time and channel; some gaps are too long for a line. */
const rows = fc
  .array(fc.tuple(fc.constantFrom(0, 0, 1, 2, 9, LONGEST_LINE, LONGEST_LINE + 1, LONGEST_LINE + 2), row), {
    maxLength: 30,
  })
  .map((list) => {
    let minute = 0;
    const found = new Map<string, Row>();
    for (const [gap, one] of list) {
      minute += gap;
      found.set(`${minute}/${one.channel}`, { minute, ...one });
    }
    return [...found.values()].sort(
      (left, right) => left.minute - right.minute || (left.channel < right.channel ? -1 : 1),
    );
  });

const columnsOf = (list: readonly Row[]): BucketColumns => ({
  channels: list.map(({ channel, unit }) => ({ channel, unit })),
  place: list.map((_, at) => at),
  start: list.map(({ minute }) => START + minute * MICROS_PER_MINUTE),
  end: list.map(({ minute }) => START + (minute + 1) * MICROS_PER_MINUTE),
  count: list.map(({ count }) => count),
  values: AGGREGATES.map((name) =>
    list.map((one) => (one.count === 0 && name !== 'count' ? null : one[name])),
  ),
  quality: {
    good: list.map(({ count }) => count),
    uncertain: list.map(() => 0),
    bad: list.map(({ bad }) => bad),
  },
});

const rowsOf = ({ channels, place, start, end, count, values, quality, filled }: DenseColumns) =>
  start.map((time, at) => ({
    minute: (time - START) / MICROS_PER_MINUTE,
    width: (end[at] ?? 0) - time,
    ...channels[place[at] ?? 0],
    count: count[at],
    values: values.map((each) => each[at]),
    quality: [quality.good[at], quality.uncertain[at], quality.bad[at]],
    filled: filled[at],
  }));

/** Every bucket of the range, one by one. */
const naive = (list: readonly Row[], fill: 'null' | 'previous' | 'linear', minutes: number) =>
  Array.from({ length: minutes }, (_, minute) =>
    CHANNELS.map(({ channel, unit }) => {
      const real = list.filter((one) => one.channel === channel && one.count > 0);
      const here = list.find((one) => one.channel === channel && one.minute === minute);
      const about = { minute, width: MICROS_PER_MINUTE, channel };
      const quality = [here?.count ?? 0, 0, here?.bad ?? 0];
      if (here !== undefined && here.count > 0)
        return {
          ...about,
          ...{ unit: here.unit, count: here.count, values: AGGREGATES.map((name) => here[name]), quality },
          filled: false,
        };
      const before = real.findLast((one) => one.minute < minute);
      const after = real.find((one) => one.minute > minute);
      const told = (name: 'mean' | 'last') => {
        if (fill === 'null' || before === undefined) return null;
        if (fill === 'previous') return before[name];
        if (after === undefined || after.minute - before.minute - 1 > LONGEST_LINE) return null;
        const [left, right] = [before[name], after[name]];
        if (typeof left !== 'number' || typeof right !== 'number') return null;
        const share = (minute - before.minute) / (after.minute - before.minute);
        return left * (1 - share) + right * share;
      };
      return { ...about, unit, count: 0, values: [told('mean'), 0, told('last')], quality, filled: true };
    }),
  ).flat();

describe('buckets that are filled', () => {
  it('are those of the whole range, with what its neighbours tell, whatever pieces they come in', () => {
    const fills = fc.constantFrom('null' as const, 'previous' as const, 'linear' as const);
    fc.assert(
      fc.property(rows, fills, fc.nat(20), fc.array(fc.nat(30)), (list, fill, more, cuts) => {
        const minutes = (list.at(-1)?.minute ?? -1) + 1 + more;
        const filler = new Filler({
          fill,
          grid: gridOf({ months: 0, days: 0, micros: MICROS_PER_MINUTE }),
          from: FROM,
          to: START + minutes * MICROS_PER_MINUTE,
          aggregates: AGGREGATES,
          channels: CHANNELS,
        });
        // A bucket comes whole.
        const bounds = [...new Set([0, ...cuts, list.length])]
          .filter((at) => at <= list.length && list[at]?.minute !== list[at - 1]?.minute)
          .sort((left, right) => left - right);
        if (bounds.at(-1) !== list.length) bounds.push(list.length);
        const found = bounds
          .slice(1)
          .flatMap((end, at) => [...filler.add(columnsOf(list.slice(bounds[at], end)))].flatMap(rowsOf));
        found.push(...[...filler.finish()].flatMap(rowsOf));
        const expected = naive(list, fill, minutes);
        // Compared as text first: what differs is shown of the few rows alone.
        if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
