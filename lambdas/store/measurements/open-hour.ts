/**
 * When the chunks of an hour that is still open are worth merging.
 *
 * A chunk has some 250 bytes besides its points: where batches follow each other by the second, thousands of them are read
 * for the few points that somebody asks for. To merge them costs a block, which grows with the hour; so it is done where
 * the chunks are many times what the block will be. The bytes that are written for it are then at most half of those that
 * the chunks were, and each chunk was a write of its own.
 */
import type { Item } from '../dynamodb/attributes.ts';
import { freshChunks, type HourItems } from './hour-items.ts';

/** Of a chunk besides its columns. */
const CHUNK_BYTES = 250;
/** What of chunks may be read each time: ten units of a consistent read. */
const FEW_BYTES = 40 * 1024;
/** How many times larger chunks are than the block that they go into. */
const FACTOR = 2;

const columnBytes = (items: readonly Item[]): number =>
  items.reduce((sum, item) => sum + (item['b']?.B?.length ?? 0), 0);

/** Whether merging the chunks of an open hour costs less than it saves. */
export const isWorthMerging = (items: HourItems): boolean => {
  const fresh = freshChunks(items).map(({ item }) => item);
  const columns = columnBytes(fresh);
  const bytes = fresh.length * CHUNK_BYTES + columns;
  // In a block columns take no more than in all chunks together.
  const block = (items.head?.bytes?.length ?? 0) + columnBytes(items.parts) + columns;
  return bytes >= Math.max(FEW_BYTES, FACTOR * block);
};
