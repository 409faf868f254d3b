/** The `measurements` table; see `measurements/keys.ts` for its access patterns. */
export { readAccounts } from './accounts.ts';
export { type PackedRun, type StoredChunk, toChunkItems } from './chunk-item.ts';
export { type CompactedHour, type HourPlan, mergeHour, writeAll } from './compact.ts';
export { type DayAccounts, readDayAccounts, writeDayAccounts } from './day-accounts.ts';
export { readFindings } from './findings-items.ts';
export { type HourItems, hourOfItem, mergeHourItems } from './hour-items.ts';
export { JudgedHours } from './judged-hours.ts';
export { type ChunkOrigin, compareChunks, hourKey, type Measurements } from './keys.ts';
export { readManyLatest } from './latest.ts';
export { type Lease, takeLease } from './lease.ts';
export { isWorthMerging } from './open-hour.ts';
export { postponeExpiry } from './postpone-expiry.ts';
export {
  type HourOfPoints,
  type Latest,
  type LatestPoint,
  readChunks,
  readHours,
  readLatest,
} from './read.ts';
export { readHourItems } from './read-hours.ts';
export { MinuteReader, readHourSummaries, type WantedSummaries } from './rollup-read.ts';
export { writeHour, writeMinutes } from './rollup-write.ts';
export { readPartedSessions, readSessions, toSessionItem } from './session-items.ts';
export { toStateItem } from './state-item.ts';
export {
  completeTask,
  deviceOfItem,
  keepTask,
  oldestTasks,
  readAllTasks,
  readDirtyHours,
  readTasks,
  startOfDay,
  TASK_PARTITIONS,
  type Task,
  type TaskKind,
  taskPartitionOf,
  toTaskItem,
} from './work-queue.ts';
export { readStates, type Written, writeItems, writeOrRefuse } from './write.ts';
