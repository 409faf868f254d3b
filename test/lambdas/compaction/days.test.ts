import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Value } from '../../../contracts/payload/message.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../lambdas/series/column.ts';
import { mergeColumns } from '../../../lambdas/series/merge.ts';
import { readParquetDay } from '../../../lambdas/series/parquet.ts';
import { minutesOf, minutesOfDay } from '../../../lambdas/series/rollup.ts';
import { KEEP_ALL, KEEP_SUMS } from '../../../lambdas/series/summary.ts';
import { encodeSummaries, type SummaryRun } from '../../../lambdas/series/summary-codec.ts';
import { CorruptArchive } from '../../../lambdas/store/archive.ts';
import {
  MinuteReader,
  readHourSummaries,
  readHours,
  toMarkItem,
  type WantedSummaries,
  writeItems,
} from '../../../lambdas/store/measurements.ts';
import { SUMMARIES_1 } from '../series/summaries-1.ts';
import { bulk, column, HOUR, type Point, startWorld, TYPE, told, type World } from './world.ts';

let world: World;
let number = 0;
let device = '';

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  device = `day-${++number}`;
  await world.addDevice(device);
  world.watch = undefined;
});

const DAY = HOUR - (HOUR % MICROS_PER_DAY);
const parquetKey = (id = device, site = 'berlin', date = '2026-03-01'): string =>
  `archive/site=${site}/date=${date}/${id}.parquet`;
const manifestOf = () => {
  const text = world.objects.get(`archive-manifests/site=berlin/date=2026-03-01/${device}.json`);
  return JSON.parse(String(text));
};
const fileOf = async (): Promise<Map<string, readonly [Value, number]>> =>
  told(await readParquetDay(world.objects.get(parquetKey()) ?? Buffer.alloc(0)));
const archivedItem = async () => (await world.items(`${device}#a`))[0];

const wave = (channel: string, start: number, count = 200, step = 10_000_000): SeriesColumn =>
  column(
    channel,
    Array.from({ length: count }, (_, at): Point => [start + at * step, Math.sin(at) * 20, at % 9 ? 0 : 5]),
  );

/** Three hours of a day, the last one's end in the next day; two batches. */
const addDay = async (id = device): Promise<Map<string, readonly [Value, number]>> => {
  const first = [
    column('door', [
      [HOUR, true],
      [HOUR + 9, false],
    ]),
    column('note', [[HOUR + 1, 'begun']]),
    wave('temp', HOUR),
  ];
  const second = [wave('temp', HOUR + 5 * MICROS_PER_HOUR), wave('humidity', DAY + 23 * MICROS_PER_HOUR + 1)];
  await world.add({ device: id, columns: first, first: 1 });
  await world.add({ device: id, columns: second, first: 2 });
  return new Map([...told(first), ...told(second)]);
};

const passHotDays = (from?: string, to?: string): Promise<void> => world.passHotDays(device, from, to);

describe('a day', () => {
  it('becomes a file with exactly its points, and a manifest that says so', async () => {
    const expected = await addDay();
    expect(await world.run()).toMatchObject({ hours: 3, days: 1, failed: 0, done: true });
    expect(await fileOf()).toStrictEqual(expected);
    const bytes = world.objects.get(parquetKey()) ?? Buffer.alloc(0);
    expect(manifestOf()).toMatchObject({
      format: 1,
      device,
      site: 'berlin',
      date: '2026-03-01',
      version: 1,
      key: parquetKey(),
      rows: expected.size,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      channels: { door: { rows: 2, first: '2026-03-01T10:00:00.000Z' }, temp: { rows: 400 } },
      blocks: { '2026-03-01T10': 1, '2026-03-01T15': 1, '2026-03-01T23': 1 },
    });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ days: 0, done: true });
  });

  it('is read by DuckDB among the others, by site and date', async () => {
    const expected = await addDay();
    await world.run();
    const folder = await mkdtemp(join(tmpdir(), 'labgate-archive-'));
    const file = join(folder, 'day.parquet');
    await writeFile(file, world.objects.get(parquetKey()) ?? '');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      `SELECT channel, epoch_us(time) AS time, type, value, value_text FROM read_parquet('${file}')`,
    );
    const found = new Map(
      reader.getRowObjects().map((row) => {
        const value = row['type'] === 'boolean' ? row['value'] === 1 : (row['value_text'] ?? row['value']);
        return [`${String(row['channel'])} ${String(row['time'])}`, value];
      }),
    );
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
    expect(found).toStrictEqual(
      new Map(
        [...expected].map(([key, [value]]) => [key, value] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    );
  });

  it('lets its blocks go after the hot days of its site', async () => {
    await world.addDevice('in-paris', 'paris');
    await addDay('in-paris');
    await addDay();
    await world.run();
    const now = Math.floor(Date.now() / 1000);
    for (const id of [device, 'in-paris']) {
      const [item] = await world.items(`${id}#a`);
      // The day is long past: it stays for a day after it was archived.
      expect(Number(item?.['hotUntil']?.N)).toBeGreaterThan(now + 80_000);
      const blocks = (await world.items(id)).filter(({ sk }) => /#[hp]/.test(sk?.S ?? ''));
      expect(blocks).toHaveLength(3);
      expect(Number(item?.['hotUntil']?.N)).toBeLessThan(now + 90_000);
      const days = id === 'in-paris' ? 14 : 30;
      for (const block of blocks) {
        expect(Number(block['expiresAt']?.N)).toBeGreaterThan(now + days * 86_400 - 60);
        expect(Number(block['expiresAt']?.N)).toBeLessThan(now + days * 86_400 + 60);
      }
    }
    expect((await archivedItem())?.['expiresAt']).toBeUndefined();
    const [inParis] = await world.items('in-paris#a');
    expect(Number(inParis?.['expiresAt']?.N)).toBe((DAY + 401 * MICROS_PER_DAY) / 1e6);
    expect(world.objects.has(parquetKey('in-paris', 'paris'))).toBe(true);
    const [minutes] = await world.items('in-paris#r1m');
    expect(Number(minutes?.['expiresAt']?.N)).toBe((DAY + 366 * MICROS_PER_DAY) / 1e6);
  });

  it('is archived again with what came late', async () => {
    const expected = await addDay();
    await world.run();
    const late = [
      column('temp', [
        [HOUR, 99],
        [HOUR + 3, 98],
      ]),
      column('count', [[DAY, 7]]),
    ];
    await world.add({ device, columns: late, first: 9 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    expect(await fileOf()).toStrictEqual(new Map([...expected].sort()));
    expect(manifestOf()).toMatchObject({ version: 2, rows: expected.size });
    expect((await archivedItem())?.['v']?.N).toBe('2');
  });

  it('waits for its hours, and for its end', async () => {
    await addDay();
    world.watch = (call) =>
      call.action === 'dynamodb:PutItem' && call.body.includes(`"${device}"`) ? 'die' : undefined;
    await world.run().catch(() => undefined);
    expect(world.objects.has(parquetKey())).toBe(false);
    world.watch = undefined;
    const today = Date.now() * 1000 - ((Date.now() * 1000) % MICROS_PER_DAY);
    await writeItems(world.measurements, [toMarkItem('unarchived', device, today)], {
      signal: AbortSignal.timeout(5000),
    });
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    expect((await world.items(`${device}#a`)).map(({ sk }) => sk?.S)).toStrictEqual(['2026-03-01']);
  });

  it('keeps its mark when the archive refuses it', async () => {
    const expected = await addDay();
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    const refused = await world.run().catch((error: Error) => error.message);
    expect(refused).toSatisfy(
      (one) => (typeof one === 'string' && one.endsWith('dead')) || (typeof one === 'object' && !one.done),
    );
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    expect(await fileOf()).toStrictEqual(expected);
  });
});

describe('the minutes of a day', () => {
  const wanted = { channels: undefined, kept: KEEP_SUMS };
  const minutes = async (of: WantedSummaries = wanted): Promise<SummaryRun[]> =>
    await Array.fromAsync(
      new MinuteReader(world.measurements, of).read(device, DAY, DAY + MICROS_PER_DAY, new Set()),
    );
  const kindOf = (channel: string) => TYPE.channels[channel]?.kind;
  const bytes = (run: SummaryRun | undefined) => run && encodeSummaries(run);
  /** Those that are stored are those of the points. */
  const expectMinutes = async (): Promise<void> => {
    const range = { from: DAY, to: DAY + MICROS_PER_DAY };
    const hours = await Array.fromAsync(readHours(world.measurements, device, range));
    const { columns } = mergeColumns(hours.map((hour) => hour.columns));
    const right = columns.map((each) => minutesOf(each, DAY, kindOf));
    const stored = await minutes();
    expect(stored).toHaveLength(1);
    expect(bytes(stored[0])).toStrictEqual(bytes({ ...minutesOfDay(DAY), columns: right }));
  };
  const many = Array.from({ length: 64 }, (_, at) =>
    wave(`c${String(at).padStart(2, '0')}`, HOUR, 300, 30_000_000),
  );

  it('are summarized when it is archived, and again with what came late', async () => {
    await addDay();
    expect(await minutes()).toStrictEqual([]);
    await world.run();
    await expectMinutes();
    await world.add({ device, columns: [column('temp', [[HOUR + 3, 98]])], first: 9 });
    await world.run();
    await expectMinutes();
  });

  it('are split by channel where they are large, and read by channel', async () => {
    await world.add({ device, columns: many, first: 1 });
    await world.run();
    const keys = await world.keys(`${device}#r1m`);
    expect(keys.length).toBeGreaterThan(3);
    await expectMinutes();
    await world.add({ device, columns: [column('c07', [[HOUR + 1, 5]])], first: 2 });
    await world.run();
    await expectMinutes();
    expect(await world.keys(`${device}#r1m`)).toHaveLength(keys.length);
    const [run] = await minutes({ ...wanted, channels: new Set(['c07', 'none']) });
    expect(run?.columns.map(({ channel }) => channel)).toStrictEqual(['c07']);
  });

  it('are not there while a part of them is missing', async () => {
    await world.add({ device, columns: many, first: 1 });
    await world.run();
    const [pk, sk] = [{ S: `${device}#r1m` }, { S: (await world.keys(`${device}#r1m`)).at(-1) ?? '' }];
    const TableName = world.aws.measurementsTable;
    await world.aws.dynamo.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
    expect(await minutes()).toStrictEqual([]);
    expect(await minutes({ ...wanted, channels: new Set(['c00']) })).toHaveLength(1);
  });

  it('are those of the newest version of the day, whoever comes last', async () => {
    await addDay();
    await world.run();
    const TableName = world.aws.measurementsTable;
    const Key = { pk: { S: `${device}#r1m` }, sk: { S: '2026-03-01' } };
    const set = { UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': { N: '3' } } };
    await world.aws.dynamo.send(new UpdateItemCommand({ TableName, Key, ...set }));
    const before = bytes((await minutes())[0]);
    await world.add({ device, columns: [column('temp', [[HOUR + 3, 98]])], first: 9 });
    // Versions 2 and 3 of the day are not newer: it stays marked.
    expect(await world.run()).toMatchObject({ days: 0 });
    expect(await world.run()).toMatchObject({ days: 0 });
    expect(bytes((await minutes())[0])).toStrictEqual(before);
    expect(await world.run()).toMatchObject({ days: 1 });
    await expectMinutes();
  });

  it('are read by hour where version 1 wrote them', async () => {
    const body = Buffer.from(SUMMARIES_1, 'base64');
    const item = { pk: { S: `${device}#r1m` }, f: { N: '1' }, g: { S: 'x' }, p: { N: '0' }, b: { B: body } };
    for (const sk of ['2026-03-01T00', '2026-03-01T07'])
      await writeItems(world.measurements, [{ ...item, sk: { S: sk } }], {
        signal: AbortSignal.timeout(5000),
      });
    const found = await minutes({ ...wanted, channels: new Set(['temp']) });
    expect(found.map(({ columns }) => columns.map(({ channel }) => channel))).toStrictEqual([
      ['temp'],
      ['temp'],
    ]);
  });
});

describe('reading', () => {
  it('goes on when the blocks are gone: whole, cut, by channel, and across the border', async () => {
    const expected = await addDay();
    const next = [wave('temp', DAY + MICROS_PER_DAY + 5_000_000)];
    await world.add({ device, columns: next, first: 3 });
    await world.run();
    for (const [key, value] of told(next)) expected.set(key, value);
    await passHotDays();
    expect((await world.keys(device)).filter((key) => key.startsWith('2026-03-01'))).toStrictEqual([]);
    expect(await world.points(device)).toStrictEqual(expected);
    const cuts = [
      [HOUR + 1, HOUR + 70_000_000],
      [HOUR + 5 * MICROS_PER_HOUR + 13, DAY + MICROS_PER_DAY + 60_000_000],
      [DAY + MICROS_PER_DAY, DAY + MICROS_PER_DAY + 60_000_000],
    ] as const;
    for (const [from, to] of cuts) {
      const inside = [...expected].filter(([key]) => {
        const time = Number(key.split(' ')[1]);
        return time >= from && time < to;
      });
      expect(await world.points(device, from, to)).toStrictEqual(new Map(inside));
    }
  });

  it('finds what goes while it is read: a stream may last a quarter of an hour', async () => {
    const expected = await addDay();
    await world.run();
    await passHotDays();
    await world.aws.dynamo.send(
      new UpdateItemCommand({
        TableName: world.aws.measurementsTable,
        Key: { pk: { S: `${device}#a` }, sk: { S: '2026-03-01' } },
        UpdateExpression: 'SET hotUntil = :soon',
        ExpressionAttributeValues: { ':soon': { N: String(Math.floor(Date.now() / 1000) + 900) } },
      }),
    );
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('puts what the table still has above the archive', async () => {
    const expected = await addDay();
    await world.run();
    await passHotDays();
    const late = [column('temp', [[HOUR, -5]])];
    await world.add({ device, columns: late, first: 77, marked: false });
    expected.set(`temp ${HOUR}`, [-5, 0]);
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('names a file that is not what was archived, or is gone', async () => {
    await addDay();
    await world.run();
    await passHotDays();
    const bytes = Buffer.from(world.objects.get(parquetKey()) ?? []);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    world.objects.set(parquetKey(), bytes);
    await expect(world.points(device)).rejects.toThrow(CorruptArchive);
    world.objects.delete(parquetKey());
    await expect(world.points(device)).rejects.toThrow(`${parquetKey()} is gone`);
  });
});

/** Of which no packing makes one item. */
const LARGE = [bulk(250)];

const setExpiry = async (sk: string, second: number): Promise<void> => {
  await world.aws.dynamo.send(
    new UpdateItemCommand({
      TableName: world.aws.measurementsTable,
      Key: { pk: { S: device }, sk: { S: sk } },
      UpdateExpression: 'SET expiresAt = :second',
      ExpressionAttributeValues: { ':second': { N: String(second) } },
    }),
  );
};
const seconds = (): number => Math.floor(Date.now() / 1000);
const blockItems = async () => (await world.items(device)).filter(({ sk }) => /#[hp]/.test(sk?.S ?? ''));

describe('a day that is not archived in time', () => {
  it('keeps all items of its blocks until it is, whatever their end was', async () => {
    const expected = told(LARGE);
    await world.add({ device, columns: LARGE, first: 1 });
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    const blocks = await blockItems();
    expect(blocks.length).toBeGreaterThan(2);
    for (const { sk } of blocks) await setExpiry(sk?.S ?? '', seconds() + 60);
    await world.run().catch(() => undefined);
    expect(world.objects.has(parquetKey())).toBe(false);
    for (const item of await blockItems())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThan(seconds() + 13 * 86_400);
    const before = world.calls.length;
    await world.run().catch(() => undefined);
    // Once is enough for as long as they stay.
    const again = world.calls
      .slice(before)
      .filter(({ action, body }) => action.endsWith('UpdateItem') && body.includes('#h'));
    expect(again).toStrictEqual([]);
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, failed: 0, done: true });
    expect(await fileOf()).toStrictEqual(expected);
  });

  it('keeps the blocks of its other hours while one refuses', async () => {
    await addDay();
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    world.watch = undefined;
    for (const { sk } of await blockItems()) await setExpiry(sk?.S ?? '', seconds() + 60);
    const Key = { pk: { S: device }, sk: { S: '2026-03-01T11#c#1a2b3c4d.0#9#1' } };
    const bad = { ...Key, f: { N: '1' }, b: { B: Buffer.from('no chunk') } };
    const patience = { signal: AbortSignal.timeout(5000) };
    await writeItems(
      world.measurements,
      [bad, toMarkItem('dirty', device, HOUR + MICROS_PER_HOUR)],
      patience,
    );
    expect(await world.run()).toMatchObject({ days: 0, done: false });
    for (const item of await blockItems())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThan(seconds() + 13 * 86_400);
    await writeItems(world.measurements, [], patience, [Key]);
    expect(await world.run()).toMatchObject({ days: 1, done: true });
  });

  it('has blocks for as long as its item says once it is', async () => {
    await addDay();
    world.watch = (call, when) => (when === 'before' && call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    // Marked anew, so that nobody has seen to it yet; and no time to do so but when it is archived.
    world.watch = (call, when) => {
      if (when === 'before' && call.action.endsWith('UpdateItem') && call.body.includes('kept')) return 'die';
      return undefined;
    };
    for (const { sk } of await blockItems()) await setExpiry(sk?.S ?? '', seconds() + 60);
    await world.run().catch(() => undefined);
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    const hotUntil = Number((await archivedItem())?.['hotUntil']?.N);
    expect(hotUntil).toBeGreaterThan(seconds() + 80_000);
    for (const item of await blockItems())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThanOrEqual(hotUntil);
  });
});

describe('a day whose blocks are gone', () => {
  it('stays with the archive when something comes late', async () => {
    const expected = await addDay();
    await world.run();
    await passHotDays();
    const late = [column('temp', [[HOUR + 2, 11]])];
    await world.add({ device, columns: late, first: 30 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await fileOf()).toStrictEqual(new Map([...expected].sort()));
    expect(await world.points(device)).toStrictEqual(expected);
  });

  it('has the summaries of all its points, however often something comes late', async () => {
    const expected = await addDay();
    await world.run();
    for (const [at, value] of [11, 12, 13].entries()) {
      await passHotDays();
      const late = [column('temp', [[HOUR + 20 + at, value]])];
      await world.add({ device, columns: late, first: 30 + at });
      for (const [key, point] of told(late)) expected.set(key, point);
      expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
      expect(await world.points(device)).toStrictEqual(expected);
      const [day] = await Array.fromAsync(
        readHourSummaries(world.measurements, device, {
          from: HOUR,
          to: HOUR + MICROS_PER_HOUR,
          channels: undefined,
          kept: KEEP_ALL,
        }),
      );
      const { good, uncertain, bad } = day?.columns.find(({ channel }) => channel === 'temp')?.slots ?? {};
      expect((good?.[10] ?? 0) + (uncertain?.[10] ?? 0) + (bad?.[10] ?? 0)).toBe(201 + at);
    }
  });

  it('is read and written anew while DynamoDB has deleted a part of a block only', async () => {
    const expected = told(LARGE);
    await world.add({ device, columns: LARGE, first: 1 });
    await world.run();
    const [head, ...parts] = await blockItems();
    const first = parts[0]?.['sk']?.S ?? '';
    await passHotDays(first, `${first}~`);
    expect(await blockItems()).toHaveLength(parts.length);
    await setExpiry(head?.['sk']?.S ?? '', seconds() - 1);
    expect(await world.points(device)).toStrictEqual(expected);
    const late = [column('temp', [[HOUR + 2, 11]])];
    await world.add({ device, columns: late, first: 30 });
    for (const [key, value] of told(late)) expected.set(key, value);
    expect(await world.run()).toMatchObject({ hours: 1, days: 1, failed: 0, done: true });
    expect(await fileOf()).toStrictEqual(new Map([...expected].sort()));
    expect(await world.points(device)).toStrictEqual(expected);
  });
});

describe('an archiving anew that dies', () => {
  it.each(['.parquet', 'archive-manifests', 'UpdateItem'])(
    'after %s leaves the day readable, blocks or not',
    async (what) => {
      const expected = await addDay();
      await world.run();
      const late = [column('temp', [[HOUR + 4, 42]])];
      await world.add({ device, columns: late, first: 50 });
      for (const [key, value] of told(late)) expected.set(key, value);
      world.watch = (call, when) =>
        when === 'after' && call.writes && call.action.includes(what) ? 'die' : undefined;
      await world.run().catch(() => undefined);
      world.watch = undefined;
      expect(await world.points(device)).toStrictEqual(expected);
      expect(await world.run()).toMatchObject({ failed: 0, done: true });
      await passHotDays();
      expect(await world.points(device)).toStrictEqual(expected);
    },
  );
});

describe('an archiving that dies', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its writes leaves every point readable, and the next one ends it',
    async (when) => {
      for (let deadly = 1; ; deadly += 1) {
        device = `dying-day-${when}-${deadly}`;
        await world.addDevice(device);
        const columns = [wave('temp', HOUR, 20)];
        const expected = told(columns);
        await world.add({ device, columns, first: 1 });
        let writes = 0;
        // What comes before has its own test.
        world.watch = (call, now) => {
          if (!call.writes || now !== when || (writes === 0 && !call.action.includes('.parquet')))
            return undefined;
          writes += 1;
          return writes === deadly ? 'die' : undefined;
        };
        await world.run().catch(() => undefined);
        world.watch = undefined;
        expect(await world.points(device), `write ${deadly}`).toStrictEqual(expected);
        if (writes < deadly) {
          expect(deadly).toBe(7);
          break;
        }
        expect(await world.run()).toMatchObject({ failed: 0, done: true });
        expect(await fileOf(), `after write ${deadly}`).toStrictEqual(expected);
        await passHotDays();
        expect(await world.points(device)).toStrictEqual(expected);
      }
    },
    60_000,
  );
});
