/** `compaction` as its schedule calls it, with a real DynamoDB emulator; every call can be looked at or end it all. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeleteItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import type { Device } from '../../../contracts/devices.ts';
import { type InstrumentType, instrumentType } from '../../../contracts/instrument-types.ts';
import type { Value } from '../../../contracts/payload/message.ts';
import { MICROS_PER_HOUR, type Micros, parseTime } from '../../../contracts/time.ts';
import type { CompactionReport } from '../../../lambdas/compaction/handler.ts';
import { EMPTY_LEDGER } from '../../../lambdas/domain/ledger.ts';
import type { SeriesColumn } from '../../../lambdas/series/column.ts';
import type { Item } from '../../../lambdas/store/attributes.ts';
import {
  type Measurements,
  readHours,
  toChunkItems,
  toMarkItem,
  writeItems,
} from '../../../lambdas/store/measurements.ts';
import { deviceToItem, typeToItem } from '../../../lambdas/store/registry/items.ts';
import {
  type Answer,
  type Aws,
  operationOf,
  type Request,
  serveWith,
  serviceOf,
  startAws,
} from '../runtime/aws.ts';

export const TYPE: InstrumentType = instrumentType.parse({
  id: 'incubator',
  name: 'Incubator',
  channels: {
    temp: { unit: 'Cel' },
    humidity: { unit: '%' },
    door: { unit: '1', type: 'boolean', kind: 'step' },
    count: { unit: '1', type: 'integer', kind: 'step' },
    note: { unit: '1', type: 'string', kind: 'step' },
  },
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
});

export const micros = (text: string): Micros => {
  const time = parseTime(text);
  if (time === undefined) throw new RangeError(text);
  return time;
};

/** 2026-03-01T10:00:00Z */
export const HOUR = micros('2026-03-01T10:00:00Z');

export const RETENTION = {
  default: { hotDays: 30, rollupYears: 10, archiveDays: null },
  sites: { paris: { hotDays: 14, rollupYears: 1, archiveDays: 400 } },
};

export type Point = readonly [time: Micros, value: Value, quality?: number];

/** Points of one channel as a column. */
export const column = (channel: string, points: readonly Point[]): SeriesColumn => ({
  channel,
  type: TYPE.channels[channel]?.type ?? 'number',
  unit: TYPE.channels[channel]?.unit ?? '1',
  time: points.map(([time]) => time),
  value: points.map(([, value]) => value),
  quality: points.some(([, , quality]) => quality) ? points.map(([, , quality]) => quality ?? 0) : undefined,
});

/** So many kilobytes of texts that no packing makes small, a kilobyte each, over an hour: more than fit an item. */
export const bulk = (kilobytes: number, start: Micros = HOUR): SeriesColumn =>
  column(
    'note',
    Array.from({ length: kilobytes }, (_, at): Point => {
      const text = createHash('shake256', { outputLength: 768 }).update(`${start}/${at}`).digest('base64');
      return [start + at * 20_000_000, text];
    }),
  );

/** Values of points and their quality, by `channel time`. */
export type Told = Map<string, readonly [Value, number]>;

export interface Call {
  /** `dynamodb:PutItem`, `s3:PUT /archive/...` */
  readonly action: string;
  readonly body: string;
  /** Whether it changes anything. */
  readonly writes: boolean;
}

/** What becomes of a call: `die` before or after it takes effect ends all calls from then on. */
export type Watch = (call: Call, when: 'before' | 'after') => Promise<'die' | undefined> | 'die' | undefined;

export interface Chunk {
  readonly device: string;
  readonly columns: readonly SeriesColumn[];
  readonly lane?: string;
  /** Number of its first record. */
  readonly first: number;
  readonly count?: number;
  /** Number of its first message; that of the first record when absent. */
  readonly seq?: number;
  /** From the number of a message to that of the next; 1 when absent. */
  readonly step?: number;
  /** Whether the hours are marked as well; yes when absent. */
  readonly marked?: boolean;
}

export interface World {
  readonly aws: Aws;
  readonly measurements: Measurements;
  readonly calls: Call[];
  /** The archive, by key. */
  readonly objects: Map<string, Buffer>;
  watch: Watch | undefined;
  addDevice(id: string, site?: string): Promise<void>;
  /** Writes a chunk for each hour that the columns lie in. */
  add(chunk: Chunk): Promise<void>;
  run(remainingMillis?: number): Promise<CompactionReport>;
  points(device: string, from?: Micros, to?: Micros): Promise<Told>;
  /** Sort keys of a partition. */
  keys(pk: string): Promise<string[]>;
  items(pk: string): Promise<Item[]>;
  /** As if DynamoDB had deleted what may go by now; of a device, the items from one sort key up to another. */
  passHotDays(id: string, from?: string, to?: string): Promise<void>;
  close(): Promise<void>;
}

const WRITES = /:(PutItem|UpdateItem|DeleteItem|BatchWriteItem|PUT .*)$/;

/** The points of columns by `channel time`; of equal ones the last. */
export const told = (columns: readonly SeriesColumn[]): Told =>
  new Map(
    columns.flatMap(({ channel, time, value, quality }) =>
      time.flatMap((at, index) => {
        const one = value[index];
        return one === undefined ? [] : [[`${channel} ${at}`, [one, quality?.[index] ?? 0]] as const];
      }),
    ),
  );

const byHour = (columns: readonly SeriesColumn[]): { hour: Micros; columns: SeriesColumn[] }[] => {
  const hours = new Map<Micros, SeriesColumn[]>();
  for (const whole of columns) {
    const places = Map.groupBy(whole.time.keys(), (at) => {
      const time = whole.time[at] ?? 0;
      return time - (time % MICROS_PER_HOUR);
    });
    for (const [hour, at] of places) {
      const pick = <T>(list: readonly T[]): T[] => at.flatMap((index) => list.slice(index, index + 1));
      const part = {
        ...whole,
        time: pick(whole.time),
        value: pick(whole.value),
        quality: whole.quality && pick(whole.quality),
      };
      hours.set(hour, [...(hours.get(hour) ?? []), part]);
    }
  }
  return [...hours].map(([hour, inHour]) => ({ hour, columns: inHour }));
};

const DEAD: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: 'AccessDeniedException', message: 'dead' }),
};

/** Puts a door in front of the services, through which only the function goes. */
const startDoor = async (
  aws: Aws,
  calls: Call[],
  objects: Map<string, Buffer>,
  watched: () => Watch | undefined,
) => {
  let dead = false;
  const look = async (call: Call, when: 'before' | 'after'): Promise<void> => {
    if ((await watched()?.(call, when)) === 'die') dead = true;
  };
  const tagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
  const archive = ({ method, url, headers, body }: Request): Answer => {
    const key = decodeURIComponent(url).replace(/^\/archive\//, '');
    const before = objects.get(key);
    const { 'if-match': match, 'if-none-match': none } = headers;
    if ((none === '*' && before) || (match !== undefined && (!before || match !== tagOf(before))))
      return { status: 412, headers: {}, body: '<Error><Code>PreconditionFailed</Code></Error>' };
    if (method === 'PUT') objects.set(key, body);
    const found = objects.get(key);
    const content = method === 'GET' ? (found ?? '<Error><Code>NoSuchKey</Code></Error>') : '';
    return found === undefined
      ? { status: 404, headers: {}, body: content }
      : { status: 200, headers: { etag: tagOf(found) }, body: content };
  };
  const answer = async (request: Request): Promise<Answer> => {
    const service = serviceOf(request);
    const action = `${service}:${operationOf(request) ?? `${request.method} ${request.url}`}`;
    const call = { action, body: request.body.toString('latin1'), writes: WRITES.test(action) };
    if (dead) return DEAD;
    await look(call, 'before');
    if (dead) return DEAD;
    calls.push(call);
    const reply = service === 's3' ? archive(request) : await aws.answer(request);
    await look(call, 'after');
    return dead ? DEAD : reply;
  };
  const server = createServer(serveWith(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    revive: () => {
      dead = false;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

export const startWorld = async (environment: Record<string, string> = {}): Promise<World> => {
  const aws = await startAws();
  const calls: Call[] = [];
  const objects = new Map<string, Buffer>();
  const door = await startDoor(aws, calls, objects, () => world.watch);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: door.url,
    COMPACT_AFTER_MINUTES: '10',
    ARCHIVE_AFTER_HOURS: '6',
    RETENTION: JSON.stringify(RETENTION),
    POWERTOOLS_METRICS_DISABLED: 'true',
    ...environment,
  });
  const { handler } = await import('../../../lambdas/compaction/handler.ts');
  const measurements = {
    client: aws.dynamo,
    table: aws.measurementsTable,
    archive: async (key: string) => objects.get(key),
  };
  const register = (item: Item) =>
    aws.dynamo.send(new PutItemCommand({ TableName: aws.registryTable, Item: item }));
  await register(typeToItem(TYPE));
  const items = async (pk: string): Promise<Item[]> => {
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
  const world: World = {
    aws,
    measurements,
    calls,
    objects,
    watch: undefined,
    addDevice: async (id, site = 'berlin') => {
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
      await register(deviceToItem(device));
    },
    add: async ({
      device,
      columns,
      lane = '1a2b3c4d.0',
      first,
      count = 1,
      seq = first,
      step = 1,
      marked = true,
    }) => {
      const hours = byHour(columns);
      const [{ hour: ledgerHour = HOUR } = {}] = hours;
      const points = columns.reduce((sum, { time }) => sum + time.length, 0);
      const run = {
        device,
        origin: { lane, first: String(first), count },
        hours,
        ledgerHour,
        ledger: { ...EMPTY_LEDGER, messages: count, received: points, stored: points },
        messages: Array.from({ length: count }, (_, at) => ({
          sequence: String(first + at),
          arrived: ledgerHour + at,
          session: 's',
          seq: seq + at * step,
          points,
        })),
      };
      const patience = { signal: AbortSignal.timeout(30_000) };
      await writeItems(measurements, toChunkItems(run), patience);
      if (!marked) return;
      const marks = hours.map(({ hour }) => toMarkItem('dirty', device, hour));
      await writeItems(measurements, marks, patience);
    },
    run: async (remainingMillis = 60_000) => {
      door.revive();
      return handler({}, { getRemainingTimeInMillis: () => remainingMillis } as Context);
    },
    points: async (device, from = HOUR - 24 * MICROS_PER_HOUR, to = HOUR + 48 * MICROS_PER_HOUR) => {
      const points: Told = new Map();
      for await (const { columns } of readHours(measurements, device, { from, to }))
        for (const [key, value] of told(columns)) {
          if (points.has(key)) throw new Error(`${key} comes twice`);
          points.set(key, value);
        }
      return points;
    },
    items,
    passHotDays: async (id, from = '2026-03-01', to = '2026-03-01~') => {
      const TableName = aws.measurementsTable;
      for (const { pk, sk } of await items(id))
        if (pk !== undefined && sk?.S !== undefined && from <= sk.S && sk.S < to)
          await aws.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
      for (const { pk, sk } of await items(`${id}#a`))
        if (pk !== undefined && sk !== undefined)
          await aws.dynamo.send(
            new UpdateItemCommand({
              TableName,
              Key: { pk, sk },
              UpdateExpression: 'SET hotUntil = :past',
              ExpressionAttributeValues: { ':past': { N: '1' } },
            }),
          );
    },
    keys: async (pk) => (await items(pk)).map(({ sk }) => sk?.S ?? ''),
    close: async () => {
      await door.close();
      await aws.close();
    },
  };
  return world;
};
