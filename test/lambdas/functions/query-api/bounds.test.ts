import { describe, expect, it } from 'vitest';
import { manySeriesQuery } from '../../../../contracts/resources/series.ts';
import { MICROS_PER_DAY } from '../../../../contracts/time.ts';
import { devicesHeld, refuseTooWide, rowsOfPage } from '../../../../lambdas/functions/query-api/bounds.ts';
import { parseQuery, resolveSeries } from '../../../../lambdas/functions/query-api/series-query.ts';
import { time } from '../../../support/query-api.ts';

const START = time('2026-03-28T00:00:00Z');

/** Series of so many devices with so many channels. */
const seriesOf = (devices: number, channels: number, more = '', interval?: number) => {
  const names = Array.from({ length: devices }, (_, at) => `d${at}`);
  const range = 'from=2026-03-28T00:00:00Z&to=2026-03-30T00:00:00Z';
  const of = manySeriesQuery.parse(
    Object.fromEntries(new URLSearchParams(`devices=${names.join()}&${range}${more}`)),
  );
  const channel = { unit: '1', type: 'number', kind: 'continuous', ...(interval && { interval }) } as const;
  const all = Object.fromEntries(Array.from({ length: channels }, (_, at) => [`c${at}`, channel]));
  return resolveSeries(
    names.map((id) => ({ id, channels: all })),
    of,
    { ...parseQuery(of), several: true, now: START + 3 * MICROS_PER_DAY },
  );
};

describe('series side by side', () => {
  const refusal = (series: ReturnType<typeof seriesOf>, limit?: number): string | undefined => {
    try {
      refuseTooWide(series, limit);
      return undefined;
    } catch (error) {
      expect(error).toMatchObject({ code: 'answer-too-large', status: 400 });
      return (error as { detail: string }).detail;
    }
  };
  const aligned = '&align=true';

  it('are refused when they are too many, with a pointer to exports', () => {
    expect(refusal(seriesOf(100, 20, aligned))).toBeUndefined();
    expect(refusal(seriesOf(100, 21, aligned))).toBe(
      '2100 series side by side are more than 2000: ask for fewer devices or channels, or have files made with POST /v1/exports',
    );
    // Below each other they cost no more than one of them.
    expect(refusal(seriesOf(100, 200))).toBeUndefined();
  });

  it('are refused when a page of them is too large', () => {
    expect(refusal(seriesOf(10, 10, aligned), 5000)).toBeUndefined();
    expect(refusal(seriesOf(10, 10, aligned), 5001)).toContain('more than 500000 cells');
  });

  it('are refused when an hour of their points is too much, and not when there is no such hour', () => {
    expect(refusal(seriesOf(10, 20, aligned, 0.1))).toBeUndefined();
    expect(refusal(seriesOf(20, 20, aligned, 0.1))).toContain('points an hour');
    expect(refusal(seriesOf(20, 20, `${aligned}&every=PT1H&agg=mean`, 0.1))).toBeUndefined();
  });

  it('have shorter pages where they are wide and nobody has said how long', () => {
    expect(rowsOfPage(seriesOf(1, 10, aligned), undefined, 10_000)).toBe(10_000);
    expect(rowsOfPage(seriesOf(100, 20, aligned), undefined, 10_000)).toBe(250);
    expect(rowsOfPage(seriesOf(100, 20, aligned), 7, 10_000)).toBe(7);
    expect(rowsOfPage(seriesOf(100, 20), undefined, 10_000)).toBe(10_000);
  });
});

it('reads fewer devices at the same time the more points they have', () => {
  expect(devicesHeld(seriesOf(100, 5), 16)).toBe(16);
  expect(devicesHeld(seriesOf(100, 200, '', 0.1), 16)).toBe(1);
  expect(devicesHeld(seriesOf(100, 200, '', 0.5), 16)).toBe(6);
});
