import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns, sliceColumns } from '../../../series/points/merge.ts';

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
        const merged = mergeColumns(chunks.map(toColumns));
        expect(toPoints(merged.columns)).toStrictEqual(expected);
        expect(expected.length + merged.duplicate + merged.overwritten).toBe(chunks.flat().length);
      }),
    );
  });

  it('changes nothing when a chunk comes twice', () => {
    fc.assert(
      fc.property(chunk, (points) => {
        const columns = toColumns(points);
        expect(mergeColumns([columns, columns]).columns).toStrictEqual(mergeColumns([columns]).columns);
      }),
    );
  });

  it('joins pieces that follow each other whichever arrived first', () => {
    const piece = (time: number[], quality?: number[]): SeriesColumn[] => [
      { channel: 'a', type: 'number', unit: '1', time, value: time.map((at) => at / 2), quality },
    ];
    const { columns } = mergeColumns([piece([10, 11]), piece([1, 2], [0, 5])]);
    expect(columns).toStrictEqual(piece([1, 2, 10, 11], [0, 5, 0, 0]));
  });
});

describe('sliceColumns', () => {
  it('takes the first time and leaves the end', () => {
    fc.assert(
      fc.property(chunk, fc.nat(45), fc.nat(45), (points, from, to) => {
        const { columns } = mergeColumns([toColumns(points)]);
        expect(toPoints(sliceColumns(columns, from, to))).toStrictEqual(
          toPoints(columns).filter(({ time }) => time >= from && time < to),
        );
      }),
    );
  });
});
