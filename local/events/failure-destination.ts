/**
 * Where batches of a stream go that are given up: a bucket gets the whole event, a queue what identifies it.
 * Source of format and key: "Retain discarded batch records for a Kinesis Data Streams event source in Lambda",
 * AWS Lambda developer guide; that `payload` is an object was seen in a record of the real service.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
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

/** `aws/lambda/<mapping>/<shard>/2026/03/01/2026-03-01T10.00.00-<uuid>` */
const keyOf = (mapping: StreamMapping, shardId: string, now: Date): string => {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '.');
  return `aws/lambda/${mapping.id}/${shardId}/${time.slice(0, 10).replaceAll('-', '/')}/${time}-${randomUUID()}`;
};

type Deliver = (given: GivenUp) => Promise<void>;

const deliverer = (mapping: StreamMapping, options: PartOptions): { deliver: Deliver; close: () => void } => {
  const target = mapping.onFailure;
  const config = {
    region: mapping.region,
    endpoint: options.endpoint.url,
    credentials: options.iam.credentialsFor(mapping.roleArn),
  };
  if (target === undefined) return { deliver: async () => undefined, close: () => undefined };
  if (target.split(':')[2] === 's3') {
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const bucket = target.split(':::')[1] ?? '';
    const deliver: Deliver = async (given) => {
      const now = new Date();
      const head = JSON.stringify(invocationRecord(mapping, given, now)).slice(0, -1);
      const body = `${head},"payload":${eventOf(given.entries)}}`;
      const key = keyOf(mapping, given.shardId, now);
      await s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json' }),
      );
    };
    return { deliver, close: () => s3.destroy() };
  }
  const sqs = new SQSClient(config);
  const url = options.assembly.find(target)?.physicalId ?? target;
  const deliver: Deliver = async (given) => {
    const body = JSON.stringify(invocationRecord(mapping, given, new Date()));
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  };
  return { deliver, close: () => sqs.destroy() };
};

/** Keeps what is given up, in the name of the function's role. */
export class FailureDestination {
  readonly #mapping: StreamMapping;
  readonly #options: PartOptions;
  readonly #deliverer: ReturnType<typeof deliverer>;

  constructor(mapping: StreamMapping, options: PartOptions) {
    this.#mapping = mapping;
    this.#options = options;
    this.#deliverer = deliverer(mapping, options);
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
        await this.#deliverer.deliver(given);
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
    this.#deliverer.close();
  }
}
