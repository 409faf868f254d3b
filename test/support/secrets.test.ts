/** What every lab of flow and attack tests looks for in its logs is found, and what is meant to be there is not. */
import { expect, it } from 'vitest';
import { createIdentity } from '../../device/identity.ts';
import { secretIn, watchedLog } from './secrets.ts';

const JWT = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from('{"sub":"ada"}').toString('base64url')}.c2ln`;

it.each([
  JWT,
  `{"headers":{"authorization":"Bearer ${JWT}"}}`,
  '{"Authorization":"AWS4-HMAC-SHA256 Credential=x"}',
  'Basic dXNlcjpwYXNzd29yZA==',
  '{"clientSecret":"abcdefgh"}',
  'client_secret=abcdefgh&grant_type=x',
  '{\\"refresh_token\\":\\"abcdefgh\\"}',
  'password: Password-1-of-ada',
  '{"secretAccessKey":"wJalrXUtnFEMI"}',
  'https://s3/x?X-Amz-Signature=0123456789abcdef0123',
  '-----BEGIN CERTIFICATE-----\\nMIIB',
])('finds %s', (text) => {
  expect(secretIn(text)).toBeDefined();
});

it('finds keys and signing requests as devices make them', async () => {
  const { key, csr } = await createIdentity('x');
  expect([secretIn(key), secretIn(JSON.stringify({ csr }))]).toEqual([
    expect.any(String),
    expect.any(String),
  ]);
});

it.each([
  '{"level":"INFO","message":"request","requestId":"0af7","trace":"0af7651916cd43dd8448eb211c80319c"}',
  '{"code":"unauthorized","error":"the token has expired"}',
  'a password was reset',
])('passes over %s', (text) => {
  expect(secretIn(text)).toBeUndefined();
});

it('a lab whose log holds one fails, and names the line', () => {
  const watched = watchedLog();
  watched.log('info', 'fine', { a: 1 });
  watched.check();
  watched.log('debug', 'oh', { headers: { authorization: `Bearer ${JWT}` } });
  expect(() => watched.check()).toThrow('a token in the log: oh');
  expect(watched.lines()).toBe(2);
});
