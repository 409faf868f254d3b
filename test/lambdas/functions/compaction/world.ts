/** `compaction` as its schedule calls it, with a real DynamoDB emulator behind a {@link startDoor door}. */
import { DeleteItemCommand, PutItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import type { Device } from '../../../../contracts/resources/devices.ts';
import { MICROS_PER_HOUR, type Micros } from '../../../../contracts/time.ts';
import { NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import type { CompactionReport } from '../../../../lambdas/functions/compaction/handler.ts';
import type { Item } from '../../../../lambdas/store/dynamodb/attributes.ts';
import {
  type Measurements,
  readHours,
  toChunkItems,
  toStateItem,
  toTaskItem,
  writeItems,
} from '../../../../lambdas/store/measurements/index.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { type Aws, startAws } from '../../../support/aws.ts';
import { type Call, startDoor, type Watch } from './door.ts';
import { byHour, HOUR, type Told, TYPE, told } from './points.ts';

export const RETENTION = {
  default: { hotDays: 30, rollupYears: 10, archiveDays: null },
  sites: { paris: { hotDays: 14, rollupYears: 1, archiveDays: 400 } },
};

export interface Chunk {
  readonly device: string;
  readonly columns: readonly SeriesColumn[];
  readonly shardKey?: string;
  /** Number of its first record. */
  readonly first: number;
  readonly count?: number;
  /** Number of its first message; that of the first record when absent. */
  readonly seq?: number;
  /** From the number of a message to that of the next; 1 when absent. */
  readonly step?: number;
  /** Whether the hours are queued as well; yes when absent. */
  readonly queued?: boolean;
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
  /** Remembers how far a device is committed. */
  commit(device: string, sequence: number, version: number): Promise<void>;
  /** Works off what is queued, whoever else is at work. */
  run(remainingMillis?: number): Promise<CompactionReport>;
  /** Calls the function as its schedule does. */
  call(remainingMillis?: number): Promise<CompactionReport>;
  points(device: string, from?: Micros, to?: Micros): Promise<Told>;
  /** Sort keys of a partition. */
  keys(pk: string): Promise<string[]>;
  items(pk: string): Promise<Item[]>;
  /** As if DynamoDB had deleted what may go by now; of a device, the items from one sort key up to another. */
  passHotDays(id: string, from?: string, to?: string): Promise<void>;
  close(): Promise<void>;
}

export const startWorld = async (environment: Record<string, string> = {}): Promise<World> => {
  const aws = await startAws();
  const calls: Call[] = [];
  const objects = new Map<string, Buffer>();
  const door = await startDoor(aws, calls, objects, () => world.watch);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: door.url,
    COMPACT_AFTER_MINUTES: '10',
    INGEST_WINDOW_SECONDS: '1',
    ARCHIVE_AFTER_HOURS: '6',
    RETENTION: JSON.stringify(RETENTION),
    POWERTOOLS_METRICS_DISABLED: 'true',
    ...environment,
  });
  const { handler, run } = await import('../../../../lambdas/functions/compaction/handler.ts');
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
      shardKey = '1a2b3c4d.0',
      first,
      count = 1,
      seq = first,
      step = 1,
      queued = true,
    }) => {
      const hours = byHour(columns);
      const [{ hour: ledgerHour = HOUR } = {}] = hours;
      const points = columns.reduce((sum, { time }) => sum + time.length, 0);
      const run = {
        device,
        origin: { shardKey, first: String(first), count },
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
      if (!queued) return;
      const tasks = hours.map(({ hour }) => toTaskItem('dirty', device, hour));
      await writeItems(measurements, tasks, patience);
    },
    commit: async (device, sequence, version) => {
      const checkpoints = new Map([['1a2b3c4d.0', { sequence: String(sequence), arrived: HOUR }]]);
      const state = toStateItem(device, { ...NEW_STATE, version, checkpoints });
      await writeItems(measurements, [state], { signal: AbortSignal.timeout(30_000) });
    },
    run: async (remainingMillis = 60_000) => {
      door.revive();
      return run(remainingMillis);
    },
    call: async (remainingMillis = 60_000) => {
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
