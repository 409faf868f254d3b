/** Many items at once, for `ingest`. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb';
import { compareReach, type DeviceState, reachOf } from '../../domain/ingestion/device-state.ts';
import { isRefusal, pause, persist, TimeIsUp } from '../../runtime/retry.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { batchRead, batchWrite } from '../dynamodb/batch-calls.ts';
import { LATEST, type Measurements } from './keys.ts';
import { fromStateItem, reachOfItem } from './state-item.ts';
import { deviceOfItem } from './work-queue.ts';

/** Limits of BatchGetItem and BatchWriteItem. */
const READ_KEYS = 100;
const WRITE_ITEMS = 25;

/** How long to try, and whom to tell of each further try. */
export interface Patience {
  readonly signal: AbortSignal;
  readonly onRetry?: (error: unknown) => void;
}

const slices = <T>(list: readonly T[], size: number): T[][] => {
  const parts: T[][] = [];
  for (let start = 0; start < list.length; start += size) parts.push(list.slice(start, start + size));
  return parts;
};

/**
 * As `persist`, for requests of which DynamoDB may leave a part undone: only that part is tried again.
 * @returns what is undone when the time is up
 */
const persistWithParts = async <T>(
  whole: readonly T[],
  work: (part: T[]) => Promise<readonly T[]>,
  { signal, onRetry }: Patience,
): Promise<readonly T[]> => {
  let left: readonly T[] = whole;
  try {
    for (let attempt = 1; ; attempt += 1) {
      left = await persist(() => work([...left]), signal, onRetry);
      if (left.length === 0) return left;
      const error = new Error(`${left.length} of ${whole.length} left undone`);
      onRetry?.(error);
      await pause(attempt, signal, error);
    }
  } catch (error) {
    if (error instanceof TimeIsUp) return left;
    throw error;
  }
};

/** The key of an item that is to be deleted. */
const keyOf = (item: Item): Item => {
  const { pk = { S: '' }, sk = { S: '' } } = item;
  return { pk, sk };
};

/**
 * Writes items, whatever was there before, and deletes others.
 * @param deleted items or their keys; none that is written as well
 * @returns devices of which not all items are known to be written or deleted when the time is up
 * @throws a fault that stays, such as a missing permission; then any of the items may or may not be written
 */
export const writeItems = async (
  { client, table }: Measurements,
  items: readonly Item[],
  patience: Patience,
  deleted: readonly Item[] = [],
): Promise<Set<string>> => {
  const requests: WriteRequest[] = [
    ...items.map((item) => ({ PutRequest: { Item: item } })),
    ...deleted.map((item) => ({ DeleteRequest: { Key: keyOf(item) } })),
  ];
  const write = (part: WriteRequest[]): Promise<WriteRequest[]> =>
    batchWrite(client, table, part, patience.signal);
  const left = await Promise.all(
    slices(requests, WRITE_ITEMS).map((part) => persistWithParts(part, write, patience)),
  );
  return new Set(
    left
      .flat()
      .map(({ PutRequest, DeleteRequest }) => deviceOfItem(PutRequest?.Item ?? DeleteRequest?.Key ?? {})),
  );
};

/** What became of items. */
export interface Written {
  /** Devices of which not all items are known to be written when the time is up. */
  readonly undone: ReadonlySet<string>;
  /** Devices of which DynamoDB refuses an item for good, and why: it would refuse it again. */
  readonly refused: ReadonlyMap<string, unknown>;
}

/**
 * Writes items as {@link writeItems} does. One that DynamoDB refuses for good, as it is too large or holds what it does not
 * keep, is told apart from its neighbours.
 * @throws a fault that concerns all, such as a missing permission
 */
export const writeOrRefuse = async (
  measurements: Measurements,
  items: readonly Item[],
  patience: Patience,
): Promise<Written> => {
  try {
    return { undone: await writeItems(measurements, items, patience), refused: new Map() };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const [only] = items;
    if (items.length === 1 && only !== undefined)
      return { undone: new Set(), refused: new Map([[deviceOfItem(only), error]]) };
    const half = Math.ceil(items.length / 2);
    const parts = [
      await writeOrRefuse(measurements, items.slice(0, half), patience),
      await writeOrRefuse(measurements, items.slice(half), patience),
    ];
    return {
      undone: new Set(parts.flatMap(({ undone }) => [...undone])),
      refused: new Map(parts.flatMap(({ refused }) => [...refused])),
    };
  }
};

/**
 * Recalls devices: of the two slots of each and what the caller remembers, the state that goes furthest.
 * @param remembered what the caller knows without reading; a state that is read is looked into only when it goes
 *   further
 * @param onDamaged told of a state that cannot be read, in whose place the older one counts, or none; by default that is an
 *   error
 * @returns by device; one that nothing came from is absent
 * @throws {TimeIsUp} or a fault that stays
 */
export const readStates = async (
  { client, table }: Measurements,
  devices: readonly string[],
  remembered: (device: string) => DeviceState | undefined,
  patience: Patience,
  onDamaged: (device: string, error: unknown) => void = (_, error) => {
    throw error;
  },
): Promise<Map<string, DeviceState>> => {
  const states = new Map<string, DeviceState>();
  for (const device of devices) {
    const state = remembered(device);
    if (state !== undefined) states.set(device, state);
  }
  const keys = devices.flatMap((device) =>
    [0, 1].map((slot): Item => ({ pk: { S: device }, sk: { S: `${LATEST}${slot}` } })),
  );
  const read = async (part: Item[]): Promise<Item[]> => {
    const { items, unread } = await batchRead(client, table, part, patience.signal);
    for (const item of items) {
      const device = item['pk']?.S ?? '';
      const known = states.get(device);
      try {
        if (known === undefined || compareReach(reachOfItem(item), reachOf(known)) > 0)
          states.set(device, fromStateItem(item));
      } catch (error) {
        onDamaged(device, error);
      }
    }
    return unread;
  };
  const left = await Promise.all(
    slices(keys, READ_KEYS).map((part) => persistWithParts(part, read, patience)),
  );
  if (left.some((part) => part.length > 0)) throw new TimeIsUp('devices could not be recalled in time');
  return states;
};
