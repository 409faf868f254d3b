import { afterEach, describe, expect, it } from 'vitest';
import type { Resource } from '../../../local/types.ts';
import {
  ACCOUNT,
  apiResources,
  FUNCTION_ARN,
  method,
  REGION,
  resource,
} from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

describe('the permission to invoke', () => {
  const routes = (permission: Record<string, string>): Resource[] => [
    ...apiResources([...tree, method('device', 'GET')]).filter(
      ({ type }) => type !== 'AWS::Lambda::Permission',
    ),
    resource('AWS::Lambda::Permission', 'permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: FUNCTION_ARN,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api/prod/GET/v1/devices/*`,
      ...permission,
    }),
  ];

  it('lets through what it names', async () => {
    const { get } = await start(routes({}));
    expect((await get('/v1/devices/d1')).status).toBe(200);
  });

  it.each([
    { Principal: 'events.amazonaws.com' },
    { SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api/prod/POST/v1/devices/*` },
    { SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:other/prod/GET/v1/devices/*` },
    { FunctionName: `${FUNCTION_ARN}-other` },
    { Action: 'lambda:GetFunction' },
  ])('is missed with %j', async (permission) => {
    const { get, lines } = await start(routes(permission));
    const response = await get('/v1/devices/d1');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal server error' });
    expect(JSON.stringify(lines)).toMatch(
      /no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke .*query/,
    );
  });
});
