/**
 * Environment variables of functions: `lib` sets each together with the grant that it stands for, `lambdas/runtime`
 * reads it. A test holds what is set for a function against what its handler reads.
 */
export const ENVIRONMENT = [
  /** Name of the table of sites, types, devices and what people do with them. */
  'REGISTRY_TABLE',
  /** Name of the table of points, summaries and the ledger. */
  'MEASUREMENTS_TABLE',
  /** Name of the bucket whose folders `archive-prefixes.ts` lists. */
  'ARCHIVE_BUCKET',
  /** Name of the stream of messages from devices. */
  'STREAM_NAME',
  /** Address of the queue of exports that are to be made. */
  'EXPORTS_QUEUE_URL',
  /** Name of the IoT policy that every device certificate gets. */
  'DEVICE_POLICY',
  /** Name of the IoT thing type of new things. */
  'THING_TYPE',
  /** Minutes after its end that an hour is compacted. */
  'COMPACT_AFTER_MINUTES',
  /** Hours after its end that a day is archived. */
  'ARCHIVE_AFTER_HOURS',
  /** Retention classes as JSON, see `lambdas/functions/compaction/retention.ts`. */
  'RETENTION',
] as const;

/** Name of an environment variable. */
export type EnvironmentName = (typeof ENVIRONMENT)[number];
