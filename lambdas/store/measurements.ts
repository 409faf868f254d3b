/** The `measurements` table; see `measurements/keys.ts` for its access patterns. */
export { readAccounts } from './measurements/accounts.ts';
export { type PackedRun, type StoredChunk, toChunkItems } from './measurements/chunk-item.ts';
export { type CompactedHour, mergeHour, writeAll } from './measurements/compact.ts';
export { type DayAccounts, readDayAccounts, writeDayAccounts } from './measurements/day-accounts.ts';
export { columnsOfHour, type HourItems, hourOfItem } from './measurements/hour-items.ts';
export { keepBlock } from './measurements/keep.ts';
export { type ChunkOrigin, compareChunks, hourKey, type Measurements } from './measurements/keys.ts';
export { readManyLatest } from './measurements/latest.ts';
export {
  clearMark,
  deviceOfItem,
  keepMark,
  MARK_PARTITIONS,
  type Mark,
  type MarkKind,
  markPartitionOf,
  oldestMarks,
  readAllMarks,
  readDirtyHours,
  readMarks,
  startOfDay,
  toMarkItem,
} from './measurements/marks.ts';
export {
  type HourOfPoints,
  type Latest,
  type LatestPoint,
  readChunks,
  readHourItems,
  readHours,
  readLatest,
} from './measurements/read.ts';
export { MinuteReader, readHourSummaries, type WantedSummaries } from './measurements/rollup-read.ts';
export { writeHour, writeMinutes } from './measurements/rollup-write.ts';
export { toStateItem } from './measurements/state-item.ts';
export { readStates, writeItems } from './measurements/write.ts';
