/**
 * An hour's chunks into its block.
 *
 * Parts are written first, then the head, on the condition that nobody else has replaced it meanwhile; chunks and
 * parts that the head does not need are deleted last. Whatever step is the last one done, every point is found: the
 * head that counts is whole, and a chunk that is in it already changes nothing.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { type DeviceState, NEW_STATE } from '../../domain/ingestion/device-state.ts';
import type { RulesByChannel, Tracks } from '../../domain/ingestion/quality.ts';
import { addFindings, type Findings } from '../../domain/ledger/findings.ts';
import { EMPTY_ACCOUNT, tellRuns } from '../../domain/ledger/hour-account.ts';
import { compareSequences } from '../../domain/ledger/sequence.ts';
import { TimeIsUp } from '../../runtime/retry.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { runOf } from './accounts.ts';
import { type ArchivedHour, readArchivedHour } from './archived-hour.ts';
import {
  type BlockHead,
  extendReach,
  isReached,
  NOT_JUDGED,
  TO_BE_JUDGED,
  toBlockItems,
} from './block-item.ts';
import { lastOfChunk } from './chunk-item.ts';
import { secondOf } from './expiry.ts';
import { toFindingsItems } from './findings-items.ts';
import {
  blockColumns,
  type ChunkItem,
  freshChunks,
  type HourItems,
  type MergedHour,
  mergeHourItems,
} from './hour-items.ts';
import {
  anyLooksBack,
  contextAfter,
  contextBefore,
  contextOf,
  contextText,
  digestOf,
  judgeHour,
  putContext,
} from './judge-context.ts';
import { type Measurements, parsePartKey } from './keys.ts';
import { readState } from './read.ts';
import { readHourItems } from './read-hours.ts';
import { toTaskItem } from './work-queue.ts';
import { type Patience, writeItems } from './write.ts';

/** What an hour came to. */
export interface CompactedHour {
  readonly columns: readonly SeriesColumn[];
  /** Version of the block that holds them. */
  readonly version: number;
  /** Items that nobody needs any more. */
  readonly garbage: readonly Item[];
  /** Chunks that are left because their batch may still be given up and come again: the hour is not done. */
  readonly waiting: number;
  /** Chunks that were not in the block before. */
  readonly merged: number;
  /** Size of columns in chunks and in the block before, and in the block after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const sizeOf = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + (item['b']?.B?.length ?? 0), 0);

/** Whether any point of a block is another since, or came to it. */
const hasChanged = (head: BlockHead | undefined, { columns, found }: MergedHour): boolean =>
  head === undefined ||
  countPoints(columns) !== head.points ||
  [...found.values()].some(({ overwritten }) => overwritten > 0);

const countPoints = (columns: readonly SeriesColumn[]): number =>
  columns.reduce((sum, { time }) => sum + time.length, 0);

/**
 * Puts a head if the one that was read is still there. One that may go counts as gone, see `readHourItems`.
 * @param version of the head that was read; `undefined` when there was none
 */
const putHead = async (
  { client, table }: Measurements,
  head: Item,
  version: number | undefined,
  signal: AbortSignal,
): Promise<boolean> => {
  const condition =
    version === undefined
      ? {
          ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
          ExpressionAttributeValues: { ':now': secondOf(Date.now() * 1000) },
        }
      : {
          ConditionExpression: 'v = :version',
          ExpressionAttributeValues: { ':version': { N: `${version}` } },
        };
  const put = new PutItemCommand({ TableName: table, Item: head, ...condition });
  return await isWritten(client.send(put, { abortSignal: signal }));
};

/** Writes and deletes, all of it. @throws {TimeIsUp} */
export const writeAll = async (
  measurements: Measurements,
  items: readonly Item[],
  deleted: readonly Item[],
  patience: Patience,
): Promise<void> => {
  const undone = await writeItems(measurements, items, patience, deleted);
  if (undone.size > 0) throw new TimeIsUp(`${[...undone].join()} could not be written in time`);
};

/** Parts of versions up to this one: a head for them would be refused, so nobody will read them. */
const outdated = (strays: readonly Item[], version: number): Item[] =>
  strays.filter((item) => (parsePartKey(item['sk']?.S ?? '')?.number ?? version + 1) <= version);

/**
 * What was archived of an hour whose block may have expired. Only messages replayed from the quarantine are that late:
 * the archive is not read for any others.
 */
const archivedHour = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal: AbortSignal,
): Promise<ArchivedHour | undefined> =>
  hour + MICROS_PER_DAY + LIMITS.pastMicros > Date.now() * 1000
    ? undefined
    : readArchivedHour(measurements, device, hour, signal);

/** Points as they are, with the quality that a block has for them. */
const withQualityOf = (
  block: readonly SeriesColumn[],
  columns: readonly SeriesColumn[],
): readonly SeriesColumn[] => {
  const byChannel = new Map(block.map((column) => [column.channel, column.quality]));
  return columns.map((column) => ({ ...column, quality: byChannel.get(column.channel) }));
};

/** How far a device is known to be committed, by shard. */
const checkpointsOf = async (
  measurements: Measurements,
  device: string,
  signal: AbortSignal,
): Promise<DeviceState['checkpoints']> =>
  (await readState(measurements, device, true, signal))?.checkpoints ?? NEW_STATE.checkpoints;

/**
 * An hour without chunks of batches that may still be given up: an account is told of nothing that might come again in
 * another cut. A shard without a checkpoint was forgotten long ago, and all of it is committed.
 */
const committedOnly = (
  items: HourItems,
  checkpoints: DeviceState['checkpoints'],
): { readonly items: HourItems; readonly waiting: number } => {
  const isCommitted = (chunk: ChunkItem): boolean => {
    const checkpoint = checkpoints.get(chunk.shardKey);
    return (
      checkpoint === undefined ||
      compareSequences(lastOfChunk(chunk, chunk.item), checkpoint.sequence) <= 0 ||
      (items.head !== undefined && isReached(items.head.reach, chunk))
    );
  };
  const chunks = items.chunks.filter(isCommitted);
  return { items: { ...items, chunks }, waiting: items.chunks.length - chunks.length };
};

/** How an hour is compacted. */
export interface HourPlan {
  /** When a block that is written may go. */
  readonly expires: Micros;
  /** When what is told of its messages and findings may go. */
  readonly accountsExpire: Micros;
  /** What its points are judged by; `undefined` where nobody knows the device: they keep the given quality. */
  readonly rules: RulesByChannel | undefined;
  /**
   * Set while the hour is open: it is merged only where that is worth it, and is not judged. What is remembered of its end
   * would be taken for the last word by who reads the next hour.
   */
  readonly open?: { readonly isWorth: (items: HourItems) => boolean };
}

const NO_RULES: RulesByChannel = new Map();
const NO_TRACKS: Tracks = new Map();

/** The hour after which something has changed by which later points were judged. */
const judgeLaterHours = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal: AbortSignal,
): Promise<readonly Item[]> => {
  const later = await contextAfter(measurements, device, hour, signal);
  return later === undefined ? [] : [toTaskItem('dirty', device, later.hour)];
};

/**
 * Merges what is stored of an hour into its block, and judges its points.
 *
 * What the points of the hour are judged by is what was remembered at the end of the last hour before. Where what is
 * remembered at the end of this one changes, the next hour that has been judged is queued to be judged again: so that
 * what is stored depends on the points alone, whatever the order in which they came.
 * @returns `undefined` when nothing is stored, `raced` when another compaction was faster, `waiting` when all that is stored
 *   may still be given up, `early` when the hour is open and not worth merging yet
 * @throws {CorruptChunk}, {UnknownFormat} or {IncompleteBlock} naming the item, {TimeIsUp}, or a fault that stays
 */
export const mergeHour = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  { expires, accountsExpire, rules = NO_RULES, open }: HourPlan,
  patience: Patience,
): Promise<CompactedHour | 'raced' | 'waiting' | 'early' | undefined> => {
  const { signal } = patience;
  const found = await readHourItems(measurements, device, hour, signal);
  const { items, waiting } = committedOnly(found, await checkpointsOf(measurements, device, signal));
  const { head, chunks, parts, strays } = items;
  if (head === undefined && chunks.length === 0) return waiting === 0 ? undefined : 'waiting';
  if (open?.isWorth(items) === false) return 'early';
  const cold = head === undefined ? await archivedHour(measurements, device, hour, signal) : undefined;
  const merged = mergeHourItems(device, items, undefined, cold?.columns);
  const fresh = freshChunks(items);
  const looks = anyLooksBack(rules);
  const context =
    looks && open === undefined ? await contextBefore(measurements, device, hour, signal) : undefined;
  const judgedBefore = looks ? digestOf(context?.text ?? '') : '';
  const judge = head === undefined || hasChanged(head, merged) || head.judged.before !== judgedBefore;
  const { columns: judged, after } = judgeHour(merged.columns, rules, context?.tracks ?? NO_TRACKS);
  // What nothing came to keeps its quality, even if its type has other limits since.
  const columns =
    open !== undefined
      ? merged.columns
      : judge
        ? judged
        : withQualityOf(blockColumns(device, items), merged.columns);
  const text = looks ? contextText(after) : '';
  const chunkItems = chunks.map(({ item }) => item);
  const before = sizeOf([...chunkItems, ...parts]) + (head?.bytes?.length ?? 0);
  const about = { columns, merged: fresh.length, bytesBefore: before, waiting };
  const remember = async (): Promise<void> => {
    const known = await contextOf(measurements, device, hour, signal);
    if (known?.text === text) return;
    const later = await judgeLaterHours(measurements, device, hour, signal);
    await putContext(measurements, device, hour, after, accountsExpire, signal);
    await writeAll(measurements, later, [], patience);
  };
  const tellFindings = (found: Findings): Promise<void> =>
    writeAll(measurements, toFindingsItems(device, hour, found, accountsExpire), [], patience);
  if (head !== undefined && fresh.length === 0 && (open !== undefined || !judge)) {
    // Whoever wrote the block may have ended before it had told all.
    await tellFindings(head.account.found);
    if (
      looks &&
      open === undefined &&
      (await contextOf(measurements, device, hour, signal))?.digest !== head.judged.after
    )
      await remember();
    const bytesAfter = sizeOf(parts) + (head.bytes?.length ?? 0);
    const garbage = [...chunkItems, ...outdated(strays, head.version)];
    return { ...about, version: head.version, garbage, bytesAfter };
  }
  const known = head ?? cold;
  const version = (known?.version ?? 0) + 1;
  // A ledger stands in one of a run's chunks only.
  const told = tellRuns(known?.account ?? EMPTY_ACCOUNT, fresh.filter(({ item }) => 'l' in item).map(runOf));
  const account = { ...told, found: addFindings(told.found, merged.found) };
  const block = toBlockItems(device, hour, {
    version,
    columns,
    superseded: merged.superseded,
    expires,
    reach: extendReach(
      head?.reach ?? {},
      fresh.map((chunk) => ({ shardKey: chunk.shardKey, last: lastOfChunk(chunk, chunk.item) })),
    ),
    account,
    judged:
      open !== undefined
        ? TO_BE_JUDGED
        : looks
          ? { before: judgedBefore, after: digestOf(text) }
          : NOT_JUDGED,
  });
  await writeAll(measurements, block.parts, [], patience);
  if (!(await putHead(measurements, block.head, head?.version, signal))) {
    await writeAll(measurements, [], block.parts, patience);
    return 'raced';
  }
  await tellFindings(account.found);
  if (looks && open === undefined) await remember();
  const garbage = [...chunkItems, ...parts, ...outdated(strays, version)];
  return { ...about, version, garbage, bytesAfter: block.bytes };
};
