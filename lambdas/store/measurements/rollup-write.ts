/** Writes rollups: hours as they are compacted, minutes when their day is archived. */

import { randomUUID } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { type EncodedColumn, encodeColumn } from '../../../series/summaries/column-codec.ts';
import { KEEP_ALL } from '../../../series/summaries/kept.ts';
import { withHour } from '../../../series/summaries/rollup.ts';
import type { SummaryRun, WindowRange } from '../../../series/summaries/run.ts';
import { SECTIONS } from '../../../series/summaries/sections.ts';
import { packColumns } from '../../../series/summaries/summary-codec.ts';
import { TimeIsUp } from '../../runtime/retry.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import type { Measurements } from './keys.ts';
import {
  ROLLUP_FORMAT,
  rollupKey,
  rollupPartition,
  rollupPartKey,
  sectionAttributes,
} from './rollup-item.ts';
import { readStored, runOfStored, type StoredRollup } from './rollup-read.ts';
import { startOfDay } from './work-queue.ts';
import { type Patience, writeItems } from './write.ts';

const MAX_ITEM_BYTES = 100 * 1024;

const sizeOf = (column: EncodedColumn): number =>
  SECTIONS.reduce((sum, section) => sum + column[section].length, 0);

/** Channels in groups that fit an item each, by their size before they are packed. */
const groups = (columns: readonly EncodedColumn[]): EncodedColumn[][] => {
  const found: EncodedColumn[][] = [];
  let room = 0;
  for (const column of columns) {
    const size = sizeOf(column);
    if (size > room || found.length === 0) {
      found.push([]);
      room = MAX_ITEM_BYTES;
    }
    found.at(-1)?.push(column);
    room -= size;
  }
  return found.length === 0 ? [[]] : found;
};

const number = (value: number) => ({ N: String(value) });

/** How long what is written is kept, and how long to try. */
export interface Keeping {
  readonly until: Micros;
  readonly patience: Patience;
}

/** A rollup that is to be written. */
export interface NewRollup {
  readonly device: string;
  readonly range: WindowRange;
  readonly columns: readonly EncodedColumn[];
}

/**
 * A rollup as items.
 * Head: `f` format, `g` tag of the version, `p` number of parts or 0, `ch` channels by part, and sections where they
 * fit; `more` besides. Part: `f` format and sections. Both: `expiresAt`.
 */
export const toRollupItems = (
  { device, range, columns }: NewRollup,
  more: Item,
  until: Micros,
): { readonly head: Item; readonly parts: readonly Item[] } => {
  const kept = { f: number(ROLLUP_FORMAT), expiresAt: number(Math.ceil(until / 1e6)) };
  const pk = { S: rollupPartition(device, range.width) };
  const sk = { S: rollupKey(range.start) };
  const tag = randomUUID().slice(0, 8);
  const pieces = groups(columns).map((piece) => ({
    names: piece.map(({ channel }) => channel),
    attributes: sectionAttributes(packColumns(range, piece)),
  }));
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined)
    return { head: { ...more, pk, sk, ...kept, g: { S: tag }, p: number(0), ...only.attributes }, parts: [] };
  const parts = pieces.map(
    ({ attributes }, at): Item => ({
      pk,
      sk: { S: rollupPartKey(range.start, tag, at) },
      ...kept,
      ...attributes,
    }),
  );
  const ch = { S: JSON.stringify(pieces.map(({ names }) => names)) };
  return { head: { ...more, pk, sk, ...kept, g: { S: tag }, p: number(parts.length), ch }, parts };
};

/**
 * Replaces a rollup: parts first, then the head, on a condition.
 * @returns whether the condition held
 */
const replace = async (
  measurements: Measurements,
  rollup: NewRollup,
  more: Item,
  condition: { readonly text: string; readonly values: Item },
  before: StoredRollup | undefined,
  { until, patience }: Keeping,
): Promise<boolean> => {
  const { head, parts } = toRollupItems(rollup, more, until);
  const write = async (items: readonly Item[], deleted: readonly Item[]): Promise<void> => {
    const undone = await writeItems(measurements, items, patience, deleted);
    if (undone.size > 0) throw new TimeIsUp(`${head['pk']?.S}/${head['sk']?.S} could not be written in time`);
  };
  await write(parts, []);
  const put = new PutItemCommand({
    TableName: measurements.table,
    Item: head,
    ConditionExpression: `attribute_not_exists(pk) OR ${condition.text}`,
    ExpressionAttributeValues: condition.values,
  });
  const isReplaced = await isWritten(measurements.client.send(put, { abortSignal: patience.signal }));
  await write([], isReplaced ? (before?.parts ?? []) : parts);
  return isReplaced;
};

const readOne = async (
  measurements: Measurements,
  device: string,
  { width, start }: WindowRange,
  signal: AbortSignal,
  attributes?: readonly string[],
): Promise<StoredRollup | undefined> => {
  const key = rollupKey(start);
  const pk = rollupPartition(device, width);
  for await (const stored of readStored(measurements, pk, key, key, attributes, signal))
    if (stored.head['sk']?.S === key) return stored;
  return undefined;
};

/**
 * Writes the minutes of a day, unless those of a newer version of the day are there.
 * @param version of the archived day that they are of; `v` of the item
 * @returns whether they were written
 */
export const writeMinutes = async (
  measurements: Measurements,
  rollup: NewRollup,
  version: number,
  keeping: Keeping,
): Promise<boolean> => {
  // A first version has nothing to replace but what nobody refers to.
  const before =
    version === 1
      ? undefined
      : await readOne(measurements, rollup.device, rollup.range, keeping.patience.signal, [
          'pk',
          'sk',
          'g',
          'v',
        ]);
  const condition = { text: 'v < :version', values: { ':version': number(version) } };
  return await replace(measurements, rollup, { v: number(version) }, condition, before, keeping);
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
    const before = await readOne(measurements, device, run, keeping.patience.signal);
    const blocks = JSON.parse(before?.head['h']?.S ?? '{}') as Record<string, number>;
    if ((blocks[place] ?? 0) >= version) return;
    const known =
      before === undefined ? undefined : runOfStored(before, { channels: undefined, kept: KEEP_ALL });
    // Parts that are gone: another version is taking its place.
    if (before !== undefined && known === undefined) continue;
    const old = Number(before?.head['v']?.N ?? 0);
    const head = { v: number(old + 1), h: { S: JSON.stringify({ ...blocks, [place]: version }) } };
    const condition = { text: 'v = :version', values: { ':version': number(old) } };
    const day = withHour(known, run);
    const columns = day.columns.map((column) => encodeColumn(day, column));
    const rollup = { device, range: day, columns };
    if (await replace(measurements, rollup, head, condition, before, keeping)) return;
  }
  throw new Error(`${device}: the hours of ${rollupKey(run.start)} are changed too often`);
};
