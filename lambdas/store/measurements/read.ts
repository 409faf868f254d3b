/** Points and newest values of a device, for readers. */
import { QueryCommand, type QueryCommandInput, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import type { Value } from '../../../contracts/payload/message.ts';
import type { Quality } from '../../../contracts/quality.ts';
import type { Micros } from '../../../contracts/time.ts';
import { compareReach } from '../../domain/device-state.ts';
import type { Ledger } from '../../domain/ledger.ts';
import type { Session } from '../../domain/sessions.ts';
import type { SeriesColumn } from '../../series/column.ts';
import { mergeColumns, sliceColumns } from '../../series/merge.ts';
import type { Item } from '../attributes.ts';
import { fromChunkItem, type StoredChunk } from './chunk-item.ts';
import { compareChunks, hourKey, LATEST, type Measurements } from './keys.ts';
import { fromStateItem, reachOfItem } from './state-item.ts';

async function* query(
  { client, table }: Measurements,
  device: string,
  condition: string,
  values: Item,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item[]> {
  const input: QueryCommandInput = {
    TableName: table,
    KeyConditionExpression: `pk = :pk AND ${condition}`,
    ExpressionAttributeValues: { ':pk': { S: device }, ...values },
  };
  let start: Item | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand(start === undefined ? input : { ...input, ExclusiveStartKey: start }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    yield page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}

/**
 * Chunks of a device that may hold points in `[from, to)`, hour by hour; of one hour in order of their keys.
 * One page of at most 1 MB is held at a time.
 * @throws {CorruptChunk} naming the chunk
 */
export async function* readChunks(
  measurements: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): AsyncGenerator<StoredChunk> {
  if (from >= to) return;
  const bounds = { ':from': { S: hourKey(from) }, ':to': { S: `${hourKey(to - 1)}~` } };
  for await (const items of query(measurements, device, 'sk BETWEEN :from AND :to', bounds, signal)) {
    for (const item of items) {
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

/**
 * A device's points in `[from, to)`, hour by hour in order of time. Hours and channels without points are absent.
 * @param channels only these; all when absent
 */
export async function* readHours(
  measurements: Measurements,
  device: string,
  range: { readonly from: Micros; readonly to: Micros; readonly channels?: ReadonlySet<string> },
  signal?: AbortSignal,
): AsyncGenerator<HourOfPoints> {
  const { from, to, channels } = range;
  const finish = (chunks: StoredChunk[], hour: Micros): HourOfPoints => {
    const pieces = chunks
      .sort(compareChunks)
      .map(({ columns }) => (channels ? columns.filter(({ channel }) => channels.has(channel)) : columns));
    return { hour, columns: sliceColumns(mergeColumns(pieces).columns, from, to) };
  };
  let gathered: StoredChunk[] = [];
  for await (const chunk of readChunks(measurements, device, from, to, signal)) {
    const hour = gathered[0]?.hour;
    if (hour !== undefined && hour !== chunk.hour) {
      const points = finish(gathered, hour);
      if (points.columns.length > 0) yield points;
      gathered = [];
    }
    gathered.push(chunk);
  }
  const hour = gathered[0]?.hour;
  if (hour === undefined) return;
  const points = finish(gathered, hour);
  if (points.columns.length > 0) yield points;
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

/** @returns `undefined` when nothing ever came from the device */
export const readLatest = async (
  measurements: Measurements,
  device: string,
  signal?: AbortSignal,
): Promise<Latest | undefined> => {
  let furthest: Item | undefined;
  const prefix = { ':prefix': { S: LATEST } };
  for await (const items of query(measurements, device, 'begins_with(sk, :prefix)', prefix, signal))
    for (const item of items)
      if (furthest === undefined || compareReach(reachOfItem(item), reachOfItem(furthest)) > 0)
        furthest = item;
  if (furthest === undefined) return undefined;
  const state = fromStateItem(furthest);
  const points = [...state.tracks]
    .map(([channel, { time, value, quality, arrived }]) => ({ channel, time, value, quality, arrived }))
    .sort((left, right) => (left.channel < right.channel ? -1 : 1));
  return { points, ledger: state.ledger, sessions: state.sessions };
};
