/** Points as a table: what queries and exports write. */
import { type Quality, qualityName } from '../../contracts/quality.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import type { PointBatch } from '../points/point-batches.ts';
import { channelColumns, column, deviceColumn, membersOf } from './columns.ts';
import type { Table } from './table.ts';

/** What a table of points has. */
export interface PointTableOptions {
  /** Names of the devices by their place; without them rows do not name their device. */
  readonly devices?: readonly string[] | undefined;
  /** Types of the channels that may be in it. */
  readonly types: readonly ValueType[];
  /** Whether points have a quality; those that were chosen among summaries have none. */
  readonly hasQuality: boolean;
}

const MOST_REMEMBERED = 1000;

/** `qualityName`, remembered: it is asked for each row. */
export const qualityNames = (): ((quality: Quality) => string) => {
  const names = new Map<Quality, string>();
  return (quality) => {
    let name = names.get(quality);
    if (name === undefined) {
      name = qualityName(quality);
      if (names.size < MOST_REMEMBERED) names.set(quality, name);
    }
    return name;
  };
};

/**
 * Makes the table of points.
 * @returns columns `device`, `time`, `channel`, `value`, `unit` and `quality`, as far as they are asked for
 */
export const pointTable = ({ devices, types, hasQuality }: PointTableOptions): Table<PointBatch> => {
  const device = devices === undefined ? [] : [deviceColumn<PointBatch>(devices)];
  const time = {
    ...column<PointBatch>('time', 't', 'time', (batch, at) => batch.time[at] ?? 0),
    list: (batch: PointBatch) => batch.time,
  };
  const { channel, unit } = channelColumns<PointBatch>(({ place }) => place === undefined);
  const value = {
    ...column<PointBatch>('value', 'v', 'value', (batch, at) => batch.value[at] ?? null),
    list: (batch: PointBatch) => batch.value,
    types,
  };
  const nameOf = qualityNames();
  const quality = {
    ...column<PointBatch>('quality', 'q', 'text', ({ quality: of }, at) => nameOf(of?.[at] ?? 0)),
    isOne: (batch: PointBatch) => batch.quality === undefined,
  };
  const last = hasQuality ? [unit, quality] : [unit];
  return {
    columns: [...device, time, channel, value, ...last],
    members: membersOf([...device, channel, time, value, ...last]),
  };
};
