/** Bounds that every border enforces and every error message can quote. */
export const LIMITS = {
  /** Bytes of one MQTT message: the quota of AWS IoT Core. */
  messageBytes: 128 * 1024,
  /** Bytes of a message after gzip or zstd has been unwrapped. */
  unpackedBytes: 2 * 1024 * 1024,
  /** Points in one message. */
  messagePoints: 2000,
  /** UTF-8 bytes of a string value: channels carry states and labels, not documents. */
  stringBytes: 256,
  /** Bytes of what a device replies to a command, and of the parameters of one. */
  replyBytes: 16 * 1024,
  /** Commands of a device that are not at their end. */
  openCommands: 20,
  /** Commands that a person or program gives within a minute. */
  commandsPerMinute: 6000,
  /** Characters of a device's session identifier. */
  sessionChars: 64,
  /** How far in the past a point may lie, in microseconds: 7 days. */
  pastMicros: 7 * 86_400 * 1_000_000,
  /** How far in the future a point may lie, in microseconds: 10 minutes. */
  futureMicros: 600 * 1_000_000,
  /** Days for which points stay in the table, at least: settings with fewer are refused. */
  hotDays: 14,
  /** Channels of one instrument type. */
  channels: 200,
  /** Bytes of an HTTP request body. */
  bodyBytes: 256 * 1024,
  /** Lists and objects within each other in a JSON body. */
  bodyDepth: 64,
  /** Items of a list page: when not asked, and at most. */
  pageDefault: 100,
  pageMax: 1000,
  /** Devices of one scrape of metrics. */
  scrapeDevices: 500,
  /** Points or buckets of a series page when not asked. */
  seriesDefault: 10_000,
  /** Bytes of a streamed answer: what Lambda sends at most. */
  streamedBytes: 200 * 1024 * 1024,
} as const;
