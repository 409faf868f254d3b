/** Rows as tables: one list of columns for every format. */
import type { ValueType } from '../../contracts/instrument-types.ts';
import type { Value } from '../../contracts/payload/message.ts';
import { type Quality, qualityName, STATUSES } from '../../contracts/quality.ts';
import type { AlignedRow, Bucket, Point } from '../../contracts/series.ts';
import type { Micros } from '../../contracts/time.ts';
import type { AlignedSeries, AlignedValues } from './aligned.ts';
import type { BucketRow, PointRow } from './rows.ts';
import type { Position, Series } from './series-query.ts';
import { textOfTime } from './time-text.ts';

/** What a column holds: `time` is microseconds, `value` whatever the channel is of. */
export type ColumnKind = 'time' | 'text' | 'number' | 'integer' | 'truth' | 'value';

export interface Column<R> {
  /** In tables. */
  readonly name: string;
  /** In JSON. */
  readonly short: string;
  readonly kind: ColumnKind;
  readonly of: (row: R) => Value | null;
  /** Of a column of values: types of the channels that it may hold. */
  readonly types?: readonly ValueType[];
}

/** What is made of rows. */
export interface Table<R> {
  readonly columns: readonly Column<R>[];
  /** A row as JSON has it. */
  item(row: R): object;
  /** Where a later page goes on. */
  position(row: R): Position;
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

interface Row {
  readonly device: number;
  readonly time: Micros;
  readonly channel: string;
  readonly unit: string;
}

const position = ({ device, time, channel }: Row): Position => ({ device, time, channel });

const column = <R>(
  name: string,
  short: string,
  kind: ColumnKind,
  of: (row: R) => Value | null,
): Column<R> => ({ name, short, kind, of });

const common = (series: Series): Column<Row>[] => {
  const id = (row: Row): string => series.instruments[row.device]?.id ?? '';
  return [
    ...(series.several ? [column<Row>('device', 'd', 'text', id)] : []),
    column<Row>('time', 't', 'time', ({ time }) => time),
    column<Row>('channel', 'n', 'text', ({ channel }) => channel),
  ];
};
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
const unitColumn = column<Row>('unit', 'u', 'text', ({ unit }) => unit);

/** Points as a table. */
export const pointTable = (series: Series): Table<PointRow> => {
  const qualities =
    series.points === undefined
      ? [column<PointRow>('quality', 'q', 'text', ({ quality }) => nameOf(quality ?? 0))]
      : [];
  return {
    columns: [
      ...common(series),
      { ...column<PointRow>('value', 'v', 'value', ({ value }) => value), types: typesOf(series) },
      unitColumn,
      ...qualities,
    ],
    item: ({ device, time, channel, unit, value, quality }): Point => ({
      ...(series.several ? { d: series.instruments[device]?.id } : {}),
      n: channel,
      t: textOfTime(time),
      v: value,
      u: unit,
      ...(quality === undefined ? {} : { q: nameOf(quality) }),
    }),
    position,
  };
};

const DATED = new Set(['first', 'last']);

/** Buckets as a table. */
export const bucketTable = (series: Series): Table<BucketRow> => {
  const { aggregates = [], fill } = series.buckets ?? {};
  const types = typesOf(series);
  const fills = fill !== undefined && fill !== 'none';
  const kindOf = (name: string): ColumnKind =>
    name === 'count' ? 'integer' : DATED.has(name) ? 'value' : 'number';
  return {
    columns: [
      ...common(series),
      unitColumn,
      ...aggregates.map((name, at) => ({
        ...column<BucketRow>(name, name, kindOf(name), ({ values }) => values[at] ?? null),
        types,
      })),
      ...STATUSES.map((status) =>
        column<BucketRow>(status, status, 'integer', ({ quality }) => quality[status]),
      ),
      column('partial', 'partial', 'truth', ({ partial }) => partial),
      ...(fills ? [column<BucketRow>('filled', 'filled', 'truth', ({ filled }) => filled)] : []),
    ],
    item: ({ device, time, channel, unit, values, quality, partial, filled }): Bucket => ({
      ...(series.several ? { d: series.instruments[device]?.id } : {}),
      n: channel,
      t: textOfTime(time),
      u: unit,
      ...Object.fromEntries(aggregates.map((name, at) => [name, values[at] ?? null])),
      quality: { good: quality.good, uncertain: quality.uncertain, bad: quality.bad },
      partial,
      ...(filled ? { filled } : {}),
    }),
    position,
  };
};

/** Several series beside each other as a table. */
export const alignedTable = (series: readonly AlignedSeries[]): Table<AlignedValues> => ({
  columns: [
    column('time', 't', 'time', ({ time }) => time),
    ...series.map(({ name, type }, at) => ({
      ...column<AlignedValues>(name, name, 'value', ({ values }) => values[at] ?? null),
      types: [type],
    })),
  ],
  item: ({ time, values }): AlignedRow => ({
    t: textOfTime(time),
    values: Object.fromEntries(series.map(({ name }, at) => [name, values[at] ?? null])),
  }),
  position: ({ time }) => ({ device: 0, time, channel: '' }),
});
