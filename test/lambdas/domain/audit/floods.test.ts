import { expect, it } from 'vitest';
import { isTold } from '../../../../lambdas/domain/audit/floods.ts';

it('tells the first ten tries, then each doubling', () => {
  const told = Array.from({ length: 1000 }, (_, index) => index + 1).filter(isTold);
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 40, 80, 160, 320, 640]);
});
