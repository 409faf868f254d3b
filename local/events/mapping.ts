/** What a template says of an event source mapping. */

import { createHash } from 'node:crypto';
import { isObject } from '../../contracts/json.ts';
import { isDestination } from '../lambda/index.ts';
import type { Assembly, Json, JsonObject, Resource } from '../types.ts';

export interface Mapping {
  /** UUID of the mapping. */
  readonly id: string;
  readonly logicalId: string;
  readonly sourceArn: string;
  readonly functionArn: string;
  readonly functionTimeout: number;
  readonly roleArn: string;
  readonly region: string;
  readonly batchSize: number;
  /** Milliseconds a batch is gathered. */
  readonly windowMs: number;
  readonly reportsFailures: boolean;
}

export interface StreamMapping extends Mapping {
  /** Where reading begins when there is no checkpoint. */
  readonly start: 'TRIM_HORIZON' | 'LATEST' | Date;
  readonly processors: number;
  readonly bisect: boolean;
  /** Tries after the first; infinite when the template says -1. */
  readonly maxRetries: number;
  /** Milliseconds after which a record is given up; never longer than the stream keeps it. */
  readonly maxAgeMs: number;
  /** ARN of the bucket or queue for batches that are given up. */
  readonly onFailure: string | undefined;
}

export interface QueueMapping extends Mapping {
  readonly queueUrl: string;
  readonly maxConcurrency: number;
}

const COMMON = ['BatchSize', 'Enabled', 'EventSourceArn', 'FunctionName', 'FunctionResponseTypes', 'Tags'];
const STREAM = [
  'BisectBatchOnFunctionError',
  'DestinationConfig',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'StartingPosition',
  'StartingPositionTimestamp',
];
const QUEUE = ['MaximumBatchingWindowInSeconds', 'ScalingConfig'];
/** Batches of one queue at work at the same time, where the template sets no maximum. */
const QUEUE_CONCURRENCY = 4;

class Reader {
  readonly #properties: JsonObject;
  readonly #where: string;

  constructor(properties: JsonObject, where: string, known: readonly string[]) {
    this.#properties = properties;
    this.#where = where;
    for (const name of Object.keys(properties)) {
      if (!known.includes(name)) throw new Error(`${where}: the local gateway does not know ${name}.`);
    }
  }

  json(...path: readonly string[]): Json | undefined {
    return path.reduce<Json | undefined>(
      (value, key) => (isObject(value) ? value[key] : undefined),
      this.#properties,
    );
  }

  text(...path: readonly string[]): string {
    const value = this.json(...path);
    if (typeof value !== 'string') throw new Error(`${this.#where}.${path.join('.')} is not a string.`);
    return value;
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const value = this.json(name) ?? fallback;
    const number = typeof value === 'string' ? Number(value) : value;
    if (typeof number !== 'number' || !(number >= min && number <= max)) {
      throw new Error(`${this.#where}.${name} must be between ${min} and ${max}.`);
    }
    return number;
  }

  boolean(name: string): boolean {
    const value = this.json(name);
    return value === true || value === 'true';
  }
}

const uuidOf = (id: string): string => {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  const hash = createHash('sha256').update(id).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
};

const functionOf = (name: string, assembly: Assembly, where: string): Resource => {
  const found = assembly
    .byType('AWS::Lambda::Function')
    .find(({ arn, physicalId }) => arn === name.split(':').slice(0, 7).join(':') || physicalId === name);
  if (found === undefined) throw new Error(`${where}: no function ${name} in the assembly.`);
  return found;
};

const commonOf = (
  resource: Resource,
  assembly: Assembly,
  reader: Reader,
  batch: number,
  max: number,
): Mapping => {
  const where = resource.logicalId;
  const lambda = functionOf(reader.text('FunctionName'), assembly, where);
  const { Role: role, Timeout: timeout = 3 } = lambda.properties;
  if (lambda.arn === undefined || typeof role !== 'string')
    throw new Error(`${where}: its function has no role.`);
  const types = reader.json('FunctionResponseTypes') ?? [];
  return {
    id: uuidOf(resource.physicalId),
    logicalId: where,
    sourceArn: reader.text('EventSourceArn'),
    functionArn: lambda.arn,
    functionTimeout: Number(timeout),
    roleArn: role,
    region: assembly.region,
    batchSize: reader.number('BatchSize', batch, 1, max),
    windowMs: reader.number('MaximumBatchingWindowInSeconds', 0, 0, 300) * 1000,
    reportsFailures: Array.isArray(types) && types.includes('ReportBatchItemFailures'),
  };
};

const startOf = (reader: Reader, where: string): StreamMapping['start'] => {
  const position = reader.text('StartingPosition');
  if (position === 'TRIM_HORIZON' || position === 'LATEST') return position;
  // Seconds since the epoch, in CloudFormation.
  if (position === 'AT_TIMESTAMP') return new Date(Number(reader.json('StartingPositionTimestamp')) * 1000);
  throw new Error(`${where}: StartingPosition ${position} is not one of a stream.`);
};

const readStreamMapping = (resource: Resource, assembly: Assembly): StreamMapping => {
  const where = resource.logicalId;
  const reader = new Reader(resource.properties, where, [...COMMON, ...STREAM]);
  const common = commonOf(resource, assembly, reader, 100, 10_000);
  const stream = assembly.find(common.sourceArn);
  if (stream === undefined) throw new Error(`${where}: no stream ${common.sourceArn} in the assembly.`);
  const retentionMs = Number(stream.properties['RetentionPeriodHours'] ?? 24) * 3_600_000;
  const retries = reader.number('MaximumRetryAttempts', -1, -1, 10_000);
  const age = reader.number('MaximumRecordAgeInSeconds', -1, -1, 604_800);
  const destination = reader.json('DestinationConfig', 'OnFailure', 'Destination');
  if (destination !== undefined && !isDestination(destination)) {
    throw new Error(`${where}: only S3 and SQS are run as a destination of failed batches.`);
  }
  return {
    ...common,
    start: startOf(reader, where),
    processors: reader.number('ParallelizationFactor', 1, 1, 10),
    bisect: reader.boolean('BisectBatchOnFunctionError'),
    maxRetries: retries < 0 ? Number.POSITIVE_INFINITY : retries,
    maxAgeMs: Math.min(age < 0 ? Number.POSITIVE_INFINITY : age * 1000, retentionMs),
    onFailure: destination,
  };
};

const readQueueMapping = (resource: Resource, assembly: Assembly): QueueMapping => {
  const where = resource.logicalId;
  const reader = new Reader(resource.properties, where, [...COMMON, ...QUEUE]);
  const common = commonOf(resource, assembly, reader, 10, 10_000);
  const queue = assembly.find(common.sourceArn);
  if (queue === undefined) throw new Error(`${where}: no queue ${common.sourceArn} in the assembly.`);
  const visibility = Number(queue.properties['VisibilityTimeout'] ?? 30);
  if (visibility < common.functionTimeout) {
    throw new Error(
      `${where}: Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${common.functionTimeout} seconds`,
    );
  }
  if (common.batchSize > 10 && common.windowMs === 0) {
    throw new Error(`${where}: a BatchSize over 10 needs a MaximumBatchingWindowInSeconds of at least 1.`);
  }
  const maximum = reader.json('ScalingConfig', 'MaximumConcurrency');
  return {
    ...common,
    queueUrl: queue.physicalId,
    maxConcurrency: maximum === undefined ? QUEUE_CONCURRENCY : Number(maximum),
  };
};

/**
 * Reads every `AWS::Lambda::EventSourceMapping` that is enabled.
 * @throws {Error} naming the mapping and the property that cannot be run here
 */
export const readMappings = (
  assembly: Assembly,
): { readonly streams: readonly StreamMapping[]; readonly queues: readonly QueueMapping[] } => {
  const streams: StreamMapping[] = [];
  const queues: QueueMapping[] = [];
  for (const resource of assembly.byType('AWS::Lambda::EventSourceMapping')) {
    const { Enabled: enabled, EventSourceArn: source } = resource.properties;
    const service = typeof source === 'string' ? source.split(':')[2] : undefined;
    if (service === 'kinesis') {
      const mapping = readStreamMapping(resource, assembly);
      if (enabled !== false && enabled !== 'false') streams.push(mapping);
    } else if (service === 'sqs') {
      const mapping = readQueueMapping(resource, assembly);
      if (enabled !== false && enabled !== 'false') queues.push(mapping);
    } else {
      throw new Error(`${resource.logicalId}: events of ${String(source)} are not run locally.`);
    }
  }
  return { streams, queues };
};
