/**
 * People on the broker, through the gateway: over `wss://` and `ws://`, each with what role and site give, and no longer
 * than that.
 */
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { liveAccess } from '../../contracts/live-access.ts';
import { commandEvent, parseLiveTopic, presenceEvent } from '../../contracts/messages/live.ts';
import type { Command } from '../../contracts/resources/commands.ts';
import type { Me } from '../../contracts/resources/people.ts';
import { closed, type Instrument, type Lab, openLab } from '../support/lab.ts';
import { connectLive, connectPerson, liveOptions, securely } from '../support/live.ts';

const PEOPLE = {
  'operator-1': ['Operator@lab-1'],
  'viewer-2': ['Viewer@lab-2'],
  'left-soon': ['Operator@lab-1'],
};

/** What authorizers of the gateway have planned; time passes when a test says so. */
const plans = new Set<{ readonly millis: number; readonly run: () => void }>();
const pass = (millis: number): void => {
  for (const plan of [...plans].filter((each) => each.millis <= millis)) {
    plans.delete(plan);
    plan.run();
  }
};

let lab: Lab;
let one: Instrument;
let two: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'), {
    people: PEOPLE,
    person: 'admin',
    later: (millis, run) => {
      const plan = { millis, run };
      plans.add(plan);
      return () => plans.delete(plan);
    },
  });
  await lab.createType();
  one = await lab.register('meter-1', 'lab-1');
  two = await lab.register('meter-2', 'lab-2');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

interface Heard {
  readonly topic: string;
  readonly text: string;
}

const listen = (client: MqttClient): Heard[] => {
  const heard: Heard[] = [];
  client.on('message', (topic, payload) => heard.push({ topic, text: payload.toString() }));
  return heard;
};

const me = async (token: string): Promise<Me> => lab.json<Me>('/v1/me', { token });
const subjectOf = async (username: string): Promise<string> =>
  (await me(await lab.personToken(username))).subject;

test('the page is told where to connect, and with which authorizer', () => {
  const api = [...lab.gateway.assembly.outputs].find(([stack]) => stack.endsWith('-api'))?.[1] ?? {};
  expect(api['LiveUrl']).toBe(lab.gateway.addresses.live);
  expect(api['LiveAuthorizer']).toMatch(/LiveAuthorizer/);
});

test('a person hears of their site alone: data, comings and goings, commands', async () => {
  const token = await lab.personToken('operator-1');
  const { subscribe } = liveAccess({ ...(await me(token)) }) ?? { subscribe: [] };
  // As in AWS: under TLS, whose certificate is of our own authority.
  const client = await connectLive(securely(lab.gateway.addresses.live), liveOptions(lab, token));
  const heard = listen(client);
  await client.subscribeAsync([...subscribe]);

  const [device, other] = await Promise.all([lab.connect(one), lab.connect(two)]);
  const measured = JSON.stringify({ v: 1, data: [{ n: 'temp', t: Date.now(), v: 20 }] });
  await other.publishAsync(two.topics.data, measured, { qos: 1 });
  await device.publishAsync(one.topics.data, measured, { qos: 1 });
  await device.subscribeAsync('lab/lab-1/meter-1/commands/+', { qos: 1 });
  device.on('message', (topic) => {
    device.publish(`${topic}/result`, JSON.stringify({ v: 1, ok: true, value: { secret: 1 } }), { qos: 1 });
  });
  const given = await lab.json<Command>('/v1/devices/meter-1/commands', {
    method: 'POST',
    body: JSON.stringify({ command: 'zero' }),
  });

  const events = (kind: string) => heard.filter(({ topic }) => parseLiveTopic(topic)?.kind === kind);
  await expect
    .poll(() => events('command').map(({ text }) => commandEvent.parse(JSON.parse(text)).command.state), {
      timeout: 20_000,
    })
    .toContain('succeeded');
  await device.endAsync();
  await expect.poll(() => events('presence').length, { timeout: 20_000 }).toBe(2);

  expect(heard.filter(({ topic }) => topic === one.topics.data).map(({ text }) => text)).toEqual([measured]);
  const [came, went] = events('presence').map(({ text }) => presenceEvent.parse(JSON.parse(text)));
  expect(came).toMatchObject({ device: 'meter-1', site: 'lab-1', connection: { state: 'online' } });
  expect(went).toMatchObject({ device: 'meter-1', connection: { state: 'offline' } });
  expect(went?.order).toBeGreaterThan(came?.order ?? 0);
  const commands = events('command').map(({ text }) => commandEvent.parse(JSON.parse(text)).command);
  expect(commands.every(({ id }) => id === given.id)).toBe(true);
  const versions = commands.map(({ version }) => version);
  expect(new Set(versions).size).toBe(versions.length);
  expect(commands[0]).toMatchObject({ device: 'meter-1', command: 'zero', createdBy: { name: 'admin' } });
  // Results and parameters are read over HTTP.
  expect(JSON.stringify(events('command'))).not.toContain('secret');
  expect(heard.filter(({ topic }) => topic.includes('lab-2'))).toEqual([]);
  await Promise.all([client.endAsync(), other.endAsync()]);
});

test('people speak in the rooms of their site, each as himself', async () => {
  const operator = await subjectOf('operator-1');
  const viewer = await connectPerson(lab, await lab.personToken('viewer'));
  const heard = listen(viewer);
  await viewer.subscribeAsync('live/+/#');
  const speak = async (topic: string): Promise<'heard' | 'cut'> => {
    const client = await connectPerson(lab, await lab.personToken('operator-1'));
    const cut = closed(client).then(() => 'cut' as const);
    client.publish(topic, 'hello');
    const arrived = new Promise<'heard'>((resolve) => {
      viewer.once('message', () => resolve('heard'));
    });
    const outcome = await Promise.race([arrived, cut]);
    client.end(true);
    return outcome;
  };
  expect(await speak(`live/lab-1/rooms/talk/${operator}`)).toBe('heard');
  expect(await speak(`live/lab-1/rooms/talk/${await subjectOf('viewer')}`)).toBe('cut');
  expect(await speak(`live/lab-2/rooms/talk/${operator}`)).toBe('cut');
  expect(heard).toEqual([{ topic: `live/lab-1/rooms/talk/${operator}`, text: 'hello' }]);
  await viewer.endAsync();
});

test('two tabs have a connection each; two connections of one client id have one', async () => {
  const token = await lab.personToken('operator-1');
  const [tab, another] = await Promise.all([connectPerson(lab, token), connectPerson(lab, token)]);
  const cut = closed(tab);
  const again = await connectPerson(lab, token, { clientId: tab.options.clientId as string });
  await cut;
  expect([another.connected, again.connected]).toEqual([true, true]);
  await Promise.all([another.endAsync(), again.endAsync()]);
});

test('a connection ends with the time that the authorizer gave it, and after a refresh if that says no', async () => {
  const stays = await connectPerson(lab, await lab.personToken('operator-1'));
  expect([...plans].map(({ millis }) => millis)).toEqual([300_000, 300_000]);
  const cut = closed(stays);
  pass(299_999);
  expect(stays.connected).toBe(true);
  pass(300_000);
  await cut;
  // Nothing is left that would wake later.
  await expect.poll(() => plans.size).toBe(0);
});

test('whoever is disabled is cut within five minutes, and does not come back with an old token', async () => {
  const token = await lab.personToken('left-soon');
  const client = await connectPerson(lab, token);
  const cut = closed(client);
  await lab.json('/v1/people/left-soon/disable', {
    method: 'POST',
    body: JSON.stringify({ reason: 'has left' }),
  });
  await expect(connectPerson(lab, token)).rejects.toThrow('closed');
  // What would end it anyway is left out: it is the refresh that cuts.
  const [end] = plans;
  if (end !== undefined) plans.delete(end);
  expect(client.connected).toBe(true);
  pass(300_000);
  await cut;
  const refused = lab.gateway.iot.denials.filter(({ action }) => action === 'authorizer');
  expect(refused.map(({ clientId }) => clientId)).toEqual([expect.any(String), client.options.clientId]);
});

test('who is removed from a site at his next token hears nothing of it', async () => {
  const token = await lab.personToken('viewer-2');
  const client = await connectPerson(lab, token);
  const cut = closed(client);
  client.subscribe('live/lab-1/#');
  await cut;
  const again = await connectPerson(lab, token);
  await again.subscribeAsync(['live/lab-2/#', 'lab/lab-2/+/data']);
  await again.endAsync();
});
