/** The quarantine: lists of it, one entry of it, and taking an entry again. */
import * as z from 'zod';
import { type Message, UndecodableMessage } from '../../../contracts/messages/message.ts';
import { qualityName } from '../../../contracts/quality.ts';
import {
  QUARANTINE_PAGE,
  type Quarantined,
  type QuarantinedMessage,
  type QuarantineQuery,
  quarantineParams,
} from '../../../contracts/resources/quarantine.ts';
import { allowed, allowedSites, type Principal } from '../../../contracts/roles.ts';
import { formatTime } from '../../../contracts/time.ts';
import { decodeMessage } from '../../../payload/decode.ts';
import { inflaters } from '../../domain/ingestion/inflaters.ts';
import { encodeReplay } from '../../domain/ingestion/replay.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { visible } from '../../runtime/http/scope.ts';
import { runLimited } from '../../runtime/limit.ts';
import type { GetObject, ListObjects } from '../../store/objects/objects.ts';
import {
  DamagedEntry,
  type EntryPlace,
  entryId,
  listQuarantined,
  NOWHERE,
  type QuarantineEntry,
} from '../../store/objects/quarantine.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { noteReplayed, orderReplay, readReplays } from '../../store/registry/replays.ts';
import { arrivalOf, readEntry, readListed, stateOf, summaryOf } from './entry.ts';

/** What the quarantine is reached by. */
export interface Quarantine {
  readonly registry: Registry;
  readonly get: GetObject;
  readonly list: ListObjects;
  /** Puts a record on the stream of measurements and gives its number. */
  readonly put: (partitionKey: string, data: Uint8Array) => Promise<string>;
}

/** Entries that are read at a time. */
export const READS = 16;
/** Lists of S3 for one page: a filter may leave little of many keys. */
export const LISTS = 5;

const nothing = z.literal('');
/** Where a later page goes on: after an entry, or before all those of a site. */
const position = z.union([
  quarantineParams.strict(),
  quarantineParams.extend({ device: nothing, date: nothing, sequence: nothing }).strict(),
]);

/** What a cursor of the list is bound to. */
export const quarantineIdentity = ({ site, device, from, to, state }: QuarantineQuery) => ({
  quarantine: site ?? null,
  device: device ?? null,
  from: from ?? null,
  to: to ?? null,
  state: state ?? null,
});

/** Sites to list, in the order of their keys; `undefined`: all at once. */
const sitesOf = (principal: Principal, site: string | undefined): readonly (string | undefined)[] => {
  const sites = allowedSites(principal, 'quarantine:read');
  if (sites === 'all') return [site];
  return site === undefined ? sites : sites.filter((each) => each === site);
};

/** Before all entries of a site. */
const beginningOf = (site: string): EntryPlace => ({ site, device: '', date: '', sequence: '' });

/** Places that a page needs, and where a later page goes on. */
const findPlaces = async (
  list: ListObjects,
  principal: Principal,
  query: QuarantineQuery,
  after: EntryPlace | undefined,
  limit: number,
): Promise<{
  readonly places: EntryPlace[];
  readonly more: boolean;
  readonly seen: EntryPlace | undefined;
}> => {
  const { device, from, to } = query;
  const range = {
    device,
    fromDate: from === undefined ? undefined : formatTime(from).slice(0, 10),
    toDate: to === undefined ? undefined : formatTime(to - 1).slice(0, 10),
  };
  const places: EntryPlace[] = [];
  let lists = 0;
  let from_ = after;
  for (const site of sitesOf(principal, query.site)) {
    if (site !== undefined && after !== undefined && site < after.site) continue;
    let start = site === undefined || from_?.site === site ? from_ : undefined;
    do {
      // The lists before may have held nothing: the site tells where to go on.
      if (lists === LISTS) return { places, more: true, seen: start ?? beginningOf(site ?? '') };
      lists += 1;
      const found = await listQuarantined(list, { ...range, site }, start);
      places.push(...found.places);
      if (places.length > limit)
        return { places: places.slice(0, limit), more: true, seen: places[limit - 1] };
      start = found.seen;
    } while (start !== undefined);
    from_ = undefined;
  }
  return { places, more: false, seen: undefined };
};

/** One page of entries by site, device, day and number: of those sites that the caller may see. */
export const quarantinePage = async (
  { registry, get, list }: Quarantine,
  principal: Principal,
  query: QuarantineQuery,
): Promise<{ readonly items: readonly Quarantined[]; readonly position: EntryPlace | undefined }> => {
  const after =
    query.cursor === undefined ? undefined : readCursor(query.cursor, quarantineIdentity(query), position);
  const limit = query.limit ?? QUARANTINE_PAGE.usual;
  const found = await findPlaces(list, principal, query, after, limit);
  const replays = await readReplays(registry, found.places.map(entryId));
  const { from, to, state } = query;
  const places = found.places.filter(
    (place) => state === undefined || stateOf(replays.get(entryId(place))) === state,
  );
  const entries = await runLimited(places, READS, (place) => readListed(get, place));
  const items = places.flatMap((place, at): Quarantined[] => {
    const entry = entries[at];
    // One that has been taken away since it was listed is no longer there.
    if (entry === undefined) return [];
    const arrived = arrivalOf(entry, place);
    const outside = (from !== undefined && arrived < from) || (to !== undefined && arrived >= to);
    // Of a damaged one only the day of arrival is known, and that day was asked for.
    return outside && !(entry instanceof DamagedEntry)
      ? []
      : [summaryOf(entry, place, replays.get(entryId(place)))];
  });
  return { items, position: found.more ? found.seen : undefined };
};

/** @throws {ProblemError} `not-found` when it is not there or not to be seen */
const find = async (
  { get }: Quarantine,
  principal: Principal,
  place: EntryPlace,
  act?: 'quarantine:replay',
): Promise<QuarantineEntry | DamagedEntry> => {
  // What belongs to no site is for who sees all of them: no grant names the site `_`.
  if (!allowed(principal, 'quarantine:read', place.site)) throw new ProblemError('not-found');
  const entry = await readEntry(get, place);
  visible(entry === undefined ? undefined : place, principal, {
    see: 'quarantine:read',
    ...(act === undefined ? {} : { act }),
  });
  if (entry === undefined) throw new ProblemError('not-found');
  return entry;
};

const pointsOf = ({ columns }: Message): NonNullable<QuarantinedMessage['decoded']>['points'] =>
  columns.flatMap(({ channel, unit, time, value, quality }) =>
    value.map((v, at) => ({
      n: channel,
      t: formatTime(time[at] ?? 0),
      v,
      ...(unit === undefined ? {} : { u: unit }),
      q: qualityName(quality?.[at] ?? 0),
    })),
  );

const decoded = ({
  bytes,
  arrived,
}: QuarantineEntry): Pick<QuarantinedMessage, 'decoded' | 'undecodable'> => {
  try {
    const message = decodeMessage(bytes, arrived, inflaters);
    const { format, session, seq, sent, facts, faults } = message;
    return {
      decoded: {
        format,
        ...(session === undefined ? {} : { session }),
        ...(seq === undefined ? {} : { seq }),
        ...(sent === undefined ? {} : { sent: formatTime(sent) }),
        ...(facts === undefined ? {} : { facts }),
        points: pointsOf(message),
        faults: faults.map(({ code, pointer, points }) => ({ code, pointer, points })),
      },
    };
  } catch (error) {
    if (!(error instanceof UndecodableMessage)) throw error;
    const { code, message: detail, pointer } = error;
    return {
      decoded: null,
      undecodable: { code, detail, ...(pointer === undefined ? {} : { pointer }) },
    };
  }
};

/** One entry with its bytes, and as far as it can be read. */
export const quarantinedMessageOf = async (
  quarantine: Quarantine,
  principal: Principal,
  place: EntryPlace,
): Promise<QuarantinedMessage> => {
  const entry = await find(quarantine, principal, place);
  const id = entryId(place);
  const replay = (await readReplays(quarantine.registry, [id])).get(id);
  return {
    ...summaryOf(entry, place, replay),
    bytes: Buffer.from(entry.bytes).toString('base64'),
    ...(entry instanceof DamagedEntry ? { decoded: null } : decoded(entry)),
  };
};

/**
 * Takes an entry again, once: whoever asks again is answered as the first was.
 * @throws {ProblemError} `not-found`, `forbidden`, or `not-replayable` for an entry of no device or a
 *   damaged one
 */
export const replayEntry = async (
  quarantine: Quarantine,
  principal: Principal,
  place: EntryPlace,
  now: Date,
): Promise<{
  readonly entry: string;
  readonly by: string;
  readonly at: string;
  readonly sequence: string;
}> => {
  const { registry, put } = quarantine;
  const found = await find(quarantine, principal, place, 'quarantine:replay');
  if (found instanceof DamagedEntry || found.origin === undefined || place.site === NOWHERE)
    throw new ProblemError('not-replayable');
  const entry = entryId(place);
  const order = await orderReplay(registry, entry, { by: principal.name, at: now.toISOString() });
  if (order.sequence !== undefined) return { entry, ...order, sequence: order.sequence };
  // Ordered, but perhaps not on the stream: it may get there twice, which changes nothing.
  const sequence = await put(found.partitionKey, encodeReplay(place));
  const noted = await noteReplayed(registry, entry, { ...order, sequence });
  return { entry, ...noted, sequence: noted.sequence ?? sequence };
};
