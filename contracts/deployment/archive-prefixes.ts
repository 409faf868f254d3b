/** Prefixes of the archive bucket. Grants, lifecycle rules and keys are made of them, and of nothing else. */
export const ARCHIVE_PREFIXES = {
  /** Days of devices as Parquet, `site={site}/date={day}/{device}.parquet` below it. */
  days: 'archive/',
  /** Manifests of those days, under the same names. */
  manifests: 'archive-manifests/',
  /** Files of exports, a folder each. */
  exports: 'exports/',
  /** Messages that could not be stored, by site, device and day of arrival. */
  quarantine: 'quarantine/',
  /** Messages that the action of a topic rule refused, a folder a rule. */
  ruleErrors: 'rule-errors/',
  /** Of those, the measurements: messages that the stream refused. */
  refusedMessages: 'rule-errors/data/',
  /** Batches that outlived the stream. Lambda itself has chosen this one. */
  failedBatches: 'aws/lambda/',
} as const;

/** A prefix of the archive bucket; each ends in a slash. */
export type ArchivePrefix = (typeof ARCHIVE_PREFIXES)[keyof typeof ARCHIVE_PREFIXES];
