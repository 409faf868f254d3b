import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { AwsRequest, Credentials, Endpoint } from '../../../local/types.ts';
import { AwsError } from '../../../local/types.ts';
import { assembly, OPERATOR, ROLE, resource, SmallIam, STREAM } from '../../support/endpoint.ts';

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

  const signed = (credentials: Credentials, service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    'x-amz-security-token': credentials.sessionToken,
  });
  const call = (service: string, credentials: Credentials, init: RequestInit & { path?: string } = {}) =>
    fetch(`${endpoint.url}${init.path ?? '/'}`, {
      ...init,
      headers: { ...signed(credentials, service), ...init.headers },
    });

  it('knows its caller by access key and session token together', async () => {
    const forged = { ...iam.role, sessionToken: 'guessed' };
    expect((await call('s3', iam.role)).status).toBe(200);
    const refused = await call('s3', forged);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('<Code>InvalidAccessKeyId</Code>');
    const json = await call('kinesis', forged, { method: 'POST', body: '{}' });
    expect(json.status).toBe(400);
    expect(await json.json()).toMatchObject({ __type: 'com.amazonaws#UnrecognizedClientException' });
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
    const stream = session.request({ ':method': 'POST', ...signed(iam.role, 'kinesis') });
    stream.on('error', () => undefined);
    await new Promise<void>((resolve) => stream.write('half', () => resolve()));
    const closed = once(stream, 'close');
    stream.close(constants.NGHTTP2_CANCEL);
    await closed;
    const next = session.request({ ':path': '/', ...signed(iam.role, 's3') });
    const [headers] = await once(next, 'response');
    expect(headers[':status']).toBe(200);
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

  describe('presigned', () => {
    const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

    /** Signs as the SDK's presigner does. */
    function presign(path: string, time = new Date(), expires = 60): string {
      const stamp = time.toISOString().replace(/[-:]|\.\d{3}/g, '');
      const scope = `${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
      const query = [
        ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
        ['X-Amz-Credential', `${iam.role.accessKeyId}/${scope}`],
        ['X-Amz-Date', stamp],
        ['X-Amz-Expires', String(expires)],
        ['X-Amz-Security-Token', iam.role.sessionToken],
        ['X-Amz-SignedHeaders', 'host'],
      ]
        .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`)
        .join('&');
      const canonical = `GET\n${path}\n${query}\nhost:127.0.0.1:${endpoint.port}\n\nhost\nUNSIGNED-PAYLOAD`;
      const digest = createHash('sha256').update(canonical).digest('hex');
      const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${iam.role.secretAccessKey}`);
      const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${digest}`).toString('hex');
      return `${endpoint.url}${path}?${query}&X-Amz-Signature=${signature}`;
    }

    beforeEach(async () => {
      for (const key of ['mine', 'theirs']) {
        await call('s3', iam.role, { method: 'PUT', path: `/archive/${key}`, body: key });
      }
    });

    it('is good for what was signed', async () => {
      expect(await (await fetch(presign('/archive/mine'))).text()).toBe('mine');
    });

    it('is good for nothing else', async () => {
      const url = presign('/archive/mine');
      expect(await (await fetch(url.replace('mine', 'theirs'))).text()).toContain('SignatureDoesNotMatch');
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
      expect((await fetch(url.replace('Expires=60', 'Expires=6000'))).status).toBe(403);
      const old = presign('/archive/mine', new Date(Date.now() - 61_000));
      expect(await (await fetch(old)).text()).toContain('Request has expired');
    });
  });
});
