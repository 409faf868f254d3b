/**
 * What the points of a device are judged by that come after an hour: of each channel that is judged by its neighbours too,
 * what was remembered at the end of the hour. Written when the hour is compacted.
 *
 * Pk `{device}#j`, sk `{hour}`: `f` format, `t` tracks as JSON: time, value, run, and time and value of the credible point;
 * `expiresAt`, see `expiry.ts`.
 */
import { crc32 } from 'node:zlib';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Value } from '../../../contracts/messages/message.ts';
import type { Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { givenOf } from '../../../series/points/column.ts';
import {
  judgePoints,
  looksBack,
  type RulesByChannel,
  startTrack,
  type Track,
  type Tracks,
} from '../../domain/ingestion/quality.ts';
import { readPage } from '../dynamodb/query.ts';
import { secondOf } from './expiry.ts';
import { checkFormat, hourKey, ITEM_FORMAT, type Measurements, parseHour } from './keys.ts';

type PackedTrack = readonly [Micros, Value, number, Micros, Value | null];

const partitionOf = (device: string): string => `${device}#j`;

const textOf = (tracks: Tracks): string =>
  JSON.stringify(
    Object.fromEntries(
      [...tracks]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([channel, { time, value, run, credibleTime, credibleValue }]) => [
          channel,
          [time, value, run, credibleTime, credibleValue ?? null],
        ]),
    ),
  );

const tracksOf = (text: string): Tracks =>
  new Map(
    Object.entries(JSON.parse(text) as Record<string, PackedTrack>).map(
      ([channel, [time, value, run, credibleTime, credibleValue]]): [string, Track] => [
        channel,
        { ...startTrack(time, value, 0), run, credibleTime, credibleValue: credibleValue ?? undefined },
      ],
    ),
  );

/** What was remembered at the end of an hour. */
export interface JudgeContext {
  readonly hour: Micros;
  readonly tracks: Tracks;
  /** The same always as the same text. */
  readonly text: string;
  readonly digest: string;
}

/** A short word for a text. */
export const digestOf = (text: string): string => crc32(text).toString(36);

const read = async (
  { client, table }: Measurements,
  device: string,
  condition: string,
  hour: Micros,
  descending: boolean,
  signal: AbortSignal | undefined,
): Promise<JudgeContext | undefined> => {
  const question = {
    condition: `pk = :pk AND ${condition}`,
    values: { ':pk': { S: partitionOf(device) }, ':hour': { S: hourKey(hour) } },
    consistent: true,
    limit: 1,
    descending,
  };
  const { items } = await readPage(client, table, question, undefined, signal);
  const [item] = items;
  if (item === undefined) return undefined;
  checkFormat(item);
  const text = item['t']?.S ?? '{}';
  return { hour: parseHour(item['sk']?.S ?? ''), tracks: tracksOf(text), text, digest: digestOf(text) };
};

/** The last context before an hour. One Query of one item. */
export const contextBefore = (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal?: AbortSignal,
): Promise<JudgeContext | undefined> => read(measurements, device, 'sk < :hour', hour, true, signal);

/** The context at the end of an hour, as it was last written. One Query of one item. */
export const contextOf = (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal?: AbortSignal,
): Promise<JudgeContext | undefined> => read(measurements, device, 'sk = :hour', hour, true, signal);

/** The first context after an hour: of the hour that is judged by this one. One Query of one item. */
export const contextAfter = (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal?: AbortSignal,
): Promise<JudgeContext | undefined> => read(measurements, device, 'sk > :hour', hour, false, signal);

/** Writes the context at the end of an hour. */
export const putContext = async (
  { client, table }: Measurements,
  device: string,
  hour: Micros,
  tracks: Tracks,
  expires: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const put = new PutItemCommand({
    TableName: table,
    Item: {
      pk: { S: partitionOf(device) },
      sk: { S: hourKey(hour) },
      f: { N: String(ITEM_FORMAT) },
      t: { S: textOf(tracks) },
      expiresAt: secondOf(expires),
    },
  });
  await client.send(put, { abortSignal: signal });
};

/** Contexts as texts, to tell whether two are the same. */
export const contextText = textOf;

/** Points as judged, and what is to be remembered of the channels that look back. */
export interface JudgedHour {
  readonly columns: readonly SeriesColumn[];
  readonly after: Tracks;
}

/**
 * Judges the points of an hour.
 * @param columns as they were merged, with the quality that was given
 * @param before what was remembered at the end of the hour before
 */
export const judgeHour = (
  columns: readonly SeriesColumn[],
  rules: RulesByChannel,
  before: Tracks,
): JudgedHour => {
  const after = new Map(before);
  const judged = columns.map((column) => {
    const own = rules.get(column.channel);
    if (own === undefined) return column;
    const given = givenOf(column);
    const { time, value } = column;
    const found = judgePoints(own, before.get(column.channel), { time, value, given });
    if (found.after !== undefined && looksBack(own)) after.set(column.channel, found.after);
    return { ...column, given, quality: found.quality };
  });
  return { columns: judged, after };
};

/** Whether any of some channels is judged by its neighbours. */
export const anyLooksBack = (rules: RulesByChannel, channels?: ReadonlySet<string>): boolean => {
  for (const [channel, own] of rules) if (channels?.has(channel) !== false && looksBack(own)) return true;
  return false;
};
