/** An alert through the running gateway, at the command line: a device crosses a limit, and somebody sees to it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Alert, AlertHistory } from '../../contracts/resources/alerts.ts';
import { newPerson, type Person } from '../support/cli.ts';
import { type Instrument, type Lab, METER, openLab } from '../support/lab.ts';

/** On a computer that does other things too. */
const SOON = { timeout: 20_000, interval: 100 };

const folder = mkdtempSync(join(tmpdir(), 'labgate-alerts-'));
let lab: Lab;
let device: Instrument;
let client: MqttClient;
let person: Person;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType(METER);
  device = await lab.register('oven');
  client = await lab.connect(device);
  person = newPerson();
});
afterAll(async () => {
  person[Symbol.dispose]();
  await lab[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const run = async (...args: string[]): Promise<string> => {
  const env = { LABGATE_TARGET: lab.gateway.addresses.api, LABGATE_TOKEN: await lab.token() };
  const { code, stdout, stderr } = await person.run(args, { env });
  if (code !== 0) throw new Error(`labgate ${args.join(' ')}: ${code} ${stderr}`);
  return stdout;
};
const alerts = async (query: string): Promise<Alert[]> =>
  (await lab.json<{ items: Alert[] }>(`/v1/alerts?${query}`)).items;

let now = Date.now() - 60_000;
/** Values, a second apart. */
const measure = async (...values: readonly number[]): Promise<void> => {
  const data = values.map((v, at) => ({ n: 'temp', t: now + 1000 * (at + 1), v }));
  now += 1000 * values.length;
  await client.publishAsync(device.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
};

test('a rule is set, tried and followed: unacknowledged, acknowledged, returned, closed, with its history', async () => {
  const file = join(folder, 'rule.json');
  const rule = {
    id: 'too-hot',
    type: METER.id,
    name: 'Too hot',
    channel: 'temp',
    condition: { kind: 'threshold', direction: 'high', limit: 303.15, unit: 'K', hysteresis: 1 },
    onDelay: 2,
    priority: 'high',
    instructions: 'Close the door.',
  };
  writeFileSync(file, JSON.stringify(rule));
  expect(await run('rules', 'set', file, '--reason', 'agreed')).toBe('set meter/too-hot, version 1\n');
  expect(await run('rules', 'list')).toMatch(
    /meter\/too-hot +Too hot +temp +threshold high 303\.15 K +high +yes/,
  );

  await measure(20, 31, 32, 33, 34, 20);
  await expect
    .poll(() => alerts('device=oven'), SOON)
    .toMatchObject([{ state: 'returned-unacknowledged', rule: { id: 'too-hot' }, flood: false }]);
  const [alert] = await alerts('device=oven');
  if (alert === undefined) throw new Error('there is no alert');
  // It was raised by the times of the readings: after two seconds above the limit.
  expect(Date.parse(alert.raisedAt)).toBe(now - 6000 + 2000 + 2000);
  expect(await run('alerts', 'ack', alert.id, '--comment', 'seen')).toBe(`${alert.id} closed\n`);
  expect(await alerts('site=lab-1')).toEqual([]);

  // Again, and another: what is acknowledged first closes when it returns.
  await measure(31, 32, 33, 34);
  await expect.poll(async () => (await alerts('site=lab-1')).length, SOON).toBe(1);
  expect(await run('alerts', 'list', '--site', 'lab-1')).toMatch(/high +oven +Too hot +unacknowledged/);
  const [second] = await alerts('site=lab-1');
  const id = second?.id ?? '';
  expect(id).not.toBe(alert.id);
  const comment = { comment: 'door was open' };
  const say = (action: string, body: object) =>
    lab.json<Alert>(`/v1/alerts/${id}/${action}`, { method: 'POST', body: JSON.stringify(body) });
  expect((await say('acknowledge', {})).state).toBe('acknowledged');
  expect(await run('alerts', 'shelve', id, '--seconds', '60', '--reason', 'cleaning')).toMatch(
    /shelved until/,
  );
  await say('comment', comment);
  await measure(20, 20);
  await expect.poll(async () => (await lab.json<Alert>(`/v1/alerts/${id}`)).state, SOON).toBe('closed');
  const { entries } = await lab.json<AlertHistory>(`/v1/alerts/${id}/history`);
  expect(entries.map(({ event, told }) => [event, told])).toEqual([
    ['raised', true],
    ['acknowledged', true],
    ['shelved', false],
    ['commented', false],
    ['returned', false],
  ]);

  const preview = await run('rules', 'preview', file, '--device', 'oven', '--from', 'PT10M');
  expect(preview).toMatch(/^would have raised 2 times in 12 points\n/);
  expect(await run('alerts', 'report', '--site', 'lab-1', '--from', 'PT10M')).toMatch(/2 alerts/);
  expect(await run('rules', 'remove', 'meter/too-hot', '--reason', 'done')).toBe('removed meter/too-hot\n');
});
