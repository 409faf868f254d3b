/** Blocks as items: all points of an hour of a device, sorted, each once. */
import { randomUUID } from 'node:crypto';
import type { Micros } from '../../../contracts/time.ts';
import { CorruptChunk, decodeChunk, encodeChunk } from '../../../series/codec/chunk.ts';
import { type SeriesColumn, sliceColumn } from '../../../series/points/column.ts';
import { keptOrder } from '../../../series/points/order.ts';
import type { HourAccount } from '../../domain/ledger/hour-account.ts';
import { compareSequences } from '../../domain/ledger/sequence.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { fromAccountAttributes, toAccountAttributes } from './account-item.ts';
import { splitColumns } from './chunk-item.ts';
import { expiryOf, secondOf } from './expiry.ts';
import { type ChunkOrigin, checkFormat, headKey, hourKey, ITEM_FORMAT, itemName, partKey } from './keys.ts';

/** Sequence number of the last record that is in a block, by shard. */
export type Reaches = Readonly<Record<string, string>>;

/** Digests of the contexts before and after an hour. */
export interface Judged {
  readonly before: string;
  readonly after: string;
}

/** Of a block whose points look at no others. */
export const NOT_JUDGED: Judged = { before: '', after: '' };

/** Of the block of an hour that was open: its points are judged as they are read, as those of chunks are. */
export const TO_BE_JUDGED: Judged = { before: 'open', after: '' };

/** What the head of a block says. */
export interface BlockHead {
  /** One more with each compaction of the hour. */
  readonly version: number;
  /** The version as the keys of its parts name it: two that race never share one. */
  readonly tag: string;
  readonly parts: number;
  readonly points: number;
  readonly channels: readonly string[];
  readonly reach: Reaches;
  readonly account: HourAccount;
  /** What its points were judged by. */
  readonly judged: Judged;
  /** Versions of points that do not stay, as bytes; `undefined`: none. */
  readonly superseded: Uint8Array | undefined;
  /** When it may go; `undefined`: never. */
  readonly expires: Micros | undefined;
  /** The points themselves where there are no parts. */
  readonly bytes: Uint8Array | undefined;
}

export interface NewBlock {
  readonly version: number;
  readonly columns: readonly SeriesColumn[];
  /** Versions of points that do not stay; none when absent. */
  readonly superseded?: readonly SeriesColumn[];
  readonly reach: Reaches;
  readonly account: HourAccount;
  /** What its points were judged by; by themselves alone when absent. */
  readonly judged?: Judged | undefined;
  /** When it may go. */
  readonly expires: Micros;
}

const number = (value: number) => ({ N: String(value) });

/** Versions that are kept of an hour: a head has to hold them. What is known of more is lost, and not the points. */
const MAX_VERSIONS = 10_000;

const keptVersions = (columns: readonly SeriesColumn[]): readonly SeriesColumn[] => {
  let left = MAX_VERSIONS;
  return columns.flatMap((column) => {
    const count = Math.min(left, column.time.length);
    left -= count;
    if (count === 0) return [];
    const { order, ...rest } = sliceColumn(column, 0, count);
    return [{ ...rest, order: keptOrder(order) }];
  });
};

const toHeadItem = (
  device: string,
  hour: Micros,
  tag: string,
  block: NewBlock,
  pieces: ReturnType<typeof splitColumns>,
): Item => {
  const { reach, account, judged = NOT_JUDGED } = block;
  const [only] = pieces;
  const kept = keptVersions(block.superseded ?? []);
  const item: Item = {
    pk: { S: device },
    sk: { S: headKey(hour) },
    f: number(ITEM_FORMAT),
    v: number(block.version),
    g: { S: tag },
    p: number(pieces.length > 1 ? pieces.length : 0),
    n: number(block.columns.reduce((sum, { time }) => sum + time.length, 0)),
    ch: { S: block.columns.map(({ channel }) => channel).join() },
    reach: { S: JSON.stringify(reach) },
    ...toAccountAttributes(account),
    ...(judged === NOT_JUDGED ? {} : { j: { S: judged.before }, k: { S: judged.after } }),
    ...(kept.length === 0 ? {} : { w: { B: encodeChunk(kept, 'quick') } }),
    expiresAt: secondOf(block.expires),
  };
  if (pieces.length === 1 && only !== undefined) item['b'] = { B: only.bytes };
  return item;
};

/**
 * A block as items.
 * Head: `f` format, `v` version, `g` its tag, `p` number of parts or 0, `n` points, `ch` channels, `reach` the
 * last record of each shard, the hour's account, see `account-item.ts`, `j` and `k` digests of
 * what was remembered of the points before it and after it, see `judge-context.ts`, `w` versions of points that do not stay,
 * and `b` columns where they fit.
 * Part: `f` format, `ch` channels, `b` columns.
 * Both: `expiresAt`, see expiry.ts.
 */
export const toBlockItems = (
  device: string,
  hour: Micros,
  block: NewBlock,
): { readonly tag: string; readonly head: Item; readonly parts: readonly Item[]; readonly bytes: number } => {
  const tag = `${block.version}.${randomUUID().slice(0, 8)}`;
  const kept = block.columns.map((column) => ({ ...column, order: keptOrder(column.order) }));
  const pieces = splitColumns(kept, 'dense');
  const parts =
    pieces.length === 1
      ? []
      : pieces.map(
          ({ columns, bytes }, part): Item => ({
            pk: { S: device },
            sk: { S: partKey(hour, tag, part) },
            f: number(ITEM_FORMAT),
            ch: { S: columns.map(({ channel }) => channel).join() },
            b: { B: bytes },
            expiresAt: secondOf(block.expires),
          }),
        );
  const bytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  return { tag, head: toHeadItem(device, hour, tag, block, pieces), parts, bytes };
};

/** @throws {UnknownFormat} for an item of another format */
export const fromHeadItem = (item: Item): BlockHead => {
  checkFormat(item);
  return {
    version: Number(item['v']?.N),
    tag: item['g']?.S ?? '',
    parts: Number(item['p']?.N),
    points: Number(item['n']?.N),
    channels: item['ch']?.S?.split(',').filter(Boolean) ?? [],
    reach: JSON.parse(item['reach']?.S ?? '{}'),
    account: fromAccountAttributes(item),
    judged: item['j']?.S === undefined ? NOT_JUDGED : { before: item['j'].S, after: item['k']?.S ?? '' },
    superseded: item['w']?.B,
    expires: expiryOf(item),
    bytes: item['b']?.B,
  };
};

/** A block of which parts are missing though nobody replaces it. */
export class IncompleteBlock extends Error {
  override readonly name = 'IncompleteBlock';
  constructor(name: string, found: number, expected: number) {
    super(`block ${name} has ${found} of ${expected} parts`);
  }
}

/** The name of a block in errors. */
export const blockName = (device: string, hour: Micros, tag: string): string =>
  `${device}/${hourKey(hour)}#${tag}`;

/**
 * Points of a block.
 * @param parts the parts of the head's version
 * @param channels only parts with one of these are decoded
 * @throws {CorruptChunk} naming the part
 */
export const columnsOfBlock = (
  name: string,
  head: BlockHead,
  parts: readonly Item[],
  channels?: ReadonlySet<string>,
): SeriesColumn[] => {
  if (head.parts === 0) {
    if (head.bytes === undefined) throw new CorruptChunk(name, 'it has neither columns nor parts');
    return decodeChunk(head.bytes, name, channels);
  }
  return parts.flatMap((item) => {
    const held = item['ch']?.S?.split(',') ?? [];
    if (channels !== undefined && !held.some((channel) => channels.has(channel))) return [];
    checkFormat(item);
    return decodeChunk(item['b']?.B ?? new Uint8Array(), itemName(item), channels);
  });
};

/** Versions of points that do not stay. @throws {CorruptChunk} naming the block */
export const supersededOf = (name: string, { superseded }: BlockHead): readonly SeriesColumn[] =>
  superseded === undefined ? [] : decodeChunk(superseded, name);

/**
 * Whether a block has all of a chunk: nothing is merged that may still come again, so that what begins at or before the last
 * record of the block is in it, or was given up and is in it in another cut.
 */
export const isReached = (reach: Reaches, { shardKey, first }: ChunkOrigin): boolean =>
  compareSequences(first, reach[shardKey] ?? '') <= 0;

/** What is reached once chunks are merged as well. */
export const extendReach = (
  reach: Reaches,
  chunks: readonly { readonly shardKey: string; readonly last: string }[],
): Reaches => {
  const extended: Record<string, string> = { ...reach };
  for (const { shardKey, last } of chunks)
    if (compareSequences(last, extended[shardKey] ?? '') > 0) extended[shardKey] = last;
  return extended;
};
