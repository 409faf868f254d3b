/** Newest values of many devices, without reading their points. */
import { compareReach } from '../../domain/ingestion/device-state.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { LATEST, type Measurements } from './keys.ts';
import type { LatestPoint } from './read.ts';
import { reachOfItem, tracksOfItem } from './state-item.ts';

const SLOTS = [0, 1];

/**
 * The newest point of each channel by measured time, as `ingest` remembers it: of the two slots of a device the one
 * that goes further. Read as `readLatest` reads one device: what was written within the last second may be missing.
 * @returns by device, points by channel name; a device that nothing came from is absent
 * @throws {UnknownFormat}, or {ItemsUnread} when DynamoDB gives no answer
 */
export const readManyLatest = async (
  { client, table }: Measurements,
  devices: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, readonly LatestPoint[]>> => {
  const keys = [...new Set(devices)].flatMap((device) =>
    SLOTS.map((slot): Item => ({ pk: { S: device }, sk: { S: `${LATEST}${slot}` } })),
  );
  const furthest = new Map<string, Item>();
  for (const item of await batchGet(client, table, keys, { consistent: false, signal })) {
    const device = item['pk']?.S ?? '';
    const known = furthest.get(device);
    if (known === undefined || compareReach(reachOfItem(item), reachOfItem(known)) > 0)
      furthest.set(device, item);
  }
  const pointsOf = (item: Item): LatestPoint[] =>
    [...tracksOfItem(item)]
      .map(([channel, { time, value, quality, arrived }]) => ({ channel, time, value, quality, arrived }))
      .sort((left, right) => (left.channel < right.channel ? -1 : 1));
  return new Map([...furthest].map(([device, item]) => [device, pointsOf(item)]));
};
