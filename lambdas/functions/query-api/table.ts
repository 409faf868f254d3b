/** The tables of a query: points, buckets, and series side by side. */

import type { Value } from '../../../contracts/messages/message.ts';
import { STATUSES } from '../../../contracts/quality.ts';
import type { ValueType } from '../../../contracts/resources/instrument-types.ts';
import { channelColumns, column, deviceColumn, membersOf } from '../../../series/formats/columns.ts';
import { qualityNames, pointTable as tableOfPoints } from '../../../series/formats/point-table.ts';
import type { Batch, ColumnKind, Table } from '../../../series/formats/table.ts';
import { channelAt } from '../../../series/points/channels.ts';
import { type PointBatch, partOf } from '../../../series/points/point-batches.ts';
import type { AlignedSeries, AlignedValues } from './aligned.ts';
import { type BucketBatch, bucketPart } from './buckets.ts';
import type { Position, Series } from './series-query.ts';
import type { Fact } from './tag.ts';

/** A table that a page can be cut out of. */
export interface PagedTable<B extends Batch> extends Table<B> {
  /** Rows of a batch from a place to another, excluded. */
  part(batch: B, from: number, to: number): B;
  /**
   * All that the cells of a batch are made of, for the tag of an answer: other cells have other facts. Absent where it
   * costs as much to list them as to write the answer.
   */
  facts?(batch: B): readonly Fact[];
  /** The position of a row, from which a later page goes on. */
  position(batch: B, at: number): Position;
}

/** A column of rows that are objects. */
const rowColumn = <R>(name: string, short: string, kind: ColumnKind, of: (row: R) => Value | null) =>
  column<readonly R[]>(name, short, kind, (rows, at) => {
    const row = rows[at];
    return row === undefined ? null : of(row);
  });

const rowsPart = <R>(rows: readonly R[], from: number, to: number): readonly R[] => rows.slice(from, to);

/** Types of the channels that are asked for. */
const typesOf = ({ instruments, channels }: Series): ValueType[] => [
  ...new Set(
    instruments.flatMap((instrument) =>
      Object.entries(instrument.channels)
        .filter(([channel]) => channels?.has(channel) ?? true)
        .map(([, { type }]) => type),
    ),
  ),
];

/** The names of the devices, where there are several. */
const namesOf = ({ several, instruments }: Series): string[] | undefined =>
  several ? instruments.map(({ id }) => id) : undefined;

/** Points as a table. */
export const pointTable = (series: Series): PagedTable<PointBatch> => ({
  ...tableOfPoints({
    devices: namesOf(series),
    types: typesOf(series),
    hasQuality: series.points === undefined,
  }),
  part: partOf,
  facts: ({ length, device, channels, place, time, value, quality }) => [
    JSON.stringify([length, device, channels, place === undefined, quality === undefined]),
    ...[place ?? [], time, value, quality ?? []],
  ],
  position: (batch, at) => ({
    device: batch.device,
    time: batch.time[at] ?? 0,
    channel: channelAt(batch, at)?.channel ?? '',
  }),
});

const DATED = new Set(['first', 'last']);

/** Whether all of a list are the same, as counts mostly are. */
const areOne = (list: readonly number[]): boolean => {
  for (let at = 1; at < list.length; at += 1) if (list[at] !== list[0]) return false;
  return true;
};

/** Buckets as a table. */
export const bucketTable = (series: Series): PagedTable<BucketBatch> => {
  type Batches = BucketBatch;
  const { aggregates = [], fill } = series.buckets ?? {};
  const types = typesOf(series);
  const fills = fill !== undefined && fill !== 'none';
  const kindOf = (name: string): ColumnKind =>
    name === 'count' ? 'integer' : DATED.has(name) ? 'value' : 'number';
  const ofOneChannel = ({ channels }: Batches): boolean => channels.length === 1;
  const time = {
    ...column<Batches>('time', 't', 'time', (batch, at) => batch.start[at] ?? 0),
    list: (batch: Batches) => batch.start,
  };
  const { channel, unit } = channelColumns<Batches>(ofOneChannel);
  const values = aggregates.map((name, place) => ({
    ...column<Batches>(name, name, kindOf(name), (batch, at) => batch.values[place]?.[at] ?? null),
    list: (batch: Batches) => batch.values[place] ?? [],
    types,
  }));
  const qualities = STATUSES.map((status) => ({
    ...column<Batches>(status, status, 'integer', (batch, at) => batch.quality[status][at] ?? 0),
    list: (batch: Batches) => batch.quality[status],
    isOne: (batch: Batches) => areOne(batch.quality[status]),
  }));
  const partial = {
    ...column<Batches>('partial', 'partial', 'truth', (batch, at) => batch.partial?.[at] ?? false),
    isOne: (batch: Batches) => batch.partial === undefined,
  };
  const filled = column<Batches>('filled', 'filled', 'truth', (batch, at) => batch.filled?.[at] ?? false);
  const devices = namesOf(series);
  const device = devices === undefined ? [] : [deviceColumn<Batches>(devices)];
  return {
    columns: [...device, time, channel, unit, ...values, ...qualities, partial, ...(fills ? [filled] : [])],
    members: [
      ...membersOf([...device, channel, time, unit, ...values]),
      { name: 'quality', members: membersOf(qualities) },
      ...membersOf([partial]),
      ...(fills ? [{ name: 'filled', column: filled, onlyTrue: true } as const] : []),
    ],
    part: bucketPart,
    facts: (batch) => {
      const { good, uncertain, bad } = batch.quality;
      const flags = [batch.partial ?? [], batch.filled ?? []];
      return [
        JSON.stringify([batch.length, batch.device, batch.channels, ...flags.map(({ length }) => length)]),
        ...[
          batch.channels.length === 1 ? [] : batch.place,
          batch.start,
          ...batch.values,
          good,
          uncertain,
          bad,
          ...flags,
        ],
      ];
    },
    position: (batch, at) => ({
      device: batch.device,
      time: batch.start[at] ?? 0,
      channel: channelAt(batch, at)?.channel ?? '',
    }),
  };
};

/** Series side by side as a table; points have their quality beside them. */
export const alignedTable = (
  series: readonly AlignedSeries[],
  hasQuality: boolean,
): PagedTable<readonly AlignedValues[]> => {
  const of = rowColumn<AlignedValues>;
  const time = of('time', 't', 'time', (row) => row.time);
  const nameOf = qualityNames();
  const valueAt = ({ name, type }: AlignedSeries, at: number) => ({
    ...of(name, name, 'value', (row) => row.values[at] ?? null),
    types: [type],
  });
  const qualityAt = ({ name }: AlignedSeries, at: number) => ({
    ...of(`${name}/quality`, `${name}/quality`, 'value', ({ qualities }) => {
      const quality = qualities?.[at] ?? null;
      return quality === null ? null : nameOf(quality);
    }),
    types: ['string'] as const,
  });
  const qualities = series.map((each, at) => ({ name: each.name, column: qualityAt(each, at) }));
  return {
    columns: [
      time,
      ...series.flatMap((each, at) =>
        hasQuality ? [valueAt(each, at), qualityAt(each, at)] : [valueAt(each, at)],
      ),
    ],
    members: [
      ...membersOf([time]),
      { name: 'values', members: membersOf(series.map(valueAt)) },
      ...(hasQuality ? [{ name: 'quality', members: qualities }] : []),
    ],
    part: rowsPart,
    position: (rows, at) => ({ device: 0, time: rows[at]?.time ?? 0, channel: '' }),
  };
};
