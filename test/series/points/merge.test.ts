import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns, mergePieces, nothingFound, sliceColumns } from '../../../series/points/merge.ts';
import { AGAIN, NO_NUMBER } from '../../../series/points/order.ts';

interface Point {
  readonly channel: string;
  readonly time: number;
  readonly value: number;
  readonly quality: number;
}

const point = fc.record(
  {
    channel: fc.constantFrom('a', 'b'),
    time: fc.integer({ min: 0, max: 40 }),
    value: fc.integer({ min: 0, max: 3 }),
    quality: fc.constantFrom(0, 0, 5),
  },
  { noNullPrototype: true },
);
const chunk = fc.array(point, { maxLength: 30 });

const toColumns = (points: readonly Point[]): SeriesColumn[] =>
  ['a', 'b'].flatMap((channel) => {
    const own = points.filter((one) => one.channel === channel);
    return own.length === 0
      ? []
      : [
          {
            channel,
            type: 'integer' as const,
            unit: '1',
            time: own.map(({ time }) => time),
            value: own.map(({ value }) => value),
            quality: own.some(({ quality }) => quality > 0) ? own.map(({ quality }) => quality) : undefined,
          },
        ];
  });

const toPoints = (columns: readonly SeriesColumn[]): Point[] =>
  columns.flatMap(({ channel, time, value, quality }) =>
    time.map((one, at) => ({ channel, time: one, value: Number(value[at]), quality: quality?.[at] ?? 0 })),
  );

describe('mergeColumns', () => {
  it('gives what writing each point in order of arrival into one table gives', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
        const table = new Map<string, Point>();
        for (const one of chunks.flat())
          table.set(`${one.channel}/${String(one.time).padStart(3, '0')}`, one);
        const expected = [...table].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, one]) => one);
        expect(toPoints(mergeColumns(chunks.map(toColumns)))).toStrictEqual(expected);
        const found = nothingFound();
        mergePieces(chunks.map((one) => ({ columns: toColumns(one), found })));
        expect(expected.length + found.duplicate + found.overwritten).toBe(chunks.flat().length);
      }),
    );
  });

  it('changes nothing when a chunk comes twice', () => {
    fc.assert(
      fc.property(chunk, (points) => {
        const columns = toColumns(points);
        expect(mergeColumns([columns, columns])).toStrictEqual(mergeColumns([columns]));
      }),
    );
  });

  it('joins pieces that follow each other whichever arrived first', () => {
    const piece = (time: number[], quality?: number[]): SeriesColumn[] => [
      { channel: 'a', type: 'number', unit: '1', time, value: time.map((at) => at / 2), quality },
    ];
    const columns = mergeColumns([piece([10, 11]), piece([1, 2], [0, 5])]);
    expect(columns).toStrictEqual(piece([1, 2, 10, 11], [0, 5, 0, 0]));
  });
});

const versionOf = (value: number, order: readonly number[], given = 0): SeriesColumn[] => [
  {
    channel: 'a',
    type: 'number',
    unit: '1',
    time: [7],
    value: [value],
    quality: given === 0 ? undefined : [given],
    given: given === 0 ? undefined : [given],
    order,
  },
];

describe('mergePieces', () => {
  const session = 1000;
  const versions = [
    versionOf(1, [session, 4, 1]),
    versionOf(2, [session, 6, 1]),
    versionOf(3, [session, 9, 1], 5),
  ];

  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])(
    'keeps the version with the greatest number, in order %j',
    (order) => {
      const found = nothingFound();
      const { columns: merged } = mergePieces(order.map((at) => ({ columns: versions[at] ?? [], found })));
      expect(merged.map(({ value, given }) => [value, given])).toStrictEqual([[[3], [5]]]);
      expect(found).toStrictEqual({ duplicate: 0, overwritten: 2, recovered: 0 });
    },
  );

  it('goes through versions in the order of their numbers', () => {
    const found = nothingFound();
    const pieces = [
      versionOf(1, [session, 4, 1]),
      versionOf(1, [session, 9, 1]),
      versionOf(2, [session, 6, 1]),
    ];
    const {
      columns: [merged],
    } = mergePieces(pieces.map((columns) => ({ columns, found })));
    expect(merged?.value).toStrictEqual([1]);
    expect(found).toStrictEqual({ duplicate: 0, overwritten: 2, recovered: 0 });
  });

  it('takes the same value and given quality for a duplicate', () => {
    const found = nothingFound();
    mergePieces([4, 9].map((number) => ({ columns: versionOf(1, [session, number, 1]), found })));
    expect(found).toStrictEqual({ duplicate: 1, overwritten: 0, recovered: 0 });
  });

  it('takes the same value with another given quality for a correction', () => {
    const found = nothingFound();
    const pieces = [versionOf(1, [session, 4, 1]), versionOf(1, [session, 5, 1], 5)];
    const {
      columns: [merged],
    } = mergePieces(pieces.map((columns) => ({ columns, found })));
    expect(merged?.given).toStrictEqual([5]);
    expect(found).toStrictEqual({ duplicate: 0, overwritten: 1, recovered: 0 });
  });

  it('counts one message that two runs wrote once', () => {
    const found = nothingFound();
    mergePieces(
      [versionOf(1, [session, 4, 1]), versionOf(1, [session, 4, 1])].map((columns) => ({ columns, found })),
    );
    expect(found).toStrictEqual(nothingFound());
  });

  it('lets a message that came before fill holes and change nothing', () => {
    const found = nothingFound();
    const again = versionOf(9, [AGAIN, NO_NUMBER, 1]);
    const {
      columns: [kept],
    } = mergePieces([
      { columns: versionOf(1, [session, 4, 1]), found },
      { columns: again, found },
    ]);
    expect(kept?.value).toStrictEqual([1]);
    expect(found).toStrictEqual(nothingFound());
    const {
      columns: [filled],
    } = mergePieces([{ columns: again, found }]);
    expect(filled?.value).toStrictEqual([9]);
    expect(found).toStrictEqual({ duplicate: 0, overwritten: 0, recovered: 1 });
  });
});

describe('sliceColumns', () => {
  it('takes the first time and leaves the end', () => {
    fc.assert(
      fc.property(chunk, fc.nat(45), fc.nat(45), (points, from, to) => {
        const columns = mergeColumns([toColumns(points)]);
        expect(toPoints(sliceColumns(columns, from, to))).toStrictEqual(
          toPoints(columns).filter(({ time }) => time >= from && time < to),
        );
      }),
    );
  });
});
