/** Event source mappings: what reads streams and queues and hands batches to the functions. */
import { accessOf } from '../lambda/index.ts';
import type { Functions, PartOptions } from '../types.ts';
import { AccessDenied } from '../types.ts';
import { Checkpoints } from './checkpoints.ts';
import { FailureDestination } from './failure-destination.ts';
import type { StreamMapping } from './mapping.ts';
import { readMappings } from './mapping.ts';
import type { QueueStats } from './queue-poller.ts';
import { QueuePoller } from './queue-poller.ts';
import type { ShardStats } from './shard-poller.ts';
import { ShardPoller } from './shard-poller.ts';
import { backoff, FIRST_RETRY_MS } from './signal.ts';

export type { QueueStats } from './queue-poller.ts';
export type { ShardStats } from './shard-poller.ts';

/** CloudFormation types this part runs. */
export const resourceTypes: readonly string[] = ['AWS::Lambda::EventSourceMapping'];

export interface EventSources {
  /** Resolves when every stream and queue that feeds a function is empty and nothing is at work. */
  drain(): Promise<void>;
  stats(): { readonly shards: readonly ShardStats[]; readonly queues: readonly QueueStats[] };
  /** Stops reading; a batch at work comes again after the next start. */
  close(): Promise<void>;
}

export interface EventSourcesOptions extends PartOptions {
  readonly functions: Functions;
  /** Milliseconds before a failed batch of a stream is tried again, at first; 200 when absent. */
  readonly retryMs?: number;
}

/** One stream's pollers: its shards are asked for until the role may know them. */
class StreamSource {
  readonly #mapping: StreamMapping;
  readonly #options: EventSourcesOptions;
  readonly #checkpoints: Checkpoints;
  readonly #destination: FailureDestination;
  #retry: NodeJS.Timeout | undefined;
  #found: () => void = () => undefined;
  readonly #ready = new Promise<void>((resolve) => {
    this.#found = resolve;
  });
  pollers: readonly ShardPoller[] = [];

  constructor(mapping: StreamMapping, options: EventSourcesOptions) {
    this.#mapping = mapping;
    this.#options = options;
    this.#checkpoints = new Checkpoints(mapping.id, options.dataDir, options.log);
    this.#destination = new FailureDestination(mapping, options);
  }

  start(failures = 0): void {
    const { roleArn, sourceArn, logicalId } = this.#mapping;
    const { endpoint, iam, log } = this.#options;
    try {
      iam.authorize(roleArn, { action: 'kinesis:DescribeStreamSummary', resource: sourceArn });
      this.#checkDestination();
      this.pollers = endpoint.kinesis.shards(roleArn, sourceArn).map(
        (shardId) =>
          new ShardPoller({
            mapping: this.#mapping,
            shardId,
            options: this.#options,
            checkpoints: this.#checkpoints,
            destination: this.#destination,
            retryMs: this.#options.retryMs ?? FIRST_RETRY_MS,
          }),
      );
    } catch (error) {
      log('error', `${logicalId} cannot start: ${error instanceof Error ? error.message : error}`);
      this.#retry = setTimeout(() => this.start(failures + 1), backoff(failures + 1));
      return;
    }
    for (const poller of this.pollers) poller.start();
    this.#found();
  }

  async drain(): Promise<void> {
    await this.#ready;
    await Promise.all(this.pollers.map((poller) => poller.drain()));
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#found();
    await Promise.all(this.pollers.map((poller) => poller.close()));
    await this.#checkpoints.close();
    this.#destination.close();
  }

  /** The grants a bucket as destination needs are asked for at once, not on the day a batch fails. */
  #checkDestination(): void {
    const { onFailure, roleArn, id } = this.#mapping;
    if (onFailure === undefined) return;
    for (const request of accessOf(onFailure, `aws/lambda/${id}/`)) {
      try {
        this.#options.iam.authorize(roleArn, request);
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        this.#options.log('error', error.message, { mapping: this.#mapping.logicalId });
      }
    }
  }
}

/**
 * Starts a poller for every shard and queue that a mapping of the assembly names.
 * @throws {Error} naming a mapping and what of it is not run here
 */
export const startEventSources = async (options: EventSourcesOptions): Promise<EventSources> => {
  const mappings = readMappings(options.assembly);
  const streams = mappings.streams.map((mapping) => new StreamSource(mapping, options));
  const queues = mappings.queues.map((mapping) => new QueuePoller(mapping, options));
  for (const source of [...streams, ...queues]) source.start();
  const work = () =>
    [...streams.flatMap(({ pollers }) => pollers), ...queues].reduce(
      (sum, { stats }) => sum + stats.batches,
      0,
    );
  return {
    async drain() {
      // What one function does may feed another: all have to be quiet at the same time.
      for (let before = -1; before !== work(); ) {
        before = work();
        await Promise.all([...streams, ...queues].map((source) => source.drain()));
      }
    },
    stats: () => ({
      shards: streams.flatMap(({ pollers }) => pollers.map(({ stats }) => stats)),
      queues: queues.map(({ stats }) => stats),
    }),
    async close() {
      await Promise.all([...streams, ...queues].map((source) => source.close()));
    },
  };
};
