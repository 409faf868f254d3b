import { afterEach, describe, expect, it } from 'vitest';
import { ACCOUNT, apiResources, method } from '../../support/hand-made-assembly.ts';
import { newHarness, ok, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

describe('the event', () => {
  it('has the shape of a REST API', async () => {
    const { get, events } = await start(
      apiResources([...tree, method('device', 'PUT')], { Variables: { colour: 'green' } }),
    );
    const response = await get('/prod/v1/devices/d1?a=1&a=2&b=x%20y&c', {
      method: 'PUT',
      body: '{"a":"µ"}',
      headers: { 'content-type': 'application/json', 'X-One': '1' },
    });
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[\da-f-]{36}$/);
    expect(events).toHaveLength(1);
    expect(events[0]).toEqual({
      resource: '/v1/devices/{id}',
      path: '/v1/devices/d1',
      httpMethod: 'PUT',
      headers: expect.objectContaining({
        'X-One': '1',
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Proto': 'http',
      }),
      multiValueHeaders: expect.objectContaining({ 'X-One': ['1'] }),
      queryStringParameters: { a: '2', b: 'x y', c: '' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: ['x y'], c: [''] },
      pathParameters: { id: 'd1' },
      stageVariables: { colour: 'green' },
      requestContext: expect.objectContaining({
        accountId: ACCOUNT,
        apiId: 'api',
        stage: 'prod',
        path: '/prod/v1/devices/d1',
        resourcePath: '/v1/devices/{id}',
        resourceId: 'device',
        httpMethod: 'PUT',
        protocol: 'HTTP/1.1',
        requestId: response.headers.get('x-amzn-requestid'),
        requestTime: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        requestTimeEpoch: expect.any(Number),
        identity: expect.objectContaining({ sourceIp: '127.0.0.1', userAgent: 'node', user: null }),
      }),
      body: '{"a":"µ"}',
      isBase64Encoded: false,
    });
    expect(events[0]?.requestContext).not.toHaveProperty('authorizer');
    await get('/v1/devices/d1', { method: 'PUT' });
    // As a domain of one's own has it.
    expect(events[1]?.requestContext['path']).toBe('/v1/devices/d1');
  });

  it('carries binary media base64-coded, both ways', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]);
    const { get, events } = await start(
      apiResources(
        [...tree, method('devices', 'POST')],
        {},
        { BinaryMediaTypes: ['application/x-protobuf'] },
      ),
      {
        buffered: ({ body }) =>
          ok({
            statusCode: 201,
            body,
            isBase64Encoded: true,
            headers: { 'Content-Type': 'application/x-protobuf' },
          }),
      },
    );
    const init = { method: 'POST', body: bytes };
    const type = { 'content-type': 'application/x-protobuf' };
    const response = await get('/v1/devices', {
      ...init,
      headers: { ...type, accept: 'application/x-protobuf' },
    });
    expect(events[0]).toMatchObject({ body: bytes.toString('base64'), isBase64Encoded: true });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    // Who accepts no binary gets the text, as from API Gateway.
    const asText = await get('/v1/devices', { ...init, headers: { ...type, accept: 'application/json' } });
    expect(await asText.text()).toBe(bytes.toString('base64'));
  });

  it('takes names that objects have anyway for plain names', async () => {
    const { get, events } = await start(apiResources([...tree, method('device', 'GET')]));
    const response = await get('/v1/devices/constructor?valueOf=1&__proto__=2&valueOf=3', {
      headers: { accept: 'toString', constructor: 'x' },
    });
    expect(response.status).toBe(200);
    const query = events[0]?.['multiValueQueryStringParameters'];
    expect(Object.entries(Object(query))).toEqual([
      ['valueOf', ['1', '3']],
      ['__proto__', ['2']],
    ]);
    expect((await get('/v2', { headers: { accept: 'toString' } })).status).toBe(403);
  });

  it('has no body and no query when there is none', async () => {
    const { get, events } = await start(apiResources([...tree, method('devices', 'GET')]));
    await get('/v1/devices');
    expect(events[0]).toMatchObject({
      body: null,
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      stageVariables: null,
      isBase64Encoded: false,
    });
  });
});
