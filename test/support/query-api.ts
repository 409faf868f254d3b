/** `query-api` as API Gateway calls it, with the streaming runtime of the local gateway around it. */

import type { Writable } from 'node:stream';
import { DeleteItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Value } from '../../contracts/messages/message.ts';
import type { Device } from '../../contracts/resources/devices.ts';
import { instrumentType } from '../../contracts/resources/instrument-types.ts';
import { MICROS_PER_HOUR, type Micros, parseTime } from '../../contracts/time.ts';
import { NEW_STATE } from '../../lambdas/domain/ingestion/device-state.ts';
import type { Track } from '../../lambdas/domain/ingestion/quality.ts';
import { Counts } from '../../lambdas/functions/compaction/counts.ts';
import { archiveQueuedDay } from '../../lambdas/functions/compaction/day.ts';
import { DeviceCache } from '../../lambdas/functions/compaction/device-cache.ts';
import { compactHour } from '../../lambdas/functions/compaction/hour.ts';
import {
  readHours,
  readTasks,
  type Task,
  type TaskKind,
  taskPartitionOf,
  toChunkItems,
  toStateItem,
  toTaskItem,
} from '../../lambdas/store/measurements/index.ts';
import { getFrom, putInto, replaceIn, tagsIn } from '../../lambdas/store/objects/objects.ts';
import { deviceToItem, typeToItem } from '../../lambdas/store/registry/items.ts';
import { awslambda, ResponseStream } from '../../local/lambda/worker/response-stream.ts';
import type { SeriesColumn } from '../../series/points/column.ts';
import { type Aws, startAws } from './aws.ts';
import { lambdaContext, proxyEvent, type Sent } from './http-events.ts';

export interface Streamed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Buffer;
  /** Pieces that the gateway got. */
  readonly pieces: number;
}

export interface World {
  readonly aws: Aws;
  /** @param event the bytes so far, with the means to slow down or break off */
  send(sent: Sent): Promise<Streamed>;
  /** As `send`, for answers in JSON. */
  json(
    sent: Sent,
  ): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: Record<string, unknown> }>;
  /** Sends, and gives the stream to whoever plays the gateway. */
  open(sent: Sent, stream: ResponseStream): Promise<void>;
  addDevice(id: string, site?: string): Promise<void>;
  addChunk(device: string, columns: readonly SeriesColumn[]): Promise<void>;
  /** Remembers the newest point of each channel, as `ingest` does. */
  addLatest(device: string): Promise<void>;
  /** Compacts these hours of a device, as `compaction` does; all that have points when none are named. */
  compact(device: string, hours?: readonly Micros[]): Promise<void>;
  /** Archives the days of a device that are compacted, as `compaction` does. */
  archive(device: string): Promise<void>;
  /** As if DynamoDB had deleted the blocks of archived days, as it does after the hot days. */
  passHotDays(device: string): Promise<void>;
  /** Takes away what a partition holds. */
  forget(pk: string, of?: (sk: string) => boolean): Promise<void>;
  close(): Promise<void>;
}

export const time = (text: string): Micros => {
  const micros = parseTime(text);
  if (micros === undefined) throw new RangeError(text);
  return micros;
};

export const column = (
  channel: string,
  points: readonly (readonly [time: string | Micros, value: Value, quality?: number])[],
  more: Partial<SeriesColumn> = {},
): SeriesColumn => ({
  channel,
  type: 'number',
  unit: 'Cel',
  time: points.map(([at]) => (typeof at === 'string' ? time(at) : at)),
  value: points.map(([, value]) => value),
  quality: points.some(([, , quality]) => quality) ? points.map(([, , quality]) => quality ?? 0) : undefined,
  ...more,
});

const SPLIT = Buffer.alloc(8);

export const TYPE = instrumentType.parse({
  id: 'incubator',
  name: 'Incubator',
  channels: {
    temp: { unit: 'Cel' },
    flow: { unit: 'mL/min', kind: 'step' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
  },
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
});

export const startWorld = async (): Promise<World> => {
  const aws = await startAws();
  Object.assign(globalThis, { awslambda });
  const {
    handler,
  }: { handler: (event: APIGatewayProxyEvent, stream: Writable, context: Context) => Promise<void> } =
    await import('../../lambdas/functions/query-api/handler.ts');
  await aws.dynamo.send(new PutItemCommand({ TableName: aws.registryTable, Item: typeToItem(TYPE) }));
  let sequence = 0;

  const send = async (sent: Sent): Promise<Streamed> => {
    const chunks: Buffer[] = [];
    const stream = new ResponseStream({
      window: 1024 * 1024,
      highWaterMark: undefined,
      send: (bytes) => {
        chunks.push(Buffer.from(bytes));
        stream.taken(bytes.byteLength);
      },
    });
    await handler(proxyEvent(sent), stream, lambdaContext);
    const bytes = Buffer.concat(chunks);
    const split = bytes.indexOf(SPLIT);
    const { statusCode, headers } = JSON.parse(bytes.subarray(0, split).toString());
    return {
      status: statusCode,
      headers,
      text: bytes.subarray(split + SPLIT.length).toString(),
      body: bytes.subarray(split + SPLIT.length),
      pieces: chunks.length,
    };
  };

  const measurements = { client: aws.dynamo, table: aws.measurementsTable };
  const { signal } = new AbortController();
  const around = {
    measurements,
    devices: new DeviceCache({ client: aws.dynamo, table: aws.registryTable }),
    retention: { default: { hotDays: 10_000, rollupYears: 20, archiveDays: null }, sites: {} },
  };
  const marksOf = async (kind: TaskKind, of: string): Promise<Task[]> => {
    const range = { to: time('2200-01-01T00:00:00Z') };
    const tasks = await Array.fromAsync(readTasks(measurements, kind, taskPartitionOf(of), range));
    return tasks.filter(({ device }) => device === of);
  };
  const itemsOf = async (pk: string) => {
    const { Items = [] } = await aws.dynamo.send(
      new QueryCommand({
        TableName: aws.measurementsTable,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: pk } },
        ConsistentRead: true,
      }),
    );
    return Items;
  };
  const forget = async (of: string, chosen: (sk: string) => boolean = () => true): Promise<void> => {
    for (const { pk, sk } of await itemsOf(of))
      if (pk !== undefined && sk?.S !== undefined && chosen(sk.S))
        await aws.dynamo.send(new DeleteItemCommand({ TableName: aws.measurementsTable, Key: { pk, sk } }));
  };

  return {
    aws,
    send,
    json: async (sent) => {
      const { status, headers, text } = await send(sent);
      return { status, headers, body: JSON.parse(text) };
    },
    open: async (sent, stream) => await handler(proxyEvent(sent), stream, lambdaContext),
    addDevice: async (id, site = 'lab') => {
      const at = '2026-03-01T00:00:00.000Z';
      const device: Device = {
        id,
        site,
        type: TYPE.id,
        state: 'active',
        createdAt: at,
        createdBy: 'ada',
        updatedAt: at,
        version: 1,
      };
      const enrolment = {
        M: { requestHash: { S: 'h' }, certificateArn: { S: 'a' }, certificatePem: { S: 'p' } },
      };
      const Item = { ...deviceToItem(device), enrolment };
      await aws.dynamo.send(new PutItemCommand({ TableName: aws.registryTable, Item }));
    },
    addChunk: async (device, columns) => {
      const first = String(++sequence).padStart(56, '0');
      const hours = new Map<Micros, SeriesColumn[]>();
      for (const each of columns)
        for (const at of new Set(each.time.map((t) => Math.floor(t / MICROS_PER_HOUR) * MICROS_PER_HOUR))) {
          const inside = each.time.flatMap((t, index) =>
            t >= at && t < at + MICROS_PER_HOUR ? [index] : [],
          );
          const pick = <T>(list: readonly T[]): T[] =>
            inside.flatMap((index) => list.slice(index, index + 1));
          const part: SeriesColumn = {
            ...each,
            time: pick(each.time),
            value: pick(each.value),
            quality: each.quality && pick(each.quality),
          };
          hours.set(at, [...(hours.get(at) ?? []), part]);
        }
      const [ledgerHour = 0] = hours.keys();
      const items = toChunkItems({
        device,
        origin: { shardKey: '0', first, count: 1 },
        hours: [...hours].map(([hour, parts]) => ({ hour, columns: parts })),
        ledgerHour,
        ledger: {
          messages: 1,
          received: 1,
          stored: 1,
          duplicate: 0,
          overwritten: 0,
          quarantined: {},
          rejected: {},
        },
        messages: [],
      });
      for (const hour of hours.keys()) items.push(toTaskItem('dirty', device, hour));
      for (const Item of items)
        await aws.dynamo.send(new PutItemCommand({ TableName: aws.measurementsTable, Item }));
    },
    addLatest: async (device) => {
      const tracks = new Map<string, Track>();
      const range = { from: 0, to: time('2200-01-01T00:00:00Z') };
      for await (const { columns } of readHours(measurements, device, range))
        for (const { channel, time: times, value: values, quality } of columns) {
          const [at = 0, value = 0] = [times.at(-1), values.at(-1)];
          const seen = { time: at, value, rank: 0, number: -1, credibleTime: at, credibleValue: value };
          tracks.set(channel, { ...seen, quality: quality?.at(-1) ?? 0, arrived: at, run: 1 });
        }
      const Item = toStateItem(device, { ...NEW_STATE, version: 1, tracks });
      await aws.dynamo.send(new PutItemCommand({ TableName: aws.measurementsTable, Item }));
    },
    compact: async (device, hours) => {
      for (const task of await marksOf('dirty', device))
        if (hours === undefined || hours.includes(task.start))
          await compactHour(around, new Counts(), task, Date.now() * 1000, signal);
    },
    archive: async (device) => {
      const archive = {
        get: getFrom(aws.bucket),
        tag: tagsIn(aws.bucket),
        replace: replaceIn(aws.bucket),
        putObject: putInto(aws.bucket),
      };
      for (const task of await marksOf('unarchived', device))
        await archiveQueuedDay({ ...around, archive }, new Counts(), task, Date.now() * 1000, signal);
    },
    passHotDays: async (device) => {
      await forget(device, (sk) => /#[hp]/.test(sk));
      for (const { pk, sk } of await itemsOf(`${device}#a`))
        if (pk !== undefined && sk !== undefined)
          await aws.dynamo.send(
            new UpdateItemCommand({
              TableName: aws.measurementsTable,
              Key: { pk, sk },
              UpdateExpression: 'SET hotUntil = :past',
              ExpressionAttributeValues: { ':past': { N: '1' } },
            }),
          );
    },
    forget,
    close: () => aws.close(),
  };
};
