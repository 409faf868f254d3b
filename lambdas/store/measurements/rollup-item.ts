/**
 * Rollups as items: summaries of the minutes of an hour under `{device}#r1m`, of the hours of a day under
 * `{device}#r1h`. What is too large for one item is split by channel into parts of one version, as blocks are.
 *
 * They are derived and may lag behind points: as long as an hour is marked dirty nobody relies on them.
 */
import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { withHour } from '../../series/rollup.ts';
import { KEEP_ALL, type Kept } from '../../series/summary.ts';
import { decodeSummaries, encodeSummaries, type SummaryRun } from '../../series/summary-codec.ts';
import type { Item } from '../attributes.ts';
import { TimeIsUp } from '../retry.ts';
import { hourKey, ITEM_FORMAT, type Measurements, UnknownItemFormat } from './keys.ts';
import { dayKey, startOfDay } from './marks.ts';
import { type Patience, writeItems } from './write.ts';

const MAX_ITEM_BYTES = 100 * 1024;

const isMinutes = (width: Micros): boolean => width === MICROS_PER_MINUTE;
const partitionOf = (device: string, width: Micros): string =>
  `${device}#${isMinutes(width) ? 'r1m' : 'r1h'}`;
const keyOf = (width: Micros, time: Micros): string => (isMinutes(width) ? hourKey(time) : dayKey(time));

interface Stored {
  readonly head: Item;
  readonly parts: readonly Item[];
  /** Parts of other versions. */
  readonly strays: readonly Item[];
}

const isPart = (item: Item): boolean => item['sk']?.S?.includes('#p#') === true;

const toStored = (items: readonly Item[]): Stored | undefined => {
  const head = items.find((item) => !isPart(item));
  if (head === undefined) return undefined;
  const prefix = `${head['sk']?.S}#p#${head['g']?.S}#`;
  const own = (item: Item): boolean => item['sk']?.S?.startsWith(prefix) === true;
  const others = items.filter(isPart);
  return {
    head,
    parts: others.filter(own),
    strays: others.filter((item) => !own(item)),
  };
};

/** Rollups of a device by their key, each as all the items that begin with it. */
async function* readStored(
  { client, table }: Measurements,
  pk: string,
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Stored> {
  let gathered: Item[] = [];
  let start: Item | undefined;
  do {
    const page: QueryCommandOutput = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: `${to}~` } },
        // A part of a day that is read before its new head would be of neither.
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    for (const item of page.Items ?? []) {
      if (!isPart(item) && gathered.length > 0) {
        const stored = toStored(gathered);
        if (stored !== undefined) yield stored;
        gathered = [];
      }
      gathered.push(item);
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const stored = toStored(gathered);
  if (stored !== undefined) yield stored;
}

/** @returns `undefined` when parts are missing, because a newer version is just taking their place */
const runOf = (
  { head, parts }: Stored,
  channels: ReadonlySet<string> | undefined,
  kept: Kept,
): SummaryRun | undefined => {
  const name = `${head['pk']?.S}/${head['sk']?.S}`;
  if (head['f']?.N !== String(ITEM_FORMAT)) throw new UnknownItemFormat(name, head['f']?.N);
  if (parts.length !== Number(head['p']?.N)) return undefined;
  const runs = (parts.length === 0 ? [head] : parts).map((item) =>
    decodeSummaries(item['b']?.B ?? new Uint8Array(), `${item['pk']?.S}/${item['sk']?.S}`, channels, kept),
  );
  const [first] = runs;
  return first === undefined ? undefined : { ...first, columns: runs.flatMap(({ columns }) => columns) };
};

/**
 * Rollups of a device in whole hours or days that touch `[from, to)`, in order of time. One that is just being
 * replaced is left out: its hours have points.
 * @param width of a slot: a minute or an hour
 * @param range.channels only these; all when absent
 * @param range.kept sums that are wanted; all when absent
 * @throws {CorruptSummaries} or {UnknownItemFormat} naming the item
 */
export async function* readRollups(
  measurements: Measurements,
  device: string,
  width: Micros,
  range: {
    readonly from: Micros;
    readonly to: Micros;
    readonly channels?: ReadonlySet<string>;
    readonly kept?: Kept;
  },
  signal?: AbortSignal,
): AsyncGenerator<SummaryRun> {
  const { from, to, channels, kept = KEEP_ALL } = range;
  if (from >= to) return;
  const keys = [keyOf(width, from), keyOf(width, to - 1)] as const;
  for await (const stored of readStored(measurements, partitionOf(device, width), ...keys, signal)) {
    const run = runOf(stored, channels, kept);
    if (run !== undefined) yield run;
  }
}

/** Summaries as bytes in pieces that fit an item, split by channel. */
const split = (run: SummaryRun): Buffer[] => {
  const bytes = encodeSummaries(run);
  const middle = run.columns.length >>> 1;
  if (bytes.length <= MAX_ITEM_BYTES || middle === 0) return [bytes];
  return [
    ...split({ ...run, columns: run.columns.slice(0, middle) }),
    ...split({ ...run, columns: run.columns.slice(middle) }),
  ];
};

const number = (value: number) => ({ N: String(value) });

/** How long what is written is kept, and how long to try. */
export interface Keeping {
  readonly until: Micros;
  readonly patience: Patience;
}

/**
 * Replaces a rollup: parts first, then the head, on a condition.
 * @returns whether the condition held
 */
const replace = async (
  measurements: Measurements,
  device: string,
  run: SummaryRun,
  head: Item,
  condition: { readonly text: string; readonly values: Item },
  before: Stored | undefined,
  { until, patience }: Keeping,
): Promise<boolean> => {
  const kept = { f: number(ITEM_FORMAT), expiresAt: number(Math.ceil(until / 1e6)) };
  const pk = { S: partitionOf(device, run.width) };
  const sk = keyOf(run.width, run.start);
  const tag = randomUUID().slice(0, 8);
  const pieces = split(run);
  const [only] = pieces;
  const inline = pieces.length === 1 && only !== undefined;
  const parts = inline
    ? []
    : pieces.map(
        (bytes, at): Item => ({
          pk,
          sk: { S: `${sk}#p#${tag}#${at}` },
          ...kept,
          b: { B: bytes },
        }),
      );
  const write = async (items: readonly Item[], deleted: readonly Item[]): Promise<void> => {
    const undone = await writeItems(measurements, items, patience, deleted);
    if (undone.size > 0) throw new TimeIsUp(`${pk.S}/${sk} could not be written in time`);
  };
  await write(parts, []);
  const item: Item = {
    ...head,
    pk,
    sk: { S: sk },
    ...kept,
    g: { S: tag },
    p: number(parts.length),
    ...(inline ? { b: { B: only } } : {}),
  };
  try {
    await measurements.client.send(
      new PutItemCommand({
        TableName: measurements.table,
        Item: item,
        ConditionExpression: `attribute_not_exists(pk) OR ${condition.text}`,
        ExpressionAttributeValues: condition.values,
      }),
      { abortSignal: patience.signal },
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    await write([], parts);
    return false;
  }
  await write([], before?.parts ?? []);
  return true;
};

const readOne = async (
  measurements: Measurements,
  device: string,
  width: Micros,
  time: Micros,
  signal: AbortSignal,
): Promise<Stored | undefined> => {
  const key = keyOf(width, time);
  for await (const stored of readStored(measurements, partitionOf(device, width), key, key, signal))
    return stored;
  return undefined;
};

/**
 * Writes the minutes of an hour, unless a newer block has been summarized already.
 * `v` version of the block.
 */
export const writeMinutes = async (
  measurements: Measurements,
  device: string,
  run: SummaryRun,
  version: number,
  keeping: Keeping,
): Promise<void> => {
  const before = await readOne(measurements, device, run.width, run.start, keeping.patience.signal);
  if (before !== undefined && Number(before.head['v']?.N) >= version) return;
  const condition = { text: 'v < :version', values: { ':version': number(version) } };
  await replace(measurements, device, run, { v: number(version) }, condition, before, keeping);
};

const TRIES = 20;

/**
 * Puts an hour into the summaries of its day, unless a newer block has been summarized already.
 * `v` version of the item; `h` version of the block by hour of the day.
 * @throws when other hours of the day come in between again and again
 */
export const writeHour = async (
  measurements: Measurements,
  device: string,
  run: SummaryRun,
  version: number,
  keeping: Keeping,
): Promise<void> => {
  const place = String((run.start - startOfDay(run.start)) / MICROS_PER_HOUR);
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const before = await readOne(measurements, device, run.width, run.start, keeping.patience.signal);
    const blocks = JSON.parse(before?.head['h']?.S ?? '{}') as Record<string, number>;
    if ((blocks[place] ?? 0) >= version) return;
    const known = before === undefined ? undefined : runOf(before, undefined, KEEP_ALL);
    // Parts that are gone: another version is taking its place.
    if (before !== undefined && known === undefined) continue;
    const old = Number(before?.head['v']?.N ?? 0);
    const head = { v: number(old + 1), h: { S: JSON.stringify({ ...blocks, [place]: version }) } };
    const condition = { text: 'v = :version', values: { ':version': number(old) } };
    const day = withHour(known, run);
    if (await replace(measurements, device, day, head, condition, before, keeping)) return;
  }
  throw new Error(`${device}: the hours of ${dayKey(run.start)} are changed too often`);
};
