import { expect, it } from 'vitest';
import { sign } from '../../../lambdas/runtime/sign.ts';

it('signs the examples of the S3 documentation', async () => {
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const at = new Date('2013-05-24T00:00:00Z');
  const example = { credentials, region: 'us-east-1', service: 's3', at };
  // "Authenticating Requests: Using the Authorization Header", example GET object.
  const get = {
    method: 'GET',
    url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
    headers: { range: 'bytes=0-9' },
    body: '',
  };
  expect((await sign(get, example))['authorization']).toContain(
    'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  // The same page, example GET bucket (list objects).
  const list = {
    method: 'GET',
    url: new URL('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J'),
    headers: {},
    body: '',
  };
  expect((await sign(list, example))['authorization']).toContain(
    'Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

it('signs the session token of a function', async () => {
  const signed = await sign(
    { method: 'PUT', url: new URL('http://127.0.0.1:4566/a/b'), headers: {}, body: '' },
    {
      credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
      region: 'eu-central-1',
      service: 's3',
      at: new Date(0),
    },
  );
  expect(signed['x-amz-security-token']).toBe('c');
  expect(signed['authorization']).toContain('x-amz-security-token');
});

it('signs with the key of the day, the service and the credentials at hand, whatever was signed before', async () => {
  const request = { method: 'POST', url: new URL('http://127.0.0.1/'), headers: {}, body: '{}' };
  const given = {
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    region: 'us-east-1',
    service: 'dynamodb',
    at: new Date('2026-03-01T23:59:59Z'),
  };
  const others = [
    { ...given, credentials: { accessKeyId: 'a', secretAccessKey: 'c' } },
    { ...given, region: 'eu-central-1' },
    { ...given, service: 'sqs' },
    { ...given, at: new Date('2026-03-02T00:00:00Z') },
  ];
  const alone = (await sign(request, given))['authorization'];
  const signatures = new Set([alone]);
  for (const other of others) {
    signatures.add((await sign(request, other))['authorization']);
    expect((await sign(request, given))['authorization']).toBe(alone);
  }
  expect(signatures.size).toBe(5);
});
