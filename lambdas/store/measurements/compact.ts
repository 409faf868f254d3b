/**
 * A closed hour's chunks into its block.
 *
 * Parts are written first, then the head, on the condition that nobody else has replaced it meanwhile; chunks and
 * parts that the head does not need are deleted last. Whatever step is the last one done, every point is found: the
 * head that counts is whole, and a chunk that is in it already changes nothing.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns } from '../../../series/points/merge.ts';
import { EMPTY_ACCOUNT, tellRuns } from '../../domain/ledger/hour-account.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { TimeIsUp } from '../retry.ts';
import { runOf } from './accounts.ts';
import { type ArchivedHour, readArchivedHour } from './archived-hour.ts';
import { extendReach, isReached, toBlockItems } from './block-item.ts';
import { secondOf } from './expiry.ts';
import { columnsOfHour } from './hour-items.ts';
import { type Measurements, parsePartKey } from './keys.ts';
import { readHourItems } from './read.ts';
import { type Patience, writeItems } from './write.ts';

/** What an hour came to. */
export interface CompactedHour {
  readonly columns: readonly SeriesColumn[];
  /** Version of the block that holds them. */
  readonly version: number;
  /** Items that nobody needs any more. */
  readonly garbage: readonly Item[];
  /** Chunks that were not in the block before. */
  readonly merged: number;
  /** Size of columns in chunks and in the block before, and in the block after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

const sizeOf = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + (item['b']?.B?.length ?? 0), 0);

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

/** Parts of versions up to this one: whoever wrote them can put no head for them any more. */
const outdated = (strays: readonly Item[], version: number): Item[] =>
  strays.filter((item) => (parsePartKey(item['sk']?.S ?? '')?.number ?? version + 1) <= version);

/**
 * What was archived of an hour whose block may be gone. Only what comes out of the quarantine again is that late: for
 * all else nothing is asked.
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

/**
 * Merges what is stored of an hour into its block.
 * @param expires when a block that is written may go
 * @returns `undefined` when nothing is stored, `raced` when another compaction was faster
 * @throws {CorruptChunk}, {UnknownItemFormat} or {IncompleteBlock} naming the item, {TimeIsUp}, or a fault that stays
 */
export const mergeHour = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  expires: Micros,
  patience: Patience,
): Promise<CompactedHour | 'raced' | undefined> => {
  const found = await readHourItems(measurements, device, hour, patience.signal);
  const { head, chunks, parts, strays } = found;
  if (head === undefined && chunks.length === 0) return undefined;
  const cold =
    head === undefined ? await archivedHour(measurements, device, hour, patience.signal) : undefined;
  const stored = columnsOfHour(device, found);
  const columns = cold === undefined ? stored : mergeColumns([cold.columns, stored]).columns;
  const fresh = head === undefined ? chunks : chunks.filter((chunk) => !isReached(head.reach, chunk));
  const chunkItems = chunks.map(({ item }) => item);
  const before = sizeOf([...chunkItems, ...parts]) + (head?.bytes?.length ?? 0);
  const about = { columns, merged: fresh.length, bytesBefore: before };
  if (head !== undefined && fresh.length === 0 && countPoints(columns) === head.points) {
    const after = sizeOf(parts) + (head.bytes?.length ?? 0);
    const garbage = [...chunkItems, ...outdated(strays, head.version)];
    return { ...about, version: head.version, garbage, bytesAfter: after };
  }
  const known = head ?? cold;
  const version = (known?.version ?? 0) + 1;
  const block = toBlockItems(device, hour, {
    version,
    columns,
    expires,
    reach: extendReach(head?.reach ?? {}, fresh),
    // A ledger stands in one of a run's chunks only.
    account: tellRuns(known?.account ?? EMPTY_ACCOUNT, fresh.filter(({ item }) => 'l' in item).map(runOf)),
  });
  await writeAll(measurements, block.parts, [], patience);
  if (!(await putHead(measurements, block.head, head?.version, patience.signal))) {
    await writeAll(measurements, [], block.parts, patience);
    return 'raced';
  }
  const garbage = [...chunkItems, ...parts, ...outdated(strays, version)];
  return { ...about, version, garbage, bytesAfter: block.bytes };
};
