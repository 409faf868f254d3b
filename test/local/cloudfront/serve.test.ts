import { once } from 'node:events';
import { get } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './world.ts';

const LONG = 'const x = 1;\n'.repeat(200);
const FILES = {
  'index.html': '<!doctype html>',
  'assets/long.js': LONG,
  'assets/short.js': 'x',
  'assets/ä b.js': 'named',
};

let world: World;
beforeAll(async () => {
  world = await openWorld(FILES);
});
afterAll(() => world[Symbol.asyncDispose]());

describe('files', () => {
  test('are served with their type and the headers of the distribution', async () => {
    expect(await world.ask('/assets/short.js')).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/javascript',
        'content-length': '1',
        'content-security-policy': "default-src 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'strict-origin',
        'x-own': 'edge',
        'x-cache': 'Miss from cloudfront',
      },
      body: Buffer.from('x'),
    });
    expect((await world.ask('/assets/%C3%A4%20b.js')).body.toString()).toBe('named');
  });

  test('are the page for an address that the function makes the page of', async () => {
    const { status, body } = await world.ask('/devices/one?x=1');
    expect([status, body.toString()]).toEqual([200, '<!doctype html>']);
  });

  test('are compressed for whoever takes that, and then are another representation', async () => {
    const accept = (encoding: string) =>
      world.ask('/assets/long.js', { headers: { 'accept-encoding': encoding } });
    const [plain, brotli, gzip, refused] = [
      await accept('identity'),
      await accept('gzip, deflate, br'),
      await accept('gzip'),
      await accept('br;q=0, gzip;q=0.0'),
    ];
    expect(plain.body.toString()).toBe(LONG);
    expect(brotliDecompressSync(brotli.body).toString()).toBe(LONG);
    expect(gunzipSync(gzip.body).toString()).toBe(LONG);
    expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' });
    expect(brotli.headers['etag']).toBe(`W/${plain.headers['etag']}`);
    expect(refused.headers).not.toHaveProperty('content-encoding');
    const short = await world.ask('/assets/short.js', { headers: { 'accept-encoding': 'br' } });
    expect(short.headers).not.toHaveProperty('content-encoding');
  });

  test('are not sent again to whoever has them', async () => {
    const { headers } = await world.ask('/assets/long.js', { headers: { 'accept-encoding': 'br' } });
    for (const tag of [headers['etag'] ?? '', `"other", ${headers['etag']}`, '*']) {
      const again = await world.ask('/assets/long.js', { headers: { 'if-none-match': tag } });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      expect(again.headers).toMatchObject({ 'content-security-policy': "default-src 'none'" });
    }
    expect((await world.ask('/assets/long.js', { headers: { 'if-none-match': '"other"' } })).status).toBe(
      200,
    );
  });

  test('have a head without a body', async () => {
    const { status, headers, body } = await world.ask('/assets/short.js', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, '1', 0]);
  });

  test('that are not there are denied, as whoever may not list learns no more', async () => {
    const { status, headers, body } = await world.ask('/assets/none.js');
    expect(status).toBe(403);
    expect(body.toString()).toContain('<Code>AccessDenied</Code>');
    expect(headers).toMatchObject({ 'content-security-policy': "default-src 'none'" });
  });
});

test('a browser that knows this computer by another name is sent to the one that people come back to', async () => {
  const headers = { 'sec-fetch-mode': 'navigate' };
  expect(await world.ask('/devices/x?y=1', { headers })).toMatchObject({
    status: 307,
    headers: { location: `${world.url}/devices/x?y=1` },
  });
  const { host } = new URL(world.url);
  expect((await world.ask('/devices/x', { headers: { ...headers, host } })).status).toBe(200);
});

describe('attacks', () => {
  test.each([
    ['a way out of the folder', '/assets/../../etc/passwd.js'],
    ['an encoded way out', '/%2e%2e/%2e%2e/etc/passwd.js'],
    ['a way into another bucket', '/../archive/secret.js'],
    ['an encoded slash', '/..%2farchive%2fsecret.js'],
    ['a way by backslashes', '/..%5carchive%5csecret.js'],
    ['a key that is no path', '//secret.js'],
    ['a zero byte', '/assets/short.js%00.js'],
  ])('%s finds nothing', async (_, path) => {
    const { status, body } = await world.ask(path);
    expect(status).toBe(403);
    expect(body.toString()).not.toContain('secret');
  });

  test('what cannot be decoded is refused', async () => {
    expect((await world.ask('/%zz.js')).status).toBe(400);
  });

  test('an address in place of a path is no path', async () => {
    expect((await world.ask('http://169.254.169.254/latest')).status).toBe(400);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s of a file is not allowed', async (method) => {
    const { status, headers } = await world.ask('/assets/short.js', {
      method,
      headers: { 'content-length': '100' },
      body: 'x'.repeat(100),
    });
    expect(status).toBe(403);
    expect(headers).toMatchObject({ 'content-security-policy': "default-src 'none'" });
  });

  test.each(['/', '/v1/devices'])('a GET of %s with a body is not passed on', async (path) => {
    const more = { headers: { 'content-length': '3' }, body: 'abc' };
    expect((await world.ask(path, more)).status).toBe(403);
  });

  test.each([
    [{ host: 'evil.example' }],
    [{ host: 'localhost.evil.example:80' }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
  ])('of a page of %j is not answered', async (headers) => {
    for (const path of ['/', '/v1/devices']) {
      const { status, body } = await world.ask(path, { headers });
      expect([status, body.toString()]).toEqual([403, '{"message":"Forbidden"}']);
    }
  });

  test.each(['/x/../v1/devices', '/%76%31/devices', '/v1/./devices', '/a/%2e%2e/v1/devices'])(
    '%s is a path of the API, by which behaviours know it',
    async (path) => {
      const { status, body } = await world.ask(path);
      expect(status).toBe(200);
      expect(JSON.parse(body.toString()).url).toBe(`/prod${path}`);
    },
  );

  test.each(['/V1/devices', '/v1', '/v1/../secret', '/v1%2fdevices', '//v1/devices'])(
    '%s is none',
    async (path) => {
      expect((await world.ask(path)).body.toString()).not.toContain('/prod');
    },
  );
});

describe('the policy of the bucket', () => {
  const grant = (more: object) => ({
    Effect: 'Allow',
    Action: 's3:GetObject',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Resource: 'arn:aws:s3:::page/*',
    ...more,
  });
  test.each([
    [
      'of another distribution',
      {
        policy: [
          grant({
            Condition: {
              StringEquals: { 'AWS:SourceArn': 'arn:aws:cloudfront::000000000000:distribution/E2' },
            },
          }),
        ],
      },
    ],
    ['of another service', { policy: [grant({ Principal: { Service: 'logs.amazonaws.com' } })] }],
    ['of other objects', { policy: [grant({ Resource: 'arn:aws:s3:::page/other/*' })] }],
    ['that denies', { policy: [grant({}), grant({ Effect: 'Deny', Principal: '*' })] }],
    ['for whom nobody signs', { policy: [grant({})], control: { SigningBehavior: 'never' } }],
  ])('%s lets nothing out', async (_, other) => {
    await using closed = await openWorld(FILES, other as never);
    expect((await closed.ask('/assets/short.js')).status).toBe(403);
    expect((await closed.ask('/')).status).toBe(403);
  });

  test('that lets it list says what is not there', async () => {
    await using open = await openWorld(FILES, {
      policy: [grant({}), grant({ Action: 's3:ListBucket', Resource: 'arn:aws:s3:::page' })] as never,
    });
    expect((await open.ask('/assets/none.js')).status).toBe(404);
  });
});

describe('the function', () => {
  test('may answer by itself', async () => {
    const { status, headers, body } = await world.ask('/gone');
    expect([status, headers['x-why'], body.toString()]).toEqual([410, 'function', 'gone']);
  });

  test.each(['/throws', '/loops'])('%s is a fault of the distribution, and of nothing else', async (path) => {
    expect((await world.ask(path)).status).toBe(503);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ message: 'a function of CloudFront failed' }),
    );
    expect((await world.ask('/')).status).toBe(200);
  });

  test.each([
    [
      'the process',
      'return { statusCode: 200, body: typeof process + typeof require + typeof fetch };',
      'undefinedundefinedundefined',
    ],
    [
      'code out of text',
      "try { eval('1') } catch (e) { return { statusCode: 200, body: e.name } }",
      'EvalError',
    ],
    [
      'what stands behind its input',
      "try { return { statusCode: 200, body: String(event.constructor.constructor('return process')()) } } catch (e) { return { statusCode: 200, body: e.name } }",
      'EvalError',
    ],
  ])('does not reach %s', async (_, line, wanted) => {
    await using own = await openWorld(FILES, { code: `async function handler(event) { ${line} }` });
    expect((await own.ask('/')).body.toString()).toBe(wanted);
  });

  test.each([
    ["return Object.assign(event.request, { method: 'POST' });"],
    ["return Object.assign(event.request, { uri: 'no path' });"],
    ['return 1;'],
    [''],
  ])('that gives back by `%s` neither request nor answer fails', async (line) => {
    await using own = await openWorld(FILES, { code: `function handler(event) { ${line} }` });
    expect((await own.ask('/')).status).toBe(503);
  });
});

describe('the API', () => {
  test('gets a request as it came, but for the host, and who asked', async () => {
    const { status, headers, body } = await world.ask('/v1/devices?a=1&b=%2F', {
      method: 'POST',
      headers: {
        authorization: 'Bearer t',
        'x-forwarded-for': '1.2.3.4',
        cookie: 'a=b',
        'content-type': 'text/x',
      },
      body: 'a body',
    });
    expect(status).toBe(200);
    const asked = JSON.parse(body.toString());
    expect(asked).toMatchObject({
      method: 'POST',
      url: '/prod/v1/devices?a=1&b=%2F',
      body: 'a body',
      headers: {
        authorization: 'Bearer t',
        cookie: 'a=b',
        'content-type': 'text/x',
        'x-forwarded-for': '1.2.3.4, 127.0.0.1',
        'x-amz-cf-id': headers['x-amz-cf-id'],
      },
    });
    expect(asked.headers.host).toMatch(/^127\.0\.0\.1:\d+$/);
    // It keeps what it says itself where the policy does not override.
    expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'x-own': 'edge' });
  });

  test('is heard piece by piece, and told when nobody listens any more', async () => {
    const gone = Promise.withResolvers<void>();
    await using streamed = await openWorld(FILES, {
      answer: (_asked, response) => {
        response.once('close', () => gone.resolve());
        response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('first\n');
      },
    });
    const asked = get(`${streamed.url}/v1/series`);
    const [response] = await once(asked, 'response');
    const [piece] = await once(response, 'data');
    expect(String(piece)).toBe('first\n');
    asked.destroy();
    await gone.promise;
  });

  test('that cuts off its reply cuts off ours', async () => {
    await using cut = await openWorld(FILES, {
      answer: (_asked, response) => {
        response.writeHead(200).write('half');
        setImmediate(() => response.destroy());
      },
    });
    await expect(cut.ask('/v1/series')).rejects.toThrow(/aborted|hang up/);
  });

  test('that does not answer is a bad gateway', async () => {
    await using dead = await openWorld(FILES, { answer: (asked) => asked.socket.destroy() });
    const { status, headers } = await dead.ask('/v1/health');
    expect(status).toBe(502);
    expect(headers).toMatchObject({ 'content-security-policy': "default-src 'none'" });
  });
});
