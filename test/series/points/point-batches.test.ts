import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Status, statusOf } from '../../../contracts/quality.ts';
import { channelAt } from '../../../series/points/channels.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { type PointBatch, partOf, pointBatches } from '../../../series/points/point-batches.ts';

const column = (channel: string, size: number, most: number): fc.Arbitrary<SeriesColumn> =>
  fc
    .record({
      times: fc.uniqueArray(fc.nat(most), { maxLength: size }),
      bad: fc.boolean(),
      text: fc.boolean(),
    })
    .map(({ times, bad, text }) => {
      const time = times.sort((left, right) => left - right);
      return {
        channel,
        type: text ? 'string' : 'number',
        unit: `${channel}-unit`,
        time,
        value: time.map((at) => (text ? `at ${at}` : at / 8)),
        quality: bad ? time.map((at) => at % 13) : undefined,
      };
    });
const names = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'), { maxLength: 9 })
  .map((list) => list.sort());
const columns = names.chain((list) =>
  fc.tuple(...list.map((name) => fc.oneof(column(name, 30, 40), column(name, 60, 1e9)))),
);
const conversion = {
  unit: 'other',
  value: (value: number) => value + 0.5,
  difference: (value: number) => value,
  sum: (value: number) => value,
};

/** All points of columns, the plain way. */
const rowsOf = (list: readonly SeriesColumn[]) =>
  list
    .flatMap(({ channel, unit, time, value, quality }) =>
      time.map((each, at) => ({
        time: each,
        channel,
        unit,
        value: value[at],
        quality: quality?.[at] ?? 0,
      })),
    )
    .sort((left, right) => left.time - right.time || (left.channel < right.channel ? -1 : 1));

const rowsIn = (batch: PointBatch) =>
  Array.from({ length: batch.length }, (_, at) => ({
    time: batch.time[at],
    ...channelAt(batch, at),
    value: batch.value[at],
    quality: batch.quality?.[at] ?? 0,
  }));

describe('points of columns', () => {
  it('come by time and channel: after a row, of some qualities, converted', () => {
    fc.assert(
      fc.property(
        columns,
        fc.option(fc.subarray<Status>(['good', 'uncertain', 'bad']), { nil: undefined }),
        fc.subarray(['a', 'c', 'f']),
        fc.option(fc.record({ time: fc.nat(45), channel: fc.constantFrom('', 'a', 'c', 'cc', 'i', 'z') }), {
          nil: undefined,
        }),
        (list, only, converted, after) => {
          const taken = {
            only: only === undefined ? undefined : new Set(only),
            conversions: new Map(converted.map((channel) => [channel, conversion])),
            after,
          };
          const naive = rowsOf(list)
            .filter(({ quality }) => only?.includes(statusOf(quality)) ?? true)
            .filter(
              ({ time, channel }) =>
                after === undefined || time > after.time || (time === after.time && channel > after.channel),
            )
            .map((row) =>
              converted.includes(row.channel)
                ? {
                    ...row,
                    unit: 'other',
                    value: typeof row.value === 'number' ? row.value + 0.5 : row.value,
                  }
                : row,
            );
          const batches = [...pointBatches(list, 3, taken)];
          expect(batches.flatMap(rowsIn)).toEqual(naive);
          for (const batch of batches) expect(batch.device).toBe(3);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('come in batches that are held easily, whole and in parts', () => {
    const time = Array.from({ length: 40_000 }, (_, at) => at);
    const make = (channel: string): SeriesColumn => ({
      channel,
      type: 'number',
      unit: '1',
      time,
      value: time,
      quality: channel === 'b' ? time.map((at) => at % 3) : undefined,
    });
    const taken = { only: undefined, conversions: new Map(), after: undefined };
    for (const list of [[make('a')], [make('b')], [make('a'), make('b'), make('c')]]) {
      const batches = [...pointBatches(list, 0, taken)];
      expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(16 * 1024);
      const all = batches.flatMap(rowsIn);
      expect(all).toEqual(rowsOf(list));
      const parts = batches.flatMap((batch) => [
        partOf(batch, 0, 1000),
        partOf(batch, 1000, 1000),
        partOf(batch, 1000, batch.length),
      ]);
      expect(parts.flatMap(rowsIn)).toEqual(all);
    }
  });
});
