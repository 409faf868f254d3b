import { expect, it } from 'vitest';
import { IntervalGaps } from '../../../../lambdas/domain/ledger/interval-gaps.ts';

const gapsOf = (interval: number | undefined, times: readonly number[], most = 10) => {
  const gaps = new IntervalGaps(interval, { from: 0, to: 100 }, most);
  for (const time of times) gaps.add([time]);
  gaps.finish();
  return gaps;
};

it('names times without points, at the ends as well', () => {
  expect(gapsOf(10, [30, 40, 51, 90]).gaps).toEqual([
    { after: undefined, before: 30, points: 3 },
    { after: 51, before: 90, points: 3 },
  ]);
  expect(gapsOf(10, [9, 20, 30, 40, 50]).gaps).toEqual([{ after: 50, before: undefined, points: 5 }]);
  expect(gapsOf(10, []).gaps).toEqual([{ after: undefined, before: undefined, points: 10 }]);
});

it('tolerates clocks that are not exact, and expects nothing where no interval is declared', () => {
  const shaken = [4, 18, 21, 34, 40, 55, 62, 70, 84, 93];
  expect(gapsOf(10, shaken)).toMatchObject({ gaps: [], left: 0, present: 10 });
  expect(gapsOf(undefined, [])).toMatchObject({ gaps: [], left: 0 });
});

it('keeps as many as are asked for, and counts the others', () => {
  expect(gapsOf(1, [10, 20, 30, 40], 2)).toMatchObject({ gaps: [{ before: 10 }, { before: 20 }], left: 3 });
});
