import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startApi } from '../../../local/api/index.ts';
import type { Resource } from '../../../local/types.ts';
import {
  apiResources,
  assemblyOf,
  FUNCTION_ARN,
  iam,
  invocationUri,
  method,
  newLog,
  proxy,
  resource,
} from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

const functions = {
  invoke: () => Promise.reject(new Error('unexpected')),
  invokeStreaming: () => Promise.reject(new Error('unexpected')),
  close: () => Promise.resolve(),
};
const cognito = { issuer: () => 'http://127.0.0.1' };

describe('what it cannot do stops the start by name', () => {
  const authorizer = (more: Record<string, string | string[]>): Resource =>
    resource('AWS::ApiGateway::Authorizer', 'auth', { RestApiId: 'api', Name: 'a', Type: 'TOKEN', ...more });
  const guarded = { AuthorizationType: 'COGNITO_USER_POOLS', AuthorizerId: 'auth' };

  it.each<[string, RegExp, Resource[]]>([
    [
      'an integration type',
      /devices-GET: Integration.Type .*AWS_PROXY/,
      [method('devices', 'GET', { Type: 'HTTP' })],
    ],
    [
      'a mapping of the integration',
      /devices-GET: Integration.RequestParameters/,
      [method('devices', 'GET', proxy(false, { RequestParameters: {} }))],
    ],
    [
      'an API key',
      /devices-GET: ApiKeyRequired/,
      [method('devices', 'GET', proxy(), { ApiKeyRequired: true })],
    ],
    [
      'signed requests',
      /devices-GET: AuthorizationType/,
      [method('devices', 'GET', proxy(), { AuthorizationType: 'AWS_IAM' })],
    ],
    [
      'a Lambda authorizer',
      /auth: Type .*COGNITO_USER_POOLS/,
      [authorizer({ ProviderARNs: [FUNCTION_ARN] }), method('devices', 'GET', proxy(), guarded)],
    ],
    [
      'an authorizer of an unknown pool',
      /auth: no user pool arn:nowhere/,
      [
        authorizer({ Type: 'COGNITO_USER_POOLS', ProviderARNs: ['arn:nowhere'] }),
        method('devices', 'GET', proxy(), guarded),
      ],
    ],
    ['an unknown authorizer', /devices-GET names auth/, [method('devices', 'GET', proxy(), guarded)]],
    [
      'an unknown function',
      /devices-GET: no function arn:other/,
      [method('devices', 'GET', proxy(false, { Uri: invocationUri(false, 'arn:other') }))],
    ],
    [
      'a streaming URI without the transfer mode',
      /devices-GET: .*ResponseTransferMode BUFFERED/,
      [method('devices', 'GET', proxy(false, { Uri: invocationUri(true) }))],
    ],
    [
      'the transfer mode without a streaming URI',
      /devices-GET: .*ResponseTransferMode STREAM/,
      [method('devices', 'GET', proxy(true, { Uri: invocationUri(false) }))],
    ],
    [
      'VTL in a gateway response',
      /response: VTL/,
      [
        resource('AWS::ApiGateway::GatewayResponse', 'response', {
          RestApiId: 'api',
          ResponseType: 'DEFAULT_4XX',
          ResponseTemplates: { 'application/json': "#set($x = 1) $util.escapeJavaScript('')" },
        }),
      ],
    ],
    ['a second API', /one REST API runs locally/, [resource('AWS::ApiGateway::RestApi', 'second')]],
    [
      'a cache',
      /second: CacheClusterEnabled/,
      [
        resource('AWS::ApiGateway::Stage', 'second', {
          RestApiId: 'api',
          DeploymentId: 'deployment',
          StageName: 'dev',
          CacheClusterEnabled: true,
        }),
      ],
    ],
  ])('%s', async (_what, said, more) => {
    const stages = more.some(({ type }) => type === 'AWS::ApiGateway::Stage');
    const base = apiResources(tree).filter(({ type }) => !stages || type !== 'AWS::ApiGateway::Stage');
    await expect(start([...base, ...more])).rejects.toThrow(said);
  });

  it('a CloudWatch role that does not trust API Gateway', async () => {
    const { log } = newLog();
    const assembly = assemblyOf(
      apiResources([resource('AWS::ApiGateway::Account', 'account', { CloudWatchRoleArn: 'arn:role' })]),
    );
    const distrustful = { ...iam, assumableBy: () => false };
    await expect(
      startApi({ assembly, iam: distrustful, log, functions, cognito, host: '127.0.0.1', port: 0 }),
    ).rejects.toThrow('arn:role does not trust apigateway.amazonaws.com');
  });
});

it('says which port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const { log } = newLog();
  const assembly = assemblyOf(apiResources(tree));
  try {
    await expect(
      startApi({ assembly, iam, log, functions, cognito, host: '127.0.0.1', port }),
    ).rejects.toThrow(String(port));
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

it('starts nothing without a REST API', async () => {
  const { log } = newLog();
  const part = await startApi({
    assembly: assemblyOf([]),
    iam,
    log,
    functions,
    cognito,
    host: '127.0.0.1',
    port: 0,
  });
  expect(part.address).toBeUndefined();
  await part.close();
});
