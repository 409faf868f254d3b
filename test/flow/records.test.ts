import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import openapi from '../../contracts/openapi.json' with { type: 'json' };
import type { Completeness } from '../../contracts/resources/completeness.ts';
import type { ExportFile, ExportJob, ExportManifest } from '../../contracts/resources/exports.ts';
import type { Quarantined, QuarantinedMessage } from '../../contracts/resources/quarantine.ts';
import type { Point } from '../../contracts/resources/series.ts';
import { newPerson, type Result } from '../support/cli.ts';
import { type Instrument, type Lab, METER, openLab } from '../support/lab.ts';

const person = newPerson();
const { folder } = person;

let lab: Lab;
let meter: Instrument;
const start = Date.now() - 1_800_000;
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const range = `from=${new Date(start).toISOString()}`;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  meter = await lab.register('meter-1');
  const client = await lab.connect(meter);
  const send = (message: object | string) =>
    client.publishAsync(meter.topics.data, typeof message === 'string' ? message : JSON.stringify(message), {
      qos: 1,
    });
  const message = (seq: number, data: object[]) => ({ v: 1, session: 's1', seq, data });
  await send(message(0, [{ n: 'temp', t: at(0), v: 20 }]));
  await send(message(1, [{ n: 'temp', t: at(60), v: 21 }]));
  // The same again, a channel that the type does not have, nonsense, and two that never come.
  await send(message(1, [{ n: 'temp', t: at(60), v: 21 }]));
  await send(
    message(2, [
      { n: 'temp', t: at(120), v: 22 },
      { n: 'co2', t: at(120), v: 5, u: '%' },
      { n: 'co2', t: at(121), v: 6, u: '%' },
    ]),
  );
  await send('nonsense');
  await send(message(6, [{ n: 'temp', t: at(180), v: 23 }]));
  await client.endAsync();
  await lab.gateway.drain();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  person[Symbol.dispose]();
});

/** Runs a command of the command line to its end. */
const labgate = async (...args: readonly string[]): Promise<Result> =>
  person.run(args, {
    env: { LABGATE_TARGET: lab.gateway.addresses.api, LABGATE_TOKEN: await lab.token() },
  });

const completeness = (): Promise<Completeness> => lab.json(`/v1/devices/meter-1/completeness?${range}`);
const isBalanced = ({ received, stored, duplicate, quarantined }: Completeness): boolean =>
  received === stored + duplicate + quarantined.points;
const series = async (channel: string): Promise<Point['v'][]> =>
  (await lab.json<{ items: Point[] }>(`/v1/devices/meter-1/series?${range}&channels=${channel}`)).items.map(
    ({ v }) => v,
  );
const quarantine = async (): Promise<Quarantined[]> =>
  (await lab.json<{ items: Quarantined[] }>('/v1/quarantine?site=lab-1&device=meter-1')).items;

describe('records of what a device sent', () => {
  test('name what came, what became of it, and what is missing', async () => {
    const told = await completeness();
    expect(told).toMatchObject({
      messages: 6,
      received: 7,
      stored: 4,
      duplicate: 1,
      quarantined: { points: 2, byCode: { 'unknown-channel': 2 } },
      rejected: { messages: 1, byCode: { 'unknown-format': 1 } },
      missing: 3,
      gaps: [{ session: 's1', from: 3, to: 5, messages: 3 }],
    });
    expect(isBalanced(told)).toBe(true);
  });

  test('hold what could not be stored, until the type is mended and it is taken again', async () => {
    const entries = await quarantine();
    expect(entries.map(({ notes }) => notes.map(({ code }) => code))).toEqual([
      ['unknown-channel'],
      ['unknown-format'],
    ]);
    const id = entries[0]?.id ?? '';
    const entry = await lab.json<QuarantinedMessage>(`/v1/quarantine/${id}`);
    expect(entry.decoded?.points.map(({ n }) => n)).toEqual(['temp', 'co2', 'co2']);

    const type = await lab.call('/v1/types/meter');
    const change = (channels: object, etag: string): Promise<Response> =>
      lab.call('/v1/types/meter', {
        method: 'PUT',
        body: JSON.stringify({ name: 'Meter', channels, reason: 'a test' }),
        headers: { 'if-match': etag },
      });
    const etag = type.headers.get('etag') ?? '';
    const co2 = { unit: '%', type: 'number', kind: 'continuous' };
    expect((await change({ ...METER.channels, temp: co2 }, etag)).status).toBe(409);
    expect((await change({ ...METER.channels, co2 }, etag)).status).toBe(200);
    expect((await change({ ...METER.channels, co2 }, etag)).status).toBe(412);

    const replay = () => lab.json(`/v1/quarantine/${id}/replay`, { method: 'POST' });
    const first = await replay();
    await lab.gateway.drain();
    expect(await replay()).toEqual(first);
    await lab.gateway.drain();
    expect(await series('co2')).toEqual([5, 6]);
    expect(await series('temp')).toEqual([20, 21, 22, 23]);
    const told = await completeness();
    expect(told).toMatchObject({ replayed: 3, missing: 3 });
    expect(isBalanced(told)).toBe(true);
    expect((await quarantine()).map((each) => each.replay !== undefined)).toEqual([true, false]);
  });

  test.each(['csv', 'parquet'] as const)('are given away as %s, true to their manifest', async (format) => {
    const body = JSON.stringify({ devices: ['meter-1'], from: at(0), to: at(600), format });
    const ordered = await lab.call('/v1/exports', { method: 'POST', body });
    expect(ordered.status).toBe(202);
    const watch = ordered.headers.get('location') ?? '';
    let job = (await ordered.json()) as ExportJob;
    for (let left = 600; left > 0 && job.manifest === undefined; left -= 1) {
      await delay(50);
      job = await lab.json<ExportJob>(watch);
    }
    const manifest = (await (await fetch(job.manifest?.url ?? '')).json()) as ExportManifest;
    const { items } = await lab.json<{ items: (ExportFile & { url: string })[] }>(`${watch}/files`);
    expect(items.map(({ url: _, ...file }) => file)).toEqual(manifest.files);
    expect(manifest.rows).toBe(6);
    for (const { url, sha256 } of items) {
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
      if (format === 'csv') expect(bytes.toString().split('\r\n')).toHaveLength(8);
    }
  });

  test('are at hand on the command line', async () => {
    const told = await labgate('completeness', 'meter-1', '--from', 'PT1H', '--check');
    expect(told).toMatchObject({ code: 5, stderr: '' });
    expect(told.stdout).toMatch(/s1 +3 +5 +3 .* unknown/);
    expect(told.stdout).toMatch(/received +\d+ +replayed 3/);
    const listed = await labgate('quarantine', 'list', '--site', 'lab-1', '--json');
    const entries = JSON.parse(listed.stdout) as Quarantined[];
    expect(entries).toHaveLength(2);
    const raw = await labgate('quarantine', 'show', entries[1]?.id ?? '', '--raw');
    expect(raw.stdout).toBe('nonsense');
    const replayed = await labgate('quarantine', 'replay', entries[0]?.id ?? '');
    expect(replayed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${entries[0]?.id}: taken again by`),
    });
    const table = await labgate('quarantine', 'list');
    expect(table.stdout).toMatch(/unknown-channel \(2\)/);

    const made = await labgate(
      'export',
      'meter-1',
      '--from',
      at(0),
      '--to',
      at(600),
      '--key',
      'by-hand-1',
      '--json',
    );
    expect(made.code).toBe(0);
    const manifest = JSON.parse(made.stdout) as ExportManifest & { folder: string };
    expect(manifest.folder).toBe(join('export', manifest.export));
    expect(readdirSync(join(folder, manifest.folder)).sort()).toEqual(
      ['manifest.json', ...manifest.files.map(({ name }) => name)].sort(),
    );
    const again = await labgate(
      'export',
      'meter-1',
      '--from',
      at(0),
      '--to',
      at(600),
      '--key',
      'by-hand-1',
      '--json',
    );
    expect(again.stdout).toBe(made.stdout);
    // Another export, here or of another gateway, never writes over it.
    const other = await labgate('export', 'meter-1', '--from', 'PT1H', '--format', 'parquet');
    expect(other).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'export'))).toHaveLength(2);
    writeFileSync(join(folder, manifest.folder, 'manifest.json'), '{}');
    const refused = await labgate(
      'export',
      'meter-1',
      '--from',
      at(0),
      '--to',
      at(600),
      '--key',
      'by-hand-1',
    );
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('holds another export') });
    expect(readFileSync(join(folder, manifest.folder, 'manifest.json'), 'utf8')).toBe('{}');
    expect(await labgate('export', 'nobody')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('/devices/0'),
    });

    const query = (...args: readonly string[]): Promise<Result> => labgate('query', 'meter-1', ...args);
    const [drawn, instant, buckets, aligned, wrong] = await Promise.all([
      query('--chart', '--channels', 'temp', '--unit', 'temp:K'),
      query('--at', at(70), '--json'),
      query('--every', 'P1D', '--agg', 'p50,count', '--tz', 'Europe/Berlin', '--fill', 'null'),
      query('--align', '--channels', 'temp', '--format', 'csv'),
      query('--latest', '--chart', '--format', 'csv'),
    ]);
    expect(drawn.stdout).toMatch(/^K\n.*296\.15 ┤.*[⠁-⣿]/u);
    expect(JSON.parse(instant.stdout)).toMatchObject({
      items: [expect.objectContaining({ n: 'temp', v: 21 })],
    });
    for (const { stderr } of [drawn, instant, buckets, aligned]) expect(stderr).toBe('');
    expect(buckets).toMatchObject({ code: 0, stdout: expect.stringContaining('P50') });
    expect(aligned).toMatchObject({ code: 0, stdout: expect.stringContaining('meter-1/temp') });
    expect(wrong.code).toBe(2);
  });

  test('needed no right that the templates do not give', () => {
    expect(lab.gateway.iam.denials).toEqual([]);
  });
});

test('the contract is served from the file beside the bundle', async () => {
  expect(await lab.json('/v1/openapi.json')).toEqual(openapi);
});
