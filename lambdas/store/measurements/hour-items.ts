/** The items of one hour of a device, and the points that they come to. */
import type { Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { joinColumns } from '../../../series/points/column.ts';
import { type Found, mergePieces, nothingFound } from '../../../series/points/merge.ts';
import { type Findings, NO_FINDINGS } from '../../domain/ledger/findings.ts';
import type { Item } from '../dynamodb/attributes.ts';
import {
  type BlockHead,
  blockName,
  columnsOfBlock,
  fromHeadItem,
  isReached,
  supersededOf,
  TO_BE_JUDGED,
} from './block-item.ts';
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

/** Points of an hour, each once. */
export interface MergedHour {
  readonly columns: readonly SeriesColumn[];
  /** Versions of points that do not stay. */
  readonly superseded: readonly SeriesColumn[];
  /** Whether they are judged already: as a block has them, to which nothing came. */
  readonly isJudged: boolean;
  /** What was found of the points that came to the block, by the hour of their arrival. */
  readonly found: Findings;
}

/** The hour in which the points of a chunk arrived. */
const arrivalOf = ({ hour, item }: ChunkItem): Micros => {
  const text = item['a']?.S;
  return text === undefined ? hour : parseHour(text);
};

/** Chunks that the block does not have. The others wait to be deleted. */
export const freshChunks = ({ head, chunks }: HourItems): readonly ChunkItem[] =>
  head === undefined ? chunks : chunks.filter((chunk) => !isReached(head.reach, chunk));

/**
 * The points of an hour's block, as judged; none where there is no block.
 * @throws {CorruptChunk} or {UnknownFormat} naming the item
 */
export const blockColumns = (device: string, { hour, head, parts }: HourItems): readonly SeriesColumn[] =>
  head === undefined ? [] : mergeJudged(columnsOfBlock(blockName(device, hour, head.tag), head, parts));

/**
 * Merges the points of an hour.
 * @param channels only these; all when absent
 * @param before what is known of the hour besides, as the archive has it
 * @throws {CorruptChunk} or {UnknownFormat} naming the item
 */
export const mergeHourItems = (
  device: string,
  items: HourItems,
  channels?: ReadonlySet<string>,
  before: readonly SeriesColumn[] = [],
): MergedHour => {
  const { hour, head, parts } = items;
  const wanted = (columns: readonly SeriesColumn[]): readonly SeriesColumn[] =>
    channels === undefined ? columns : columns.filter(({ channel }) => channels.has(channel));
  const block =
    head === undefined
      ? before
      : wanted(columnsOfBlock(blockName(device, hour, head.tag), head, parts, channels));
  const fresh = freshChunks(items);
  // The usual case: a block is what a merge came to, and in one item nothing of it is apart.
  const superseded = head === undefined ? [] : wanted(supersededOf(blockName(device, hour, head.tag), head));
  const isJudged = head?.judged.before !== TO_BE_JUDGED.before;
  const asItIs = { superseded, isJudged, found: NO_FINDINGS };
  if (fresh.length === 0 && parts.length === 0) return { columns: block, ...asItIs };
  const found = new Map<Micros, Found>();
  const foundOf = (chunk: ChunkItem): Found => {
    const arrived = arrivalOf(chunk);
    const known = found.get(arrived) ?? nothingFound();
    found.set(arrived, known);
    return known;
  };
  if (fresh.length === 0) return { columns: mergeJudged(block), ...asItIs };
  const merged = mergePieces([
    { columns: superseded },
    { columns: block },
    ...fresh.map((chunk) => ({
      columns: wanted(fromChunkItem(chunk.item)?.columns ?? []),
      found: foundOf(chunk),
    })),
  ]);
  return { ...merged, isJudged: false, found };
};

/** Parts of a block: of a channel that is in several they are one after the other. */
const mergeJudged = (parts: readonly SeriesColumn[]): SeriesColumn[] => {
  const byChannel = Map.groupBy(parts, ({ channel }) => channel);
  return [...byChannel.keys()].sort().flatMap((channel) => joinColumns(byChannel.get(channel) ?? []) ?? []);
};
