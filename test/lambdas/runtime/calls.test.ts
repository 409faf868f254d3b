import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { credentialsOfRole } from '../../../lambdas/runtime/assume-role.ts';
import { CallRefused, NoAnswer, putRecord, sendMessage } from '../../../lambdas/runtime/calls.ts';
import { mayWorkLater } from '../../../lambdas/runtime/retry.ts';
import { getFrom, listOf, putInto } from '../../../lambdas/store/objects/objects.ts';

let server: Server;
let answer: { readonly status: number; readonly body: string };
/** Before that one. */
let faults: (typeof answer | 'cut')[] = [];
let whenSeen: () => void;
const seen: { headers: IncomingHttpHeaders; body: string; path: string }[] = [];

beforeEach(async () => {
  seen.length = 0;
  faults = [];
  whenSeen = () => undefined;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ headers: request.headers, body, path: request.url ?? '' });
    whenSeen();
    const given = faults.shift() ?? answer;
    if (given === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(given.status);
    response.end(given.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'a');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'b');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

it('puts records and messages by the JSON of their services', async () => {
  answer = { status: 200, body: '{"SequenceNumber":"7"}' };
  expect(await putRecord('stream', 'berlin/a', Buffer.from('hello'))).toBe('7');
  await sendMessage('https://queue.test/1/exports', 'text');
  expect(seen.map(({ headers, body }) => [headers['x-amz-target'], JSON.parse(body)])).toEqual([
    [
      'Kinesis_20131202.PutRecord',
      { StreamName: 'stream', PartitionKey: 'berlin/a', Data: Buffer.from('hello').toString('base64') },
    ],
    ['AmazonSQS.SendMessage', { QueueUrl: 'https://queue.test/1/exports', MessageBody: 'text' }],
  ]);
  expect(seen[0]?.headers.authorization).toContain('/kinesis/aws4_request');
});

it('says why a call was refused, and whether to try again', async () => {
  answer = { status: 400, body: '{"__type":"com.amazonaws#ThrottlingException"}' };
  const throttled = await sendMessage('q', 't').catch((error: unknown) => error);
  expect(throttled).toBeInstanceOf(CallRefused);
  expect(throttled).toHaveProperty('name', 'ThrottlingException');
  expect(mayWorkLater(throttled)).toBe(true);
  answer = { status: 400, body: '{"__type":"AccessDeniedException","message":"the role may not"}' };
  await expect(sendMessage('q', 't')).rejects.toThrow('400 AccessDeniedException: the role may not');
  expect(mayWorkLater(await sendMessage('q', 't').catch((error: unknown) => error))).toBe(false);
  answer = { status: 200, body: '' };
  await expect(putRecord('s', 'k', new Uint8Array())).rejects.toThrow('without a sequence number');
  server.on('request', (request) => request.socket.destroy());
  await expect(sendMessage('q', 't')).rejects.toThrow(NoAnswer);
});

it('gets objects, tells those that are not there from those that are refused, and reads lists', async () => {
  answer = { status: 200, body: 'bytes' };
  expect((await getFrom('archive')('a/b'))?.toString()).toBe('bytes');
  answer = { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
  expect(await getFrom('archive')('a/b')).toBeUndefined();
  answer = { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
  await expect(getFrom('archive')('a/b')).rejects.toHaveProperty('name', 'AccessDenied');
  answer = {
    status: 200,
    body: '<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a%2Bb/c+d</Key><Size>12</Size></Contents></ListBucketResult>',
  };
  expect(await listOf('archive')({ prefix: 'a+b/', after: 'a', limit: 1 })).toEqual({
    objects: [{ key: 'a+b/c d', bytes: 12 }],
    more: true,
  });
  const query = new URL(`http://x${seen.at(-1)?.path}`).searchParams;
  expect(Object.fromEntries(query)).toMatchObject({ prefix: 'a+b/', 'start-after': 'a', 'max-keys': '1' });
});

describe('what may work later', () => {
  const xml = (status: number, code: string) => ({ status, body: `<Error><Code>${code}</Code></Error>` });
  const json = (status: number, code: string) => ({ status, body: `{"__type":"x#${code}"}` });
  const calls: Readonly<Record<string, [() => Promise<unknown>, typeof answer, typeof faults]>> = {
    'a record of Kinesis': [
      () => putRecord('s', 'k', Buffer.from('x')),
      { status: 200, body: '{"SequenceNumber":"7"}' },
      [json(500, 'InternalFailure'), 'cut', json(400, 'KMSThrottlingException')],
    ],
    'a message of SQS': [
      () => sendMessage('q', 't'),
      { status: 200, body: '{}' },
      [json(403, 'RequestThrottled'), 'cut', json(503, 'ServiceUnavailable')],
    ],
    'an object of S3': [
      () => getFrom('archive')('a'),
      { status: 200, body: 'x' },
      [xml(503, 'SlowDown'), 'cut', xml(400, 'RequestTimeout')],
    ],
    'an object put into S3': [
      () => putInto('archive')('a', {}),
      { status: 200, body: '' },
      [xml(500, 'InternalError'), 'cut', xml(503, 'ServiceUnavailable')],
    ],
    'a list of S3': [
      () => listOf('archive')({ prefix: '', limit: 1 }),
      { status: 200, body: '<ListBucketResult/>' },
      [xml(503, 'SlowDown'), 'cut', 'cut'],
    ],
  };

  it.each(Object.entries(calls))(
    'is tried again, and no more often than the SDK does: %s',
    async (_, given) => {
      const [call, works, before] = given;
      answer = works;
      faults = [...before];
      await call();
      expect(seen).toHaveLength(4);
      faults = [...before, ...before];
      await expect(call()).rejects.toThrow();
      expect(seen).toHaveLength(8);
    },
  );

  it('is not tried again once the time is up', async () => {
    answer = xml(503, 'SlowDown');
    const limit = new AbortController();
    whenSeen = () => limit.abort();
    await expect(getFrom('archive')('a', limit.signal)).rejects.toThrow();
    expect(seen).toHaveLength(1);
  });

  it('is never what stays', async () => {
    answer = xml(403, 'AccessDenied');
    await expect(getFrom('archive')('a')).rejects.toThrow('AccessDenied');
    expect(seen).toHaveLength(1);
  });
});

describe('credentials of another role', () => {
  const grant = (seconds: number): typeof answer => {
    const expires = new Date(Date.now() + seconds * 1000).toISOString();
    const id = `ASIA${seconds}`;
    return {
      status: 200,
      body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s/+=</SecretAccessKey><SessionToken>t/+=</SessionToken><Expiration>${expires}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    };
  };
  const role = 'arn:aws:iam::000000000000:role/links';

  it('are asked for once, for the longest time', async () => {
    answer = grant(3600);
    const credentialsFor = credentialsOfRole(role, 'export-links');
    const all = await Promise.all(Array.from({ length: 20 }, () => credentialsFor(900)));
    expect(all[0]).toEqual({ accessKeyId: 'ASIA3600', secretAccessKey: 's/+=', sessionToken: 't/+=' });
    expect(new Set(all).size).toBe(1);
    expect(await credentialsFor(3000)).toBe(all[0]);
    expect(seen).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: 'export-links',
      DurationSeconds: '3600',
    });
    expect(seen[0]?.headers.authorization).toContain('/sts/aws4_request');
  });

  it('are asked for again before they end too soon', async () => {
    const credentialsFor = credentialsOfRole(role, 'export-links');
    answer = grant(950);
    await credentialsFor(900);
    answer = grant(3600);
    expect((await credentialsFor(900)).accessKeyId).toBe('ASIA3600');
    expect(seen).toHaveLength(2);
  });

  it('are asked for again after a refusal', async () => {
    const credentialsFor = credentialsOfRole(role, 'export-links');
    answer = { status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' };
    await expect(credentialsFor(900)).rejects.toMatchObject({ name: 'AccessDenied', $fault: 'client' });
    answer = grant(3600);
    expect((await credentialsFor(900)).accessKeyId).toBe('ASIA3600');
    answer = { status: 200, body: '' };
    await expect(credentialsFor(3600)).rejects.toThrow('without AccessKeyId');
  });
});
