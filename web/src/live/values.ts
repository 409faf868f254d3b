/** Newest values as they are heard, put over those that the API gave. */
import type { Message } from '../../../contracts/messages/message.ts';
import { qualityName } from '../../../contracts/quality.ts';
import { formatTime } from '../../../contracts/time.ts';
import type { KnownChannels } from './measured.ts';

/** A newest value of a channel, of the API or heard. */
export interface NewestValue {
  readonly device?: string;
  readonly n: string;
  readonly t: string;
  readonly v: number | boolean | string;
  readonly u: string;
  readonly q?: string;
}

/** When a value was heard, in milliseconds; those of the API are not in it. */
const heardAt = new WeakMap<object, number>();

/** A value that the API has not got for so long after it was heard was not stored. */
const BELIEVED_FOR = 30_000;

const keyOf = ({ device, n }: NewestValue): string => `${device ?? ''}/${n}`;

/**
 * The newest value of each channel of a message.
 * @param owner names the device where values are of several
 */
export const newestOfMessage = <Owner extends { readonly device?: string }>(
  owner: Owner,
  message: Message,
  channels: KnownChannels,
  now: number,
): (Owner & Omit<NewestValue, 'device'> & { readonly arrived: string })[] =>
  message.columns.flatMap(({ channel, unit, time, value, quality }) => {
    const known = channels[channel];
    if (known === undefined || (unit !== undefined && unit !== known.unit)) return [];
    let place = 0;
    time.forEach((each, at) => {
      if (each >= (time[place] ?? 0)) place = at;
    });
    const [micros, cell] = [time[place], value[place]];
    if (micros === undefined || cell === undefined) return [];
    const found = {
      ...owner,
      n: channel,
      t: formatTime(micros),
      v: cell,
      u: known.unit,
      q: qualityName(quality?.[place] ?? 0),
      arrived: new Date(now).toISOString(),
    };
    heardAt.set(found, now);
    return [found];
  });

/** Values with those that were heard; an older one, as of a queue that a device sends after, changes nothing. */
export const withHeard = <T extends NewestValue>(values: readonly T[], heard: readonly T[]): T[] => {
  const newest = new Map(values.map((value) => [keyOf(value), value] as const));
  for (const value of heard) {
    const known = newest.get(keyOf(value));
    if (known === undefined || Date.parse(known.t) < Date.parse(value.t)) newest.set(keyOf(value), value);
  }
  return [...newest.values()];
};

/** What the API says now, but of what is not stored yet what was heard. */
export const judgedOver = <T extends NewestValue>(
  before: readonly T[],
  said: readonly T[],
  now: number,
): T[] => {
  const stillHeard = before.filter((value) => now - (heardAt.get(value) ?? 0) < BELIEVED_FOR);
  return withHeard(said, stillHeard);
};
