/** Blocks as items: all points of a closed hour of a device, sorted, each once. */
import { randomUUID } from 'node:crypto';
import type { Micros } from '../../../contracts/time.ts';
import { CorruptChunk, decodeChunk } from '../../../series/codec/chunk.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import type { HourAccount } from '../../domain/ledger/hour-account.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { fromAccountAttributes, toAccountAttributes } from './account-item.ts';
import { splitColumns } from './chunk-item.ts';
import { expiryOf, secondOf } from './expiry.ts';
import {
  type ChunkKey,
  compareChunks,
  headKey,
  hourKey,
  ITEM_FORMAT,
  partKey,
  UnknownItemFormat,
} from './keys.ts';

/** The last run of a shardKey that is in a block, and which parts of it. */
export interface Reach {
  readonly first: string;
  readonly count: number;
  readonly parts: readonly number[];
}

/** By shardKey. */
export type Reaches = Readonly<Record<string, Reach>>;

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
  /** When it may go; `undefined`: never. */
  readonly expires: Micros | undefined;
  /** The points themselves where there are no parts. */
  readonly bytes: Uint8Array | undefined;
}

export interface NewBlock {
  readonly version: number;
  readonly columns: readonly SeriesColumn[];
  readonly reach: Reaches;
  readonly account: HourAccount;
  /** When it may go. */
  readonly expires: Micros;
}

const number = (value: number) => ({ N: String(value) });

const toHeadItem = (
  device: string,
  hour: Micros,
  tag: string,
  block: NewBlock,
  pieces: ReturnType<typeof splitColumns>,
): Item => {
  const { reach, account } = block;
  const [only] = pieces;
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
    expiresAt: secondOf(block.expires),
  };
  if (pieces.length === 1 && only !== undefined) item['b'] = { B: only.bytes };
  return item;
};

/**
 * A block as items.
 * Head: `f` format, `v` version, `g` its tag, `p` number of parts or 0, `n` points, `ch` channels, `reach` the
 * last run of each shardKey, the hour's account, see `account-item.ts`, and `b` columns where they fit.
 * Part: `f` format, `ch` channels, `b` columns.
 * Both: `expiresAt`, see expiry.ts.
 */
export const toBlockItems = (
  device: string,
  hour: Micros,
  block: NewBlock,
): { readonly tag: string; readonly head: Item; readonly parts: readonly Item[]; readonly bytes: number } => {
  const tag = `${block.version}.${randomUUID().slice(0, 8)}`;
  const pieces = splitColumns(block.columns, 'dense');
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

/** @throws {UnknownItemFormat} for an item of another format */
export const fromHeadItem = (item: Item): BlockHead => {
  if (item['f']?.N !== String(ITEM_FORMAT))
    throw new UnknownItemFormat(`${item['pk']?.S}/${item['sk']?.S}`, item['f']?.N);
  return {
    version: Number(item['v']?.N),
    tag: item['g']?.S ?? '',
    parts: Number(item['p']?.N),
    points: Number(item['n']?.N),
    channels: item['ch']?.S?.split(',').filter(Boolean) ?? [],
    reach: JSON.parse(item['reach']?.S ?? '{}'),
    account: fromAccountAttributes(item),
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
    const key = `${item['pk']?.S}/${item['sk']?.S}`;
    if (item['f']?.N !== String(ITEM_FORMAT)) throw new UnknownItemFormat(key, item['f']?.N);
    return decodeChunk(item['b']?.B ?? new Uint8Array(), key, channels);
  });
};

/** Whether a block already has what is later than a chunk, so that the chunk has nothing to say against it. */
export const isReached = (reach: Reaches, chunk: ChunkKey): boolean => {
  const last = reach[chunk.shardKey];
  if (last === undefined) return false;
  const order = compareChunks(chunk, { shardKey: chunk.shardKey, ...last });
  return order < 0 || (order === 0 && last.parts.includes(chunk.part));
};

/** What is reached once chunks are merged as well. */
export const extendReach = (reach: Reaches, chunks: readonly ChunkKey[]): Reaches => {
  const extended: Record<string, Reach> = { ...reach };
  for (const { shardKey, first, count, part } of chunks) {
    const last = extended[shardKey];
    const order = last === undefined ? 1 : compareChunks({ shardKey, first, count }, { shardKey, ...last });
    if (order > 0) extended[shardKey] = { first, count, parts: [part] };
    else if (order === 0 && last !== undefined && !last.parts.includes(part))
      extended[shardKey] = { ...last, parts: [...last.parts, part] };
  }
  return extended;
};
