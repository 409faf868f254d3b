/** Measurements as devices send them: not judged, and soon replaced by what the platform says of them. */
import type { Message } from '../../../contracts/messages/message.ts';
import { qualityName } from '../../../contracts/quality.ts';
import type { ChannelFacts, Curve } from '../charts/curves.ts';
import { withPoints } from '../charts/curves.ts';

type Cell = number | boolean | string;

/** What of an instrument type tells whether a point belongs to it. */
export type KnownChannels = Readonly<Record<string, ChannelFacts & { readonly unit: string }>>;

/** Points of one channel; times rise, in milliseconds. */
export interface MeasuredColumn {
  readonly times: number[];
  readonly values: Cell[];
  readonly quality: string[];
}

/** Points of one channel that are kept: about as many as a chart shows. */
const MOST = 20_000;

/** First place whose time is above `time`. */
const placeAfter = (times: readonly number[], time: number): number => {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
};

const put = (column: MeasuredColumn, time: number, value: Cell, quality: string): void => {
  const at = placeAfter(column.times, time);
  // The same point again, as it comes twice while one connection takes the place of another.
  const again = column.times[at - 1] === time ? 1 : 0;
  column.times.splice(at - again, again, time);
  column.values.splice(at - again, again, value);
  column.quality.splice(at - again, again, quality);
};

/** What a device has sent since the API was asked the last time. */
export class Measured {
  readonly columns = new Map<string, MeasuredColumn>();

  /** Takes the points of a message that the instrument type knows. */
  add(message: Message, channels: KnownChannels): void {
    for (const { channel, unit, time, value, quality } of message.columns) {
      const known = channels[channel];
      if (known === undefined || (unit !== undefined && unit !== known.unit)) continue;
      const column = this.columns.get(channel) ?? { times: [], values: [], quality: [] };
      this.columns.set(channel, column);
      time.forEach((micros, place) => {
        const cell = value[place];
        // The API's times are read as whole milliseconds too.
        if (cell !== undefined)
          put(column, Math.floor(micros / 1000), cell, qualityName(quality?.[place] ?? 0));
      });
      if (column.times.length > MOST) drop(column, column.times.length - MOST / 2);
    }
  }

  /** Lets go of what is not later than a time. */
  dropUntil(channel: string, time: number): void {
    const column = this.columns.get(channel);
    if (column !== undefined) drop(column, placeAfter(column.times, time));
  }
}

const drop = ({ times, values, quality }: MeasuredColumn, count: number): void => {
  if (count <= 0) return;
  for (const list of [times, values, quality]) list.splice(0, count);
};

/**
 * Curves of the API, gone on with what was heard since; a curve to which nothing is added stays the same object.
 * @param bucket milliseconds that a bucket of the curves stands for; 0 for points
 */
export const goneOn = (
  curves: readonly Curve[],
  { columns }: Measured,
  device: string,
  channels: KnownChannels,
  bucket: number,
): Curve[] => {
  const added = new Set<string>();
  const known = curves.map((curve) => {
    const column = columns.get(curve.channel);
    added.add(curve.channel);
    if (column === undefined) return curve;
    const from = placeAfter(column.times, (curve.times.at(-1) ?? 0) + Math.max(0, bucket - 1));
    return from === column.times.length
      ? curve
      : withPoints(curve, since(column, from), channels[curve.channel]);
  });
  const fresh = [...columns].flatMap(([channel, column]) => {
    if (added.has(channel) || column.times.length === 0) return [];
    const empty: Curve = {
      device,
      channel,
      unit: channels[channel]?.unit ?? '1',
      times: [],
      values: [],
      quality: [],
    };
    return [withPoints(empty, since(column, 0), channels[channel])];
  });
  return fresh.length === 0 ? known : [...known, ...fresh];
};

const since = ({ times, values, quality }: MeasuredColumn, place: number): MeasuredColumn => ({
  times: times.slice(place),
  values: values.slice(place),
  quality: quality.slice(place),
});
