/**
 * Other stages than development: the whole way is gone on the templates of production too, and a stage without
 * settings says so. CI runs this; a quick run has no time for it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { synthesize } from '../../bin/cli/client/synthesize.ts';
import { NOBODY, wholeWay } from '../flow/whole-way.ts';
import { newPerson } from '../support/cli.ts';
import { type Lab, METER, openLab } from '../support/lab.ts';
import { PAGE_FOLDER } from '../support/page-folder.ts';
import { hurry, type Variant, variantOf } from '../support/variant.ts';

let folder: string;
let hurried: Variant;
let lab: Lab;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-prod-'));
  await synthesize(folder, 'prod', PAGE_FOLDER);
  hurried = variantOf(folder, hurry);
  // No program of production may register devices: people do.
  lab = await openLab(hurried.folder, { person: 'engineer', people: NOBODY });
  await lab.createType();
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  hurried?.[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

test('the whole way is gone on the templates of production', async () => {
  const device = await lab.register('constant');
  for (const part of wholeWay(lab, device)) {
    for (const step of part.steps) await step();
    await lab.gateway.drain();
  }
  // Those that the way has refused on purpose, so that what stands in for them is used.
  const meant = ['kinesis:PutRecord', 'sqs:SendMessage'];
  expect(lab.gateway.iam.denials.filter(({ action }) => !meant.includes(action))).toEqual([]);
});

test('a stage without settings is wrong use', async () => {
  using person = newPerson();
  expect(await person.run(['local', '--app', 'frob.out', '--stage', 'frob', '--json'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('settings/frob.json cannot be read'),
  });
});

describe('the firewall of production', () => {
  test('lets pass what the contract allows', async () => {
    const channel = {
      ...METER.channels['temp'],
      maxRate: 0.5,
      interval: 1,
      resolution: 0.01,
      label: 'x'.repeat(100),
    };
    const channels = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`chamber.temperature-${index}`, channel]),
    );
    const body = JSON.stringify({ id: 'wide', name: 'Wide', channels });
    expect(body.length).toBeGreaterThan(32_768);
    await lab.json('/v1/types', { method: 'POST', body });
    const names = Object.keys(channels).join(',');
    const device = await lab.register('wide-1', 'lab-1', 'wide');
    const from = new Date(Date.now() - 60_000).toISOString();
    const path = `/v1/devices/${device.clientId}/series?from=${from}&channels=${names}`;
    expect(path.length).toBeGreaterThan(2_048);
    expect(await lab.json(path)).toMatchObject({ items: [] });
  });

  test('says of what it blocks that it was the firewall', async () => {
    const refused = await lab.call('/v1/devices', { headers: { 'user-agent': '' } });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      code: 'forbidden',
      detail: expect.stringMatching(/firewall/),
    });
  });
});
