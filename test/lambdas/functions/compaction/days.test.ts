/** Days on their way into the archive, in time or not. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { toTaskItem, writeItems } from '../../../../lambdas/store/measurements/index.ts';
import { DAY, Day, it, secondsNow } from './days.ts';
import { bulk, column, HOUR, told } from './points.ts';

describe('a day', () => {
  it('becomes a file with exactly its points, and a manifest that says so', async ({
    world,
    device,
    day,
  }) => {
    const expected = await day.add();
    expect(await world.run()).toMatchObject({ hours: 3, days: 1, failed: 0, done: true });
    expect(await day.points()).toStrictEqual(expected);
    const bytes = world.objects.get(day.key) ?? Buffer.alloc(0);
    expect(day.manifest()).toMatchObject({
      format: 1,
      device,
      site: 'berlin',
      date: '2026-03-01',
      version: 1,
      key: day.key,
      rows: expected.size,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      channels: { door: { rows: 2, first: '2026-03-01T10:00:00.000Z' }, temp: { rows: 400 } },
      blocks: { '2026-03-01T10': 1, '2026-03-01T15': 1, '2026-03-01T23': 1 },
    });
    expect(await world.points(device)).toStrictEqual(expected);
    expect(await world.run()).toMatchObject({ days: 0, done: true });
  });

  it('is read by DuckDB among the others, by site and date', async ({ world, day }) => {
    const expected = await day.add();
    await world.run();
    const folder = await mkdtemp(join(tmpdir(), 'labgate-archive-'));
    const file = join(folder, 'day.parquet');
    await writeFile(file, world.objects.get(day.key) ?? '');
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

  it('lets its blocks go after the hot days of its site', async ({ world, device, day }) => {
    await world.addDevice('in-paris', 'paris');
    await new Day(world, 'in-paris').add();
    await day.add();
    await world.run();
    const now = secondsNow();
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
    expect((await day.item())?.['expiresAt']).toBeUndefined();
    const [inParis] = await world.items('in-paris#a');
    expect(Number(inParis?.['expiresAt']?.N)).toBe((DAY + 401 * MICROS_PER_DAY) / 1e6);
    expect(world.objects.has('archive/site=paris/date=2026-03-01/in-paris.parquet')).toBe(true);
    const [minutes] = await world.items('in-paris#r1m');
    expect(Number(minutes?.['expiresAt']?.N)).toBe((DAY + 366 * MICROS_PER_DAY) / 1e6);
  });

  it('is archived again with what came late', async ({ world, device, day }) => {
    const expected = await day.add();
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
    expect(await day.points()).toStrictEqual(new Map([...expected].sort()));
    expect(day.manifest()).toMatchObject({ version: 2, rows: expected.size });
    expect((await day.item())?.['v']?.N).toBe('2');
  });

  it('waits for its hours, and for its end', async ({ world, device, day }) => {
    await day.add();
    world.watch = (call) =>
      call.action === 'dynamodb:PutItem' && call.body.includes(`"${device}"`) ? 'die' : undefined;
    await world.run().catch(() => undefined);
    expect(world.objects.has(day.key)).toBe(false);
    world.watch = undefined;
    const today = Date.now() * 1000 - ((Date.now() * 1000) % MICROS_PER_DAY);
    await writeItems(world.measurements, [toTaskItem('unarchived', device, today)], {
      signal: AbortSignal.timeout(30_000),
    });
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    expect((await world.items(`${device}#a`)).map(({ sk }) => sk?.S)).toStrictEqual(['2026-03-01']);
  });

  it('keeps its task when the archive refuses it', async ({ world, day }) => {
    const expected = await day.add();
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    const refused = await world.run().catch((error: Error) => error.message);
    expect(refused).toSatisfy(
      (one) => (typeof one === 'string' && one.endsWith('dead')) || (typeof one === 'object' && !one.done),
    );
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    expect(await day.points()).toStrictEqual(expected);
  });
});

/** Of which no packing makes one item. */
const LARGE = [bulk(250)];

describe('a day that is not archived in time', () => {
  it('keeps all items of its blocks until it is, whatever their end was', async ({ world, device, day }) => {
    const expected = told(LARGE);
    await world.add({ device, columns: LARGE, first: 1 });
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    const blocks = await day.blocks();
    expect(blocks.length).toBeGreaterThan(2);
    for (const { sk } of blocks) await day.expire(sk?.S, secondsNow() + 60);
    await world.run().catch(() => undefined);
    expect(world.objects.has(day.key)).toBe(false);
    for (const item of await day.blocks())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThan(secondsNow() + 13 * 86_400);
    const before = world.calls.length;
    await world.run().catch(() => undefined);
    // Once is enough for as long as they stay.
    const again = world.calls
      .slice(before)
      .filter(({ action, body }) => action.endsWith('UpdateItem') && body.includes('#h'));
    expect(again).toStrictEqual([]);
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, failed: 0, done: true });
    expect(await day.points()).toStrictEqual(expected);
  });

  it('keeps the blocks of its other hours while one refuses', async ({ world, device, day }) => {
    await day.add();
    world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    world.watch = undefined;
    for (const { sk } of await day.blocks()) await day.expire(sk?.S, secondsNow() + 60);
    const Key = { pk: { S: device }, sk: { S: '2026-03-01T11#c#1a2b3c4d.0#9#1' } };
    const bad = { ...Key, f: { N: '1' }, b: { B: Buffer.from('no chunk') } };
    const patience = { signal: AbortSignal.timeout(30_000) };
    await writeItems(
      world.measurements,
      [bad, toTaskItem('dirty', device, HOUR + MICROS_PER_HOUR)],
      patience,
    );
    expect(await world.run()).toMatchObject({ days: 0, done: false });
    for (const item of await day.blocks())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThan(secondsNow() + 13 * 86_400);
    await writeItems(world.measurements, [], patience, [Key]);
    expect(await world.run()).toMatchObject({ days: 1, done: true });
  });

  it('has blocks for as long as its item says once it is', async ({ world, day }) => {
    await day.add();
    world.watch = (call, when) => (when === 'before' && call.action.includes('.parquet') ? 'die' : undefined);
    await world.run().catch(() => undefined);
    // QueuedTask anew, so that nobody has seen to it yet; and no time to do so but when it is archived.
    world.watch = (call, when) => {
      if (when === 'before' && call.action.endsWith('UpdateItem') && call.body.includes('kept')) return 'die';
      return undefined;
    };
    for (const { sk } of await day.blocks()) await day.expire(sk?.S, secondsNow() + 60);
    await world.run().catch(() => undefined);
    world.watch = undefined;
    expect(await world.run()).toMatchObject({ days: 1, done: true });
    const hotUntil = Number((await day.item())?.['hotUntil']?.N);
    expect(hotUntil).toBeGreaterThan(secondsNow() + 80_000);
    for (const item of await day.blocks())
      expect(Number(item['expiresAt']?.N)).toBeGreaterThanOrEqual(hotUntil);
  });
});
