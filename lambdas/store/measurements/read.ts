/** Points and newest values of a device, for readers. */
import type { Value } from '../../../contracts/messages/message.ts';
import type { Quality } from '../../../contracts/quality.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns, sliceColumns } from '../../../series/points/merge.ts';
import { compareReach, type DeviceState } from '../../domain/ingestion/device-state.ts';
import type { RulesByChannel } from '../../domain/ingestion/quality.ts';
import type { Ledger } from '../../domain/ledger/ledger.ts';
import type { Session } from '../../domain/ledger/sessions.ts';
import { prefetchStream } from '../../runtime/prefetch.ts';
import { type ArchivedDay, readArchivedDay, readArchivedDays } from '../archive/days.ts';
import type { Item } from '../dynamodb/attributes.ts';
import type { GetObject } from '../objects/objects.ts';
import { fromChunkItem, type StoredChunk } from './chunk-item.ts';
import { isWhole } from './hour-items.ts';
import { JudgedHours } from './judged-hours.ts';
import { LATEST, type Measurements } from './keys.ts';
import { queryDevice, readHourItems, readItemsByHour } from './read-hours.ts';
import { fromStateItem, reachOfItem } from './state-item.ts';

/**
 * Chunks of a device that may hold points in `[from, to)` and that no block has taken in yet, hour by hour; of one
 * hour in order of arrival.
 * @throws {CorruptChunk} naming the chunk
 */
export async function* readChunks(
  measurements: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): AsyncGenerator<StoredChunk> {
  for await (const { chunks } of readItemsByHour(measurements, device, from, to, signal)) {
    for (const { item } of chunks) {
      const chunk = fromChunkItem(item);
      if (chunk !== undefined) yield chunk;
    }
  }
}

/** Points of one hour: sorted by time, each once. */
export interface HourOfPoints {
  /** Start of the hour. */
  readonly hour: Micros;
  readonly columns: readonly SeriesColumn[];
}

interface Wanted {
  readonly from: Micros;
  readonly to: Micros;
  readonly channels?: ReadonlySet<string>;
  /** What points are judged by that no block has yet; they keep the given quality when absent. */
  readonly rules?: RulesByChannel | undefined;
}

/** Points of blocks and chunks. */
async function* readHotHours(
  measurements: Measurements,
  device: string,
  { from, to, channels, rules }: Wanted,
  signal: AbortSignal | undefined,
): AsyncGenerator<HourOfPoints> {
  const judged = new JudgedHours(measurements, device, rules, channels, signal);
  for await (const found of readItemsByHour(measurements, device, from, to, signal)) {
    const items = isWhole(found) ? found : await readHourItems(measurements, device, found.hour, signal);
    const columns = sliceColumns(await judged.of(items), from, to);
    if (columns.length > 0) yield { hour: items.hour, columns };
  }
}

/** Points of an archived day, and what the table has of it all the same: that is later and wins. */
async function* readColdDay(
  measurements: Measurements,
  archive: GetObject,
  device: string,
  archived: ArchivedDay,
  wanted: Wanted,
  signal: AbortSignal | undefined,
): AsyncGenerator<HourOfPoints> {
  const cold = await readArchivedDay(archive, archived, wanted.channels, signal);
  const hot = new Map<Micros, readonly SeriesColumn[]>();
  for await (const { hour, columns } of readHotHours(measurements, device, wanted, signal))
    hot.set(hour, columns);
  const first = wanted.from - (wanted.from % MICROS_PER_HOUR);
  for (let hour = first; hour < wanted.to; hour += MICROS_PER_HOUR) {
    const ends = Math.min(hour + MICROS_PER_HOUR, wanted.to);
    const pieces = [sliceColumns(cold, Math.max(hour, wanted.from), ends), hot.get(hour) ?? []];
    const columns = mergeColumns(pieces);
    if (columns.length > 0) yield { hour, columns };
  }
}

/** Longer than anybody reads: an answer is streamed for a quarter of an hour at most. */
const READING = MICROS_PER_HOUR;

/** Days whose blocks may be gone before they are read. None of them ended less than a day ago. */
const coldDays = async (
  measurements: Measurements,
  device: string,
  { from, to }: Wanted,
  signal: AbortSignal | undefined,
): Promise<ArchivedDay[]> => {
  const now = Date.now() * 1000;
  const latest = Math.min(to, now - MICROS_PER_DAY);
  const days = await Array.fromAsync(readArchivedDays(measurements, device, from, latest, signal));
  return days.filter(({ hotUntil }) => hotUntil <= now + READING);
};

/** So much is read before it is known whether some of it is in the archive: mostly none is. */
const AHEAD = MICROS_PER_DAY;

/**
 * A device's points in `[from, to)`, hour by hour in order of time: of blocks, chunks and, where those are gone, of
 * the archive. Hours and channels without points are absent.
 * @param range with `channels` only these; all when absent
 * @throws {CorruptChunk}, {UnknownFormat}, {IncompleteBlock} or {CorruptArchive} naming the item
 */
export async function* readHours(
  measurements: Measurements,
  device: string,
  range: Wanted,
  signal?: AbortSignal,
): AsyncGenerator<HourOfPoints> {
  const { archive } = measurements;
  let { from } = range;
  if (archive !== undefined) {
    // Hours are given whole.
    const next = Math.min(range.to, from - (from % MICROS_PER_HOUR) + AHEAD);
    const hot = prefetchStream(readHotHours(measurements, device, { ...range, to: next }, signal));
    const days = await coldDays(measurements, device, range, signal);
    if (days.length === 0) {
      yield* hot;
      from = next;
    }
    for (const archived of days) {
      const start = Math.max(from, archived.day);
      yield* readHotHours(measurements, device, { ...range, from, to: start }, signal);
      from = Math.min(range.to, archived.day + MICROS_PER_DAY);
      const wanted = { ...range, from: start, to: from };
      yield* readColdDay(measurements, archive, device, archived, wanted, signal);
    }
  }
  yield* readHotHours(measurements, device, { ...range, from }, signal);
}

/** The newest point of a channel by measured time. Its unit is that of the instrument type. */
export interface LatestPoint {
  readonly channel: string;
  readonly time: Micros;
  readonly value: Value;
  readonly quality: Quality;
  /** When the platform received it. */
  readonly arrived: Micros;
}

/** What is known of a device without reading its points. */
export interface Latest {
  /** By channel name. */
  readonly points: readonly LatestPoint[];
  readonly ledger: Ledger;
  readonly sessions: readonly Session[];
}

/**
 * What is remembered of a device: one Query.
 * @param consistent whether what was written a moment ago has to be seen, for twice the price
 * @returns `undefined` when nothing ever came from the device
 */
export const readState = async (
  measurements: Measurements,
  device: string,
  consistent: boolean,
  signal?: AbortSignal,
): Promise<DeviceState | undefined> => {
  let furthest: Item | undefined;
  const prefix = { ':prefix': { S: LATEST } };
  for await (const items of queryDevice(
    measurements,
    device,
    'begins_with(sk, :prefix)',
    prefix,
    signal,
    consistent,
  ))
    for (const item of items)
      if (furthest === undefined || compareReach(reachOfItem(item), reachOfItem(furthest)) > 0)
        furthest = item;
  return furthest === undefined ? undefined : fromStateItem(furthest);
};

/** @returns `undefined` when nothing ever came from the device */
export const readLatest = async (
  measurements: Measurements,
  device: string,
  signal?: AbortSignal,
): Promise<Latest | undefined> => {
  const state = await readState(measurements, device, false, signal);
  if (state === undefined) return undefined;
  const points = [...state.tracks]
    .map(([channel, { time, value, quality, arrived }]) => ({ channel, time, value, quality, arrived }))
    .sort((left, right) => (left.channel < right.channel ? -1 : 1));
  return { points, ledger: state.ledger, sessions: state.sessions };
};
