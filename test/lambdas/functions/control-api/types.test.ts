import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { person } from '../../../support/http-events.ts';
import { startWorld, TYPE, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.send({ method: 'POST', path: '/v1/types', body: TYPE });
}, 30_000);
afterAll(() => world.close());

const CHANNELS = { ph: { unit: '[pH]', range: { min: 0, max: 14 } }, state: { unit: '1', type: 'string' } };
const change = (channels: object, ifMatch?: string, more: object = {}, claims = person('Engineer')) =>
  world.send({
    method: 'PUT',
    path: `/v1/types/${TYPE.id}`,
    body: { name: 'pH meter', channels, reason: 'a test', ...more },
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    claims,
  });
const read = async () => (await world.send({ path: `/v1/types/${TYPE.id}` })).body;

describe('the units of an instrument type', () => {
  const create = (channels: object) =>
    world.send({ method: 'POST', path: '/v1/types', body: { id: 'units', name: 'Units', channels } });

  it('are UCUM codes, or the right ones are suggested', async () => {
    const { status, body } = await create({
      temp: { unit: 'degC' },
      speed: { unit: 'rpm' },
      flow: { unit: 'mL/min' },
      strange: { unit: 'furlong' },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'invalid-request',
      errors: [
        { pointer: '/channels/temp/unit', detail: 'degC is no UCUM code; use Cel' },
        { pointer: '/channels/speed/unit', detail: 'rpm is no UCUM code; use /min' },
        {
          pointer: '/channels/strange/unit',
          detail: expect.stringContaining('furlong is not among its units'),
        },
      ],
    });
    expect((await world.send({ path: '/v1/types/units' })).status).toBe(404);
  });

  it('are checked of channels that are new', async () => {
    expect((await create({ temp: { unit: 'Cel' } })).status).toBe(201);
    const { status, body } = await world.send({
      method: 'PUT',
      path: '/v1/types/units',
      body: {
        name: 'Units',
        channels: { temp: { unit: 'Cel' }, humidity: { unit: 'percent' } },
        reason: 'a test',
      },
      headers: { 'if-match': '"1"' },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      errors: [{ pointer: '/channels/humidity/unit', detail: 'percent is no UCUM code; use %' }],
    });
  });
});

describe('a change of an instrument type', () => {
  it('adds channels and changes what is normal for them, on the version that was read', async () => {
    const before = await read();
    const wider = { ...CHANNELS, ph: { unit: '[pH]', range: { min: -1, max: 15 } }, temp: { unit: 'Cel' } };
    const answer = await change(wider, '"1"', { model: 'X' });
    expect(answer).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { id: TYPE.id, version: 2, model: 'X', createdAt: before['createdAt'], updatedBy: 'ada' },
    });
    expect(await read()).toEqual(answer.body);
    expect(await change(wider, '"1"')).toMatchObject({ status: 412, body: { code: 'precondition-failed' } });
    expect(await change(wider)).toMatchObject({ status: 428 });
  });

  it('leaves the channels that are there what they are', async () => {
    const kept = { ...CHANNELS, temp: { unit: 'Cel' } };
    const { status, body } = await change(
      { ph: { unit: '1' }, state: { unit: '1', type: 'number', kind: 'step' } },
      '"2"',
    );
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'channel-fixed',
      errors: [
        { pointer: '/channels/ph/unit' },
        { pointer: '/channels/state/type' },
        { pointer: '/channels/state/kind' },
        { pointer: '/channels/temp' },
      ],
    });
    expect(await read()).toMatchObject({ version: 2 });
    expect((await change(kept, '"2"')).status).toBe(200);
  });

  it('that races with another loses', async () => {
    const temp = { unit: 'Cel' };
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => change({ ...CHANNELS, temp, [name]: { unit: '1' } }, '"3"')),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it('says why, which is not kept in the type', async () => {
    const answer = await change(CHANNELS, '*', { reason: undefined });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/reason' }] } });
    expect(await read()).not.toHaveProperty('reason');
  });

  it('is for who may change types everywhere, of a type that is there', async () => {
    expect((await change(CHANNELS, '*', {}, person('Operator'))).status).toBe(403);
    expect((await change(CHANNELS, '*', {}, person('Engineer@berlin'))).status).toBe(403);
    const body = { name: 'x', channels: CHANNELS, reason: 'a test' };
    const absent = { method: 'PUT', path: '/v1/types/nothing', body };
    expect((await world.send(absent)).status).toBe(404);
  });
});
