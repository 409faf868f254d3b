/** What the firewall of production lets pass and what it blocks, by its own template. */
import { describe, expect, test } from 'vitest';
import { readFirewall } from '../../local/api/firewall/index.ts';
import type { JsonObject } from '../../local/types.ts';
import { assemblyOf, resource } from '../support/hand-made-assembly.ts';
import { ofType, synthesize } from './synthesize.ts';

const prod = synthesize('prod');
const [[, acl] = []] = ofType(prod.api, 'AWS::WAFv2::WebACL');
const ARN = 'arn:aws:wafv2:us-east-1:000000000000:regional/webacl/acl/1';
const firewall = readFirewall(
  assemblyOf([
    resource('AWS::WAFv2::WebACL', 'acl', acl?.Properties as JsonObject, ARN),
    resource('AWS::WAFv2::WebACLAssociation', 'tie', {
      ResourceArn: 'arn:aws:apigateway:us-east-1::/restapis/api/stages/prod',
      WebACLArn: ARN,
    }),
  ]),
  'api/stages/prod',
  () => undefined,
);

const blocker = (path: string, { body = 0, query = 0 }: { body?: number; query?: number }) =>
  firewall?.({
    method: 'POST',
    path,
    query: 'x'.repeat(query),
    headers: { 'user-agent': 'test' },
    body: Buffer.alloc(body),
    address: '127.0.0.1',
  });

test('it stands in front of the stage', () => {
  const [[, tie] = []] = ofType(prod.api, 'AWS::WAFv2::WebACLAssociation');
  expect(JSON.stringify(tie?.Properties)).toMatch(/restapis.*HttpApi.*stages/);
});

describe.each(['/prod', ''])('behind the path %o', (stage) => {
  test.each([
    ['/v1/types', 200_000],
    ['/v1/types/ph-meter', 200_000],
    ['/v1/devices', 32_768],
  ])('a body of the contract passes: %s', (path, body) => {
    expect(blocker(`${stage}${path}`, { body })).toBeUndefined();
  });

  test.each([
    ['/v1/devices', 32_769],
    ['/v1/exports', 500_000],
    ['/v1/types/a/b', 40_000],
    ['/v1/devices/v1/types', 40_000],
  ])('a longer one does not: %s', (path, body) => {
    expect(blocker(`${stage}${path}`, { body })).toBe('body-size');
  });

  test.each(['/v1/series', '/v1/snapshot', '/v1/devices/ph-meter/series'])(
    'lists of devices and channels pass: %s',
    (path) => {
      expect(blocker(`${stage}${path}`, { query: 9_000 })).toBeUndefined();
    },
  );

  test('a long query elsewhere does not', () => {
    expect(blocker(`${stage}/v1/devices`, { query: 2_048 })).toBeUndefined();
    expect(blocker(`${stage}/v1/devices`, { query: 2_049 })).toBe('query-size');
  });
});

test('AWS keeps the rules for what is known to be bad', () => {
  expect(
    firewall?.({
      method: 'PROPFIND',
      path: '/prod/v1/devices',
      query: '',
      headers: { 'user-agent': 'test' },
      body: Buffer.alloc(0),
      address: '127.0.0.1',
    }),
  ).toBe('AWSManagedRulesKnownBadInputsRuleSet/PROPFIND_METHOD');
});
