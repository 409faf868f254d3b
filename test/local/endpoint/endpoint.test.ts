import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { AwsRequest, Credentials, Endpoint } from '../../../local/types.ts';
import { AwsError } from '../../../local/types.ts';
import { assembly, OPERATOR, ROLE, resource, SmallIam, STREAM } from '../../support/endpoint.ts';
import { fetchSigned, presigned, signedHeaders, type Unsigned } from '../../support/signing.ts';

describe('endpoint', () => {
  let iam: SmallIam;
  let endpoint: Endpoint;
  const logged: string[] = [];

  beforeEach(async () => {
    iam = new SmallIam();
    iam.grants = [['s3:*', '*']];
    logged.length = 0;
    endpoint = await startEndpoint({
      assembly: assembly([STREAM, resource('AWS::S3::Bucket', 'archive')]),
      iam,
      log: (_level, message) => logged.push(message),
      host: '127.0.0.1',
      port: 0,
    });
  });
  afterEach(() => endpoint.close());

  const call = (
    service: string,
    credentials: Credentials,
    { path = '/', ...init }: Omit<Unsigned, 'url'> & { readonly path?: string } = {},
  ) => fetchSigned({ ...init, url: `${endpoint.url}${path}` }, { credentials, service });

  it('knows its caller by the secret of the access key and its token', async () => {
    expect((await call('s3', iam.role)).status).toBe(200);
    const refusals = [
      [{ ...iam.role, sessionToken: 'guessed' }, 'InvalidToken', 'UnrecognizedClientException'],
      [{ ...iam.role, secretAccessKey: 'guessed' }, 'SignatureDoesNotMatch', 'InvalidSignatureException'],
      [{ ...iam.role, accessKeyId: 'guessed' }, 'InvalidAccessKeyId', 'UnrecognizedClientException'],
    ] as const;
    for (const [forged, xml, json] of refusals) {
      expect(await (await call('s3', forged)).text()).toContain(`<Code>${xml}</Code>`);
      const refused = await call('kinesis', forged, { method: 'POST', body: '{}' });
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ __type: `com.amazonaws#${json}` });
    }
    expect((await fetch(endpoint.url)).status).toBe(403);
    expect((await call('ec2', iam.role)).status).toBe(404);
  });

  it('gives registered services their caller, and answers for them when they fail', async () => {
    const seen: AwsRequest[] = [];
    endpoint.register('iot', {
      access: (request) => {
        seen.push(request);
        return [{ action: 'iot:Thing', resource: 'thing/x' }];
      },
      handle: async (request) => {
        if (request.url === '/known') throw new AwsError('ResourceNotFoundException', 'not here', 404);
        if (request.url === '/unknown') throw new Error('with a secret');
        return { status: 201, headers: { 'content-type': 'text/plain' }, body: 'made' };
      },
    });
    expect((await call('iot', iam.role, { method: 'POST' })).status).toBe(403);
    expect(iam.denials).toEqual([{ principal: ROLE, action: 'iot:Thing', resource: 'thing/x' }]);
    const made = await call('iot', iam.operator, { method: 'PUT', body: 'b', path: '/a?b=c' });
    expect([made.status, await made.text()]).toEqual([201, 'made']);
    expect(seen.at(-1)).toMatchObject({ method: 'PUT', url: '/a?b=c', caller: OPERATOR });
    expect(seen.at(-1)?.body.toString()).toBe('b');
    const known = await call('iot', iam.operator, { path: '/known' });
    expect(known.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
    expect(known.status).toBe(404);
    const unknown = await call('iot', iam.operator, { path: '/unknown' });
    expect(unknown.status).toBe(500);
    expect(await unknown.text()).not.toContain('secret');
    expect(logged).toEqual(['endpoint: a service failed']);
  });

  it('bounds the body', async () => {
    const response = await call('s3', iam.role, {
      method: 'PUT',
      path: '/archive/x',
      body: Buffer.alloc(64 * 1024 * 1024 + 1),
    });
    expect(response.status).toBe(413);
  });

  it('lives on when a client breaks off or talks nonsense', async () => {
    for (const text of [
      'PUT /archive/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab',
      'nonsense\r\n\r\n',
      'P',
    ]) {
      const socket = connect(endpoint.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.write(text, () => resolve()));
      socket.destroy();
    }
    const session = connectHttp2(endpoint.url);
    const headers = await signedHeaders({ url: endpoint.url }, { credentials: iam.role, service: 's3' });
    const stream = session.request({ ':method': 'POST', ...headers });
    stream.on('error', () => undefined);
    await new Promise<void>((resolve) => stream.write('half', () => resolve()));
    const closed = once(stream, 'close');
    stream.close(constants.NGHTTP2_CANCEL);
    await closed;
    // Who speaks HTTP/2 alone names the host in `:authority`.
    const { host, ...others } = headers;
    const next = session.request({ ':path': '/', ':authority': host, ...others });
    const [answer] = await once(next, 'response');
    expect(answer[':status']).toBe(200);
    session.destroy();
    expect((await call('s3', iam.role)).status).toBe(200);
  });

  it('says which port is taken', async () => {
    await expect(
      startEndpoint({
        assembly: assembly([]),
        iam,
        log: () => undefined,
        host: '127.0.0.1',
        port: endpoint.port,
      }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('takes an address that was signed', async () => {
    await call('s3', iam.role, { method: 'PUT', path: '/archive/mine', body: 'mine' });
    const sign = (at = new Date()) =>
      presigned(`${endpoint.url}/archive/mine`, { credentials: iam.role, service: 's3', at });
    expect(await (await fetch(await sign())).text()).toBe('mine');
    expect((await fetch(await sign(), { method: 'DELETE' })).status).toBe(403);
    const old = await sign(new Date(Date.now() - 61_000));
    expect(await (await fetch(old)).text()).toContain('Request has expired');
  });
});
