/** Items of a device's hours, for readers and for compaction. */
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { queryPages } from '../dynamodb/query.ts';
import { blockName, IncompleteBlock } from './block-item.ts';
import { type HourItems, hourOfItem, isWhole, sortHour } from './hour-items.ts';
import { hourKey, type Measurements } from './keys.ts';

/** Items of a device by a condition on their keys. */
export const queryDevice = (
  { client, table }: Measurements,
  device: string,
  condition: string,
  values: Item,
  signal: AbortSignal | undefined,
  consistent = false,
): AsyncGenerator<Item[]> =>
  queryPages(
    client,
    table,
    { condition: `pk = :pk AND ${condition}`, values: { ':pk': { S: device }, ...values }, consistent },
    signal,
  );

const between = (from: Micros, to: Micros): Item => ({
  ':from': { S: hourKey(from) },
  ':to': { S: `${hourKey(to - 1)}~` },
});

/**
 * Items of a device's hours in `[from, to)`, hour by hour. One page of at most 1 MB and one hour are held at a time.
 *
 * Read consistently: what compaction has deleted is found where it has put it before, see `keys.ts`. A block whose
 * parts are not all there may still be found in another version, see {@link readHourItems}.
 */
export async function* readItemsByHour(
  measurements: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): AsyncGenerator<HourItems> {
  if (from >= to) return;
  let hour: Micros | undefined;
  let gathered: Item[] = [];
  const condition = 'sk BETWEEN :from AND :to';
  for await (const items of queryDevice(measurements, device, condition, between(from, to), signal, true)) {
    for (const item of items) {
      const next = hourOfItem(item);
      if (next === undefined) continue;
      if (hour !== undefined && next !== hour) {
        yield sortHour(hour, gathered);
        gathered = [];
      }
      hour = next;
      gathered.push(item);
    }
  }
  if (hour !== undefined) yield sortHour(hour, gathered);
}

const WHOLE_TRIES = 5;

/**
 * Items of one hour, its block whole. One of which parts are missing after it may go is as good as gone: DynamoDB
 * deletes its items one by one.
 * @throws {IncompleteBlock} naming the block when parts of it stay missing
 */
export const readHourItems = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal?: AbortSignal,
): Promise<HourItems> => {
  for (let attempt = 1; ; attempt += 1) {
    let found: HourItems = { hour, chunks: [], head: undefined, parts: [], strays: [] };
    const range = [hour, hour + MICROS_PER_HOUR] as const;
    for await (const items of readItemsByHour(measurements, device, ...range, signal)) found = items;
    if (isWhole(found)) return found;
    if (attempt < WHOLE_TRIES) continue;
    const { tag = '', parts = 0, expires } = found.head ?? {};
    if (expires !== undefined && expires <= Date.now() * 1000)
      return { ...found, head: undefined, parts: [], strays: [...found.strays, ...found.parts] };
    throw new IncompleteBlock(blockName(device, hour, tag), found.parts.length, parts);
  }
};
