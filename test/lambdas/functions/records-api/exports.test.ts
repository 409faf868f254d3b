import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ExportFile, ExportJob, ExportManifest } from '../../../../contracts/resources/exports.ts';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import { type Dependencies, workOn } from '../../../../lambdas/functions/exports/work.ts';
import { countExport } from '../../../../lambdas/store/registry/export-quota.ts';
import { changeExport, readExport } from '../../../../lambdas/store/registry/exports.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { forgedCursors } from '../../../support/forged-cursors.ts';
import { person } from '../../../support/http-events.ts';
import { column } from '../../../support/query-api.ts';
import { micros, startWorld, TYPE, type World } from './world.ts';

let world: World;
let sequence = 0;
const add = (device: string, hour: string, columns: readonly SeriesColumn[]) =>
  world.addRun({
    device,
    origin: { shardKey: 'a', first: String(++sequence), count: 1 },
    hours: [{ hour: micros(`${hour}:00:00Z`), columns }],
    ledgerHour: micros(`${hour}:00:00Z`),
    ledger: EMPTY_LEDGER,
    messages: [],
  });

beforeAll(async () => {
  world = await startWorld();
  await world.addType(TYPE);
  for (const id of ['a', 'b', 'empty']) await world.addDevice(id);
  await world.addDevice('far', { site: 'paris' });
  await add('a', '2026-03-01T10', [
    column('door', [['2026-03-01T10:00:00Z', true]], { type: 'boolean', unit: '1' }),
    column('state', [['2026-03-01T10:00:01Z', 'a "b", c']], { type: 'string', unit: '1' }),
    column('temp', [
      ['2026-03-01T10:00:00Z', 21.5],
      ['2026-03-01T10:30:00.000001Z', -0.1, 5],
    ]),
  ]);
  await add('a', '2026-03-01T11', [column('temp', [['2026-03-01T11:00:00Z', 22]])]);
  await add('a', '2026-03-01T12', [column('temp', [['2026-03-01T12:00:00Z', 23]])]);
  await add('b', '2026-03-01T10', [column('temp', [['2026-03-01T10:00:00Z', 1]])]);
}, 30_000);
afterAll(() => world.close());

const RANGE = { from: '2026-03-01T10:00:00Z', to: '2026-03-01T12:00:00Z' };
const order = (body: object, headers: Record<string, string> = {}, claims?: Record<string, string>) =>
  world.send({ method: 'POST', path: '/v1/exports', body, headers, ...(claims ? { claims } : {}) });
const read = async (id: unknown): Promise<ExportJob> =>
  (await world.send({ path: `/v1/exports/${String(id)}` })).body as unknown as ExportJob;
const get = async (url: string): Promise<Buffer> => {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
};
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const filesOf = async (id: unknown) => {
  const { body } = await world.send({ path: `/v1/exports/${String(id)}/files` });
  return body['items'] as (ExportFile & { url: string })[];
};
/** Lets the worker take messages until there are none. */
const workAll = async (): Promise<void> => {
  let answers: Awaited<ReturnType<World['work']>>;
  do {
    answers = await world.work();
    for (const answer of answers) expect(answer).toEqual({ batchItemFailures: [] });
  } while (answers.length > 0);
};
/** Orders, lets it be made, and gets it. */
const made = async (body: object) => {
  const { body: ordered } = await order(body);
  await workAll();
  const job = await read(ordered['id']);
  expect(job.state).toBe('succeeded');
  const manifest = await get(job.manifest?.url ?? '');
  expect(sha256(manifest)).toBe(job.manifest?.sha256);
  const files = await filesOf(job.id);
  const contents = await Promise.all(
    files.map(async ({ url, sha256: digest, bytes }) => {
      const content = await get(url);
      expect([sha256(content), content.length]).toEqual([digest, bytes]);
      return content;
    }),
  );
  return { job, manifest: JSON.parse(manifest.toString()) as ExportManifest, files, contents };
};

const CSV_A = [
  'device,time,channel,value,unit,quality',
  'a,2026-03-01T10:00:00.000Z,door,true,1,good',
  'a,2026-03-01T10:00:00.000Z,temp,21.5,Cel,good',
  'a,2026-03-01T10:00:01.000Z,state,"a ""b"", c",1,good',
  'a,2026-03-01T10:30:00.000001Z,temp,-0.1,Cel,uncertain/out-of-range',
  'a,2026-03-01T11:00:00.000Z,temp,22,Cel,good',
  '',
].join('\r\n');

describe('an export', () => {
  it('is made in the background, as CSV with a manifest that is true of it', async () => {
    const ordered = await order({ devices: ['b', 'a', 'empty'], ...RANGE });
    expect(ordered).toMatchObject({
      status: 202,
      headers: { location: `/v1/exports/${String(ordered.body['id'])}` },
      body: { state: 'queued', progress: { share: 0, files: 0, rows: 0, bytes: 0 } },
    });
    expect(await filesOf(ordered.body['id'])).toEqual([]);
    await workAll();
    const { manifest, contents, job } = await made({ devices: ['b', 'a', 'empty'], ...RANGE });
    expect(contents[0]?.toString().replaceAll(/uncertain\/[a-z-]+/g, 'uncertain/out-of-range')).toBe(CSV_A);
    expect(manifest).toMatchObject({
      export: job.id,
      query: {
        devices: ['a', 'b', 'empty'],
        channels: null,
        from: '2026-03-01T10:00:00.000Z',
        to: '2026-03-01T12:00:00.000Z',
        format: 'csv',
      },
      rows: 6,
      bytes: contents.reduce((sum, { length }) => sum + length, 0),
      files: [
        {
          name: '000001-a.csv',
          device: 'a',
          rows: 5,
          channels: { temp: { unit: 'Cel', type: 'number' }, door: { unit: '1', type: 'boolean' } },
        },
        { name: '000002-b.csv', device: 'b', rows: 1 },
      ],
    });
    expect(job.progress).toMatchObject({ share: 1, files: 2, rows: 6 });
  });

  it('holds only the channels that were asked for', async () => {
    const { contents } = await made({ devices: ['a'], channels: ['door'], ...RANGE });
    expect(contents.map(String)).toEqual([CSV_A.split('\r\n').slice(0, 2).concat('').join('\r\n')]);
  });

  it('of nothing is a manifest of nothing', async () => {
    const { manifest, files } = await made({ devices: ['empty'], ...RANGE });
    expect([manifest.rows, manifest.files, files]).toEqual([0, [], []]);
  });

  it('comes as Parquet with typed columns', async () => {
    const { contents } = await made({ devices: ['a'], ...RANGE, format: 'parquet' });
    const file = new Uint8Array(contents[0] ?? []).buffer;
    const rows = await parquetReadObjects({
      file,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    expect(rows).toHaveLength(5);
    expect(rows[0]).toEqual({
      device: 'a',
      time: new Date('2026-03-01T10:00:00Z'),
      channel: 'door',
      value: null,
      value_text: null,
      value_truth: true,
      unit: '1',
      quality: 'good',
    });
    expect(rows[2]).toMatchObject({
      channel: 'state',
      value: null,
      value_text: 'a "b", c',
      value_truth: null,
    });
    expect(rows[3]).toMatchObject({ value: -0.1 });
  });

  it('has the same bytes whenever the same is made', async () => {
    for (const format of ['csv', 'parquet']) {
      const [one, other] = [
        await made({ devices: ['a'], ...RANGE, format }),
        await made({ devices: ['a'], ...RANGE, format }),
      ];
      expect(other.contents).toEqual(one.contents);
    }
  });

  it('is one for one key, and no other', async () => {
    const headers = { 'idempotency-key': 'my-export-1' };
    const first = await order({ devices: ['a'], ...RANGE }, headers);
    await workAll();
    const again = await order({ devices: ['a'], ...RANGE }, headers);
    expect(again).toMatchObject({ status: 202, body: { id: first.body['id'], state: 'succeeded' } });
    const other = await order({ devices: ['b'], ...RANGE }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-conflict' } });
    const stranger = await order({ devices: ['a'], ...RANGE }, headers, {
      ...person('Admin'),
      sub: 'user-2',
    });
    expect(stranger.body['id']).not.toBe(first.body['id']);
    await workAll();
  });
});

describe('a long export', () => {
  const finish = async (dependencies: Dependencies, id: string): Promise<void> => {
    while (await workOn(dependencies, id));
  };
  const shop = (fileBytes: number) => ({
    registry: world.registry,
    measurements: world.measurements,
    put: vi.fn<(key: string, bytes: Uint8Array<ArrayBuffer>, type: string) => Promise<void>>(
      async () => undefined,
    ),
    fileBytes,
  });
  const queued = async (
    range: object = { from: RANGE.from, to: '2026-03-01T13:00:00Z' },
  ): Promise<string> => {
    const { body } = await order({ devices: ['a', 'b'], ...range });
    return String(body['id']);
  };

  it('goes on after whoever died, and comes to the same', async () => {
    const whole = shop(1);
    const straight = await queued();
    await finish(whole, straight);
    const keysOf = (id: string, { put }: ReturnType<typeof shop>) =>
      new Set(
        put.mock.calls.map(([key]) => key.replace(id, 'ID')).filter((key) => !key.includes('manifest')),
      );
    const names = [...keysOf(straight, whole)];
    expect(names.map((key) => key.split('/').at(-1))).toEqual([
      '000001-a.csv',
      '000002-a.csv',
      '000003-a.csv',
      '000004-b.csv',
    ]);
    const broken = shop(1);
    const id = await queued();
    for (const dies of [0, 1, 0, 1, 1]) {
      let left = dies;
      broken.put.mockImplementation(async () => {
        if (left-- === 0) throw new Error('killed');
      });
      await expect(finish(broken, id)).rejects.toThrow('killed');
    }
    broken.put.mockImplementation(async () => undefined);
    await finish(broken, id);
    expect(keysOf(id, broken)).toEqual(new Set(names));
    expect((await read(id)).progress).toMatchObject({ files: 4, rows: 7, share: 1 });
    await workAll();
  });

  it('is made once where two work on it', async () => {
    const id = await queued();
    const [one, other] = [shop(1), shop(1)];
    await Promise.allSettled([finish(one, id), finish(other, id)]);
    await finish(one, id);
    expect((await read(id)).progress).toMatchObject({ files: 4, rows: 7 });
    expect((await filesOf(id)).map(({ name }) => name)).toEqual([
      '000001-a.csv',
      '000002-a.csv',
      '000003-a.csv',
      '000004-b.csv',
    ]);
    await workAll();
  });

  it('says how far it is', async () => {
    const id = await queued();
    for (const _ of ['000001', '000002']) expect(await workOn(shop(1), id)).toBe(true);
    expect(await read(id)).toMatchObject({
      state: 'running',
      progress: { files: 2, share: expect.closeTo(1 / 6, 5) },
    });
    await workAll();
    expect((await read(id)).state).toBe('succeeded');
  });

  it('stops when it is cancelled, for good', async () => {
    const id = await queued();
    const slow = shop(1);
    slow.put.mockImplementationOnce(async () => {
      const { body } = await world.send({ method: 'POST', path: `/v1/exports/${id}/cancel` });
      expect(body['state']).toBe('cancelled');
    });
    await expect(finish(slow, id)).rejects.toThrow();
    expect(slow.put).toHaveBeenCalledTimes(1);
    await workAll();
    expect((await read(id)).state).toBe('cancelled');
    const again = await world.send({ method: 'POST', path: `/v1/exports/${id}/cancel` });
    expect(again).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  });

  it('does not wait for its turn when S3 was busy for a moment', async () => {
    const id = await queued();
    const mend = world.faults.set({
      service: 's3',
      operation: 'PutObject',
      rate: 1,
      kind: 'throttle',
      seed: 1,
    });
    const working = world.work();
    setTimeout(mend, 1500);
    expect(await working).toEqual([{ batchItemFailures: [] }]);
    expect((await read(id)).progress.files).toBeGreaterThan(0);
    await workAll();
  });

  it('comes again when it fails, and is given up after five times', async () => {
    const id = await queued();
    const mend = world.faults.set({ service: 's3', operation: 'PutObject', rate: 1, kind: 'error', seed: 1 });
    const comesAgain = [{ batchItemFailures: [{ itemIdentifier: expect.any(String) }] }];
    expect(await world.work({ millis: 1500 })).toEqual(comesAgain);
    mend();
    expect((await read(id)).state).toBe('running');
    await order({ devices: ['empty'], ...RANGE }, { 'idempotency-key': 'given-up' });
    expect(await world.work({ tries: 6 })).toEqual([{ batchItemFailures: [] }]);
    const failed = await order({ devices: ['empty'], ...RANGE }, { 'idempotency-key': 'given-up' });
    expect(failed.body['state']).toBe('failed');
    expect(await world.work({ tries: 6 })).toEqual([]);
  });

  it('expires with its links', async () => {
    const { job } = await made({ devices: ['a'], ...RANGE });
    const stored = await readExport(world.registry, job.id);
    if (stored === undefined) throw new Error('no export');
    await changeExport(world.registry, stored, { expiresAt: 1 });
    const over = await read(job.id);
    expect([over.state, over.manifest, await filesOf(job.id)]).toEqual(['expired', undefined, []]);
  });
});

describe('the files of an export', () => {
  it('are for spreadsheets where that is asked for, and are another export then', async () => {
    const asked = { devices: ['a'], ...RANGE };
    const [plain, marked] = [await made(asked), await made({ ...asked, csv: 'spreadsheet' })];
    expect(marked.contents[0]?.toString()).toBe(`\uFEFF${plain.contents[0]?.toString()}`);
    expect([plain.manifest.query.csv, marked.manifest.query.csv]).toEqual([undefined, 'spreadsheet']);
    const headers = { 'Idempotency-Key': 'spreadsheet-1' };
    await order(asked, headers);
    expect((await order({ ...asked, csv: 'spreadsheet' }, headers)).body['code']).toBe(
      'idempotency-conflict',
    );
  });

  it('are paged', async () => {
    const { job } = await made({ devices: ['a', 'b'], ...RANGE });
    const first = await world.send({ path: `/v1/exports/${job.id}/files?limit=1` });
    expect(first.body['items']).toHaveLength(1);
    const path = `/v1/exports/${job.id}/files?limit=1&cursor=${String(first.body['next'])}`;
    for (const cursor of forgedCursors(String(first.body['next'])))
      expect(
        await world.send({ path: `/v1/exports/${job.id}/files?cursor=${cursor}` }),
        cursor,
      ).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    expect((await world.send({ path })).body).toMatchObject({
      items: [{ name: '000002-b.csv' }],
      next: null,
    });
  });
});

describe('exports', () => {
  it.each([
    ['devices that are not there', { devices: ['a', 'nobody'], ...RANGE }, 404, '/devices/1'],
    ['no device', { devices: [], ...RANGE }, 400, '/devices'],
    ['CSV in Parquet', { devices: ['a'], ...RANGE, format: 'parquet', csv: 'spreadsheet' }, 400, '/csv'],
    ['a device twice', { devices: ['a', 'a'], ...RANGE }, 400, '/devices'],
    ['a range that ends before it begins', { devices: ['a'], from: RANGE.to, to: RANGE.from }, 400, '/from'],
    ['a range that begins after now', { devices: ['a'], from: '2200-01-01T00:00:00Z' }, 400, '/from'],
  ])('are refused for %s', async (_, body, status, pointer) => {
    const answer = await order(body);
    expect([answer.status, answer.body['errors']]).toEqual([status, [expect.objectContaining({ pointer })]]);
  });

  it('are a hundred a day for each who orders them, however often each is asked for', async () => {
    const claims = { ...person('Admin'), sub: 'eager' };
    const body = { devices: ['a'], ...RANGE };
    const key = { 'idempotency-key': 'eager-first' };
    expect((await order(body, key, claims)).status).toBe(202);
    // Midnight may pass meanwhile.
    for (const now of [new Date(), new Date(Date.now() + 60_000)])
      while (await countExport(world.registry, { subject: 'eager', now, most: 100 }));
    const refused = await order(body, {}, claims);
    expect(refused).toMatchObject({ status: 429, body: { code: 'throttled' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(86_400);
    expect((await order(body, key, claims)).status).toBe(202);
    expect((await order(body, {}, { ...claims, sub: 'other' })).status).toBe(202);
    const tomorrow = new Date(Date.now() + 2 * 86_400_000);
    expect(await countExport(world.registry, { subject: 'eager', now: tomorrow, most: 100 })).toBe(true);
    await workAll();
  });

  it('are counted once each, also at the same time', async () => {
    const now = new Date('2026-03-01T00:00:00Z');
    const count = () => countExport(world.registry, { subject: 'crowd', now, most: 3 });
    const counted = await Promise.all([count(), count(), count()]);
    expect([...counted, await count(), await count()]).toEqual([true, true, true, false, false]);
  });

  it('are of sites that the caller may order them at, and seen by who may see all of them', async () => {
    const both = { devices: ['a', 'far'], ...RANGE };
    expect((await order(both, {}, person('Operator@berlin'))).status).toBe(404);
    expect((await order(both, {}, person('Operator@berlin', 'Viewer@paris'))).status).toBe(403);
    const { body } = await order(both, {}, person('Operator@berlin', 'Operator@paris'));
    const path = `/v1/exports/${String(body['id'])}`;
    expect((await world.send({ path, claims: person('Operator@berlin') })).status).toBe(404);
    expect((await world.send({ path: `${path}/files`, claims: person('Operator@berlin') })).status).toBe(404);
    const cancel = { method: 'POST', path: `${path}/cancel` };
    expect((await world.send({ ...cancel, claims: person('Operator@paris') })).status).toBe(404);
    expect((await world.send({ path, claims: person('Admin') })).status).toBe(200);
    expect((await world.send({ path: '/v1/exports/nothing' })).status).toBe(404);
  });
});
