import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Quality } from '../../../contracts/quality.ts';
import { statusOf } from '../../../contracts/quality.ts';
import type { Aggregate } from '../../../contracts/resources/series.ts';
import {
  type Duration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Micros,
  parseDuration,
  parseTime,
} from '../../../contracts/time.ts';
import { keptFor, quantile } from '../../../series/buckets/aggregates.ts';
import type { BucketColumns } from '../../../series/buckets/bucket-columns.ts';
import { type BucketOptions, Buckets } from '../../../series/buckets/buckets.ts';
import { readPieces, type Source } from '../../../series/buckets/plan.ts';
import { type Grid, gridOf } from '../../../series/buckets/width.ts';
import { daysOf } from '../../../series/buckets/zone.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { sliceColumns } from '../../../series/points/merge.ts';
import { KEEP_ALL, KEEP_SUMS, type Kept } from '../../../series/summaries/kept.ts';
import type { SummaryRun } from '../../../series/summaries/run.ts';
import { sectionsFor } from '../../../series/summaries/sections.ts';
import { Summary } from '../../../series/summaries/summary.ts';
import { decodeSummaries, encodeSummaries } from '../../../series/summaries/summary-codec.ts';
import { WindowsBuilder } from '../../../series/summaries/windows-builder.ts';
import { conversion } from '../../../series/units/conversion.ts';

const width = (text: string): Duration => {
  const duration = parseDuration(text);
  if (duration === undefined) throw new RangeError(text);
  return duration;
};
const time = (text: string): Micros => parseTime(text) ?? Number.NaN;

const AGGREGATES: readonly Aggregate[] = [
  'count',
  'min',
  'max',
  'mean',
  'twmean',
  'first',
  'last',
  'sum',
  'stddev',
  'range',
  'delta',
  'rate',
];

interface Dot {
  readonly time: Micros;
  readonly value: number;
  readonly quality: Quality;
}

const columnOf = (channel: string, dots: readonly Dot[]): SeriesColumn => ({
  channel,
  type: 'number',
  unit: 'K',
  time: dots.map((dot) => dot.time),
  value: dots.map((dot) => dot.value),
  quality: dots.map((dot) => dot.quality),
});

const START = time('2026-03-28T20:00:00Z');
const DAYS = 3;
const dots = fc
  .uniqueArray(
    fc.record({
      time: fc.oneof(
        fc.integer({ min: START, max: START + DAYS * 24 * MICROS_PER_HOUR }),
        // On the borders of hours, and beside them.
        fc
          .tuple(fc.nat(DAYS * 24), fc.constantFrom(-1, 0, 1))
          .map(([hour, off]) => START + hour * MICROS_PER_HOUR + off),
      ),
      value: fc.oneof(
        fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
        fc.integer({ min: -5000, max: 5000 }).map((value) => value / 100),
      ),
      quality: fc.constantFrom(0, 0, 9, 12),
    }),
    { selector: (dot) => dot.time, maxLength: 150 },
  )
  .map((list) => list.sort((left, right) => left.time - right.time));

/** Rows of each bucket. */
const bucketsOf = ({ channels, place, start, end, count, values, quality }: BucketColumns) =>
  [...new Set(start)].map((from) => {
    const places = [...start.keys()].filter((at) => start[at] === from);
    return {
      start: from,
      end: end[places[0] ?? 0] ?? 0,
      rows: places.map((at) => ({
        ...channels[place[at] ?? 0],
        count: count[at],
        values: values.map((list) => list[at]),
        quality: { good: quality.good[at], uncertain: quality.uncertain[at], bad: quality.bad[at] },
      })),
    };
  });

/** One flat list: every bucket by looking through all points. */
const naive = (list: readonly Dot[], options: BucketOptions) => {
  const found = new Map<Micros, Dot[]>();
  for (const dot of list) {
    const { start } = options.grid.at(dot.time);
    found.set(start, [...(found.get(start) ?? []), dot]);
  }
  return [...found].map(([start, inside]) => {
    const buckets = new Buckets({
      ...options,
      grid: { ...options.grid, at: () => ({ start, end: Number.POSITIVE_INFINITY }) },
    });
    buckets.add([columnOf('x', inside)]);
    const [bucket] = bucketsOf(buckets.takeUntil(Number.POSITIVE_INFINITY));
    return { start, rows: bucket?.rows };
  });
};

const summaryRuns = (list: readonly Dot[], width: Micros, kept: Kept): SummaryRun[] => {
  const runs = new Map<Micros, Map<number, Summary>>();
  for (const dot of list) {
    const start = Math.floor(dot.time / MICROS_PER_DAY) * MICROS_PER_DAY;
    const windows = runs.get(start) ?? new Map<number, Summary>();
    runs.set(start, windows);
    const at = Math.floor((dot.time - start) / width);
    const window =
      windows.get(at) ?? new Summary('continuous', true, width === MICROS_PER_HOUR ? KEEP_ALL : KEEP_SUMS);
    windows.set(at, window);
    window.add(dot.time, dot.value, dot.quality);
  }
  return [...runs].map(([start, summaries]) => {
    const builder = new WindowsBuilder(MICROS_PER_DAY / width, true, width === MICROS_PER_HOUR);
    for (const [at, summary] of summaries) builder.put(at, summary);
    const run: SummaryRun = {
      start,
      width,
      windows: MICROS_PER_DAY / width,
      columns: [{ channel: 'x', unit: 'K', type: 'number', kind: 'continuous', windows: builder.build() }],
    };
    const sections = encodeSummaries(run);
    // What is not wanted is not read.
    const few = Object.fromEntries(sectionsFor(kept).map((section) => [section, sections[section]]));
    return decodeSummaries(few, 'test', undefined, kept);
  });
};

/** A device whose hours are partly open, and partly without summaries. */
const sourceOf = (
  list: readonly Dot[],
  dirty: ReadonlySet<Micros>,
  missing: ReadonlySet<Micros>,
  kept: Kept,
) => {
  const asked: string[] = [];
  const source: Source = {
    async *hours(from, to) {
      asked.push('points');
      const first = Math.floor(from / MICROS_PER_HOUR) * MICROS_PER_HOUR;
      for (let hour = first; hour < to; hour += MICROS_PER_HOUR) {
        const bounds = [Math.max(hour, from), Math.min(hour + MICROS_PER_HOUR, to)] as const;
        const columns = sliceColumns([columnOf('x', list)], ...bounds);
        if (columns.length > 0) yield { columns };
      }
    },
    dirtyHours: async () => dirty,
    async *summaries(window, from, to) {
      asked.push('summaries');
      // What is stored of an open hour is old: it lacks the last point.
      const stored = list.filter(
        (dot, at) => !(dirty.has(hourOf(dot.time)) && hourOf(list[at + 1]?.time ?? 0) !== hourOf(dot.time)),
      );
      for (const run of summaryRuns(stored, window, kept))
        if (run.start + MICROS_PER_DAY > from && run.start < to && !missing.has(run.start)) yield run;
    },
  };
  return { source, asked };
};
const hourOf = (at: Micros): Micros => Math.floor(at / MICROS_PER_HOUR) * MICROS_PER_HOUR;

const read = async (
  source: Source,
  options: BucketOptions,
  from: Micros,
  to: Micros,
  window: Micros | undefined,
) => {
  const buckets = new Buckets(options);
  const found = [];
  let last = Number.NEGATIVE_INFINITY;
  for await (const piece of readPieces(source, from, to, window)) {
    expect(piece.until).toBeGreaterThan(last);
    last = piece.until;
    if ('run' in piece) buckets.addSummaries(piece.run, piece.from, piece.until);
    else buckets.add(piece.columns);
    found.push(...bucketsOf(buckets.takeUntil(piece.until)));
  }
  found.push(...bucketsOf(buckets.takeUntil(Number.POSITIVE_INFINITY)));
  return found.map(({ start, rows }) => ({ start, rows }));
};

const grids = fc.constantFrom<readonly [string, Grid]>(
  ['PT1M', gridOf(width('PT1M'))],
  ['PT7M', gridOf(width('PT7M'))],
  ['PT1H', gridOf(width('PT1H'))],
  ['PT90M', gridOf(width('PT90M'))],
  ['PT5H', gridOf(width('PT5H'))],
  ['P1D', gridOf(width('P1D'))],
  ['P1D Berlin', gridOf(width('P1D'), daysOf('Europe/Berlin'))],
  ['P1D Kolkata', gridOf(width('P1D'), daysOf('Asia/Kolkata'))],
  ['P1M', gridOf(width('P1M'))],
  ['PT1.5S', gridOf(width('PT1.5S'))],
);
const hours = fc
  .array(fc.nat(DAYS * 24), { maxLength: 10 })
  .map((list) => new Set(list.map((hour) => START + hour * MICROS_PER_HOUR)));
/** Days without summaries. */
const days = fc
  .subarray([0, 1, 2, 3])
  .map((list) => new Set(list.map((day) => (Math.floor(START / MICROS_PER_DAY) + day) * MICROS_PER_DAY)));
const bounds = fc
  .tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(1, MICROS_PER_MINUTE, MICROS_PER_HOUR),
  )
  .map(([left, right, whole]) => {
    const at = (share: number): Micros => START + Math.floor(share * DAYS * 24 * MICROS_PER_HOUR);
    const round = (micros: Micros): Micros => Math.floor(micros / whole) * whole;
    return [round(at(Math.min(left, right))), round(at(Math.max(left, right)))] as const;
  });

describe('a range that is read from summaries and points', () => {
  it('gives, to the bit, what one flat list gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        dots,
        grids,
        fc.subarray([...AGGREGATES, 'p50', 'p99'] as const, { minLength: 1 }),
        hours,
        days,
        bounds,
        async (list, [, grid], chosen, dirty, missing, [from, to]) => {
          const window = grid.window(from, to);
          const aggregates = chosen.filter((name) => window === MICROS_PER_HOUR || !name.startsWith('p'));
          const options: BucketOptions = {
            grid,
            aggregates,
            qualities: ['good', 'uncertain'],
            kindOf: () => 'continuous',
          };
          const { source } = sourceOf(list, dirty, missing, keptFor(aggregates, true));
          const inside = list.filter((dot) => dot.time >= from && dot.time < to);
          expect(await read(source, options, from, to, window)).toEqual(naive(inside, options));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes summaries for what they tell, and points for the rest alone', async () => {
    const list = Array.from({ length: 72 }, (_, hour) => ({
      time: START + hour * MICROS_PER_HOUR,
      value: hour,
      quality: 0,
    }));
    const options: BucketOptions = {
      grid: gridOf(width('PT1H')),
      aggregates: ['mean'],
      qualities: ['good', 'uncertain'],
      kindOf: () => 'continuous',
    };
    const all = [START, START + 72 * MICROS_PER_HOUR] as const;
    const clean = sourceOf(list, new Set(), new Set(), KEEP_ALL);
    await read(clean.source, options, ...all, MICROS_PER_HOUR);
    expect(clean.asked).toEqual(['summaries']);
    const open = sourceOf(list, new Set([START + 71 * MICROS_PER_HOUR]), new Set(), KEEP_ALL);
    await read(open.source, options, ...all, MICROS_PER_HOUR);
    expect(open.asked).toEqual(['summaries', 'points']);
    const fine = sourceOf(list, new Set(), new Set(), KEEP_ALL);
    await read(fine.source, options, ...all, undefined);
    expect(fine.asked).toEqual(['points']);
  });
});

describe('Buckets', () => {
  const options = (over: Partial<BucketOptions>): BucketOptions => ({
    grid: gridOf(width('PT50M')),
    aggregates: AGGREGATES,
    qualities: ['good', 'uncertain'],
    kindOf: () => 'continuous',
    ...over,
  });

  it('give what the textbook gives', () => {
    fc.assert(
      fc.property(dots, (list) => {
        const buckets = new Buckets(
          options({ aggregates: ['count', 'mean', 'sum', 'stddev', 'min', 'max'] }),
        );
        buckets.add([columnOf('x', list)]);
        for (const { start, end, rows } of bucketsOf(buckets.takeUntil(Number.POSITIVE_INFINITY))) {
          const inside = list.filter((dot) => dot.time >= start && dot.time < end);
          const usable = inside.filter((dot) => dot.quality !== 12).map((dot) => dot.value);
          const n = usable.length;
          const sum = usable.reduce((total, value) => total + value, 0);
          const variance = usable.reduce((total, value) => total + (value - sum / n) ** 2, 0) / (n - 1);
          const near = (value: number, holds = n > 0) => (holds ? expect.closeTo(value, 3) : null);
          const [row] = rows;
          expect(row?.values).toEqual([
            n,
            near(sum / n),
            near(sum),
            near(Math.sqrt(variance), n > 1),
            n > 0 ? Math.min(...usable) : null,
            n > 0 ? Math.max(...usable) : null,
          ]);
          const counted = { good: 0, uncertain: 0, bad: 0 };
          for (const dot of inside) counted[statusOf(dot.quality)] += 1;
          expect(row?.quality).toEqual(counted);
        }
      }),
    );
  });

  it('of several channels are those of each, by start and channel', () => {
    fc.assert(
      fc.property(dots, dots, grids, (one, other, [, grid]) => {
        const given = options({ grid, aggregates: ['count', 'sum', 'p50', 'last'] });
        const rowsOf = (channels: Readonly<Record<string, readonly Dot[]>>) => {
          const buckets = new Buckets(given);
          const found = [];
          const ends = START + (DAYS * 24 + 1) * MICROS_PER_HOUR;
          for (let hour = START; hour < ends; hour += MICROS_PER_HOUR) {
            const until = hour + MICROS_PER_HOUR;
            const columns = Object.entries(channels).map(([name, list]) => columnOf(name, list));
            buckets.add(sliceColumns(columns, hour === START ? 0 : hour, until));
            found.push(...bucketsOf(buckets.takeUntil(until)));
          }
          found.push(...bucketsOf(buckets.takeUntil(Number.POSITIVE_INFINITY)));
          expect(found.map(({ start }) => start)).toEqual(
            [...new Set(found.map(({ start }) => start))].sort((a, b) => a - b),
          );
          return found.flatMap(({ start, end, rows }) => rows.map((row) => ({ start, end, ...row })));
        };
        const each = [...rowsOf({ b: one }), ...rowsOf({ a: other })];
        expect(rowsOf({ b: one, a: other })).toEqual(
          each.sort(
            (left, right) =>
              left.start - right.start || ((left.channel ?? '') < (right.channel ?? '') ? -1 : 1),
          ),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('refuse points that come after later ones', () => {
    const buckets = new Buckets(options({ grid: gridOf(width('PT1M')) }));
    buckets.add([columnOf('x', [{ time: MICROS_PER_HOUR, value: 1, quality: 0 }])]);
    expect(() => buckets.add([columnOf('x', [{ time: 0, value: 1, quality: 0 }])])).toThrow(RangeError);
  });

  it('tell quantiles exactly below an hour, as numpy does', () => {
    const buckets = new Buckets(
      options({ grid: gridOf(width('PT1M')), aggregates: ['p0', 'p50', 'p95', 'p100'] }),
    );
    const list = [4, 1, 3, 2].map((value, at) => ({ time: at, value, quality: at === 0 ? 9 : 0 }));
    buckets.add([columnOf('x', [...list, { time: 9, value: 1000, quality: 12 }])]);
    const [bucket] = bucketsOf(buckets.takeUntil(MICROS_PER_MINUTE));
    expect(bucket?.rows[0]?.values).toEqual([1, 2.5, expect.closeTo(3.85, 12), 4]);
  });

  it('tell quantiles of hours within 1 %, rounded to that, and exactly where points are given too', () => {
    const list = Array.from({ length: 3000 }, (_, at) => ({
      time: at * MICROS_PER_SECOND,
      value: 20 + 5 * Math.sin(at * 0.7) + at / 7919,
      quality: at % 50 === 0 ? 12 : 0,
    }));
    const numbers = Float64Array.from(
      list.filter(({ quality }) => quality === 0).map(({ value }) => value),
    ).sort();
    const aggregates = ['p0', 'p1', 'p50', 'p99', 'p100'] as const;
    const shares = [0, 0.01, 0.5, 0.99, 1];
    const exact = shares.map((share) => quantile(numbers, share) ?? Number.NaN);
    const of = (given: Partial<BucketOptions>) => {
      const buckets = new Buckets(options({ grid: gridOf(width('PT1H')), aggregates, ...given }));
      buckets.add([columnOf('x', list)]);
      const [bucket] = bucketsOf(buckets.takeUntil(MICROS_PER_HOUR));
      return { values: bucket?.rows[0]?.values as number[], approximate: buckets.areApproximate };
    };
    const sketched = of({});
    expect(sketched.approximate).toBe(true);
    expect([sketched.values[0], sketched.values[4]]).toEqual([exact[0], exact[4]]);
    for (const at of [1, 2, 3]) {
      const value = sketched.values[at] ?? Number.NaN;
      expect(Number(value.toPrecision(3))).toBe(value);
      expect(Math.abs(value - (exact[at] ?? 0))).toBeLessThan(0.011 * Math.abs(exact[at] ?? 0) + 0.05);
    }
    expect(of({ exactQuantiles: true })).toEqual({ values: exact, approximate: false });
    // 1 % of some 20 Cel is 0.2 of anything that is as large.
    const kelvin = conversion('Cel', 'K');
    const inKelvin = of({ conversions: new Map([['x', kelvin]]) });
    expect(inKelvin.values[2]).toBe(Number(inKelvin.values[2]?.toFixed(1)));
    expect(inKelvin.values[2]).toBeCloseTo((exact[2] ?? 0) + 273.15, 0);
  });

  it('of equal numbers have the very number as a quantile', () => {
    const buckets = new Buckets(options({ grid: gridOf(width('PT1H')), aggregates: ['p50'] }));
    buckets.add([
      columnOf(
        'x',
        [0, 1].map((time) => ({ time, value: 37.4637, quality: 0 })),
      ),
    ]);
    const [bucket] = bucketsOf(buckets.takeUntil(MICROS_PER_HOUR));
    expect([bucket?.rows[0]?.values, buckets.areApproximate]).toEqual([[37.4637], false]);
  });

  it('aggregate over the qualities that are asked for, and count all', () => {
    const buckets = new Buckets(options({ aggregates: ['count', 'max'], qualities: ['bad'] }));
    const list = [0, 9, 12].map((quality, at) => ({ time: at, value: at, quality }));
    buckets.add([columnOf('x', list)]);
    const [bucket] = bucketsOf(buckets.takeUntil(Number.POSITIVE_INFINITY));
    expect(bucket?.rows).toMatchObject([{ values: [1, 2], quality: { good: 1, uncertain: 1, bad: 1 } }]);
  });
});
