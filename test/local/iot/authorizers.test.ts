/** Custom authorizers as AWS IoT asks them: what the template must say, and what an answer must be. */
import { describe, expect, test } from 'vitest';
import { authorizersOf, type Credential, NotAuthorized } from '../../../local/iot/live/authorizers.ts';
import type { Functions, InvokeResult, JsonObject } from '../../../local/types.ts';
import { silent } from '../../support/endpoint.ts';
import { assemblyOf, resource } from '../../support/hand-made-assembly.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:authorizer';
const ARN = 'arn:aws:iot:us-east-1:000000000000:authorizer/people';
const GOOD = {
  isAuthenticated: true,
  principalId: 'ada1',
  policyDocuments: [{ Version: '2012-10-17', Statement: [] }],
  disconnectAfterInSeconds: 300,
  refreshAfterInSeconds: 86_400,
};
const CREDENTIAL: Credential = {
  clientId: 'tab-1',
  username: 'x?x-amz-customauthorizer-name=people&other=1',
  password: Buffer.from([0, 255, 10]),
  isTls: true,
  headers: { host: 'broker.example:443', origin: 'https://page.example' },
  queryString: '?a=b',
};

const permission = {
  Action: 'lambda:InvokeFunction',
  FunctionName: FUNCTION,
  Principal: 'iot.amazonaws.com',
};

const world = (
  answer: (event: unknown) => Promise<InvokeResult> | InvokeResult = () => ({ ok: true, payload: GOOD }),
  properties: JsonObject = {},
  permissions: JsonObject = { ...permission, SourceArn: ARN },
) => {
  const functions: Functions = {
    invoke: async (_arn, event) => answer(event),
    invokeStreaming: () => Promise.reject(new Error('nobody streams')),
    close: async () => undefined,
  };
  return authorizersOf(
    assemblyOf([
      resource(
        'AWS::IoT::Authorizer',
        'people',
        { AuthorizerFunctionArn: FUNCTION, SigningDisabled: true, Status: 'ACTIVE', ...properties },
        ARN,
      ),
      resource('AWS::Lambda::Permission', 'allowed', permissions),
    ]),
    functions,
    silent,
  );
};

test('the function gets what AWS IoT sends, and its answer becomes policies and times', async () => {
  const events: unknown[] = [];
  const authorize = world((event) => {
    events.push(event);
    return { ok: true, payload: { ...GOOD, policyDocuments: [JSON.stringify(GOOD.policyDocuments[0])] } };
  });
  expect(await authorize(CREDENTIAL)).toMatchObject({
    principalId: 'ada1',
    disconnectAfter: 300_000,
    refreshAfter: 86_400_000,
    policies: [{ statements: [] }],
  });
  expect(events).toEqual([
    {
      signatureVerified: false,
      protocols: ['tls', 'http', 'mqtt'],
      protocolData: {
        tls: { serverName: 'broker.example' },
        http: { headers: CREDENTIAL.headers, queryString: '?a=b' },
        mqtt: { clientId: 'tab-1', username: CREDENTIAL.username, password: 'AP8K' },
      },
      connectionMetadata: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    },
  ]);
});

describe('nobody is let in', () => {
  test.each([
    ['without a user name', { username: undefined }],
    ['without an authorizer in it', { username: 'people' }],
    ['with another one', { username: 'x?x-amz-customauthorizer-name=others' }],
    ['with an empty one', { username: 'x?x-amz-customauthorizer-name=' }],
  ])('%s', async (_, more) => {
    await expect(world()({ ...CREDENTIAL, ...more })).rejects.toThrow(NotAuthorized);
  });

  test.each<[string, object]>([
    ['no', { isAuthenticated: false }],
    ['maybe', { isAuthenticated: 'true' }],
    ['a principal with a hyphen', { principalId: 'ada-1' }],
    ['no principal', { principalId: '' }],
    ['an end before the earliest', { disconnectAfterInSeconds: 299 }],
    ['a refresh after the latest', { refreshAfterInSeconds: 86_401 }],
    ['too many documents', { policyDocuments: Array(11).fill(GOOD.policyDocuments[0]) }],
    ['a document that is too long', { policyDocuments: [{ Version: 'x'.repeat(2048), Statement: [] }] }],
    ['no documents', { policyDocuments: undefined }],
  ])('where the function says %s', async (_, more) => {
    const authorize = world(() => ({ ok: true, payload: { ...GOOD, ...more } }));
    await expect(authorize(CREDENTIAL)).rejects.toThrow(NotAuthorized);
  });

  test('where a policy holds what IoT policies do not know', async () => {
    const Statement = [{ Effect: 'Allow', Action: 'iot:Connect', Resource: '*', Principal: '*' }];
    const payload = { ...GOOD, policyDocuments: [{ Version: '2012-10-17', Statement }] };
    await expect(world(() => ({ ok: true, payload }))(CREDENTIAL)).rejects.toThrow('Principal');
  });

  test('where the function fails, or AWS IoT may not invoke it, or it is not active', async () => {
    const failing = world(() => ({ ok: false, errorType: 'Error', errorMessage: 'broken' }));
    await expect(failing(CREDENTIAL)).rejects.toThrow('the authorizer has failed');
    for (const wrong of [
      { ...permission, Principal: 'apigateway.amazonaws.com' },
      { ...permission, SourceArn: `${ARN}-other` },
      { ...permission, SourceAccount: '111111111111' },
    ])
      await expect(world(undefined, {}, wrong)(CREDENTIAL)).rejects.toThrow('no AWS::Lambda::Permission');
    await expect(world(undefined, { Status: 'INACTIVE' })(CREDENTIAL)).rejects.toThrow(
      'no active authorizer',
    );
  });
});

test.each<[JsonObject, string]>([
  [{ SigningDisabled: false }, 'signing is not supported'],
  [{ TokenKeyName: 'token' }, 'TokenKeyName'],
  [{ EnableCachingForHttp: true }, 'EnableCachingForHttp'],
])('a property that is not understood stops the start: %j', (properties, named) => {
  expect(() => world(undefined, properties)).toThrow(named);
});
