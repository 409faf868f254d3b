/** Names of the metrics that functions write and alarms read. */
import type { ServiceName } from '../routes/services.ts';

/**
 * CloudWatch's namespace for the metrics of a stage: two stages in one account do not raise each other's alarms.
 * @param stage name of the deployment
 */
export const metricNamespace = (stage: string): string => `labgate/${stage}`;

/** Dimension that holds the name of the function. */
export const SERVICE_DIMENSION = 'service';

/** Metrics by the function that writes them. */
export const METRICS = {
  ingest: [
    'MessagesReceived',
    'PointsReceived',
    'PointsStored',
    'PointsDuplicate',
    'PointsOverwritten',
    'PointsQuarantined',
    'MessagesQuarantined',
    'MessagesRetried',
    'CallRetries',
    'DevicesUntold',
    'StatesDamaged',
    'FactsRefused',
    'AlertTransitions',
    'AlertsFailed',
    'IteratorLag',
  ],
  deliveries: ['MessagesRefused', 'MessagesGivenUp', 'ReportsDamaged', 'ReportsFailed'],
  presence: [
    'PresenceApplied',
    'PresenceSuperseded',
    'PresenceUnknownClient',
    'PresenceFailed',
    'LiveEventsLost',
  ],
  commands: [
    'CommandsSent',
    'CommandsSentAgain',
    'CommandsEnded',
    'CommandsTimedOut',
    'CommandsExpired',
    'RepliesTaken',
    'RepliesWithoutEffect',
    'RepliesUnknown',
    'MessagesFailed',
    'LiveEventsLost',
  ],
  'live-authorizer': ['LiveAdmitted', 'LiveRefused'],
  alerts: [
    'AlertsRaised',
    'AlertsReturned',
    'AlertsAnnounced',
    'AlertsInFlood',
    'DevicesChecked',
    'MessagesFailed',
    'LiveEventsLost',
  ],
  compaction: [
    'HoursCompacted',
    'ChunksMerged',
    'PointsCompacted',
    'BytesBefore',
    'BytesAfter',
    'HoursRaced',
    'HoursReopened',
    'HoursFailed',
    'HoursUnfinished',
    'OpenHoursMerged',
    'DaysArchived',
    'DaysWaiting',
    'DaysRaced',
    'DaysFailed',
    'DaysKept',
    'BytesArchived',
    'CompactionLag',
    'ArchiveLag',
  ],
} as const satisfies Partial<Record<ServiceName, readonly string[]>>;

/** Functions that write metrics. */
export type MeteredService = keyof typeof METRICS;
/** Metrics of a function, or of all. */
export type MetricName<S extends MeteredService = MeteredService> = (typeof METRICS)[S][number];
