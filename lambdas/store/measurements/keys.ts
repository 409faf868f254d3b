/**
 * The `measurements` table: what devices measured, and what is remembered of each between batches.
 *
 * | access                                      | operation      | key                                             |
 * | ------------------------------------------- | -------------- | ----------------------------------------------- |
 * | write a batch's points of a device and hour | BatchWriteItem | pk `{device}`, sk `{hour}#c#{shardKey}#{first}#{count}[#{part}]` |
 * | read a device's points in a range           | Query          | pk `{device}`, sk from `{hour}` to `{hour}~`    |
 * | head and parts of an hour's block           | PutItem, BatchWriteItem | pk `{device}`, sk `{hour}#h` and `{hour}#p#{version}#{part}` |
 * | hours that are to be compacted              | Query          | pk `tasks#{0..15}`, sk `{hour}#{device}`        |
 * | days that are to be archived                | Query          | pk `tasks#{0..15}`, sk `{day}~#{device}`        |
 * | summaries of hours of a device in a range   | Query          | pk `{device}#r1h`, sk from `{day}` to `{day}~`  |
 * | summaries of minutes of days of devices     | BatchGetItem   | pk `{device}#r1m`, sk `{day}`                   |
 * | messages of archived days                   | PutItem, Query | pk `{device}#l`, sk `{day}` and `{hour}`        |
 * | what merging found, by hour of arrival      | BatchWriteItem, Query | pk `{device}#l`, sk `{hour}#d#{hour}`    |
 * | what points after an hour are judged by     | PutItem, Query | pk `{device}#j`, sk `{hour}`                    |
 * | sessions that a state no longer holds       | BatchWriteItem, BatchGetItem, Query | pk `{device}#s`, sk `{session}` |
 * | remember a device                           | BatchWriteItem | pk `{device}`, sk `latest#0` and `latest#1` in turn |
 * | recall devices of a batch                   | BatchGetItem   | pk `{device}`, sk `latest#0` and `latest#1`     |
 * | newest values of a device                   | Query          | pk `{device}`, sk begins with `latest#`         |
 * | newest values of many devices               | BatchGetItem   | pk `{device}`, sk `latest#0` and `latest#1`     |
 * | who is at work                              | UpdateItem     | pk `lease#{name}`, sk `lease`                   |
 *
 * A chunk's key names exactly the records it was made of: the first of the device in the batch, and how many. A
 * replayed batch overwrites itself; a batch that is cut elsewhere writes another item and can never take away
 * points of a longer one. What two chunks hold twice is one point when read, because a point's identity is
 * (device, channel, time). Chunks hold what devices gave, every version of a point and the message that it came with: which
 * version stays, and how it is judged, follows from all of them, whatever the order in which they came. Compaction takes in
 * only what the device is known to be committed to: what may still come again, cut elsewhere, stays. So an hour may be
 * merged while it is open: its block is one more chunk then, whose points are judged as they are read. No scan, no
 * transaction, no stream.
 *
 * Within an hour chunks (`c`) come before the head of the block (`h`) and that before the parts (`p`). A reader goes
 * through the keys in their order and compaction deletes chunks after it has put the head: whoever does not find a
 * chunk any more finds, later, a head that has its points.
 *
 * Units of a batch: a device costs 2 reads (both slots, consistent, up to 4 KB each), 1 write for each hour its
 * points lie in (1 KB holds some 600 points), and 1 write to be remembered (1 KB holds about 8 channels).
 * Chunks are deleted one by one, which costs what it cost to write them. To let them expire would cost nothing, but
 * would lose what was not merged in time, have readers pay for what is merged, and keep as much again for days.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { UnknownFormat } from '../../../series/codec/unknown-format.ts';
import { compareSequences } from '../../domain/ledger/sequence.ts';
import type { Item } from '../dynamodb/attributes.ts';
import type { GetObject } from '../objects/objects.ts';

/** The measurements table and the way to it. */
export interface Measurements {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** The way to archived days. Who has none finds the days whose blocks are still there. */
  readonly archive?: GetObject;
}

/** Version of the shape of items that is written. */
export const ITEM_FORMAT = 1;

/** What an item is called in errors: its key. */
export const itemName = ({ pk, sk }: Item): string => `${pk?.S}/${sk?.S}`;

/**
 * Refuses an item of a shape that is not read here. Readers know one shape more than is written, and pass over what
 * they do not know, so that a deployment that is rolled back reads what the newer one has written.
 * @param format that is written
 * @throws {UnknownFormat} naming the item
 */
export const checkFormat = (item: Item, format = ITEM_FORMAT): void => {
  const found = Number(item['f']?.N);
  if (!(found >= format && found <= format + 1))
    throw new UnknownFormat(itemName(item), item['f']?.N, `${format} and ${format + 1}`);
};

/** Sort keys of the two places that remember a device in turn. */
export const LATEST = 'latest#';
export const latestKey = (version: number): string => `${LATEST}${version % 2}`;

/** Texts of hours that came up: batches hold few, in turn. */
const hourTexts = new Map<number, string>();
const MAX_HOUR_TEXTS = 100;

/** An hour as keys name it: `2026-03-01T10`. */
export const hourKey = (time: Micros): string => {
  const hour = Math.floor(time / MICROS_PER_HOUR);
  let text = hourTexts.get(hour);
  if (text === undefined) {
    text = new Date((hour * MICROS_PER_HOUR) / 1000).toISOString().slice(0, -11);
    if (hourTexts.size >= MAX_HOUR_TEXTS) hourTexts.clear();
    hourTexts.set(hour, text);
  }
  return text;
};

/** The records that a chunk was made of: a run of one device in one shard. */
export interface ChunkOrigin {
  readonly shardKey: string;
  /** Sequence number of the first record. */
  readonly first: string;
  readonly count: number;
}

const SEQUENCE_DIGITS = 56;

/** Sort key of a chunk. */
export const chunkKey = (hour: Micros, { shardKey, first, count }: ChunkOrigin, part: number): string =>
  `${hourKey(hour)}#c#${shardKey}#${first.padStart(SEQUENCE_DIGITS, '0')}#${count}${part === 0 ? '' : `#${part}`}`;

const CHUNK_KEY = /^(\d{4}-\d{2}-\d{2}T\d{2})#c#([^#]+)#0*(\d+)#(\d+)(?:#(\d+))?$/;

/** What a chunk's sort key says. */
export interface ChunkKey extends ChunkOrigin {
  /** Start of its hour. */
  readonly hour: Micros;
  /** From 0; a run whose columns are too many bytes for one item has several. */
  readonly part: number;
}

/** @returns `undefined` for the key of another kind of item */
export const parseChunkKey = (key: string): ChunkKey | undefined => {
  const match = CHUNK_KEY.exec(key);
  if (match === null) return undefined;
  const [, hour = '', shardKey = '', first = '', count = '', part = '0'] = match;
  return { hour: parseHour(hour), shardKey, first, count: Number(count), part: Number(part) };
};

/** Start of the hour that keys name `2026-03-01T10`. */
export const parseHour = (text: string): Micros => Date.parse(`${text}:00:00Z`) * 1000;

/** Sort key of the head of an hour's block. */
export const headKey = (hour: Micros): string => `${hourKey(hour)}#h`;

/** Sort key of a part of one version of an hour's block. */
export const partKey = (hour: Micros, version: string, part: number): string =>
  `${hourKey(hour)}#p#${version}#${part}`;

const PART_KEY = /^\d{4}-\d{2}-\d{2}T\d{2}#p#((\d+)\.\w+)#\d+$/;

/** @returns the version as keys name it, and its number; `undefined` for the key of another kind of item */
export const parsePartKey = (
  key: string,
): { readonly version: string; readonly number: number } | undefined => {
  const [, version, number] = PART_KEY.exec(key) ?? [];
  return version === undefined ? undefined : { version, number: Number(number) };
};

/**
 * Order of arrival of two chunks of a device. Runs that were committed do not overlap; a run that was written and
 * not committed starts where a committed one starts or before it ends with it, so that first the start and then
 * the length tell which knows the later records.
 */
export const compareChunks = (left: ChunkOrigin, right: ChunkOrigin): number =>
  compareSequences(left.first, right.first) || left.count - right.count;
