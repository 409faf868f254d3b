/** What many devices showed at one instant. */
import * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import { slug } from '../../../contracts/messages/topics.ts';
import { qualityName } from '../../../contracts/quality.ts';
import type { SnapshotQuery } from '../../../contracts/resources/series.ts';
import type { Principal } from '../../../contracts/roles.ts';
import {
  type Duration,
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  type Micros,
} from '../../../contracts/time.ts';
import { rulesOfType } from '../../domain/ingestion/quality.ts';
import { jsonResponse } from '../../runtime/http/api.ts';
import { readCursor, writeCursor } from '../../runtime/http/cursor.ts';
import { nextLink } from '../../runtime/http/page.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { runLimited } from '../../runtime/limit.ts';
import {
  type LatestPoint,
  type Measurements,
  readHours,
  readManyLatest,
} from '../../store/measurements/index.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { conversionsOf } from './conversions.ts';
import { type Instrument, instrumentsAt, instrumentsFor } from './instruments.ts';

type Shown = Omit<LatestPoint, 'arrived'>;

const DAY = MICROS_PER_DAY;
const MOST_DAYS = 31;
/** Devices whose points are looked through at a time. */
const AT_ONCE = 16;

const lengthOf = ({ months, days, micros }: Duration): Micros => (months * MOST_DAYS + days) * DAY + micros;

/** Newest points in `[from, to)`, of channels that are still looked for. */
const newestIn = async (
  measurements: Measurements,
  instrument: Instrument,
  range: { readonly from: Micros; readonly to: Micros; readonly channels: ReadonlySet<string> },
): Promise<Map<string, Shown>> => {
  const newest = new Map<string, Shown>();
  const wanted = { ...range, rules: rulesOfType(instrument) };
  for await (const { columns } of readHours(measurements, instrument.id, wanted)) {
    for (const { channel, time: times, value: values, quality } of columns) {
      const at = times.length - 1;
      const time = times[at];
      const value = values[at];
      if (time !== undefined && value !== undefined)
        newest.set(channel, { channel, time, value, quality: quality?.[at] ?? 0 });
    }
  }
  return newest;
};

/** An instant, and what is looked for. */
interface Instant {
  readonly at: Micros;
  /** Points before this one are too old. */
  readonly earliest: Micros;
  /** All channels when absent. */
  readonly wanted: ReadonlySet<string> | undefined;
}

/**
 * Of each channel the newest point at or before an instant. Where the newest of all is later, the hours before the
 * instant are looked through, ever more of them.
 * @param latest the newest point of each channel
 */
const shownBy = async (
  measurements: Measurements,
  instrument: Instrument,
  latest: readonly LatestPoint[],
  { at, earliest, wanted }: Instant,
): Promise<Shown[]> => {
  const found = new Map<string, Shown>();
  const missing = new Set<string>();
  for (const point of latest) {
    if (wanted?.has(point.channel) === false || !Object.hasOwn(instrument.channels, point.channel)) continue;
    if (point.time > at) missing.add(point.channel);
    else if (point.time >= earliest) found.set(point.channel, point);
  }
  let to = at + 1;
  for (let hours = 1; missing.size > 0 && to > earliest; hours *= 4) {
    const from = Math.max(earliest, at - hours * MICROS_PER_HOUR);
    for (const [channel, point] of await newestIn(measurements, instrument, {
      from,
      to,
      channels: missing,
    })) {
      found.set(channel, point);
      missing.delete(channel);
    }
    to = from;
  }
  return [...found.values()].sort((left, right) => (left.channel < right.channel ? -1 : 1));
};

/** Where a later page of a site goes on: the instant of all its pages, and the last device. */
const position = z.tuple([z.int(), slug]);

interface Page {
  readonly instruments: readonly Instrument[];
  readonly latest: ReadonlyMap<string, readonly LatestPoint[]>;
  readonly at: Micros;
  readonly next: string | null;
}

/** The devices that are named. Nothing is read of them before it is known that the caller may see them. */
const named = async (
  { registry, measurements }: Stores,
  ids: readonly string[],
  at: Micros,
  principal: Principal,
): Promise<Page> => {
  const instruments = await instrumentsFor(registry, ids, principal);
  return { instruments, latest: await readManyLatest(measurements, ids), at, next: null };
};

/** A page of the devices of a site. */
const ofSite = async (
  { registry, measurements }: Stores,
  site: string,
  { query, principal, now }: SnapshotRequest,
): Promise<Page> => {
  const { cursor, limit = LIMITS.pageDefault } = query;
  const identity = {
    snapshot: site,
    channels: query.channels === undefined ? null : [...new Set(query.channels)].sort(),
    at: query.at ?? null,
    within: query.within ?? null,
    unit: query.unit ?? null,
  };
  const [at, after] =
    cursor === undefined ? [query.at ?? now, undefined] : readCursor(cursor, identity, position);
  const { instruments, last } = await instrumentsAt(registry, { site, after, limit }, principal);
  return {
    instruments,
    latest: await readManyLatest(
      measurements,
      instruments.map(({ id }) => id),
    ),
    at,
    next: last === undefined ? null : writeCursor(identity, [at, last]),
  };
};

interface Stores {
  readonly registry: Registry;
  readonly measurements: Measurements;
}

export interface SnapshotRequest {
  readonly query: SnapshotQuery;
  readonly principal: Principal;
  readonly now: Micros;
  readonly url: URL;
}

/**
 * Answers a request for a snapshot of devices, or of a page of the devices of a site, that the caller may see. Newest
 * values come from what `ingest` remembers, a hundred devices in some calls; only devices that have measured since the
 * instant are looked through.
 * @throws {ProblemError} `invalid-request`, `invalid-cursor`, `not-found`
 */
export const snapshotResponse = async (stores: Stores, request: SnapshotRequest): Promise<Response> => {
  const { query, principal, now, url } = request;
  const within = query.within === undefined ? DAY : lengthOf(query.within);
  if (within > MOST_DAYS * DAY)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?within', detail: `a value may be ${MOST_DAYS} days old at most` }],
    });
  // A clock may be ahead: such points are shown only once their time has come.
  const { instruments, latest, at, next } =
    query.site === undefined
      ? await named(stores, [...new Set(query.devices)], query.at ?? now, principal)
      : await ofSite(stores, query.site, request);
  // Of a site, the devices of one page may lack a channel that others have.
  const units = query.unit?.filter(
    ({ channel }) =>
      query.site === undefined || instruments.some(({ channels }) => Object.hasOwn(channels, channel)),
  );
  const conversions = conversionsOf(instruments, units);
  const wanted = query.channels === undefined ? undefined : new Set(query.channels);
  const instant = { at, earliest: at - within, wanted };
  const items = await runLimited(instruments, AT_ONCE, async (instrument) => {
    const { id, channels } = instrument;
    const shown = await shownBy(stores.measurements, instrument, latest.get(id) ?? [], instant);
    return shown.map(({ channel, time, value, quality }) => {
      const conversion = conversions.get(channel);
      return {
        device: id,
        n: channel,
        t: formatTime(time),
        v: conversion !== undefined && typeof value === 'number' ? conversion.value(value) : value,
        u: conversion?.unit ?? channels[channel]?.unit,
        q: qualityName(quality),
      };
    });
  });
  const body = { at: formatTime(at), items: items.flat(), next };
  return jsonResponse(body, 200, next === null ? {} : { link: nextLink(url, next) });
};
