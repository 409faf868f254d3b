import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceCertificate } from '../../../../contracts/resources/certificates.ts';
import { applyConnection } from '../../../../lambdas/store/registry/presence.ts';
import type { Aws } from '../../../support/aws.ts';
import type { Sent } from '../../../support/http-events.ts';
import { newCsr } from './csr.ts';
import { type Answered, registrationOf, startWorld, TYPE, type World } from './world.ts';

let world: World;
let aws: Aws;
let send: (sent: Sent) => Promise<Answered>;
beforeAll(async () => {
  world = await startWorld();
  ({ aws, send } = world);
  await send({ method: 'POST', path: '/v1/types', body: TYPE });
}, 30_000);
afterAll(() => world.close());
afterEach(() => aws.heal());

/** @returns the identifier of its first certificate */
const register = async (id: string): Promise<string> => {
  const { body } = await send({ method: 'POST', path: '/v1/devices', body: await registrationOf(id) });
  return (body['device'] as { certificateId: string }).certificateId;
};
const issue = async (id: string, csr?: string): Promise<Answered> =>
  send({
    method: 'POST',
    path: `/v1/devices/${id}/certificates`,
    body: { csr: csr ?? (await newCsr(id)) },
  });
const revoke = (id: string, certificate: string, body: unknown = { reason: 'lost' }) =>
  send({ method: 'DELETE', path: `/v1/devices/${id}/certificates/${certificate}`, body });
const list = async (id: string): Promise<readonly DeviceCertificate[]> =>
  (await send({ path: `/v1/devices/${id}/certificates` })).body['items'] as DeviceCertificate[];
const idOf = ({ body }: Answered): string => (body['certificate'] as DeviceCertificate).id;
const statusOf = (certificate: string) => aws.things.certificate(certificate)?.status;

it('lists the first certificate as it is', async () => {
  const first = await register('list');
  const [only, ...others] = await list('list');
  const pem = aws.things.certificate(first)?.pem ?? '';
  const { serialNumber, fingerprint256 } = new X509Certificate(pem);
  expect(only).toMatchObject({
    id: first,
    state: 'active',
    serial: serialNumber,
    fingerprint: fingerprint256,
    notAfter: '2049-12-31T23:59:59.000Z',
    due: false,
  });
  expect(Date.parse(only?.renewBefore ?? '') - Date.parse(only?.createdAt ?? '')).toBe(365 * 86_400_000);
  expect(others).toEqual([]);
  expect(JSON.stringify(only)).not.toContain('BEGIN');
});

it('makes another that counts beside it, and no third', async () => {
  const first = await register('two');
  const second = await issue('two');
  expect(second).toMatchObject({ status: 201, body: { certificate: { state: 'active' } } });
  expect(new X509Certificate(String(second.body['pem'])).subject).toBe('CN=two');
  for (const certificate of [first, idOf(second)]) {
    expect(statusOf(certificate)).toBe('ACTIVE');
    expect([...aws.things.thingsOf(certificate)]).toEqual(['two']);
    expect([...aws.things.policiesOf(certificate)]).toEqual([aws.policy]);
  }
  expect((await send({ path: '/v1/devices/two' })).body['certificateId']).toBe(idOf(second));
  const made = aws.certificates.length;
  expect(await issue('two')).toMatchObject({ status: 409, body: { code: 'too-many-certificates' } });
  expect(aws.certificates.length).toBe(made);
});

it('answers a request of the same key with the same certificate', async () => {
  const csr = await newCsr('same');
  await send({ method: 'POST', path: '/v1/devices', body: { ...(await registrationOf('same')), csr } });
  const [first] = await list('same');
  expect(idOf(await issue('same', csr))).toBe(first?.id);
  const other = await newCsr('same');
  const second = await issue('same', other);
  expect(idOf(await issue('same', other))).toBe(idOf(second));
  await revoke('same', idOf(second));
  expect(await issue('same', other)).toMatchObject({ status: 409, body: { code: 'conflict' } });
});

it('lets two requests at once have no more than two certificates count', async () => {
  await register('race');
  const answers = await Promise.all([issue('race'), issue('race'), issue('race')]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  const attached = aws.certificates.filter((id) => aws.things.thingsOf(id).has('race'));
  expect(attached.filter((id) => statusOf(id) === 'ACTIVE')).toHaveLength(2);
});

describe('a request that was interrupted', () => {
  it.each([
    ['iot:CreateCertificateFromCsr', 'before', 0],
    ['iot:CreateCertificateFromCsr', 'after', 0],
    ['dynamodb:PutItem', 'before', 0],
    ['dynamodb:PutItem', 'after', 0],
    ['iot:AttachPolicy', 'before', 0],
    ['iot:UpdateCertificate', 'before', 0],
    ['iot:UpdateCertificate', 'after', 0],
    ['dynamodb:PutItem', 'before', 1],
  ] as const)('at %s %s (%i) is finished by the next of the same key', async (action, when, skip) => {
    const id = `cut-${action.replace(/\W/g, '-').toLowerCase()}-${when}-${skip}`;
    await register(id);
    const csr = await newCsr(id);
    aws.fail(action, { when, skip, left: 1 });
    expect((await issue(id, csr)).status).toBeGreaterThanOrEqual(500);
    aws.heal();
    const answer = await issue(id, csr);
    expect(answer).toMatchObject({ status: 201 });
    expect(statusOf(idOf(answer))).toBe('ACTIVE');
    expect((await list(id)).map(({ state }) => state)).toEqual(['active', 'active']);
  });
});

describe('revoke', () => {
  it('ends a certificate, and cuts who is connected by it', async () => {
    const first = await register('end');
    const second = idOf(await issue('end'));
    aws.connected.add('end');
    expect(await revoke('end', first, {})).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/reason' }] },
    });
    expect(await revoke('end', first)).toMatchObject({
      status: 200,
      body: { state: 'revoked', revokedBy: 'ada' },
    });
    expect(statusOf(first)).toBeUndefined();
    expect(statusOf(second)).toBe('ACTIVE');
    expect(aws.things.thing('end')).toBeDefined();
    expect(aws.connected.has('end')).toBe(false);
    expect((await list('end')).map(({ state }) => state)).toEqual(['revoked', 'active']);
    expect(await revoke('end', first)).toMatchObject({ status: 200, body: { state: 'revoked' } });
    expect(await revoke('end', '0'.repeat(64))).toMatchObject({ status: 404 });
    expect(await issue('end')).toMatchObject({ status: 201 });
  });

  it('leaves a device alone that has come back by another certificate', async () => {
    const first = await register('back');
    const second = idOf(await issue('back'));
    const change = { device: 'back', state: 'online', at: 1000, order: 1 } as const;
    const unknown = { session: undefined, address: undefined, reason: undefined };
    const registry = { client: aws.dynamo, table: aws.registryTable };
    await applyConnection(registry, { ...change, ...unknown, certificateId: second });
    expect((await send({ path: '/v1/devices/back' })).body['connection']).toMatchObject({
      certificateId: second,
    });
    aws.connected.add('back');
    await revoke('back', first);
    expect(aws.connected.has('back')).toBe(true);
  });

  it.each(['iot:UpdateCertificate', 'iot:DetachPolicy', 'iot:DeleteCertificate', 'dynamodb:PutItem'])(
    'goes on where %s failed',
    async (action) => {
      const id = `revoke-${action.replace(/\W/g, '-').toLowerCase()}`;
      const first = await register(id);
      aws.fail(action);
      expect((await revoke(id, first)).status).toBeGreaterThanOrEqual(500);
      aws.heal();
      expect(await revoke(id, first)).toMatchObject({ status: 200, body: { state: 'revoked' } });
      expect(statusOf(first)).toBeUndefined();
    },
  );

  it('may take the last one: the device is retired all the same', async () => {
    const first = await register('last');
    await revoke('last', first);
    expect((await send({ path: '/v1/devices/last' })).body).not.toHaveProperty('certificateId');
    const retire = { method: 'DELETE', path: '/v1/devices/last', body: { reason: 'x' } };
    expect(await send({ ...retire, headers: { 'If-Match': '*' } })).toMatchObject({ status: 200 });
    expect(aws.things.thing('last')).toBeUndefined();
  });
});

it('is over with the device: all its certificates are revoked', async () => {
  const first = await register('retired');
  const second = idOf(await issue('retired'));
  const retire = { method: 'DELETE', path: '/v1/devices/retired', body: { reason: 'x' } };
  await send({ ...retire, headers: { 'If-Match': '*' } });
  for (const certificate of [first, second]) expect(statusOf(certificate)).toBeUndefined();
  expect((await list('retired')).map(({ state }) => state)).toEqual(['revoked', 'revoked']);
  expect(await issue('retired')).toMatchObject({ status: 409, body: { code: 'device-retired' } });
});
