/** A device's channels in one batch: what its instrument type knows of them, and their points by hour. */

import type { Column } from '../../../contracts/messages/message.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../../contracts/time.ts';
import { pointTo } from '../../../payload/pointer.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { ChannelPieces, type Pieces } from '../alerts/piece.ts';
import type { Watch } from '../alerts/watch.ts';
import { ChannelRun } from './channel-run.ts';
import type { DeviceState } from './device-state.ts';
import type { Faults } from './faults.ts';
import { type RulesByChannel, rulesOfType } from './quality.ts';
import type { MessageOrder } from './session-run.ts';

export interface HourColumns {
  readonly hour: Micros;
  readonly columns: readonly SeriesColumn[];
}

const NONE_WATCHED: ReadonlySet<string> = new Set();

export class ChannelRuns {
  private readonly type: InstrumentType;
  private readonly before: DeviceState['tracks'];
  private readonly rules: RulesByChannel;
  private readonly channels = new Map<string, ChannelRun>();
  private readonly watched: Watch['channels'];
  /** Which message is being taken. */
  private place = 0;

  constructor(
    type: InstrumentType,
    before: DeviceState['tracks'],
    watched: Watch['channels'] = NONE_WATCHED,
  ) {
    this.type = type;
    this.before = before;
    this.rules = rulesOfType(type);
    this.watched = watched;
  }

  /** The columns that follow are of another message. */
  nextMessage(): void {
    this.place += 1;
  }

  /**
   * Takes a column of a message.
   * @param arrived when the message arrived: times are checked against it
   * @param message which message it is
   * @param faults where points that are not taken are noted
   * @returns how many points are taken
   */
  take(column: Column, arrived: Micros, message: MessageOrder, faults: Faults): number {
    const rules = this.rules.get(column.channel);
    if (rules === undefined) {
      const detail = `${this.type.id} has no channel ${column.channel}.`;
      faults.add('unknown-channel', column.time.length, pointTo(column, 0), detail);
      return 0;
    }
    if (column.unit !== undefined && column.unit !== rules.channel.unit) {
      const detail = `${column.channel} is in ${rules.channel.unit}, not ${column.unit}.`;
      faults.add('wrong-unit', column.time.length, pointTo(column, 0), detail);
      return 0;
    }
    let channel = this.channels.get(column.channel);
    if (channel === undefined) {
      const isWatched = this.watched === 'all' || this.watched.has(column.channel);
      channel = new ChannelRun(column.channel, rules, this.before.get(column.channel), isWatched);
      this.channels.set(column.channel, channel);
    }
    const { count, refused } = channel.take(column, arrived, message, this.place);
    for (const { code, first, points } of refused) faults.add(code, points, pointTo(column, first));
    return count;
  }

  /** The points taken. Nothing is taken any more afterwards. */
  hours(): HourColumns[] {
    const hours = new Map<Micros, SeriesColumn[]>();
    let before: ChannelRun | undefined;
    for (const channel of this.channels.values()) {
      for (const [hour, column] of channel.byHour(before)) {
        const columns = hours.get(hour);
        if (columns === undefined) hours.set(hour, [column]);
        else columns.push(column);
      }
      before = channel;
    }
    return [...hours].map(([hour, columns]) => ({ hour, columns }));
  }

  /** Of channels that are watched, what was newer than all before it. */
  newer(): Pieces {
    const pieces = new Map<string, ChannelPieces>();
    for (const [name, { newer }] of this.channels)
      if (newer.length > 0) pieces.set(name, new ChannelPieces(newer));
    return pieces;
  }

  /** What is to be remembered of all channels, those without points in this batch included. */
  tracks(): DeviceState['tracks'] {
    const tracks = new Map(this.before);
    for (const [name, { after }] of this.channels) if (after !== undefined) tracks.set(name, after);
    return tracks;
  }
}
