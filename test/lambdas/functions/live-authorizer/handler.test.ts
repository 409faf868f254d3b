/** `live-authorizer` as AWS IoT calls it, with tokens that are signed for real. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { noteAccessChange } from '../../../../lambdas/store/registry/access-changes.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

const SUBJECT = '0d5a4a4c-5ef1-4c51-8c4d-2a1f6a0b9c11';
const PRINCIPAL = SUBJECT.replaceAll('-', '');
const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:live';

let aws: Aws;
let keys: Keys;
let issuer: Server;
let url: string;
/** Requests to the issuer. */
let asked = 0;
let isIssuerDown = false;
let handler: (
  event: IoTCustomAuthorizerEvent,
  context: { invokedFunctionArn: string },
) => Promise<IoTCustomAuthorizerResult>;

beforeAll(async () => {
  aws = await startAws();
  keys = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' };
  issuer = createServer((_request, response) => {
    asked += 1;
    if (isIssuerDown) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
  });
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/pool`;
});
beforeEach(async () => {
  vi.resetModules();
  vi.stubEnv('TOKEN_ISSUER', url);
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
  asked = 0;
  isIssuerDown = false;
  aws.calls.length = 0;
  ({ handler } = await import('../../../../lambdas/functions/live-authorizer/handler.ts'));
});
afterEach(() => aws.heal());
afterAll(async () => {
  vi.unstubAllEnvs();
  issuer.close();
  await aws.close();
});

const now = (): number => Math.floor(Date.now() / 1000);

const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: url,
  sub: SUBJECT,
  token_use: 'access',
  scope: 'openid labgate/api',
  username: 'ada',
  client_id: 'page',
  'cognito:groups': ['Operator@lab-1'],
  iat: now(),
  exp: now() + 300,
  ...more,
});

const signed = (payload: JWTPayload, header: object = {}, key = keys.privateKey): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);

const event = (
  token: string | undefined,
  clientId = `person.${PRINCIPAL}.a1b2c3`,
): IoTCustomAuthorizerEvent => ({
  signatureVerified: false,
  protocols: ['tls', 'http', 'mqtt'],
  protocolData: {
    tls: { serverName: 'example' },
    http: { headers: {}, queryString: '' },
    mqtt: {
      username: 'labgate?x-amz-customauthorizer-name=live',
      clientId,
      ...(token === undefined ? {} : { password: Buffer.from(token).toString('base64') }),
    },
  },
  connectionMetadata: { id: 'c-1' },
});

const ask = (token: string | undefined, clientId?: string): Promise<IoTCustomAuthorizerResult> =>
  handler(event(token, clientId), { invokedFunctionArn: ARN });

const reads = (): number => aws.calls.filter(({ action }) => action === 'dynamodb:GetItem').length;

describe('who has a good token', () => {
  test('may connect under his own prefix, hear his site, and speak in rooms as himself', async () => {
    const answer = await ask(await signed(claims()));
    const arn = 'arn:aws:iot:eu-central-1:123456789012:';
    expect(answer).toEqual({
      isAuthenticated: true,
      principalId: PRINCIPAL,
      disconnectAfterInSeconds: 300,
      refreshAfterInSeconds: 300,
      policyDocuments: [
        {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'iot:Connect', Resource: [`${arn}client/person.${PRINCIPAL}.*`] },
            { Effect: 'Deny', Action: 'iot:Publish', Resource: [`${arn}topic/live/*/*/*/*/*`] },
            {
              Effect: 'Allow',
              Action: 'iot:Publish',
              Resource: [`${arn}topic/live/lab-1/rooms/*/${SUBJECT}`],
            },
            {
              Effect: 'Allow',
              Action: ['iot:Subscribe', 'iot:Receive'],
              Resource: [
                `${arn}topicfilter/lab/lab-1/*/data`,
                `${arn}topic/lab/lab-1/*/data`,
                `${arn}topicfilter/live/lab-1/*`,
                `${arn}topic/live/lab-1/*`,
              ],
            },
          ],
        },
      ],
    });
    expect(answer.principalId).toMatch(/^[a-zA-Z0-9]{1,128}$/);
  });

  test('a viewer hears, and says nothing', async () => {
    const { policyDocuments } = await ask(await signed(claims({ 'cognito:groups': ['Viewer'] })));
    const allowed = JSON.stringify(policyDocuments);
    expect(allowed).toContain('topicfilter/live/*/*');
    expect(allowed).not.toContain('rooms');
  });

  test('the keys are fetched once, and what is left of a longer token counts', async () => {
    const longer = await signed(claims({ exp: now() + 3600 }));
    const [one, other] = await Promise.all([ask(longer), ask(longer)]);
    for (const { disconnectAfterInSeconds, refreshAfterInSeconds } of [one, other]) {
      expect(disconnectAfterInSeconds).toBeGreaterThan(3590);
      // Rights that are taken away end within five minutes all the same.
      expect(refreshAfterInSeconds).toBe(300);
    }
    await ask(await signed(claims()));
    expect(asked).toBe(1);
    const nearlyOver = await ask(await signed(claims({ exp: now() + 5 })));
    expect(nearlyOver).toMatchObject({ isAuthenticated: true, disconnectAfterInSeconds: 300 });
  });
});

describe('rights that were taken away', () => {
  test('end tokens of before, and not those of after', async () => {
    const subject = crypto.randomUUID();
    const id = `person.${subject.replaceAll('-', '')}.x`;
    const before = await signed(claims({ sub: subject, iat: now() - 10 }));
    expect(await ask(before, id)).toMatchObject({ isAuthenticated: true });
    await noteAccessChange(
      { client: aws.dynamo, table: aws.registryTable },
      subject,
      new Date(Date.now() - 5000),
    );
    expect(await ask(before, id)).toMatchObject({ isAuthenticated: false });
    const after = await signed(claims({ sub: subject }));
    expect(await ask(after, id)).toMatchObject({ isAuthenticated: true });
  });

  test('nobody is let in while it cannot be told', async () => {
    aws.fail('dynamodb:GetItem', { left: Number.POSITIVE_INFINITY, code: 'AccessDeniedException' });
    expect(await ask(await signed(claims()))).toMatchObject({ isAuthenticated: false });
  });

  test('nor while the keys do not come; they are asked for again then', async () => {
    isIssuerDown = true;
    const token = await signed(claims());
    expect(await ask(token)).toMatchObject({ isAuthenticated: false });
    isIssuerDown = false;
    expect(await ask(token)).toMatchObject({ isAuthenticated: true });
  });
});

describe('refused before anything is asked', () => {
  const garbage: Readonly<Record<string, () => string | undefined | Promise<string>>> = {
    'no password': () => undefined,
    'an empty one': () => '',
    garbage: () => 'x'.repeat(200),
    'three parts of garbage': () => 'a.b.c',
    'an endless one': () => `${'a'.repeat(20_000)}.b.c`,
    'no signature asked for': async () => {
      const [, body = ''] = (await signed(claims())).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    },
    'another algorithm': async () =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new Uint8Array(32).fill(7)),
    'another issuer': () => signed(claims({ iss: 'https://issuer.example' })),
    'its time is over': () => signed(claims({ exp: now() - 1 })),
    'an ID token': () => signed(claims({ token_use: 'id' })),
    'a program': () => {
      const { username: _, ...rest } = claims({ scope: 'labgate/admin' });
      return signed(rest);
    },
  };

  test.each(Object.entries(garbage))('%s', async (_, make) => {
    expect(await ask(await make())).toEqual({
      isAuthenticated: false,
      principalId: 'refused',
      policyDocuments: [],
      disconnectAfterInSeconds: 300,
      refreshAfterInSeconds: 300,
    });
    expect(asked).toBe(0);
    expect(reads()).toBe(0);
  });
});

describe('refused with the keys at hand, and without a read', () => {
  const forged: Readonly<Record<string, () => Promise<string>>> = {
    'another key under the same name': async () =>
      signed(claims(), {}, (await generateKeyPair('RS256')).privateKey),
    'a key that nobody has': () => signed(claims(), { kid: 'two' }),
    'claims that were changed': async () => {
      const [head, , signature] = (await signed(claims())).split('.');
      const body = Buffer.from(JSON.stringify(claims({ 'cognito:groups': ['Admin'] }))).toString('base64url');
      return `${head}.${body}.${signature}`;
    },
    'not valid yet': () => signed(claims({ nbf: now() + 600 })),
    'without the scope': () => signed(claims({ scope: 'openid' })),
    'without a role': () => signed(claims({ 'cognito:groups': [] })),
    'with groups that only look like roles': () =>
      signed(claims({ 'cognito:groups': ['admin', 'Admin@*', 'Admin@lab-1/../lab-2', 'x,Admin'] })),
    'with groups that are no list': () => signed(claims({ 'cognito:groups': 'Admin' })),
    'with a subject that would change the policy': () => signed(claims({ sub: `${SUBJECT}/*` })),
  };

  test.each(Object.entries(forged))('%s', async (_, make) => {
    expect(await ask(await make())).toMatchObject({ isAuthenticated: false, policyDocuments: [] });
    expect(asked).toBeLessThanOrEqual(1);
    expect(reads()).toBe(0);
  });

  test('a flood of keys that nobody has fetches the keys once', async () => {
    for (let kid = 0; kid < 20; kid += 1) await ask(await signed(claims(), { kid: `none-${kid}` }));
    expect(asked).toBe(1);
  });

  test.each(['person.someoneelse.a', 'meter-1', '', `person.${PRINCIPAL}`, `${PRINCIPAL}`])(
    'the client id %j',
    async (clientId) => {
      expect(await ask(await signed(claims()), clientId)).toMatchObject({ isAuthenticated: false });
      expect(reads()).toBe(0);
    },
  );
});

test('no token, and nothing of one, is logged', async () => {
  const lines: string[] = [];
  for (const method of ['log', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((line: string) => void lines.push(line));
  vi.stubEnv('LOG_LEVEL', 'DEBUG');
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.resetModules();
  ({ handler } = await import('../../../../lambdas/functions/live-authorizer/handler.ts'));
  const token = await signed(claims({ exp: now() - 1 }));
  await ask(token);
  await ask(await signed(claims()));
  await ask(await signed(claims(), { kid: 'two' }));
  vi.restoreAllMocks();
  const text = lines.join('\n');
  expect(text).toContain('expired');
  for (const part of token.split('.')) expect(text).not.toContain(part);
});
