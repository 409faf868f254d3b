/** Rows as tables: one list of columns for every format. */

import type { Value } from '../../../contracts/messages/message.ts';
import { type Quality, qualityName, STATUSES } from '../../../contracts/quality.ts';
import type { ValueType } from '../../../contracts/resources/instrument-types.ts';
import type { Batch, Column, ColumnKind, Member, Table } from '../../../series/formats/table.ts';
import type { AlignedSeries, AlignedValues } from './aligned.ts';
import { type PointBatch, partOf } from './points.ts';
import { type BucketBatch, bucketPart, channelAt, type OfChannels } from './rows.ts';
import type { Position, Series } from './series-query.ts';
import type { Fact } from './tag.ts';

/** A table that a page can be cut out of. */
export interface PagedTable<B extends Batch> extends Table<B> {
  /** Rows of a batch from a place to another, excluded. */
  part(batch: B, from: number, to: number): B;
  /**
   * What the rows of a batch are made of, for the tag of an answer: other rows have other facts. Absent where the rows
   * themselves are as easily told.
   */
  facts?(batch: B): readonly Fact[];
  /** Where a later page goes on. */
  position(batch: B, at: number): Position;
}

const names = new Map<Quality, string>();
const nameOf = (quality: Quality): string => {
  let name = names.get(quality);
  if (name === undefined) {
    name = qualityName(quality);
    if (names.size < 1000) names.set(quality, name);
  }
  return name;
};

const column = <B>(name: string, short: string, kind: ColumnKind, of: Column<B>['of']): Column<B> => ({
  name,
  short,
  kind,
  of,
});

/** A column of rows that are objects. */
const rowColumn = <R>(name: string, short: string, kind: ColumnKind, of: (row: R) => Value | null) =>
  column<readonly R[]>(name, short, kind, (rows, at) => {
    const row = rows[at];
    return row === undefined ? null : of(row);
  });

const rowsPart = <R>(rows: readonly R[], from: number, to: number): readonly R[] => rows.slice(from, to);

/** Members under the short names of their columns. */
const flat = <B>(columns: readonly (Column<B> | undefined)[]): Member<B>[] =>
  columns.flatMap((each) => (each === undefined ? [] : [{ name: each.short, column: each }]));

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

const given = <T>(items: readonly (T | undefined)[]): T[] => items.flatMap((item) => item ?? []);

/** The device of a batch, where there are several. */
const deviceColumn = <B extends { readonly device: number }>(series: Series): Column<B> | undefined =>
  series.several
    ? {
        ...column<B>('device', 'd', 'text', (batch) => series.instruments[batch.device]?.id ?? ''),
        isOne: () => true,
      }
    : undefined;

/** Channel and unit of each row. @param isOne whether all rows of a batch are of one channel */
const channelColumns = <B extends OfChannels<{ readonly channel: string; readonly unit: string }>>(
  isOne: (batch: B) => boolean,
) => ({
  channel: {
    ...column<B>('channel', 'n', 'text', (batch, at) => channelAt(batch, at)?.channel ?? ''),
    isOne,
  },
  unit: { ...column<B>('unit', 'u', 'text', (batch, at) => channelAt(batch, at)?.unit ?? ''), isOne },
});

/** Points as a table. */
export const pointTable = (series: Series): PagedTable<PointBatch> => {
  type Points = PointBatch;
  const ofOneChannel = ({ place }: Points): boolean => place === undefined;
  const device = deviceColumn<Points>(series);
  const time = {
    ...column<Points>('time', 't', 'time', (batch, at) => batch.time[at] ?? 0),
    list: (batch: Points) => batch.time,
  };
  const { channel, unit } = channelColumns<Points>(ofOneChannel);
  const value = {
    ...column<Points>('value', 'v', 'value', (batch, at) => batch.value[at] ?? null),
    list: (batch: Points) => batch.value,
    types: typesOf(series),
  };
  // A point that was chosen among summaries has none.
  const quality =
    series.points === undefined
      ? {
          ...column<Points>('quality', 'q', 'text', ({ quality: of }, at) => nameOf(of?.[at] ?? 0)),
          isOne: (batch: Points) => batch.quality === undefined,
        }
      : undefined;
  return {
    columns: given([device, time, channel, value, unit, quality]),
    members: flat([device, channel, time, value, unit, quality]),
    part: partOf,
    facts: ({ length, device: of, channels, place, time: times, value: values, quality: qualities }) => [
      JSON.stringify([length, of, channels, place === undefined, qualities === undefined]),
      ...[place ?? [], times, values, qualities ?? []],
    ],
    position: (batch, at) => ({
      device: batch.device,
      time: batch.time[at] ?? 0,
      channel: channelAt(batch, at)?.channel ?? '',
    }),
  };
};

const DATED = new Set(['first', 'last']);

/** Whether all of a list is one, as counts mostly are. */
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
  const device = deviceColumn<Batches>(series);
  return {
    columns: given([
      device,
      time,
      channel,
      unit,
      ...values,
      ...qualities,
      partial,
      fills ? filled : undefined,
    ]),
    members: [
      ...flat([device, channel, time, unit, ...values]),
      { name: 'quality', members: flat(qualities) },
      ...flat([partial]),
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

/** Several series beside each other as a table. */
export const alignedTable = (series: readonly AlignedSeries[]): PagedTable<readonly AlignedValues[]> => {
  const of = rowColumn<AlignedValues>;
  const time = of('time', 't', 'time', (row) => row.time);
  const values = series.map(({ name, type }, at) => ({
    ...of(name, name, 'value', (row) => row.values[at] ?? null),
    types: [type],
  }));
  return {
    columns: [time, ...values],
    members: [...flat([time]), { name: 'values', members: flat(values) }],
    part: rowsPart,
    position: (rows, at) => ({ device: 0, time: rows[at]?.time ?? 0, channel: '' }),
  };
};
