import fc from 'fast-check';
import { expect, it } from 'vitest';
import { disjoint, type Span } from '../../../../lambdas/domain/ledger/cover.ts';

const span = (from: number, to: number, shardKey = 'a'): Span => ({
  shardKey,
  first: String(from),
  last: String(to),
  count: to - from + 1,
});

it('takes runs that do not overlap as they are', () => {
  const runs = [span(1, 5), span(6, 9), span(10, 10), span(1, 9, 'b')];
  expect(disjoint(runs)).toStrictEqual(runs);
});

it('takes what was committed where a run that was not begins within and ends elsewhere', () => {
  expect(disjoint([span(1, 10), span(1, 5), span(6, 15)])).toStrictEqual([span(1, 5), span(6, 15)]);
});

it('counts each record once, whatever was written besides what was committed', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 8 });
  const loose = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.nat(30)), { maxLength: 8 });
  fc.assert(
    fc.property(cuts, loose, (inner, written) => {
      const borders = [0, ...inner.sort((left, right) => left - right), 100];
      const committed = borders.slice(0, -1).map((from, at) => span(from, (borders[at + 1] ?? 0) - 1));
      const others = written.map(([from, length]) => span(from, Math.min(99, from + length)));
      const chosen = disjoint([...others, ...committed]);
      const told = chosen.flatMap(({ first, last }) =>
        Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => Number(first) + at),
      );
      expect(told.sort((left, right) => left - right)).toStrictEqual(
        Array.from({ length: 100 }, (_, at) => at),
      );
    }),
  );
});
