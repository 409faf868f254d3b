/** Points of a device as chunks hold them, and as tests compare them. */
import { createHash } from 'node:crypto';
import type { Value } from '../../../../contracts/messages/message.ts';
import { type InstrumentType, instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_HOUR, type Micros, parseTime } from '../../../../contracts/time.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';

export const TYPE: InstrumentType = instrumentType.parse({
  id: 'incubator',
  name: 'Incubator',
  channels: {
    temp: { unit: 'Cel' },
    humidity: { unit: '%' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
    count: { unit: '1', type: 'integer', kind: 'step' },
    note: { unit: '1', type: 'string', kind: 'step' },
  },
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
});

export const micros = (text: string): Micros => {
  const time = parseTime(text);
  if (time === undefined) throw new RangeError(text);
  return time;
};

/** 2026-03-01T10:00:00Z */
export const HOUR = micros('2026-03-01T10:00:00Z');

export type Point = readonly [time: Micros, value: Value, quality?: number];

/** Points of one channel as a column. */
export const column = (channel: string, points: readonly Point[]): SeriesColumn => ({
  channel,
  type: TYPE.channels[channel]?.type ?? 'number',
  unit: TYPE.channels[channel]?.unit ?? '1',
  time: points.map(([time]) => time),
  value: points.map(([, value]) => value),
  quality: points.some(([, , quality]) => quality) ? points.map(([, , quality]) => quality ?? 0) : undefined,
});

/** So many kilobytes of texts that no packing makes small, a kilobyte each, over an hour: more than fit an item. */
export const bulk = (kilobytes: number, start: Micros = HOUR): SeriesColumn =>
  column(
    'note',
    Array.from({ length: kilobytes }, (_, at): Point => {
      const text = createHash('shake256', { outputLength: 768 }).update(`${start}/${at}`).digest('base64');
      return [start + at * 20_000_000, text];
    }),
  );

/** Values of points and their quality, by `channel time`. */
export type Told = Map<string, readonly [Value, number]>;

/** The points of columns by `channel time`; of equal ones the last. */
export const told = (columns: readonly SeriesColumn[]): Told =>
  new Map(
    columns.flatMap(({ channel, time, value, quality }) =>
      time.flatMap((at, index) => {
        const one = value[index];
        return one === undefined ? [] : [[`${channel} ${at}`, [one, quality?.[index] ?? 0]] as const];
      }),
    ),
  );

/** Columns in parts, none of which is longer than an hour. */
export const byHour = (columns: readonly SeriesColumn[]): { hour: Micros; columns: SeriesColumn[] }[] => {
  const hours = new Map<Micros, SeriesColumn[]>();
  for (const whole of columns) {
    const places = Map.groupBy(whole.time.keys(), (at) => {
      const time = whole.time[at] ?? 0;
      return time - (time % MICROS_PER_HOUR);
    });
    for (const [hour, at] of places) {
      const pick = <T>(list: readonly T[]): T[] => at.flatMap((index) => list.slice(index, index + 1));
      const part = {
        ...whole,
        time: pick(whole.time),
        value: pick(whole.value),
        quality: whole.quality && pick(whole.quality),
      };
      hours.set(hour, [...(hours.get(hour) ?? []), part]);
    }
  }
  return [...hours].map(([hour, inHour]) => ({ hour, columns: inHour }));
};
