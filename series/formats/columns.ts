/** Columns that several tables have. */
import type { Value } from '../../contracts/messages/message.ts';
import { channelAt, type OfChannels, type RowChannel } from '../points/channels.ts';
import type { Column, ColumnKind, Member } from './table.ts';

/** A column by what its cells are. */
export const column = <B>(
  name: string,
  short: string,
  kind: ColumnKind,
  of: (batch: B, at: number) => Value | null,
): Column<B> => ({ name, short, kind, of });

/** The device of a batch. @param names by the place of each device */
export const deviceColumn = <B extends { readonly device: number }>(names: readonly string[]): Column<B> => ({
  ...column<B>('device', 'device', 'text', (batch) => names[batch.device] ?? ''),
  isOne: () => true,
});

/** Channel and unit of each row. @param isOne whether all rows of a batch are of one channel */
export const channelColumns = <B extends OfChannels<RowChannel>>(isOne: (batch: B) => boolean) => ({
  channel: {
    ...column<B>('channel', 'n', 'text', (batch, at) => channelAt(batch, at)?.channel ?? ''),
    isOne,
  },
  unit: { ...column<B>('unit', 'u', 'text', (batch, at) => channelAt(batch, at)?.unit ?? ''), isOne },
});

/** Columns as members of a row in JSON, under their short names. */
export const membersOf = <B>(columns: readonly Column<B>[]): Member<B>[] =>
  columns.map((each) => ({ name: each.short, column: each }));
