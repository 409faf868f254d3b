/**
 * The functions of the platform, once: `lib` deploys them, the runtime holds handlers to their routes, tests read
 * them. A new function is an entry here, a folder of the same name under `lambdas/functions/`, and a construct.
 */

/** What a function is, besides its code. */
export interface Service {
  readonly description: string;
  /** Memory unless the settings of a stage say otherwise; one whole processor comes with 1769. */
  readonly memoryMegabytes: number;
  /** Time limit of one call unless the settings of a stage say otherwise. */
  readonly timeoutSeconds: number;
  /** How it answers HTTP requests: whole, or as a stream. Null: it serves no routes. */
  readonly http: 'buffered' | 'streamed' | null;
}

/** Below the 29 seconds after which API Gateway gives up on a function that answers whole. */
const REQUEST_SECONDS = 28;
/** The longest that Lambda lets a function run, and API Gateway a stream. */
const LONGEST_SECONDS = 900;

/** Every function by its name, which is that of its folder. */
export const SERVICES = {
  ingest: {
    description: 'Decodes, validates, judges and packs measurements',
    memoryMegabytes: 1024,
    timeoutSeconds: 60,
    http: null,
  },
  deliveries: {
    description: 'Puts into the quarantine what the stream refused or Lambda gave up',
    memoryMegabytes: 512,
    // A batch that was given up may hold 10 000 messages, each an object.
    timeoutSeconds: 300,
    http: null,
  },
  presence: {
    description: 'Keeps who is connected from the lifecycle events of the broker',
    memoryMegabytes: 512,
    timeoutSeconds: 30,
    http: null,
  },
  commands: {
    description: 'Sends commands to devices, takes their replies, and keeps deadlines',
    memoryMegabytes: 512,
    timeoutSeconds: 30,
    http: null,
  },
  'live-authorizer': {
    description: 'Turns the token of a person into what they may do over MQTT',
    memoryMegabytes: 512,
    // AWS IoT waits no longer.
    timeoutSeconds: 5,
    http: null,
  },
  alerts: {
    description: 'Keeps alerts from what ingest finds and time brings, and announces them',
    memoryMegabytes: 512,
    timeoutSeconds: 60,
    http: null,
  },
  compaction: {
    description: 'Merges closed hours into blocks, sums them up, and archives days',
    memoryMegabytes: 1024,
    timeoutSeconds: LONGEST_SECONDS,
    http: null,
  },
  'audit-roots': {
    description: 'Keeps where the chains of the audit ended each day',
    memoryMegabytes: 512,
    // A day of a site with a flood of tries is some thousands of entries; what is left the next call does.
    timeoutSeconds: LONGEST_SECONDS,
    http: null,
  },
  exports: {
    description: 'Writes the points of devices into files',
    memoryMegabytes: 1769,
    // A file takes seconds; a worker that dies is missed after six times as long.
    timeoutSeconds: 180,
    http: null,
  },
  'control-api': {
    description: 'Sites, devices and instrument types over HTTP',
    memoryMegabytes: 512,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
  'commands-api': {
    description: 'Commands and leases over HTTP',
    memoryMegabytes: 512,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
  'alerts-api': {
    description: 'Alerts and alert rules over HTTP',
    memoryMegabytes: 512,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
  'people-api': {
    description: 'People, their roles, and what a caller may do, over HTTP',
    memoryMegabytes: 512,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
  'metrics-api': {
    description: 'Newest values and presence for monitoring systems over HTTP',
    memoryMegabytes: 1024,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
  'query-api': {
    description: 'Series, latest values and health over HTTP',
    memoryMegabytes: 1024,
    timeoutSeconds: LONGEST_SECONDS,
    http: 'streamed',
  },
  'records-api': {
    description: 'Completeness, presence, quarantine and exports over HTTP',
    memoryMegabytes: 1024,
    timeoutSeconds: REQUEST_SECONDS,
    http: 'buffered',
  },
} as const satisfies Readonly<Record<string, Service>>;

/** Name of a function. */
export type ServiceName = keyof typeof SERVICES;

type ServedBy<Mode extends Service['http']> = {
  [N in ServiceName]: (typeof SERVICES)[N]['http'] extends Mode ? N : never;
}[ServiceName];

/** Functions that answer HTTP requests whole. */
export type BufferedService = ServedBy<'buffered'>;
/** Functions that answer HTTP requests as a stream. */
export type StreamedService = ServedBy<'streamed'>;
/** Functions that serve routes. */
export type HttpService = BufferedService | StreamedService;

/** Whether a function serves routes. */
export const isHttpService = (name: ServiceName): name is HttpService => SERVICES[name].http !== null;
