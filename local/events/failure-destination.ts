/**
 * Where batches of a stream go that are given up: a bucket gets the whole event, a queue what identifies it.
 * Source of format and key: "Retain discarded batch records for a Kinesis Data Streams event source in Lambda",
 * AWS Lambda developer guide; that `payload` is an object was seen in a record of the real service.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Destination, openDestination, timeKey } from '../lambda/index.ts';
import type { PartOptions } from '../types.ts';
import type { StreamMapping } from './mapping.ts';
import type { Entry } from './record.ts';
import { eventOf } from './record.ts';
import { backoff } from './signal.ts';

export interface GivenUp {
  readonly shardId: string;
  readonly entries: readonly Entry[];
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  /** How often the function was called with them. */
  readonly invokeCount: number;
}

/** Lambda tries again for a while, then counts a DestinationDeliveryFailure and goes on. */
const TRIES = 4;

const invocationRecord = (mapping: StreamMapping, given: GivenUp, now: Date) => {
  const { entries, condition, invokeCount, shardId } = given;
  const iso = (ms: number | undefined) => new Date(ms ?? 0).toISOString();
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: mapping.functionArn,
      condition,
      approximateInvokeCount: invokeCount,
    },
    // Records too old were not given to the function: there is no response.
    ...(condition === 'RetryAttemptsExhausted'
      ? { responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' } }
      : {}),
    version: '1.0',
    timestamp: now.toISOString(),
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: entries[0]?.sequenceNumber,
      endSequenceNumber: entries.at(-1)?.sequenceNumber,
      approximateArrivalOfFirstRecord: iso(entries[0]?.arrival),
      approximateArrivalOfLastRecord: iso(entries.at(-1)?.arrival),
      batchSize: entries.length,
      streamArn: mapping.sourceArn,
    },
  };
};

/** Where the objects of a shard begin. */
const prefixOf = (mapping: StreamMapping, shardId: string): string => `aws/lambda/${mapping.id}/${shardId}/`;

/** What identifies a batch and, in a bucket, the whole event. */
const recordOf = (mapping: StreamMapping, given: GivenUp, now: Date): string => {
  const record = JSON.stringify(invocationRecord(mapping, given, now));
  if (mapping.onFailure?.split(':')[2] !== 's3') return record;
  return `${record.slice(0, -1)},"payload":${eventOf(given.entries)}}`;
};

/** Keeps what is given up, in the name of the function's role. */
export class FailureDestination {
  readonly #mapping: StreamMapping;
  readonly #options: PartOptions;
  readonly #destination: Destination | undefined;

  constructor(mapping: StreamMapping, options: PartOptions) {
    this.#mapping = mapping;
    this.#options = options;
    const { onFailure, roleArn } = mapping;
    this.#destination = onFailure === undefined ? undefined : openDestination(onFailure, roleArn, options);
  }

  /** Resolves when the batch is kept, or was tried often enough; the loss is then in the log. */
  async keep(given: GivenUp): Promise<void> {
    const about = {
      mapping: this.#mapping.logicalId,
      shard: given.shardId,
      first: given.entries[0]?.sequenceNumber,
      records: given.entries.length,
      condition: given.condition,
    };
    this.#options.log('error', `${this.#mapping.logicalId} gives up ${given.entries.length} records`, about);
    for (let failures = 1; ; failures += 1) {
      try {
        const now = new Date();
        const key = `${prefixOf(this.#mapping, given.shardId)}${timeKey(now, randomUUID())}`;
        await this.#destination?.deliver(recordOf(this.#mapping, given, now), key);
        return;
      } catch (error) {
        const message = `Cannot send what failed to ${this.#mapping.onFailure}: ${String(error)}`;
        this.#options.log('error', message, about);
        if (failures === TRIES) return;
        await delay(backoff(failures));
      }
    }
  }

  close(): void {
    this.#destination?.close();
  }
}
