/** A curve that goes on: the end is read again and again, and nothing is lost or twice. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newestOf, withTail } from '../../web/src/live/tail.ts';

const columns = (seconds: readonly number[], mark: string) => ({
  t: seconds.map((second) => new Date(second * 1000).toISOString()),
  v: seconds,
  q: seconds.map(() => mark),
});

it('takes later judgements for the end, and lets go of the beginning', () => {
  const merged = withTail(columns([1, 2, 3, 4], 'old'), columns([3, 4, 5], 'new'), 3000, 2000);
  expect(merged).toEqual({ ...columns([2, 3, 4, 5], ''), q: ['old', 'new', 'new', 'new'] });
  expect(newestOf(merged)).toBe(5000);
});

it('begins with nothing, and fills in columns that only one has', () => {
  expect(withTail({}, columns([1], 'new'), 0, 0)).toEqual(columns([1], 'new'));
  expect(withTail({ t: ['1970-01-01T00:00:01.000Z'], v: [1] }, columns([2], 'new'), 2000, 0)['q']).toEqual([
    null,
    'new',
  ]);
});

it('is the whole however it is cut into pieces', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 })), fc.array(fc.nat(300)), (list, cuts) => {
      const all = [...list].sort((a, b) => a - b);
      let merged = columns([], 'x') as ReturnType<typeof withTail>;
      for (const cut of [...cuts, 300].sort((a, b) => a - b)) {
        const since = Math.max(0, cut - 20);
        const known = all.filter((second) => second <= cut);
        const before = newestOf(merged);
        const from = Math.min(since, before === undefined ? 0 : before / 1000);
        merged = withTail(
          merged,
          columns(
            known.filter((second) => second >= from),
            'x',
          ),
          from * 1000,
          0,
        );
      }
      expect(merged['v']).toEqual(all);
    }),
  );
});
