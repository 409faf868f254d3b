import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Duration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  parseDuration,
  parseTime,
} from '../../../contracts/time.ts';
import { Buckets, bucketAt, isBucketWidth } from '../../../lambdas/series/buckets.ts';
import type { SeriesColumn } from '../../../lambdas/series/column.ts';
import { rowsOf } from '../../../lambdas/series/rows.ts';

const width = (text: string): Duration => {
  const duration = parseDuration(text);
  if (duration === undefined) throw new RangeError(text);
  return duration;
};
const time = (text: string): number => parseTime(text) ?? Number.NaN;

describe('bucketAt', () => {
  it.each([
    ['PT5M', '2026-03-01T10:07:30Z', '2026-03-01T10:05:00Z', '2026-03-01T10:10:00Z'],
    ['P1D', '2026-03-01T23:59:59.999999Z', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['P1W', '2026-03-01T00:00:00Z', '2026-02-26T00:00:00Z', '2026-03-05T00:00:00Z'],
    ['P1M', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['P3M', '2026-12-31T23:59:59Z', '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['P1Y', '2026-06-01T00:00:00Z', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['PT5M', '1969-12-31T23:59:59Z', '1969-12-31T23:55:00Z', '1970-01-01T00:00:00Z'],
    ['P5M', '1969-12-31T23:59:59Z', '1969-08-01T00:00:00Z', '1970-01-01T00:00:00Z'],
  ])('%s at %s', (every, at, start, end) => {
    expect(bucketAt(time(at), width(every))).toEqual({ start: time(start), end: time(end) });
  });

  it('lays buckets side by side, without gaps', () => {
    const widths = fc.oneof(
      fc.integer({ min: 1, max: 40 }).map((months) => ({ months, days: 0, micros: 0 })),
      fc.record({
        months: fc.constant(0),
        days: fc.nat(40),
        micros: fc.integer({ min: 1, max: 2 * MICROS_PER_DAY }),
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 8e15 }), widths, (at, every) => {
        const { start, end } = bucketAt(at, every);
        expect(start).toBeLessThanOrEqual(at);
        expect(end).toBeGreaterThan(at);
        expect(bucketAt(start, every)).toEqual({ start, end });
        expect(bucketAt(end, every).start).toBe(end);
        expect(bucketAt(start - 1, every).end).toBe(start);
      }),
    );
  });

  it('takes months alone', () => {
    expect(isBucketWidth(width('P1M'))).toBe(true);
    expect(isBucketWidth(width('P1DT1H'))).toBe(true);
    expect(isBucketWidth(width('P1M1D'))).toBe(false);
    expect(isBucketWidth(width('P1MT1H'))).toBe(false);
  });
});

const columns = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: 5 * MICROS_PER_HOUR }),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.constantFrom(0, 9, 12),
    ),
    {
      selector: ([at]) => at,
      maxLength: 60,
    },
  )
  .map((points): SeriesColumn => {
    points.sort(([left], [right]) => left - right);
    return {
      channel: 'x',
      type: 'number',
      unit: '1',
      time: points.map(([at]) => at),
      value: points.map(([, value]) => value),
      quality: points.map(([, , quality]) => quality),
    };
  });

describe('Buckets', () => {
  it('give what the textbook gives, however the points are cut', () => {
    const every = width('PT50M');
    fc.assert(
      fc.property(columns, fc.nat(60), (column, cut) => {
        const buckets = new Buckets(every);
        const part = (from: number, to?: number): SeriesColumn => ({
          ...column,
          time: column.time.slice(from, to),
          value: column.value.slice(from, to),
          quality: column.quality?.slice(from, to),
        });
        const found = [];
        buckets.add([part(0, cut)]);
        found.push(...buckets.takeUntil(column.time[cut] ?? 0));
        buckets.add([part(cut)]);
        found.push(...buckets.takeUntil(Number.POSITIVE_INFINITY));
        const starts = [...new Set(column.time.map((at) => bucketAt(at, every).start))];
        expect(found.map(({ start }) => start)).toEqual(starts);
        for (const { start, end, summaries } of found) {
          const inside = column.time.flatMap((at, index) => (at >= start && at < end ? [index] : []));
          const usable = inside
            .filter((index) => column.quality?.[index] !== 12)
            .map((index) => Number(column.value[index]));
          const n = usable.length;
          const sum = usable.reduce((total, value) => total + value, 0);
          const mean = sum / n;
          const variance = usable.reduce((total, value) => total + (value - mean) ** 2, 0) / (n - 1);
          const near = (value: number) => expect.closeTo(value, 4);
          expect(summaries).toEqual([
            {
              channel: 'x',
              unit: '1',
              count: n,
              min: n > 0 ? Math.min(...usable) : null,
              max: n > 0 ? Math.max(...usable) : null,
              mean: n > 0 ? near(mean) : null,
              first: usable[0] ?? null,
              last: usable.at(-1) ?? null,
              sum: n > 0 ? near(sum) : null,
              stddev: n > 1 ? near(Math.sqrt(variance)) : null,
              quality: {
                good: inside.filter((index) => column.quality?.[index] === 0).length,
                uncertain: inside.filter((index) => column.quality?.[index] === 9).length,
                bad: inside.filter((index) => column.quality?.[index] === 12).length,
              },
            },
          ]);
        }
      }),
    );
  });

  it('lose nothing to rounding: small numbers beside great ones', () => {
    const buckets = new Buckets(width('P1D'));
    const value = [1e16, 1, -1e16, 1, 1e9 + 0.1, 1e9 + 0.2];
    buckets.add([
      {
        channel: 'x',
        type: 'number',
        unit: '1',
        time: value.map((_, at) => at),
        value: value.slice(0, 4),
        quality: undefined,
      },
    ]);
    const [bucket] = buckets.takeUntil(Number.POSITIVE_INFINITY);
    expect(bucket?.summaries[0]?.sum).toBe(2);
  });

  it('have no number for values too great to add', () => {
    const buckets = new Buckets(width('P1D'));
    const value = [Number.MAX_VALUE, Number.MAX_VALUE];
    buckets.add([{ channel: 'x', type: 'number', unit: '1', time: [1, 2], value, quality: undefined }]);
    const [bucket] = buckets.takeUntil(Number.POSITIVE_INFINITY);
    expect(bucket?.summaries[0]).toMatchObject({ count: 2, sum: null, max: Number.MAX_VALUE });
  });
});

describe('rowsOf', () => {
  it('gives each point once, by time and channel', () => {
    fc.assert(
      fc.property(fc.array(columns, { maxLength: 4 }), (list) => {
        const named = list.map((column, index) => ({ ...column, channel: `c${index}` }));
        const rows = [...rowsOf(named)];
        expect(rows).toHaveLength(named.reduce((sum, column) => sum + column.time.length, 0));
        for (const [at, row] of rows.entries()) {
          const before = rows[at - 1];
          if (before === undefined) continue;
          expect(before.time < row.time || (before.time === row.time && before.channel < row.channel)).toBe(
            true,
          );
        }
      }),
    );
  });
});
