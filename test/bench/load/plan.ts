/** Messages between the scenario, the gateway and the publisher. */

/** What a device connects with; certificate and key as PEM. */
export interface Credentials {
  readonly clientId: string;
  readonly data: string;
  readonly ack: string;
  readonly certificate: string;
  readonly key: string;
}

/** Handed over in a file, because ten thousand keys are too much for a message. */
export interface Fleet {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly devices: readonly Credentials[];
}

export type Format = 'rows' | 'columns';

/** One run of the publisher. */
export interface Phase {
  readonly format: Format;
  readonly messages: number;
  /** Messages a second; as fast as the broker acknowledges when absent. */
  readonly rate?: number;
  /** Messages of a device that may wait for the broker's acknowledgement. */
  readonly window: number;
  /** Every so many devices one asks for durable acknowledgements; none does when absent. */
  readonly ackEvery?: number;
}

/** Milliseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Published {
  readonly messages: number;
  /** Milliseconds since the epoch of the first publish. */
  readonly start: number;
  /** Seconds from the first publish to the broker's last acknowledgement. */
  readonly seconds: number;
  /** Publish to the broker's acknowledgement. */
  readonly broker: Quantiles;
  /** Publish to the durable acknowledgement, of the devices that asked. */
  readonly durable: Quantiles;
  /** Processor time of the publisher, in seconds. */
  readonly cpu: number;
}

export type ToPublisher =
  | { readonly type: 'connect'; readonly fleet: string }
  | { readonly type: 'publish'; readonly phase: Phase }
  /** Everything is stored: the durable acknowledgements that are missing must come now. */
  | { readonly type: 'finish' };

export type FromPublisher =
  | { readonly type: 'connected'; readonly seconds: number }
  | { readonly type: 'published' }
  | { readonly type: 'finished'; readonly published: Published };

export type ToGateway =
  | { readonly type: 'open'; readonly assembly: string; readonly dataDir?: string }
  /** Wait until everything that was accepted is stored. */
  | { readonly type: 'drain' }
  | { readonly type: 'use' }
  /** Collect what is not needed any more, and say what is left. */
  | { readonly type: 'weigh' }
  /** Count the calls of this AWS service from now on; of none when absent. */
  | { readonly type: 'count'; readonly service?: 'dynamodb' | 's3' };

export type FromGateway =
  | {
      readonly type: 'opened';
      readonly api: string;
      readonly credentialsDir: string;
      /** `ws://`, and the name of the authorizer. */
      readonly live: string;
      readonly authorizer: string;
      /** Environment of the functions, with the credentials of the operator. */
      readonly environment: Readonly<Record<string, string>>;
    }
  /** Milliseconds since the epoch. */
  | { readonly type: 'drained'; readonly at: number }
  /** Processor time of the process in seconds, its greatest resident set so far in MB, live connections. */
  | { readonly type: 'used'; readonly cpu: number; readonly rss: number; readonly connections: number }
  /** Resident set now, in bytes, and live connections. */
  | { readonly type: 'weighed'; readonly rss: number; readonly connections: number }
  /** Calls counted since the last `count`. */
  | { readonly type: 'counted'; readonly calls: number };

/** Points of each message: five times of two channels. */
export const TIMES = 5;
export const POINTS = 2 * TIMES;
export const STEP_MS = 40;
