/** Series made into columns of a chart: what is missing is a gap, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curvesOf, isLine, joined, lineOf, qualitySpans, stateSpans } from '../../web/src/charts/curves.ts';

const START = Date.parse('2026-03-01T10:00:00Z');
const iso = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

const points = (
  list: readonly (readonly [second: number, value: number | string | boolean, quality?: string])[],
) => ({
  t: list.map(([second]) => iso(second)),
  n: list.map(() => 'temp'),
  u: list.map(() => 'Cel'),
  v: list.map(([, value]) => value),
  q: list.map(([, , quality]) => quality ?? 'good'),
});

const curveOf = (
  columns: ReturnType<typeof points>,
  kind: 'continuous' | 'step' = 'continuous',
  interval?: number,
) => {
  const [curve] = curvesOf(columns, 'meter', { temp: { kind, interval } });
  if (curve === undefined) throw new Error('no curve');
  return curve;
};

describe('points', () => {
  it('stay as they are while none is missing', () => {
    const curve = curveOf(points([0, 1, 2, 3, 4].map((second) => [second, second * 2])));
    expect(curve).toMatchObject({ device: 'meter', channel: 'temp', unit: 'Cel', values: [0, 2, 4, 6, 8] });
    expect(curve.times).toEqual([0, 1, 2, 3, 4].map((second) => START + second * 1000));
  });

  it('get a null where more than three steps are missing', () => {
    const curve = curveOf(points([0, 1, 2, 3, 10, 11, 12].map((second) => [second, 1])));
    expect(curve.values).toEqual([1, 1, 1, 1, null, 1, 1, 1]);
    expect(curve.times[4]).toBeGreaterThan(START + 3000);
    expect(curve.times[4]).toBeLessThan(START + 10_000);
  });

  it('are gaps by the interval that the type declares', () => {
    const seconds = [0, 1, 2, 3, 10, 11, 12].map((second) => [second, 1] as const);
    expect(curveOf(points(seconds), 'continuous', 10).values).not.toContain(null);
  });

  it('hold where they are told only when they change', () => {
    const seconds = [0, 1, 2, 3, 3600].map((second) => [second, 1] as const);
    expect(curveOf(points(seconds), 'step').values).not.toContain(null);
  });

  it('that are bad or no number are gaps, and never zero', () => {
    const curve = curveOf(
      points([
        [0, 1],
        [1, 2, 'bad/sensor-failure'],
        [2, Number.NaN],
        [3, 4, 'uncertain/jump'],
      ]),
    );
    expect(lineOf(curve)).toEqual([1, null, null, 4]);
    expect(qualitySpans(curve).map(({ what }) => what)).toEqual(['bad/sensor-failure', 'uncertain/jump']);
  });

  it('end at the last sample', () => {
    const curve = curveOf(
      points([
        [0, 'idle'],
        [1, 'idle'],
        [2, 'running'],
        [3, 'running'],
      ]),
      'step',
    );
    expect(isLine(curve)).toBe(false);
    expect(stateSpans(curve)).toEqual([
      { from: START, to: START + 2000, what: 'idle' },
      { from: START + 2000, to: START + 3000, what: 'running' },
    ]);
  });

  it('of truth are states', () => {
    const curve = curveOf(
      points([
        [0, true],
        [1, false],
        [2, false],
      ]),
      'step',
    );
    expect(isLine(curve)).toBe(false);
    expect(stateSpans(curve).map(({ what }) => what)).toEqual(['true', 'false']);
  });

  it('have the same gaps however often they are read', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 3 }), (seconds) => {
        const list = points([...seconds].sort((a, b) => a - b).map((second) => [second, second]));
        const [once, twice] = [curveOf(list), curveOf(list)];
        expect(twice).toEqual(once);
        expect(once.values.filter((value) => value !== null)).toHaveLength(seconds.length);
        expect(once.times).toEqual([...once.times].sort((a, b) => a - b));
      }),
    );
  });
});

describe('buckets', () => {
  const bucketed = (minutes: readonly number[], bad: readonly number[] = []) => ({
    t: minutes.map((minute) => iso(minute * 60)),
    n: minutes.map(() => 'temp'),
    u: minutes.map(() => 'Cel'),
    min: minutes.map((minute) => minute - 1),
    max: minutes.map((minute) => (minute === 3 ? 1000 : minute + 1)),
    mean: minutes.map((minute) => minute),
    last: minutes.map((minute) => minute),
    good: minutes.map(() => 60),
    uncertain: minutes.map(() => 0),
    bad: minutes.map((minute) => (bad.includes(minute) ? 5 : 0)),
  });

  it('keep the spike of a single point in the band', () => {
    const [curve] = curvesOf(bucketed([1, 2, 3, 4]), 'meter', {});
    expect(curve?.band?.max).toContain(1000);
    expect(curve?.values).toEqual([1, 2, 3, 4]);
  });

  it('are a gap where one that is full is missing', () => {
    const [curve] = curvesOf(bucketed([1, 2, 3, 5, 6]), 'meter', {});
    expect(curve?.values).toEqual([1, 2, 3, null, 5, 6]);
    expect(curve?.band?.min).toEqual([0, 1, 2, null, 4, 5]);
  });

  it('with bad points in them are shaded, and keep their mean of the others', () => {
    const [curve] = curvesOf(bucketed([1, 2, 3], [2]), 'meter', {});
    expect(curve?.values).toEqual([1, 2, 3]);
    expect(curve?.quality).toEqual(['good', 'bad', 'good']);
  });
});

describe('joining', () => {
  it('leaves a curve alone where another one has a point', () => {
    const data = joined([
      { times: [1000, 3000], columns: [[1, 3]] },
      { times: [2000, 3000], columns: [[null, 30]] },
    ]);
    expect(data).toEqual([
      [1, 2, 3],
      [1, undefined, 3],
      [undefined, null, 30],
    ]);
  });

  it('keeps columns that share their times', () => {
    expect(
      joined([
        { times: [1000], columns: [[1], [2]] },
        { times: [1000], columns: [[3]] },
      ]),
    ).toEqual([[1], [1], [2], [3]]);
  });
});
