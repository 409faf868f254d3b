import { afterEach, describe, expect, it } from 'vitest';
import { apiResources, method, proxy, resource } from '../../support/hand-made-assembly.ts';
import { newHarness, ok, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

const PROBLEM =
  '{"code":"gateway","detail":$context.error.messageString,"type":"$context.error.responseType",' +
  '"requestId":"$context.requestId","path":"$context.path"}';

const gatewayResponse = (type: string, more: Record<string, string | Record<string, string>> = {}) =>
  resource('AWS::ApiGateway::GatewayResponse', `response-${type}`, {
    RestApiId: 'api',
    ResponseType: type,
    ResponseParameters: {
      'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
      'gatewayresponse.header.Content-Type': "'application/problem+json'",
      'gatewayresponse.header.X-Request': 'context.requestId',
    },
    ResponseTemplates: { 'application/json': PROBLEM },
    ...more,
  });

describe('a gateway response of the template', () => {
  it('gives body, headers and status of its type, and falls back to that of its class', async () => {
    const { get } = await start(
      apiResources([
        ...tree,
        method('devices', 'GET'),
        gatewayResponse('MISSING_AUTHENTICATION_TOKEN', { StatusCode: '404' }),
        gatewayResponse('DEFAULT_5XX'),
      ]),
      { buffered: () => ({ ok: false, errorType: 'Error', errorMessage: 'secret of the house' }) },
    );
    const missing = await get('/v1/nothing"here');
    expect(missing.status).toBe(404);
    expect(missing.headers.get('access-control-allow-origin')).toBe('*');
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    expect(missing.headers.get('x-request')).toBe(missing.headers.get('x-amzn-requestid'));
    expect(await missing.json()).toEqual({
      code: 'gateway',
      detail: 'Missing Authentication Token',
      type: 'MISSING_AUTHENTICATION_TOKEN',
      requestId: missing.headers.get('x-amzn-requestid'),
      path: '/v1/nothing%22here',
    });
    const failed = await get('/v1/devices');
    expect(failed.status).toBe(502);
    expect(await failed.json()).toMatchObject({ detail: 'Internal server error', type: 'DEFAULT_5XX' });
  });

  it('is chosen by what the caller accepts', async () => {
    const { get } = await start(
      apiResources([
        method('root', 'POST'),
        gatewayResponse('DEFAULT_4XX', {
          ResponseParameters: {},
          ResponseTemplates: { 'application/json': '{}', 'text/plain': 'no: $context.error.message' },
        }),
      ]),
    );
    const plain = await get('/', { headers: { accept: 'text/plain;q=0.9, */*' } });
    expect([plain.headers.get('content-type'), await plain.text()]).toEqual([
      'text/plain',
      'no: Missing Authentication Token',
    ]);
    expect(await (await get('/')).text()).toBe('{}');
  });
});

describe('a MOCK integration', () => {
  it('answers a preflight from the template', async () => {
    const { get, events } = await start(
      apiResources([
        ...tree,
        method('devices', 'OPTIONS', {
          Type: 'MOCK',
          RequestTemplates: { 'application/json': '{ statusCode: 200 }' },
          IntegrationResponses: [
            {
              StatusCode: '204',
              ResponseParameters: {
                'method.response.header.Access-Control-Allow-Origin': "'http://localhost:5173'",
                'method.response.header.Access-Control-Allow-Methods': "'GET,PUT'",
              },
            },
          ],
        }),
      ]),
    );
    const response = await get('/v1/devices', { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET,PUT');
    expect(events).toEqual([]);
  });
});

describe('a preflight from one of several origins', () => {
  // As CDK writes it.
  const TEMPLATE = [
    '#set($origin = $input.params().header.get("Origin"))',
    '#if($origin == "")',
    '  #set($origin = $input.params().header.get("origin"))',
    '#end',
    '#if($origin == "https://two.example" || $origin == "https://three.example")',
    '  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)',
    '#end',
  ].join('\n');
  const preflight = (template: string) =>
    apiResources([
      ...tree,
      method('devices', 'OPTIONS', {
        Type: 'MOCK',
        IntegrationResponses: [
          {
            StatusCode: '204',
            ResponseParameters: {
              'method.response.header.Access-Control-Allow-Origin': "'https://one.example'",
            },
            ResponseTemplates: { 'application/json': template },
          },
        ],
      }),
    ]);

  it('names that origin, the first to all others, and lets none but these ask', async () => {
    const { get } = await start(preflight(TEMPLATE));
    const ask = async (origin: string) => {
      const { status, headers } = await get('/v1/devices', { method: 'OPTIONS', headers: { origin } });
      return [status, headers.get('access-control-allow-origin')];
    };
    expect(await ask('https://one.example')).toEqual([204, 'https://one.example']);
    expect(await ask('https://three.example')).toEqual([204, 'https://three.example']);
    expect(await ask('http://localhost:1')).toEqual([204, 'https://one.example']);
    expect(await ask('https://four.example')).toEqual([403, null]);
  });

  it('by another template is an error', async () => {
    await expect(start(preflight(`${TEMPLATE}\n#set($x = 1)`))).rejects.toThrow('VTL is not supported');
  });
});

describe('a request validator', () => {
  const validator = resource('AWS::ApiGateway::RequestValidator', 'validator', {
    RestApiId: 'api',
    ValidateRequestBody: true,
    ValidateRequestParameters: true,
  });
  const model = resource('AWS::ApiGateway::Model', 'DeviceModel', {
    RestApiId: 'api',
    ContentType: 'application/json',
    Schema: {
      $schema: 'http://json-schema.org/draft-04/schema#',
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string', maxLength: 3 } },
    },
  });
  const routes = apiResources([
    ...tree,
    validator,
    model,
    method('devices', 'POST', proxy(), {
      RequestValidatorId: 'validator',
      RequestParameters: {
        'method.request.querystring.site': true,
        'method.request.querystring.page': false,
        'method.request.header.Idempotency-Key': true,
      },
      RequestModels: { 'application/json': 'DeviceModel' },
    }),
  ]);
  const headers = { 'idempotency-key': 'k', 'content-type': 'application/json' };

  it('lets through what fits', async () => {
    const { get } = await start(routes);
    const response = await get('/v1/devices?site=a', { method: 'POST', headers, body: '{"id":"d1"}' });
    expect(response.status).toBe(200);
  });

  it.each([
    ['/v1/devices', headers, '{"id":"d1"}', 'Missing required request parameters: [site]'],
    ['/v1/devices?site=', {}, '{"id":"d1"}', 'Missing required request parameters: [site, Idempotency-Key]'],
    ['/v1/devices?site=a', headers, '{"id":"too long"}', 'Invalid request body'],
    ['/v1/devices?site=a', headers, '{}', 'Invalid request body'],
    ['/v1/devices?site=a', headers, '{', 'Invalid request body'],
    ['/v1/devices?site=a', headers, '', 'Invalid request body'],
  ])('refuses %s with %j and %j', async (to, given, body, message) => {
    const { get, events } = await start(routes);
    const response = await get(to, { method: 'POST', headers: given, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ message });
    expect(events).toEqual([]);
  });
});

describe('the access log', () => {
  it('has one line a request in the format of the stage', async () => {
    const { get, lines } = await start(
      apiResources([...tree, method('device', 'GET')], {
        AccessLogSetting: {
          DestinationArn: 'arn:aws:logs:us-east-1:000000000000:log-group:access',
          Format:
            '{"ip":"$context.identity.sourceIp","status":"$context.status","path":"$context.resourcePath",' +
            '"agent":"$context.identity.userAgent","user":"$context.authorizer.claims.sub","bytes":"$context.responseLength"}',
        },
      }),
      { buffered: () => ok({ statusCode: 201, body: 'four' }) },
    );
    await (await get('/v1/devices/d1', { headers: { 'user-agent': 'a "quoted" agent' } })).text();
    await (await get('/v2')).text();
    const access = lines.filter(({ message }) => message === 'access').map(({ fields }) => fields);
    const read = (fields: object | undefined): unknown =>
      fields && 'access' in fields ? JSON.parse(String(fields.access)) : undefined;
    expect(access.map(read)).toEqual([
      {
        ip: '127.0.0.1',
        status: '201',
        path: '/v1/devices/{id}',
        agent: 'a "quoted" agent',
        user: '-',
        bytes: '4',
      },
      expect.objectContaining({ status: '403', path: '-', agent: 'node' }),
    ]);
  });
});
