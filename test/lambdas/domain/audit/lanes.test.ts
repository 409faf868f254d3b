import { expect, it } from 'vitest';
import { LaneChoice } from '../../../../lambdas/domain/audit/lanes.ts';

it('is the first chain, then for a minute the one that was gone to', () => {
  const lanes = new LaneChoice();
  expect(lanes.at(0)).toBe(0);
  expect(lanes.after(1000, 0.999)).toBe(31);
  expect(lanes.at(60_999)).toBe(31);
  expect(lanes.at(61_000)).toBe(0);
});
