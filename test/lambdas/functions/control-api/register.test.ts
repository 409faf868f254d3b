import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Aws } from '../../../support/aws.ts';
import { person, type Sent } from '../../../support/http-events.ts';
import { newCsr, RSA } from './csr.ts';
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
beforeEach(() => {
  aws.calls.length = 0;
});
afterEach(() => aws.heal());

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Answered> =>
  send({ method: 'POST', path: '/v1/devices', body, headers });

const certificatesOf = (device: string): { id: string; status: string }[] =>
  [...aws.things.certificatesOf(device)].map((id) => ({
    id,
    status: aws.things.certificate(id)?.status ?? 'none',
  }));

describe('register', () => {
  it('gives a device all it needs, in the fewest calls', async () => {
    const answer = await post(await registrationOf('meter-1', 'berlin', { name: 'Left meter' }));
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ etag: '"2"', location: '/v1/devices/meter-1' });
    expect(answer.body).toMatchObject({
      device: {
        id: 'meter-1',
        site: 'berlin',
        state: 'active',
        name: 'Left meter',
        createdBy: 'ada',
        version: 2,
      },
      clientId: 'meter-1',
      endpoint: { host: 'broker.test', port: 18883 },
      topics: {
        data: 'lab/berlin/meter-1/data',
        basicIngest: '$aws/rules/labgate_test_data/lab/berlin/meter-1/data',
        ack: 'lab/berlin/meter-1/ack',
        errors: 'lab/berlin/meter-1/errors',
        commands: 'lab/berlin/meter-1/commands/+',
      },
    });
    const certificate = new X509Certificate(String(answer.body['certificate']));
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(
      (answer.body['device'] as { certificateId: string }).certificateId,
    );
    expect(String(answer.body['ca'])).toContain('BEGIN CERTIFICATE');
    const iot = aws.calls.map(({ action }) => action).filter((action) => action.startsWith('iot:'));
    expect(iot.sort()).toEqual([
      'iot:AttachPolicy',
      'iot:AttachThingPrincipal',
      'iot:CreateCertificateFromCsr',
      'iot:CreateThing',
      'iot:DescribeEndpoint',
      'iot:UpdateCertificate',
    ]);
    expect(aws.things.thing('meter-1')).toMatchObject({
      attributes: { site: 'berlin' },
      typeName: aws.thingType,
    });
    expect(certificatesOf('meter-1')).toMatchObject([{ status: 'ACTIVE' }]);
  });

  it('answers the same request again, and refuses another for the same identifier', async () => {
    const request = await registrationOf('meter-2');
    const first = await post(request);
    const again = await post(request);
    expect(again).toMatchObject({ status: 201, body: first.body });
    const other = await post(await registrationOf('meter-2'));
    expect(other).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(certificatesOf('meter-2')).toHaveLength(1);
  });

  it('keeps the answer to an Idempotency-Key, even after the device has changed', async () => {
    const request = await registrationOf('meter-3');
    const headers = { 'Idempotency-Key': 'key-meter-3' };
    const first = await post(request, headers);
    await send({
      method: 'PATCH',
      path: '/v1/devices/meter-3',
      body: { name: 'x' },
      headers: { 'If-Match': '*' },
    });
    expect((await post(request, headers)).body).toEqual(first.body);
    const other = await post(await registrationOf('meter-3b'), headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-conflict' } });
  });

  it.each([
    [
      'a CSR that is none',
      { csr: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----' },
      422,
      'invalid-csr',
    ],
    ['a type that does not exist', { type: 'nothing' }, 422, 'unknown-type'],
    ['an unknown member', { colour: 'red' }, 400, 'invalid-request'],
  ])('refuses %s and leaves nothing behind', async (_, more, status, code) => {
    const answer = await post(await registrationOf('meter-4', 'berlin', more));
    expect(answer).toMatchObject({ status, body: { code } });
    expect(await send({ path: '/v1/devices/meter-4' })).toMatchObject({ status: 404 });
  });

  it('says what is wrong with the key of a CSR', async () => {
    const csr = await newCsr('meter-4', { ...RSA, modulusLength: 1024 });
    const answer = await post(await registrationOf('meter-4', 'berlin', { csr }));
    const detail = 'its RSA key has 1024 bits, and needs at least 2048';
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'invalid-csr', errors: [{ pointer: '/csr', detail }] },
    });
  });

  it('refuses two CSRs at once, of whichever devices', async () => {
    const body = await registrationOf('meter-4');
    const { csr } = await registrationOf('meter-5');
    const answer = await post({ ...body, csr: `${body['csr']}${csr}` });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'invalid-request',
        errors: [{ pointer: '/csr', detail: 'use one CSR in PEM, and nothing else in PEM' }],
      },
    });
    expect(await send({ path: '/v1/devices/meter-4' })).toMatchObject({ status: 404 });
    expect(aws.calls.filter(({ action }) => action.startsWith('iot:Create'))).toEqual([]);
  });

  it('is for those who may register at that very site', async () => {
    const body = await registrationOf('meter-5');
    const claims = person('Engineer@paris', 'Viewer@berlin');
    const answer = await send({ method: 'POST', path: '/v1/devices', body, claims });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  const STEPS = [
    'iot:CreateCertificateFromCsr',
    'dynamodb:PutItem',
    'dynamodb:PutItem 2',
    'dynamodb:PutItem 3',
    'iot:CreateThing',
    'iot:AttachPolicy',
    'iot:AttachThingPrincipal',
    'iot:UpdateCertificate',
  ];
  const crashes = STEPS.flatMap((action) => (['before', 'after'] as const).map((when) => ({ action, when })));
  describe.each(['without a key', 'with a key'])('%s', (keyed) => {
    it.each(crashes)('goes on after a crash $when $action', async ({ action, when }) => {
      const id = `crash-${keyed.length}-${action.replace(/[: ]/g, '-').toLowerCase()}-${when}`;
      const headers: Record<string, string> =
        keyed === 'with a key' ? { 'Idempotency-Key': `key-${id}` } : {};
      const request = await registrationOf(id);
      const [name = '', nth = '1'] = action.split(' ');
      aws.fail(name, { when, skip: Number(nth) - 1 });
      const before = aws.certificates.length;
      const crashed = await post(request, headers);
      expect(crashed).toMatchObject({ status: 500, body: { code: 'internal-error' } });
      expect(JSON.stringify(crashed.body)).not.toContain('injected');
      let answer = await post(request, headers);
      expect(answer.status).toBe(201);
      answer = await post(request, headers);
      expect(answer).toMatchObject({ status: 201, body: { device: { state: 'active' } } });
      const active = aws.certificates
        .slice(before)
        .filter((certificate) => aws.things.certificate(certificate)?.status === 'ACTIVE');
      expect(active).toEqual([(answer.body['device'] as { certificateId: string }).certificateId]);
    });
  });
});

describe('two at once', () => {
  it('of the same registration come to one device with one active certificate', async () => {
    const request = await registrationOf('twin-1');
    const before = aws.certificates.length;
    const answers = await Promise.all([post(request), post(request), post(request)]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body['certificate'])).size).toBe(1);
    const active = aws.certificates
      .slice(before)
      .filter((id) => aws.things.certificate(id)?.status === 'ACTIVE');
    expect(active).toHaveLength(1);
  });

  it('of different registrations let one win', async () => {
    const before = aws.certificates.length;
    const requests = await Promise.all(
      ['berlin', 'paris', 'rome'].map((site) => registrationOf('twin-2', site)),
    );
    const answers = await Promise.all(requests.map((request) => post(request)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const active = aws.certificates
      .slice(before)
      .filter((id) => aws.things.certificate(id)?.status === 'ACTIVE');
    expect(active).toHaveLength(1);
  });

  it('of a registration and a retirement leave no active certificate', async () => {
    const request = await registrationOf('twin-3');
    const before = aws.certificates.length;
    aws.fail('iot:AttachPolicy');
    await post(request);
    // The registration goes on while the device is being retired: whatever comes last, what is revoked stays so.
    const retire = send({
      method: 'DELETE',
      path: '/v1/devices/twin-3',
      body: { reason: 'a test' },
      headers: { 'If-Match': '*' },
    });
    const [again, retired] = await Promise.all([post(request), retire]);
    expect(again.status).toBeOneOf([201, 409]);
    if (retired.status === 200) {
      const statuses = aws.certificates.slice(before).map((id) => aws.things.certificate(id)?.status);
      expect(statuses).not.toContain('ACTIVE');
    } else expect(retired.status).toBe(412);
  });

  it('of a registration and a change keep both', async () => {
    const request = await registrationOf('twin-4');
    aws.fail('iot:UpdateCertificate');
    await post(request);
    const change = {
      method: 'PATCH',
      path: '/v1/devices/twin-4',
      body: { name: 'New' },
      headers: { 'If-Match': '"1"' },
    };
    expect(await send(change)).toMatchObject({ status: 200, body: { state: 'registering', version: 2 } });
    expect(await post(request)).toMatchObject({
      status: 201,
      body: { device: { name: 'New', state: 'active', version: 3 } },
    });
  });

  it('refuses a name that AWS IoT holds for something else', async () => {
    aws.things.putThing({
      name: 'taken',
      id: 'x',
      typeName: undefined,
      attributes: { site: 'other' },
      version: 1,
    });
    expect(await post(await registrationOf('taken'))).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
  });

  it('tells who may not see the device no more than that the identifier is taken', async () => {
    await post(await registrationOf('hidden'));
    await send({
      method: 'DELETE',
      path: '/v1/devices/hidden',
      body: { reason: 'a test' },
      headers: { 'If-Match': '*' },
    });
    const body = await registrationOf('hidden', 'paris');
    const answer = await send({
      method: 'POST',
      path: '/v1/devices',
      body,
      claims: person('Engineer@paris'),
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });
});
