import { describe, expect, test } from 'vitest';
import { readDistribution } from '../../../local/cloudfront/read.ts';
import { assemblyOf } from '../../support/hand-made-assembly.ts';
import { type Otherwise, resourcesOf } from './world.ts';

const read = (other: Otherwise = {}) => {
  const assembly = assemblyOf(resourcesOf(other));
  const [resource] = assembly.byType('AWS::CloudFront::Distribution');
  if (resource === undefined) throw new Error('no distribution');
  return readDistribution(assembly, resource);
};

test('behaviours are tried as they are declared, and the default is the last', () => {
  const { behaviors, domainName } = read();
  expect(behaviors.map(({ pattern, compress }) => [pattern, compress])).toEqual([
    ['/v1/*', false],
    ['*', true],
  ]);
  expect(domainName).toBe('d1.cloudfront.net');
});

describe('what is not served here is refused by name', () => {
  test.each<[string, Otherwise, RegExp]>([
    [
      'a geographic restriction',
      { config: { Restrictions: {} } },
      /E1: DistributionConfig\.Restrictions is not supported/,
    ],
    [
      'answers for errors',
      { config: { CustomErrorResponses: [] } },
      /DistributionConfig\.CustomErrorResponses/,
    ],
    [
      'a property of another year',
      { config: { Colour: 1 } },
      /DistributionConfig\.Colour is not supported locally/,
    ],
    ['a cache policy of its own', { files: { CachePolicyId: 'own' } }, /DefaultCacheBehavior\.CachePolicyId/],
    [
      'a function that sees answers',
      { files: { FunctionAssociations: [{ EventType: 'viewer-response', FunctionARN: 'function' }] } },
      /EventType is not supported locally: only viewer-request is/,
    ],
    ['a function at the edge', { files: { LambdaFunctionAssociations: [] } }, /LambdaFunctionAssociations/],
    [
      'an API that gets no token',
      { api: { OriginRequestPolicyId: undefined as never } },
      /\/v1\/\* hands no token/,
    ],
    ['an origin that is not there', { api: { TargetOriginId: 'other' } }, /\/v1\/\* has no origin other/],
    [
      'an origin elsewhere',
      { config: { Origins: [{ Id: 'files', DomainName: 'example.org' }] } },
      /origin files \(example\.org\) is no bucket or REST API of the assembly/,
    ],
    [
      'another way of signing',
      { control: { SigningBehavior: 'no-override' } },
      /SigningBehavior is not supported/,
    ],
    ['CORS', { headers: { CorsConfig: {} } }, /CorsConfig is not supported locally/],
  ])('%s', (_, other, message) => {
    expect(() => read(other)).toThrow(message);
  });
});
