/** Whether a device is there, told from what the broker says and from when data came. */
import type { Connection } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { PresenceState } from '../../../contracts/resources/presence.ts';

/** What is known. Times in milliseconds since the epoch. */
export interface Facts {
  readonly connection: Connection;
  /** When the newest data arrived. */
  readonly heard: number | undefined;
  /** Seconds within which a point of some channel is expected. */
  readonly every: number | undefined;
  readonly now: number;
}

/** Data may be on their way for so long: the batching window, and what the broker takes. */
const ON_THE_WAY_MILLIS = 90_000;
/** A device is silent when so many points in a row are missing. */
const MISSED = 3;

/** The shortest interval that a type declares, in seconds. */
export const expectedEvery = (type: InstrumentType | undefined): number | undefined => {
  const intervals = Object.values(type?.channels ?? {}).flatMap(({ interval }) => interval ?? []);
  return intervals.length === 0 ? undefined : Math.min(...intervals);
};

const seconds = (millis: number): number => Math.round(millis / 1000);

/** What the facts say, and why. */
export const presenceOf = ({
  connection,
  heard,
  every,
  now,
}: Facts): { readonly state: PresenceState; readonly why: string } => {
  const since = connection.since === undefined ? undefined : Date.parse(connection.since);
  if (connection.state === 'unknown')
    return heard === undefined
      ? { state: 'unknown', why: 'nothing was ever heard of it' }
      : { state: 'suspect', why: 'data came, and the broker never told of a connection' };
  if (connection.state === 'offline')
    return heard !== undefined && since !== undefined && heard > since + ON_THE_WAY_MILLIS
      ? { state: 'suspect', why: `data came ${seconds(heard - since)} s after the broker said that it went` }
      : { state: 'offline', why: 'the broker says that it went' };
  if (every === undefined)
    return { state: 'online', why: 'the broker says that it is connected; its type declares no interval' };
  const silent = now - Math.max(heard ?? 0, since ?? 0);
  return silent > MISSED * every * 1000 + ON_THE_WAY_MILLIS
    ? {
        state: 'suspect',
        why: `it is connected, and silent for ${seconds(silent)} s; a point is due every ${every} s`,
      }
    : { state: 'online', why: 'the broker says that it is connected, and it was heard from in time' };
};
