/** `ingest` as Lambda calls it, with a real DynamoDB emulator and recorders for objects and messages. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  Context,
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
} from 'aws-lambda';
import { vi } from 'vitest';
import type { AckMessage, ErrorsMessage } from '../../../../contracts/messages/downstream.ts';
import type { Device } from '../../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { rulesOfType } from '../../../../lambdas/domain/ingestion/quality.ts';
import { type Ledger, settle } from '../../../../lambdas/domain/ledger/ledger.ts';
import {
  type Latest,
  type Measurements,
  mergeHourItems,
  readDirtyHours,
  readHourItems,
  readHours,
  readLatest,
} from '../../../../lambdas/store/measurements/index.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import { DynamoEngine } from '../../../../local/endpoint/dynamodb/engine.ts';
import { nothingFound } from '../../../../series/points/merge.ts';
import { createTable } from '../../../support/table.ts';

export interface Call {
  /** `dynamodb:BatchWriteItem`, `s3:PutObject`, `iotdata:Publish`. */
  readonly action: string;
  readonly path: string;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** What happens to a call: a reply instead of the real one, another body for the real one, or `undefined`. */
export type Intercept = (
  call: Call,
) =>
  | Reply
  | { readonly forward: string; readonly map: (reply: string) => string }
  | undefined
  | Promise<undefined>;

export const fault = (code: string, status = 400): Reply => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: `injected ${code}` }),
});

export const TYPE: InstrumentType = {
  id: 'sensor',
  name: 'Sensor',
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  channels: {
    temp: {
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      range: { min: 0, max: 50 },
      limits: { min: -50, max: 150 },
      maxRate: 5,
      stuckAfter: 5,
    },
    humidity: { unit: '%', type: 'number', kind: 'continuous' },
    count: { unit: '1', type: 'integer', kind: 'step' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
    mode: { unit: '1', type: 'string', kind: 'step', values: ['run', 'idle'] },
  },
};

const device = (id: string, more: Partial<Device> = {}): Device => ({
  id,
  site: 'berlin',
  type: TYPE.id,
  state: 'active',
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  updatedAt: '2026-01-01T00:00:00Z',
  version: 1,
  ...more,
});

/** 2026-03-01T10:20:00Z */
export const NOW = Date.parse('2026-03-01T10:20:00Z') * 1000;
export const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/labgate';

let sequence = 49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n;

export interface Sent {
  readonly device?: string;
  readonly key?: string;
  readonly arrived?: number;
  /** Text or bytes as they are; anything else as JSON. */
  readonly payload: unknown;
  readonly shard?: string;
}

/** One record of the stream, with the next sequence number. */
export const record = (sent: Sent): KinesisStreamRecord => {
  const { payload, shard = 'shardId-000000000000' } = sent;
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  sequence += 1_000_000_007n;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: sent.key ?? `berlin/${sent.device ?? 'a'}`,
      sequenceNumber: String(sequence),
      data: bytes.toString('base64'),
      approximateArrivalTimestamp: (sent.arrived ?? NOW) / 1e6,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${sequence}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/ingest',
    awsRegion: 'us-east-1',
    eventSourceARN: STREAM,
  };
};

/** Rows of one channel, one second apart. */
export const rows = (values: readonly unknown[], more: object = {}, start = NOW - 60e6, n = 'temp') => ({
  v: 1,
  ...more,
  data: values.map((v, at) => ({ n, t: new Date(start / 1000 + at * 1000).toISOString(), v })),
});

export interface World {
  readonly calls: Call[];
  readonly measurements: Measurements;
  intercept: Intercept | undefined;
  readonly acks: () => { readonly device: string; readonly ack: AckMessage }[];
  readonly errors: () => { readonly device: string; readonly note: ErrorsMessage }[];
  readonly objects: Map<string, string>;
  register(id: string, more?: Partial<Device>): Promise<void>;
  /** Puts an item into the registry. */
  put(item: Record<string, unknown>): Promise<void>;
  /** Lets a fresh environment take a batch. */
  fresh(): Promise<void>;
  take(records: readonly KinesisStreamRecord[], remaining?: number): Promise<KinesisStreamBatchResponse>;
  /** All points of a device as `[channel, seconds after NOW, value, quality]`. */
  points(id: string): Promise<(readonly [string, number, unknown, number])[]>;
  latest(id: string): Promise<Latest | undefined>;
  /** The ledger of a device once its points are merged. */
  settled(id: string): Promise<Ledger | undefined>;
  close(): Promise<void>;
}

const actionOf = (service: string, request: IncomingMessage): string => {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return `${service}:${target.split('.')[1]}`;
  if (service !== 's3') return `${service}:Publish`;
  return request.method === 'GET' ? 's3:GetObject' : 's3:PutObject';
};

export const startWorld = async (): Promise<World> => {
  const engine = await DynamoEngine.open(undefined, new Map(), 'us-east-1', '000000000000', (_, message) => {
    throw new Error(message);
  });
  const objects = new Map<string, string>();
  const calls: Call[] = [];
  let handler: (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

  const real = async (call: Call, body: string): Promise<Reply> => {
    if (call.action.startsWith('dynamodb:')) {
      const reply = await engine.call(call.action.slice('dynamodb:'.length), body);
      return { status: reply.status, body: reply.body.toString() };
    }
    if (call.action === 's3:GetObject') {
      const object = objects.get(call.path.replace('/archive/', ''));
      return object === undefined
        ? { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }
        : { status: 200, body: object };
    }
    if (call.action === 'sqs:SendMessage') return { status: 200, body: '{}' };
    if (call.action === 's3:PutObject') objects.set(call.path.replace(/^\/archive\/|\?.*/g, ''), body);
    return { status: 200, body: '' };
  };
  const serve = async (request: IncomingMessage): Promise<Reply> => {
    const authorization = request.headers.authorization ?? '';
    const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(authorization)?.[1] ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const call = { action: actionOf(service, request), path: decodeURIComponent(request.url ?? ''), body };
    const intercepted = await world.intercept?.(call);
    if (intercepted === undefined) {
      const reply = await real(call, body);
      calls.push(call);
      return reply;
    }
    if ('status' in intercepted) return intercepted;
    const reply = await real(call, intercepted.forward);
    return { ...reply, body: intercepted.map(reply.body) };
  };
  const server = createServer((request, response) => {
    serve(request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(body);
      },
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    REGISTRY_TABLE: 'registry',
    MEASUREMENTS_TABLE: 'measurements',
    ARCHIVE_BUCKET: 'archive',
    ALERTS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/alerts',
    POWERTOOLS_SERVICE_NAME: 'ingest',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
    POWERTOOLS_METRICS_DISABLED: 'true',
    LOG_LEVEL: 'SILENT',
  });
  const client = new DynamoDBClient({});
  const measurements = { client, table: 'measurements' };
  const told = (kind: string) =>
    calls
      .filter(({ action, path }) => action === 'iotdata:Publish' && path.includes(`/${kind}?`))
      .map(({ path, body }) => ({ device: path.split('/')[4] ?? '', document: JSON.parse(body) }));
  const put = async (item: Record<string, unknown>): Promise<void> => {
    const RequestItems = { registry: [{ PutRequest: { Item: item as never } }] };
    await client.send(new BatchWriteItemCommand({ RequestItems }));
  };
  const world: World = {
    calls,
    measurements,
    intercept: undefined,
    objects,
    acks: () => told('ack').map(({ device: id, document }) => ({ device: id, ack: document })),
    errors: () => told('errors').map(({ device: id, document }) => ({ device: id, note: document })),
    put,
    register: (id, more) => put(deviceToItem(device(id, more))),
    fresh: async () => {
      vi.resetModules();
      ({ handler } = await import('../../../../lambdas/functions/ingest/handler.ts'));
    },
    take: (records, remaining = 60_000) =>
      handler({ Records: [...records] }, { getRemainingTimeInMillis: () => remaining } as Context),
    points: async (id) => {
      const points: (readonly [string, number, unknown, number])[] = [];
      const range = { from: NOW - 8 * 86_400e6, to: NOW + 86_400e6, rules: rulesOfType(TYPE) };
      for await (const { columns } of readHours(measurements, id, range))
        for (const { channel, time, value, quality } of columns)
          for (const [at, one] of time.entries())
            points.push([channel, (one - NOW) / 1e6, value[at], quality?.[at] ?? 0]);
      return points;
    },
    settled: async (id) => {
      const known = await readLatest(measurements, id);
      const found = nothingFound();
      for (const hour of await readDirtyHours(measurements, id, NOW - 8 * 86_400e6, NOW + 86_400e6)) {
        const merged = mergeHourItems(id, await readHourItems(measurements, id, hour));
        for (const one of merged.found.values())
          for (const name of ['duplicate', 'overwritten', 'recovered'] as const) found[name] += one[name];
      }
      return known && settle(known.ledger, found);
    },
    latest: (id) => readLatest(measurements, id),
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await Promise.all([once(server, 'close'), engine.close()]);
    },
  };
  await createTable(client, 'registry');
  await createTable(client, 'measurements');
  await put(typeToItem(TYPE));
  await world.register('a');
  await world.register('b');
  await world.fresh();
  calls.length = 0;
  return world;
};
