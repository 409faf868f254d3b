/** The way of a request through what CDK writes: template, issuer, API, function in its thread, and back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../../local/gateway.ts';
import { signIn } from '../../support/browser.ts';

const BUFFERED = `export const handler = async (event) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ path: event.path, claims: event.requestContext.authorizer?.claims ?? null }),
});`;

const STREAMED = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const out = awslambda.HttpResponseStream.from(stream, {
    statusCode: 206,
    headers: { 'content-type': 'text/csv', 'x-device': event.pathParameters.id },
  });
  for (let i = 0; i < 3; i++) out.write('row ' + i + '\\n');
  out.end();
});`;

const CALLBACK = 'http://127.0.0.1:8976/callback';

let folder: string;
let gateway: Gateway;
let authorization: string;

const credentials = (file: string) => JSON.parse(readFileSync(join(gateway.credentialsDir, file), 'utf8'));
const clientOf = (wanted: string) =>
  credentials('clients.json').find(({ name }: { name: string }) => name === wanted);

function synthesize(): string {
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const stack = new Stack(app, 'Api');
  const fn = (id: string, source: string): lambda.Function => {
    const code = join(folder, id);
    mkdirSync(code);
    writeFileSync(join(code, 'index.mjs'), source);
    return new lambda.Function(stack, id, {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(code),
    });
  };
  const userPool = new cognito.UserPool(stack, 'Users', { signInCaseSensitive: false });
  userPool.addDomain('Domain', { cognitoDomain: { domainPrefix: 'labgate-test' } });
  const scope = new cognito.ResourceServerScope({ scopeName: 'api', scopeDescription: 'Use the API' });
  const server = userPool.addResourceServer('Server', { identifier: 'labgate', scopes: [scope] });
  userPool.addClient('Machine', {
    userPoolClientName: 'machine',
    generateSecret: true,
    accessTokenValidity: Duration.minutes(30),
    oAuth: { flows: { clientCredentials: true }, scopes: [cognito.OAuthScope.resourceServer(server, scope)] },
  });
  userPool.addClient('Browser', {
    userPoolClientName: 'browser',
    oAuth: {
      flows: { authorizationCodeGrant: true },
      callbackUrls: [CALLBACK],
      scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.resourceServer(server, scope)],
    },
  });
  new cognito.CfnUserPoolGroup(stack, 'Admin', { userPoolId: userPool.userPoolId, groupName: 'Admin' });

  const api = new apigateway.RestApi(stack, 'Rest', {
    cloudWatchRole: true,
    deployOptions: {
      stageName: 'dev',
      accessLogDestination: new apigateway.LogGroupLogDestination(new logs.LogGroup(stack, 'AccessLogs')),
      throttlingRateLimit: 100,
      throttlingBurstLimit: 100,
    },
    defaultCorsPreflightOptions: { allowOrigins: ['http://localhost:5173'] },
  });
  api.addGatewayResponse('NotFound', {
    type: apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN,
    statusCode: '404',
    responseHeaders: { 'Content-Type': "'application/problem+json'" },
    templates: { 'application/json': '{"code":"not-found","requestId":"$context.requestId"}' },
  });
  const guarded = {
    authorizer: new apigateway.CognitoUserPoolsAuthorizer(stack, 'Authorizer', {
      cognitoUserPools: [userPool],
    }),
    authorizationScopes: ['labgate/api'],
  };
  const buffered = new apigateway.LambdaIntegration(fn('buffered', BUFFERED));
  const streamed = new apigateway.LambdaIntegration(fn('streamed', STREAMED), {
    responseTransferMode: apigateway.ResponseTransferMode.STREAM,
    timeout: Duration.minutes(5),
  });
  const path = (at: string): apigateway.IResource => api.root.resourceForPath(at);
  path('v1/health/live').addMethod('GET', buffered);
  path('v1/devices').addMethod('GET', buffered, guarded);
  path('v1/devices/{id}/series').addMethod('GET', streamed, guarded);
  return app.synth().directory;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labgate-synthesized-'));
  gateway = await startGateway({
    assemblyDir: synthesize(),
    ports: { api: 0, mqtt: 0, aws: 0, issuer: 0, page: 0, live: 0 },
  });
  const machine = clientOf('machine');
  const response = await fetch(machine.tokenEndpoint, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${machine.clientId}:${machine.clientSecret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token, expires_in } = JSON.parse(await response.text());
  expect(expires_in).toBe(1800);
  authorization = `Bearer ${access_token}`;
}, 60_000);
afterAll(async () => {
  await gateway?.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (to: string, init?: RequestInit) => fetch(`${gateway.addresses.api}${to}`, init);

describe('a synthesized API', () => {
  it('lets anybody in where the template says so', async () => {
    const response = await get('/v1/health/live');
    expect([response.status, await response.json()]).toEqual([
      200,
      { path: '/v1/health/live', claims: null },
    ]);
  });

  it('hands the claims of a token to the function', async () => {
    const response = await get('/v1/devices', { headers: { authorization } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      path: '/v1/devices',
      claims: { scope: 'labgate/api', token_use: 'access' },
    });
  });

  it('hands the groups of a person to the function', async () => {
    const { clientId, userPoolId } = clientOf('browser');
    const [{ username, password }] = credentials('users.json');
    const issuer = `${gateway.addresses.issuer}/${userPoolId}`;
    const tokens = await signIn({ issuer, clientId, callbackUrl: CALLBACK, username, password });
    const response = await get('/v1/devices', {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(await response.json()).toMatchObject({
      claims: { username: 'admin', 'cognito:groups': 'Admin', scope: 'openid labgate/api' },
    });
  });

  it('streams what the function writes', async () => {
    const response = await get('/dev/v1/devices/d1/series', { headers: { authorization } });
    expect(response.status).toBe(206);
    expect(response.headers.get('x-device')).toBe('d1');
    expect(response.headers.get('content-type')).toBe('text/csv');
    expect(await response.text()).toBe('row 0\nrow 1\nrow 2\n');
  });

  it('keeps everybody else out', async () => {
    expect((await get('/v1/devices')).status).toBe(401);
    expect(
      (await get('/v1/devices/d1/series', { headers: { authorization: `${authorization}x` } })).status,
    ).toBe(401);
  });

  it('answers preflights and unknown routes from the template', async () => {
    const preflight = await get('/v1/devices', { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'http://localhost:5173',
    ]);
    const unknown = await get('/v1/nothing');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({
      code: 'not-found',
      requestId: unknown.headers.get('x-amzn-requestid'),
    });
  });
});
