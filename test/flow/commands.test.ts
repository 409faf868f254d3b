/** Commands from the person who asks to the device that does, and back, through the running gateway. */
import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Command, CommandHistory } from '../../contracts/resources/commands.ts';
import { traceIdOf } from '../../contracts/trace.ts';
import { type Instrument, type Lab, labOf, METER, openLab } from '../support/lab.ts';

const OVEN = {
  ...METER,
  id: 'oven',
  commands: {
    heat: {
      parameters: {
        properties: {
          temperature: { type: 'number' as const, unit: 'Cel', minimum: 4, maximum: 60 },
          ramp: { type: 'number' as const, unit: 'K/min', default: 1 },
        },
        required: ['temperature'],
      },
      dryRun: true,
      timeout: 30,
    },
    hurry: { timeout: 1 },
    soon: { expiresAfter: 1 },
    burn: { approval: true },
    exclusive: { lease: true },
    guarded: { interlocks: [{ channel: 'temp', max: 40, maxAge: 3600 }] },
  },
};

/** On a computer that does other things too. */
const SOON = { timeout: 20_000 };

/** A device that answers as it is told. */
interface Oven {
  readonly client: MqttClient;
  readonly heard: { readonly topic: string; readonly message: Record<string, unknown> }[];
  say(id: string, kind: string, document: object): Promise<void>;
}

let lab: Lab;
let ada: Lab;
let bob: Lab;

const connect = async (instrument: Instrument): Promise<Oven> => {
  const client = await lab.connect(instrument);
  const heard: Oven['heard'] = [];
  client.on('message', (topic, payload) => heard.push({ topic, message: JSON.parse(payload.toString()) }));
  const root = instrument.topics.data.replace(/data$/, 'commands');
  await client.subscribeAsync(`${root}/+`, { qos: 1 });
  return {
    client,
    heard,
    say: async (id, kind, document) => {
      await client.publishAsync(`${root}/${id}/${kind}`, JSON.stringify({ v: 1, ...document }), { qos: 1 });
    },
  };
};

const give = (device: string, body: object, headers: Record<string, string> = {}, by: Lab = ada) =>
  by.call(`/v1/devices/${device}/commands`, { method: 'POST', body: JSON.stringify(body), headers });
const given = async (...args: Parameters<typeof give>): Promise<Command> => {
  const response = await give(...args);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as Command;
};
const read = (id: string): Promise<Command> => ada.json<Command>(`/v1/commands/${id}`);
const history = (id: string): Promise<CommandHistory> =>
  ada.json<CommandHistory>(`/v1/commands/${id}/history`);
/** What the functions of commands logged of a trace, in the order of the alphabet: they log at the same time. */
const logged = (trace: string): string[] =>
  lab.gateway.assembly
    .byType('AWS::Lambda::Function')
    .filter(({ logicalId }) => logicalId.startsWith('Commands'))
    .flatMap(({ physicalId }) => lab.gateway.functions.logs(physicalId))
    .filter(({ message }) => message.includes(trace))
    .map(({ message }) => JSON.parse(message) as { service: string; message: string })
    .map(({ service, message }) => `${service}: ${message}`)
    .sort();
const reaches = (id: string, state: Command['state']) =>
  expect.poll(async () => (await read(id)).state, SOON).toBe(state);
const refusal = async (response: Response): Promise<[number, string]> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  ada = labOf(lab.gateway, 'admin');
  bob = labOf(lab.gateway, 'engineer');
  await lab.createType(OVEN as never);
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe('a command', () => {
  test('is checked, sent, accepted, reported on and done, each step with its evidence', async () => {
    const oven = await connect(await lab.register('oven-1', 'lab-1', 'oven'));
    await lab.gateway.drain();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const body = {
      command: 'heat',
      parameters: { temperature: { value: 310.15, unit: 'K' } },
      reason: 'batch 7',
    };
    const command = await given('oven-1', body, { traceparent });
    expect(command).toMatchObject({
      state: 'queued',
      parameters: { temperature: 37, ramp: 1 },
      createdBy: { kind: 'user', name: 'admin' },
      reason: 'batch 7',
    });
    await expect.poll(() => oven.heard, SOON).toHaveLength(1);
    expect(oven.heard[0]).toEqual({
      topic: `lab/lab-1/oven-1/commands/${command.id}`,
      message: {
        v: 1,
        id: command.id,
        command: 'heat',
        parameters: { temperature: 37, ramp: 1 },
        dryRun: false,
        issuedAt: command.createdAt,
        expiresAt: command.expiresAt,
        timeout: 30,
        traceparent,
      },
    });
    await reaches(command.id, 'sent');
    await oven.say(command.id, 'accepted', {});
    await reaches(command.id, 'accepted');
    await oven.say(command.id, 'progress', { seq: 0, percent: 50, value: { temp: 30 } });
    await reaches(command.id, 'running');
    await oven.say(command.id, 'result', { ok: true, value: { reached: 37 } });
    await reaches(command.id, 'succeeded');
    expect(await read(command.id)).toMatchObject({
      result: { reached: 37 },
      progress: { seq: 0, percent: 50 },
      parts: [{ seq: 0, value: { temp: 30 } }],
      attempts: 1,
    });
    const { transitions } = await history(command.id);
    expect(transitions.map(({ from, to, by, evidence }) => [from, to, by.kind, evidence.kind])).toEqual([
      [null, 'queued', 'user', 'request'],
      ['queued', 'sent', 'platform', 'publication'],
      ['sent', 'accepted', 'device', 'reply'],
      ['accepted', 'running', 'device', 'reply'],
      ['running', 'succeeded', 'device', 'reply'],
    ]);
    expect(transitions.at(-1)?.evidence.topic).toBe(`lab/lab-1/oven-1/commands/${command.id}/result`);

    // The same reply again, and another after the end, change nothing and are kept.
    await oven.say(command.id, 'result', { ok: true, value: { reached: 37 } });
    await oven.say(command.id, 'progress', { seq: 1 });
    await expect
      .poll(async () => (await history(command.id)).withoutEffect.map(({ why }) => why).sort())
      .toEqual(['repeated', 'too-late']);
    expect((await read(command.id)).state).toBe('succeeded');
    await lab.gateway.drain();
    expect(logged(traceIdOf(traceparent))).toEqual([
      'commands-api: request',
      'commands: a command was sent',
      'commands: a reply was taken',
      'commands: a reply was taken',
      'commands: a reply was taken',
      'commands: a reply was without effect',
      'commands: a reply was without effect',
    ]);
  });

  test('with Prefer: wait is answered at its end', async () => {
    const oven = await connect(await lab.register('oven-2', 'lab-1', 'oven'));
    await lab.gateway.drain();
    oven.client.on('message', (topic) => {
      const id = topic.split('/').at(-1) ?? '';
      void oven.say(id, 'result', { ok: false, code: 'door-open', detail: 'close the door' });
    });
    const response = await give(
      'oven-2',
      { command: 'heat', parameters: { temperature: 20 } },
      { prefer: 'wait=20' },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=20');
    // Its trace is that of the request, which brought none.
    const trace = response.headers.get('x-request-id')?.replaceAll('-', '');
    expect(await response.json()).toMatchObject({
      traceparent: expect.stringContaining(`-${trace}-`),
      state: 'failed',
      failure: { code: 'door-open', detail: 'close the door' },
    });
  });

  test('is refused with what is wrong with it', async () => {
    await lab.register('oven-3', 'lab-1', 'oven');
    const wrong = await give('oven-3', { command: 'heat', parameters: { temperature: 90, speed: 1 } });
    expect(wrong.status).toBe(400);
    const hot = await give('oven-3', { command: 'heat', parameters: { temperature: 90 } });
    expect(((await hot.json()) as { errors: object[] }).errors).toEqual([
      { pointer: '/parameters/temperature', detail: expect.stringContaining('maximum 60 Cel') },
    ]);
    const unit = { temperature: { value: 1, unit: 'kg' } };
    expect(await refusal(await give('oven-3', { command: 'heat', parameters: unit }))).toEqual([
      400,
      'invalid-request',
    ]);
    expect(await refusal(await give('oven-3', { command: 'melt' }))).toEqual([422, 'unknown-command']);
    expect(await refusal(await give('oven-3', { command: 'hurry', dryRun: true }))).toEqual([
      400,
      'invalid-request',
    ]);
    expect(await refusal(await give('oven-9', { command: 'hurry' }))).toEqual([404, 'not-found']);
    expect(await refusal(await give('oven-3', { command: 'exclusive' }))).toEqual([
      409,
      'command-not-possible',
    ]);
    expect(await refusal(await give('oven-3', { command: 'guarded' }))).toEqual([
      409,
      'command-not-possible',
    ]);
  });

  test('waits for a device that is away, and goes out in the order of asking when it connects', async () => {
    const instrument = await lab.register('oven-4', 'lab-1', 'oven');
    const ids: string[] = [];
    for (const temperature of [10, 20, 30])
      ids.push((await given('oven-4', { command: 'heat', parameters: { temperature } })).id);
    expect(ids.toSorted()).toEqual(ids);
    await lab.gateway.drain();
    const oven = await connect(instrument);
    await expect.poll(() => oven.heard.length, SOON).toBeGreaterThanOrEqual(3);
    const first = [...new Set(oven.heard.map(({ message }) => message['id']))];
    expect(first).toEqual(ids);
    for (const id of ids) await reaches(id, 'sent');
  });

  test('ends with its time: expired before it is sent, timed out after', async () => {
    const instrument = await lab.register('oven-5', 'lab-1', 'oven');
    const soon = await given('oven-5', { command: 'soon' });
    await reaches(soon.id, 'expired');
    const oven = await connect(instrument);
    await lab.gateway.drain();
    const hurry = await given('oven-5', { command: 'hurry' });
    await reaches(hurry.id, 'timed-out');
    expect(oven.heard.map(({ message }) => message['id'])).toEqual([hurry.id]);
    await oven.say(hurry.id, 'result', { ok: true });
    await expect
      .poll(async () => (await history(hurry.id)).withoutEffect, SOON)
      .toMatchObject([{ why: 'too-late', evidence: { kind: 'reply' } }]);
    expect((await read(hurry.id)).state).toBe('timed-out');
  });

  test('is given once under one key', async () => {
    await lab.register('oven-6', 'lab-1', 'oven');
    const headers = { 'idempotency-key': 'key-of-oven-6' };
    const body = { command: 'heat', parameters: { temperature: 20 } };
    const [one, other] = [await given('oven-6', body, headers), await given('oven-6', body, headers)];
    expect(other.id).toBe(one.id);
    const more = { command: 'heat', parameters: { temperature: 21 } };
    expect(await refusal(await give('oven-6', more, headers))).toEqual([409, 'idempotency-conflict']);
    const { items } = await ada.json<{ items: Command[] }>('/v1/devices/oven-6/commands');
    expect(items.map(({ id }) => id)).toEqual([one.id]);
  });

  test('needs another person where its type says so', async () => {
    await lab.register('oven-7', 'lab-1', 'oven');
    const { id, state } = await given('oven-7', { command: 'burn' });
    expect(state).toBe('pending-approval');
    const approve = (by: Lab): Promise<Response> =>
      by.call(`/v1/commands/${id}/approve`, { method: 'POST', body: JSON.stringify({ reason: 'seen' }) });
    expect(await refusal(await approve(ada))).toEqual([409, 'own-command']);
    expect(await refusal(await approve(lab))).toEqual([409, 'own-command']);
    expect((await approve(bob)).status).toBe(200);
    expect(await read(id)).toMatchObject({ state: 'queued', approvedBy: { name: 'engineer' } });
    expect(await refusal(await approve(bob))).toEqual([409, 'command-state']);
    const cancelled = await ada.json<Command>(`/v1/commands/${id}/cancel`, {
      method: 'POST',
      body: JSON.stringify({ reason: 'not needed' }),
    });
    expect(cancelled.state).toBe('cancelled');
  });

  test('of another is refused while a lease is held', async () => {
    await lab.register('oven-8', 'lab-1', 'oven');
    const lease = { method: 'PUT', body: JSON.stringify({ seconds: 60 }) };
    expect(await ada.json('/v1/devices/oven-8/lease', lease)).toMatchObject({ holder: { name: 'admin' } });
    expect(await refusal(await bob.call('/v1/devices/oven-8/lease', lease))).toEqual([409, 'leased']);
    expect(await refusal(await give('oven-8', { command: 'hurry' }, {}, bob))).toEqual([409, 'leased']);
    expect((await give('oven-8', { command: 'exclusive' })).status).toBe(202);
    await ada.json('/v1/devices/oven-8/lease', { method: 'DELETE' });
    expect((await give('oven-8', { command: 'hurry' }, {}, bob)).status).toBe(202);
  });

  test('is listed by site and state, the newest first, page by page', async () => {
    const one = await ada.json<{ items: Command[]; next: string | null }>('/v1/commands?site=lab-1&limit=3');
    expect(one.items).toHaveLength(3);
    const rest = await ada.json<{ items: Command[] }>(`/v1/commands?site=lab-1&cursor=${one.next}`);
    const ids = [...one.items, ...rest.items].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted().toReversed());
    const expired = await ada.json<{ items: Command[] }>('/v1/commands?site=lab-1&state=expired');
    expect(expired.items.map(({ command }) => command)).toContain('soon');
    expect(new Set(expired.items.map(({ state }) => state))).toEqual(new Set(['expired']));
  });

  test('hears no other device', async () => {
    const mine = await lab.register('oven-10', 'lab-1', 'oven');
    const other = await connect(await lab.register('oven-11', 'lab-1', 'oven'));
    const { id } = await given('oven-10', { command: 'heat', parameters: { temperature: 20 } });
    await connect(mine);
    await reaches(id, 'sent');
    // On its own topic, with the identifier of another's command.
    await other.say(id, 'result', { ok: true });
    await expect
      .poll(async () => (await history(id)).withoutEffect, SOON)
      .toMatchObject([{ why: 'another-device', by: { subject: 'oven-11' } }]);
    expect((await read(id)).state).toBe('sent');
  });
});
