import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValueType } from '../../../contracts/resources/instrument-types.ts';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';
import { isNumeric } from '../../../series/points/column.ts';
import { ExactSum } from '../../../series/summaries/exact-sum.ts';
import { KEEP_ALL, KEEP_SUMS, type Kept } from '../../../series/summaries/kept.ts';
import type { SummaryColumn, SummaryRun } from '../../../series/summaries/run.ts';
import { sectionsFor } from '../../../series/summaries/sections.ts';
import { SKETCH_ERROR, Sketch } from '../../../series/summaries/sketch.ts';
import {
  deltaOf,
  meanOf,
  quantileOfSketch,
  rangeOf,
  rateOf,
  standardDeviationOf,
  timeWeightedMeanOf,
  totalOf,
} from '../../../series/summaries/statistics.ts';
import { Summary } from '../../../series/summaries/summary.ts';
import {
  CorruptSummaries,
  decodeSummaries,
  encodeSummaries,
} from '../../../series/summaries/summary-codec.ts';
import type { Windows } from '../../../series/summaries/windows.ts';
import { WindowsBuilder } from '../../../series/summaries/windows-builder.ts';

const NOTHING: Kept = {
  ends: false,
  extremes: false,
  sum: false,
  squares: false,
  area: false,
  sketch: false,
};

const decimal = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 1000);
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -1e3, max: 1e3 }),
  decimal,
);
const quality = fc.constantFrom(0, 0, 0, 9, 12);
const gap = fc.integer({ min: 1, max: 5_000_000 });
const points = fc
  .oneof(
    fc.array(fc.record({ gap, value: finite, quality }), { maxLength: 60 }),
    // Sums of decimals are stored in their own way.
    fc.array(fc.record({ gap, value: decimal, quality }), { maxLength: 60 }),
  )
  .map((list) => {
    let time = 1_700_000_000_000_000;
    return list.map(({ gap: more, value, quality: q }) => {
      time += more;
      return { time, value, quality: q };
    });
  });
type Points = readonly { readonly time: number; readonly value: number; readonly quality: number }[];

const kind = fc.constantFrom('continuous' as const, 'step' as const);
const summed = (list: Points, of: 'continuous' | 'step'): Summary => {
  const summary = new Summary(of, true);
  for (const { time, value, quality: q } of list) summary.add(time, value, q);
  return summary;
};
/** All that a summary says. */
const said = (summary: Summary) => ({
  counts: summary.counts,
  count: summary.count,
  first: summary.first,
  last: summary.last,
  min: summary.min,
  max: summary.max,
  total: totalOf(summary),
  mean: meanOf(summary),
  timeWeightedMean: timeWeightedMeanOf(summary),
  stddev: standardDeviationOf(summary),
  range: rangeOf(summary),
  delta: deltaOf(summary),
  rate: rateOf(summary),
  median: quantileOfSketch(summary, 0.5),
  parts: [summary.sum?.parts, summary.squares?.parts, summary.area?.parts],
  bins: [summary.sketch?.above, summary.sketch?.below, summary.sketch?.zeros],
});

describe('a summary', () => {
  it('is the same, to the bit, however its points are grouped', () => {
    fc.assert(
      fc.property(points, kind, fc.array(fc.nat(60), { maxLength: 6 }), (list, of, cuts) => {
        const whole = summed(list, of);
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, list.length)), list.length].sort(
          (a, b) => a - b,
        );
        const parts = bounds.slice(1).map((end, index) => summed(list.slice(bounds[index], end), of));
        const left = new Summary(of, true);
        const windows = reread(windowsOf(parts, 'number'), of);
        // Windows at once and one by one, of which some are empty.
        const [one = 0, other = one] = cuts.map((cut) => cut % parts.length).sort((a, b) => a - b);
        left.merge(windows, 0, one);
        for (let at = one; at < other; at += 1) left.merge(windows, at, at + 1);
        left.merge(windows, other, parts.length);
        expect(said(left)).toEqual(said(whole));
        const right = parts.reduceRight((later, earlier) => {
          earlier.merge(reread(windowsOf([later], 'number'), of), 0, 1);
          return earlier;
        }, new Summary(of, true));
        expect(said(right)).toEqual(said(whole));
      }),
    );
  });

  it('says what plain arithmetic on whole numbers says', () => {
    const whole = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(whole, (values) => {
        const list = values.map((value, at) => ({ time: at * 1_000_000, value, quality: 0 }));
        const sum = values.reduce((total, value) => total + value, 0);
        const mean = sum / values.length;
        const summary = summed(list, 'continuous');
        expect(totalOf(summary)).toBe(sum);
        expect(meanOf(summary)).toBe(mean);
        const variance =
          values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1);
        expect(standardDeviationOf(summary)).toBeCloseTo(Math.sqrt(variance), 9);
        const ends = ((values[0] ?? 0) + (values.at(-1) ?? 0)) / 2;
        expect(timeWeightedMeanOf(summary)).toBeCloseTo((sum - ends) / (values.length - 1), 9);
        const held = (sum - (values.at(-1) ?? 0)) / (values.length - 1);
        expect(timeWeightedMeanOf(summed(list, 'step'))).toBeCloseTo(held, 9);
      }),
    );
  });

  it('does not cancel: a small spread on a large value keeps its digits', () => {
    const summary = new Summary('continuous', true);
    for (const [at, value] of [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16].entries()) summary.add(at, value, 0);
    expect(standardDeviationOf(summary)).toBe(Math.sqrt(30));
  });

  it('of a constant has no deviation, in any grouping', () => {
    const list = Array.from({ length: 500 }, (_, at) => ({ time: at * 60_000_000, value: 21.1, quality: 0 }));
    const whole = summed(list, 'continuous');
    expect(standardDeviationOf(whole)).toBe(0);
    const parts = Array.from({ length: 50 }, (_, at) =>
      summed(list.slice(10 * at, 10 * at + 10), 'continuous'),
    );
    const merged = new Summary('continuous', true);
    merged.merge(reread(windowsOf(parts, 'number'), 'continuous'), 0, parts.length);
    expect(standardDeviationOf(merged)).toBe(0);
  });

  it('counts bad points and uses them only when asked to', () => {
    const usual = summed(
      [
        { time: 1, value: 5, quality: 0 },
        { time: 2, value: 100, quality: 12 },
      ],
      'continuous',
    );
    expect(usual).toMatchObject({ count: 1, counts: { good: 1, uncertain: 0, bad: 1 } });
    expect(meanOf(usual)).toBe(5);
    const bad = new Summary('continuous', true, KEEP_SUMS, ['bad']);
    bad.add(1, 5, 0);
    bad.add(2, 100, 12);
    expect(bad).toMatchObject({ count: 1, counts: { good: 1, uncertain: 0, bad: 1 } });
    expect(meanOf(bad)).toBe(100);
  });

  it('holds first and last of texts and truth values, and no number', () => {
    const summary = new Summary('step', false);
    summary.add(1, 'idle', 0);
    summary.add(2, 'busy', 0);
    expect(summary).toMatchObject({ count: 2, first: { value: 'idle' }, last: { value: 'busy' } });
    for (const statistic of [
      meanOf,
      totalOf,
      standardDeviationOf,
      rangeOf,
      deltaOf,
      rateOf,
      timeWeightedMeanOf,
    ])
      expect(statistic(summary)).toBeNull();
    expect(quantileOfSketch(summary, 0.5)).toBeNull();
  });

  it('has no sum of values too great to add, in any grouping', () => {
    const [left, right] = [new Summary('continuous', true), new Summary('continuous', true)];
    left.add(1, Number.MAX_VALUE, 0);
    right.add(2, -Number.MAX_VALUE, 0);
    left.merge(reread(windowsOf([right], 'number'), 'continuous'), 0, 1);
    expect(left.count).toBe(2);
    for (const statistic of [totalOf, meanOf, standardDeviationOf, timeWeightedMeanOf])
      expect(statistic(left)).toBeNull();
  });
});

describe('an exact sum', () => {
  it('rounds once', () => {
    const sum = new ExactSum();
    for (const term of [1, 1e100, 1, -1e100]) sum.add(term);
    expect(sum.value).toBe(2);
    const tenths = new ExactSum();
    for (let count = 0; count < 10; count += 1) tenths.add(0.1);
    expect(tenths.value).toBe(1);
    // Half-even across the parts, as CPython's tests of fsum have it.
    expect(new ExactSum([2 ** 53, 1, 2 ** -100]).value).toBe(2 ** 53 + 2);
    expect(new ExactSum([2 ** 53, 1]).value).toBe(2 ** 53);
  });

  it('adds products without loss', () => {
    const exact = new ExactSum();
    exact.addProduct(2 ** 53 - 1, 2 ** 53 - 1);
    exact.add(-(2 ** 106));
    exact.add(2 ** 54);
    expect(exact.value).toBe(1);
  });
});

describe('a sketch', () => {
  it('tells quantiles within its accuracy', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 200 }),
        fc.double({ noNaN: true, min: 0, max: 1 }),
        (values, share) => {
          const sketch = new Sketch();
          for (const value of values) sketch.add(value);
          const sorted = values.toSorted((left, right) => left - right);
          const bounds = { min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
          const truth = sorted[Math.floor(share * (values.length - 1))] ?? Number.NaN;
          const told = sketch.quantile(share, bounds);
          expect(Math.abs(told - truth)).toBeLessThanOrEqual(SKETCH_ERROR * Math.abs(truth) * (1 + 1e-9));
        },
      ),
    );
  });
});

const START = 1_600_000_000_000_000;
const WIDTH = 1_000_000_000_000;

/** Summaries as columns. */
const windowsOf = (
  summaries: readonly (Summary | undefined)[],
  type: ValueType,
  sketched = true,
): Windows => {
  const builder = new WindowsBuilder(summaries.length, isNumeric(type), sketched);
  for (const [at, summary] of summaries.entries()) if (summary !== undefined) builder.put(at, summary);
  return builder.build();
};
const runOf = (windows: Windows, type: ValueType, of: 'continuous' | 'step'): SummaryRun => ({
  start: START,
  width: WIDTH,
  windows: windows.good.length,
  columns: [{ channel: 'x', unit: 'K', type, kind: of, windows }],
});
/** As they come back from the store. */
const reread = (windows: Windows, of: 'continuous' | 'step'): Windows => {
  const back = decodeSummaries(encodeSummaries(runOf(windows, 'number', of)), 'test').columns[0];
  if (back === undefined) throw new Error('nothing came back');
  return back.windows;
};
/** What each window of a column says. */
const saidByWindow = ({ windows, kind: of, type }: SummaryColumn, kept: Kept = KEEP_ALL) =>
  Array.from(windows.good, (_, at) => {
    const summary = new Summary(of, isNumeric(type), kept);
    summary.merge(windows, at, at + 1);
    return said(summary);
  });

describe('summaries as bytes', () => {
  const list = Array.from({ length: 300 }, (_, at) => ({
    time: START + at * 7_000_000_000 + ((at * 7919) % 999) * 1000,
    value: Math.round(1000 * (20 + 5 * Math.sin(at / 9))) / 1000,
    quality: at % 31 === 0 ? 12 : at % 17 === 0 ? 9 : 0,
  }));
  const partly = (window: number, of: 'continuous' | 'step' = 'continuous') =>
    window === 1
      ? undefined
      : summed(
          list.filter(({ time }) => Math.floor((time - START) / WIDTH) === window),
          of,
        );
  const texts = new Summary('step', false);
  texts.add(START + 2 * WIDTH + 1, 'é"', 0);
  texts.add(START + 2 * WIDTH + 5, 'z', 9);
  const spoiled = new Summary('continuous', true);
  spoiled.add(START, 3, 12);
  const columns: SummaryColumn[] = [
    {
      channel: 'state',
      unit: '1',
      type: 'string',
      kind: 'step',
      windows: windowsOf([undefined, undefined, texts], 'string'),
    },
    {
      channel: 'temp',
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      windows: windowsOf(
        [0, 1, 2].map((at) => partly(at)),
        'number',
      ),
    },
    {
      channel: 'void',
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      windows: windowsOf([spoiled, undefined, undefined], 'number'),
    },
  ];
  const run: SummaryRun = { start: START, width: WIDTH, windows: 3, columns };

  it('come back as they were', () => {
    const back = decodeSummaries(encodeSummaries(run), 'it');
    expect(back).toMatchObject({ start: START, width: WIDTH, windows: 3 });
    expect(back.columns.map(({ windows: _, ...about }) => about)).toEqual(
      columns.map(({ windows: _, ...about }) => about),
    );
    expect(back.columns.map((column) => saidByWindow(column))).toEqual(
      columns.map((column) => saidByWindow(column)),
    );
    expect(back.columns[1] && saidByWindow(back.columns[1])[2]).toEqual(said(partly(2) ?? texts));
  });

  it('come back by channel and by what is wanted, from the sections of it alone', () => {
    const sections = encodeSummaries(run);
    for (const wanted of ['ends', 'extremes', 'sum', 'squares', 'sketch'] as const) {
      const kept = { ...NOTHING, [wanted]: true };
      const few = Object.fromEntries(sectionsFor(kept).map((section) => [section, sections[section]]));
      const back = decodeSummaries(few, 'it', new Set(['temp']), kept);
      expect(back.columns.map(({ channel }) => channel)).toEqual(['temp']);
      const [mine, whole] = [back.columns[0], columns[1]];
      expect(mine && saidByWindow(mine, kept)).toEqual(whole && saidByWindow(whole, kept));
    }
  });

  it('take few bytes for sums of decimals', () => {
    const minutes = Array.from({ length: 60 }, (_, window) =>
      summed(
        list.slice(0, 60).map((dot, at) => ({ ...dot, time: START + window * WIDTH + at, quality: 0 })),
        'continuous',
      ),
    );
    const { sums } = encodeSummaries(runOf(windowsOf(minutes, 'number'), 'number', 'continuous'));
    expect(sums?.length).toBeLessThan(60 * 5);
  });

  it('are refused by name when any byte is another', () => {
    const sections = encodeSummaries(run);
    for (const [section, bytes] of Object.entries(sections)) {
      for (let at = 0; at < bytes.length; at += 1) {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] ?? 0) ^ 0x10;
        expect(() => decodeSummaries({ ...sections, [section]: broken }, 'device/2026')).toThrow(
          at === 0 ? UnknownFormat : CorruptSummaries,
        );
      }
      expect(() => decodeSummaries({ ...sections, [section]: bytes.subarray(0, 3) }, 'device/2026')).toThrow(
        'device/2026',
      );
    }
  });
});
