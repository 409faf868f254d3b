import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy, type IotAction, isAllowed, UnsupportedPolicy } from '../../../local/iot/policy.ts';
import type { Principal } from '../../../local/iot/policy-variables.ts';
import type { JsonObject } from '../../../local/types.ts';
import { arn, devicePolicy, dollar } from '../../support/iot.ts';

const principal: Principal = {
  clientId: 'ph-1',
  principalId: 'c1',
  ip: '127.0.0.1',
  commonName: 'ph',
  thing: { name: 'ph-1', id: '1', typeName: 'meter', attributes: { site: 'berlin' }, version: 1 },
};

const decide = (
  statements: readonly JsonObject[],
  action: IotAction,
  resource: string,
  who = principal,
): boolean => isAllowed([compilePolicy('test', { Statement: statements })], who, action, arn(resource));

const allow = (Action: string, Resource: string, more: JsonObject = {}): JsonObject => ({
  Effect: 'Allow',
  Action,
  Resource: arn(Resource),
  ...more,
});

describe('the policy of a device', () => {
  const policies = [compilePolicy('device', devicePolicy.properties['PolicyDocument'])];
  const may = (action: IotAction, resource: string, who = principal) =>
    isAllowed(policies, who, action, arn(resource));

  it('lets it be itself and nobody else', () => {
    expect(may('iot:Connect', 'client/ph-1')).toBe(true);
    expect(may('iot:Connect', 'client/ph-2')).toBe(false);
    expect(may('iot:Publish', 'topic/lab/berlin/ph-1/data')).toBe(true);
    expect(may('iot:Publish', 'topic/lab/munich/ph-1/data')).toBe(false);
    expect(may('iot:RetainPublish', 'topic/lab/berlin/ph-1/data')).toBe(false);
    expect(may('iot:Publish', 'topic/$aws/rules/ingest/lab/berlin/ph-1/data')).toBe(true);
  });

  it('gives nothing to a connection without its thing', () => {
    const nobody = { ...principal, thing: undefined };
    expect(may('iot:Connect', 'client/ph-1', nobody)).toBe(false);
    expect(may('iot:Publish', 'topic/lab/berlin/ph-1/data', nobody)).toBe(false);
  });

  it('is never opened by a topic of another device', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9/*?$-]{1,40}$/), (topic) => {
        expect(may('iot:Publish', `topic/${topic}`)).toBe(
          topic === 'lab/berlin/ph-1/data' || /^\$aws\/rules\/.*\/lab\/berlin\/ph-1\/data$/s.test(topic),
        );
      }),
    );
  });
});

describe('evaluation', () => {
  it('denies explicitly before it allows', () => {
    const statements = [
      allow('iot:*', 'topic/*'),
      { Effect: 'Deny', Action: 'iot:Publish', Resource: arn('topic/secret/*') },
    ];
    expect(decide(statements, 'iot:Publish', 'topic/open')).toBe(true);
    expect(decide(statements, 'iot:Publish', 'topic/secret/a')).toBe(false);
    expect(decide(statements, 'iot:Receive', 'topic/secret/a')).toBe(true);
  });

  it('knows wildcards, and takes those in used values literally', () => {
    expect(decide([allow('iot:Publish', 'topic/a?c/*')], 'iot:Publish', 'topic/abc/d/e')).toBe(true);
    expect(decide([allow('iot:Publish', 'topic/a?c')], 'iot:Publish', 'topic/abbc')).toBe(false);
    const greedy = { ...principal, clientId: '*' };
    const own = allow('iot:Publish', `topic/${dollar('iot:ClientId')}`);
    expect(decide([own], 'iot:Publish', 'topic/other', greedy)).toBe(false);
    expect(decide([own], 'iot:Publish', 'topic/*', greedy)).toBe(true);
    expect(
      decide([allow('iot:Subscribe', `topicfilter/a${dollar('*')}`)], 'iot:Subscribe', 'topicfilter/ab'),
    ).toBe(false);
  });

  it('a statement whose variable is unknown to the connection does not match', () => {
    const noRoom = allow('iot:Publish', `topic/${dollar('iot:Connection.Thing.Attributes[room]')}`);
    expect(decide([noRoom], 'iot:Publish', 'topic/')).toBe(false);
    expect(decide([noRoom], 'iot:Publish', 'topic/undefined')).toBe(false);
  });

  it.each([
    [{ Bool: { 'iot:Connection.Thing.IsAttached': 'true' } }, true],
    [{ Bool: { 'iot:Connection.Thing.IsAttached': 'false' } }, false],
    [{ StringEquals: { 'iot:Connection.Thing.ThingTypeName': ['scale', 'meter'] } }, true],
    [{ StringEquals: { 'iot:Connection.Thing.ThingTypeName': 'met*' } }, false],
    [{ StringLike: { 'iot:Connection.Thing.ThingTypeName': 'met*' } }, true],
    [{ StringNotEquals: { 'iot:ClientId': 'ph-1' } }, false],
    [{ StringNotLike: { 'iot:Connection.Thing.Attributes[room]': 'a*' } }, true],
    [{ StringEquals: { 'iot:ClientId': 'ph-1', 'aws:SourceIp': '10.0.0.1' } }, false],
  ])('condition %j', (Condition, expected) => {
    expect(decide([allow('iot:Connect', 'client/*', { Condition })], 'iot:Connect', 'client/ph-1')).toBe(
      expected,
    );
  });
});

describe('what is refused when a policy is read', () => {
  it.each([
    [allow('iot:Fly', '*'), /unknown action "iot:Fly"/],
    [allow('iot:Publish', dollar('iot:Nothing')), /unknown variable/],
    [
      allow('iot:Publish', '*', { Condition: { NumericEquals: { 'iot:ClientId': '1' } } }),
      /operator NumericEquals/,
    ],
    [allow('iot:Publish', '*', { Condition: { Bool: { 'iot:Nothing': '1' } } }), /key iot:Nothing/],
    [allow('iot:Publish', '*', { NotResource: '*' }), /element NotResource/],
    [{ Effect: 'Maybe', Action: 'iot:Publish', Resource: '*' }, /effect "Maybe"/],
  ] as const)('%j', (statement, reason) => {
    const compile = () => compilePolicy('odd', { Statement: [statement] });
    expect(compile).toThrow(UnsupportedPolicy);
    expect(compile).toThrow(reason);
    expect(compile).toThrow(/odd/);
  });

  it('a policy without a document', () => {
    expect(() => compilePolicy('odd', undefined)).toThrow(/odd has no document/);
  });
});
