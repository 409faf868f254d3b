/** The items of one hour of a device, and the points that they come to. */
import type { Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { mergeColumns } from '../../../series/points/merge.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { type BlockHead, blockName, columnsOfBlock, fromHeadItem, isReached } from './block-item.ts';
import { fromChunkItem } from './chunk-item.ts';
import { type ChunkKey, compareChunks, hourKey, parseChunkKey, parseHour, parsePartKey } from './keys.ts';

/** A chunk that is not decoded yet. */
export interface ChunkItem extends ChunkKey {
  readonly item: Item;
}

/** What was found of an hour. */
export interface HourItems {
  readonly hour: Micros;
  /** In order of arrival. */
  readonly chunks: readonly ChunkItem[];
  readonly head: BlockHead | undefined;
  /** Parts of the head's version, in their order. */
  readonly parts: readonly Item[];
  /** Parts of other versions. */
  readonly strays: readonly Item[];
}

const HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}(?=#)/;

/** Start of the hour that an item belongs to; `undefined` for one that belongs to none. */
export const hourOfItem = (item: Item): Micros | undefined => {
  const [hour] = HOUR.exec(item['sk']?.S ?? '') ?? [];
  return hour === undefined ? undefined : parseHour(hour);
};

/** Sorts the items of one hour. */
export const sortHour = (hour: Micros, items: readonly Item[]): HourItems => {
  const chunks: ChunkItem[] = [];
  const parts: { readonly item: Item; readonly version: string }[] = [];
  let head: BlockHead | undefined;
  for (const item of items) {
    const key = item['sk']?.S ?? '';
    const chunk = parseChunkKey(key);
    const part = parsePartKey(key);
    if (chunk !== undefined) chunks.push({ ...chunk, item });
    else if (part !== undefined) parts.push({ item, version: part.version });
    else if (key === `${hourKey(hour)}#h`) head = fromHeadItem(item);
  }
  return {
    hour,
    chunks: chunks.sort(compareChunks),
    head,
    parts: parts.flatMap(({ item, version }) => (version === head?.tag ? [item] : [])),
    strays: parts.flatMap(({ item, version }) => (version === head?.tag ? [] : [item])),
  };
};

/** Whether all of the block was found; parts of a version that is just being replaced may be gone. */
export const isWhole = ({ head, parts }: HourItems): boolean =>
  head === undefined || parts.length === head.parts;

/**
 * Points of an hour, each once: of chunks that the block has seen the end of, then of the block, then of the other
 * chunks; the later wins.
 * @param channels only these; all when absent
 * @throws {CorruptChunk} or {UnknownItemFormat} naming the item
 */
export const columnsOfHour = (
  device: string,
  { hour, chunks, head, parts }: HourItems,
  channels?: ReadonlySet<string>,
): SeriesColumn[] => {
  const wanted = (columns: readonly SeriesColumn[]): readonly SeriesColumn[] =>
    channels === undefined ? columns : columns.filter(({ channel }) => channels.has(channel));
  const decoded = (chunk: ChunkItem): readonly SeriesColumn[] =>
    wanted(fromChunkItem(chunk.item)?.columns ?? []);
  if (head === undefined) return mergeColumns(chunks.map(decoded)).columns;
  const name = blockName(device, hour, head.tag);
  const block = wanted(columnsOfBlock(name, head, parts, channels));
  // The usual case: a block is what a merge came to, and in one item nothing of it is apart.
  if (chunks.length === 0 && parts.length === 0) return [...block];
  return mergeColumns([
    ...chunks.filter((chunk) => isReached(head.reach, chunk)).map(decoded),
    block,
    ...chunks.filter((chunk) => !isReached(head.reach, chunk)).map(decoded),
  ]).columns;
};
