/** Without a good token nothing of the API opens, and a refusal tells nothing. */
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ROUTES } from '../../contracts/routes/index.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';
import { refusal } from './problem.ts';

let lab: PeopleLab;
/** A good token of a program. */
let good: string;
let claims: JWTPayload;

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  good = await lab.token('fleet');
  claims = decodeJwt(good);
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const get = (authorization?: string, path = '/v1/devices'): Promise<Response> =>
  fetch(
    `${lab.gateway.addresses.api}${path}`,
    authorization === undefined ? {} : { headers: { authorization } },
  );

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs with the true key of the issuer, as only a thief of it could: what is in it must still be right. */
const signed = async (payload: JWTPayload, header: object = {}): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', kid: lab.key.kid, ...header })
    .sign(await importJWK(lab.key, 'RS256'));

const now = (): number => Math.floor(Date.now() / 1000);

describe('without a token nothing but the sign of life is answered', () => {
  test.each(Object.values(ROUTES).map(({ method, path, permission }) => [method, path, permission] as const))(
    '%s %s (%s)',
    async (method, path, permission) => {
      const url = `${lab.gateway.addresses.api}${path.replaceAll(/\{\w+\}/g, 'x')}`;
      const response = await fetch(url, { method: method.toUpperCase() });
      if (permission === 'open') {
        expect(path).toBe('/v1/health/live');
        expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
      } else expect(await refusal(response, 401)).toMatchObject({ code: 'unauthorized' });
    },
  );
});

describe('a token is refused', () => {
  test('though the same claims, well signed, open the API', async () => {
    expect((await get(`Bearer ${good}`)).status).toBe(200);
    expect((await get(`Bearer ${await signed(claims)}`)).status).toBe(200);
  });

  const forgeries: Readonly<Record<string, () => string | undefined | Promise<string | undefined>>> = {
    'that is not there': () => undefined,
    'that is empty': () => 'Bearer ',
    'that is no token': () => 'Bearer null',
    'that is garbage': () => `Bearer ${Buffer.alloc(600, 0xfe).toString('base64url')}`,
    'that is three parts of garbage': () => 'Bearer a.b.c',
    'that is a password': () => `Basic ${Buffer.from('admin:admin').toString('base64')}`,
    'whose signature is missing': () => `Bearer ${good.split('.').slice(0, 2).join('.')}.`,
    'whose signature is of another token': () => {
      const [head, , signature] = good.split('.');
      return `Bearer ${head}.${part({ ...claims, scope: 'labgate/admin' })}.${signature}`;
    },
    'whose signature has one bit turned': () => {
      const [head, body, signature = ''] = good.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7);
      return `Bearer ${head}.${body}.${bytes.toString('base64url')}`;
    },
    'that says that it needs no signature': () => `Bearer ${part({ alg: 'none' })}.${part({ ...claims })}.`,
    'that is signed with the public key as a secret': () => {
      const { kty, n, e, kid } = lab.key;
      const pem = createPublicKey({ key: { kty, n, e } as JsonWebKey, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      });
      const text = `${part({ alg: 'HS256', kid })}.${part({ ...claims })}`;
      return `Bearer ${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
    },
    'that is signed with another key under the same name': async () => {
      const { privateKey } = await generateKeyPair('RS256');
      const header = { alg: 'RS256', kid: lab.key.kid };
      return `Bearer ${await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)}`;
    },
    'that brings its own key along': async () => {
      const { privateKey, publicKey } = await generateKeyPair('RS256');
      const header = { alg: 'RS256', kid: 'mine', jwk: await exportJWK(publicKey) };
      return `Bearer ${await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)}`;
    },
    'that has expired': async () => `Bearer ${await signed({ ...claims, exp: now() - 1 })}`,
    'that never expires': async () => {
      const { exp: _never, ...rest } = claims;
      return `Bearer ${await signed(rest)}`;
    },
    'that is not valid yet': async () => `Bearer ${await signed({ ...claims, nbf: now() + 600 })}`,
    'of another issuer': async () => `Bearer ${await signed({ ...claims, iss: 'https://issuer.example' })}`,
    'of another pool of the same issuer': async () =>
      `Bearer ${await signed({ ...claims, iss: `${claims.iss}x` })}`,
    'that tells who somebody is, and not what they may': async () =>
      `Bearer ${(await lab.signIn('operator-1')).id_token}`,
    'that renews others': async () => `Bearer ${(await lab.signIn('operator-1')).refresh_token}`,
    'without a scope': async () => `Bearer ${await signed({ ...claims, scope: '' })}`,
    'with a scope of something else': async () =>
      `Bearer ${await signed({ ...claims, scope: 'openid email' })}`,
    'with a scope that only looks like ours': async () =>
      `Bearer ${await signed({ ...claims, scope: 'labgate/administrator xlabgate/admin' })}`,
  };

  test.each(Object.entries(forgeries))('%s', async (_, forge) => {
    expect(await refusal(await get(await forge()), 401)).toMatchObject({ code: 'unauthorized' });
  });

  test('in the address, where it would end in logs', async () => {
    await refusal(await get(undefined, `/v1/devices?access_token=${good}`), 401);
  });

  test('with a role of a person though it is of a program, and the other way round', async () => {
    const program = await signed({ ...claims, scope: 'labgate/api', 'cognito:groups': ['Admin'] });
    await refusal(await get(`Bearer ${program}`), 401);
    const person = await signed({ ...claims, username: 'x', scope: 'labgate/admin' });
    await refusal(await get(`Bearer ${person}`), 403);
  });
});
