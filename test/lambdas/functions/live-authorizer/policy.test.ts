/** The documents that AWS IoT gets: within its limits, and saying what the contract says. */
import { describe, expect, test } from 'vitest';
import { liveAccess } from '../../../../contracts/live-access.ts';
import type { Grant, Principal } from '../../../../contracts/roles.ts';
import { policyDocuments, TooManySites } from '../../../../lambdas/functions/live-authorizer/policy.ts';
import { compilePolicy, type IotAction, isAllowed } from '../../../../local/iot/policy.ts';
import type { Json } from '../../../../local/types.ts';

const SUBJECT = '0d5a4a4c-5ef1-4c51-8c4d-2a1f6a0b9c11';
const ARN = 'arn:aws:iot:us-east-1:123456789012:';

const documentsFor = (...grants: Grant[]) => {
  const principal: Principal = { subject: SUBJECT, name: 'ada', kind: 'user', grants };
  const access = liveAccess(principal);
  if (access === undefined) throw new Error('may not connect');
  return policyDocuments(access, ARN);
};

/** What the evaluator of the local broker makes of the documents. */
const mayDo = (...grants: Grant[]) => {
  const policies = documentsFor(...grants).map((document, at) =>
    compilePolicy(String(at), document as unknown as Json),
  );
  const who = { clientId: 'x', principalId: 'x', ip: '', thing: undefined, commonName: undefined };
  return (action: IotAction, resource: string) => isAllowed(policies, who, action, `${ARN}${resource}`);
};

describe('of an engineer of one site', () => {
  const may = mayDo({ role: 'Engineer', site: 'lab-1' });

  test.each([
    ['iot:Connect', `client/person.${SUBJECT.replaceAll('-', '')}.tab1`],
    ['iot:Subscribe', 'topicfilter/lab/lab-1/+/data'],
    ['iot:Subscribe', 'topicfilter/lab/lab-1/meter-1/data'],
    ['iot:Receive', 'topic/lab/lab-1/meter-1/data'],
    ['iot:Subscribe', 'topicfilter/live/lab-1/#'],
    ['iot:Subscribe', 'topicfilter/live/lab-1/rooms/talk/+'],
    ['iot:Receive', 'topic/live/lab-1/presence/meter-1'],
    ['iot:Publish', `topic/live/lab-1/rooms/talk/${SUBJECT}`],
  ] as const)('yes to %s %s', (action, resource) => {
    expect(may(action, resource)).toBe(true);
  });

  test.each([
    ['iot:Connect', 'client/meter-1'],
    ['iot:Connect', 'client/person.other.tab1'],
    ['iot:Subscribe', 'topicfilter/#'],
    ['iot:Subscribe', 'topicfilter/+/#'],
    ['iot:Subscribe', 'topicfilter/lab/#'],
    ['iot:Subscribe', 'topicfilter/lab/+/+/data'],
    ['iot:Subscribe', 'topicfilter/lab/lab-1/#'],
    ['iot:Subscribe', 'topicfilter/lab/lab-1/meter-1/commands/+'],
    ['iot:Subscribe', 'topicfilter/lab/lab-2/+/data'],
    ['iot:Subscribe', 'topicfilter/live/#'],
    ['iot:Subscribe', 'topicfilter/live/+/presence/+'],
    ['iot:Subscribe', 'topicfilter/live/lab-2/#'],
    ['iot:Subscribe', 'topicfilter/live/lab-10/#'],
    ['iot:Receive', 'topic/lab/lab-2/meter-1/data'],
    ['iot:Receive', 'topic/lab/lab-1/meter-1/commands/1/result'],
    ['iot:Receive', 'topic/live/lab-2/presence/meter-1'],
    ['iot:Publish', 'topic/lab/lab-1/meter-1/data'],
    ['iot:Publish', 'topic/live/lab-1/presence/meter-1'],
    ['iot:Publish', 'topic/live/lab-1/commands/meter-1/01jt2q0v5s8kx3m9d6w4a7c1ef'],
    ['iot:Publish', 'topic/live/lab-1/rooms/talk/somebody-else'],
    ['iot:Publish', `topic/live/lab-1/rooms/talk/somebody-else/${SUBJECT}`],
    ['iot:Publish', `topic/live/lab-2/rooms/talk/${SUBJECT}`],
    ['iot:RetainPublish', `topic/live/lab-1/rooms/talk/${SUBJECT}`],
  ] as const)('no to %s %s', (action, resource) => {
    expect(may(action, resource)).toBe(false);
  });
});

test('of everything: no level of a topic of another kind is taken for a site or a room', () => {
  const may = mayDo({ role: 'Admin' });
  expect(may('iot:Publish', `topic/live/lab-1/rooms/talk/${SUBJECT}`)).toBe(true);
  expect(may('iot:Publish', `topic/live/lab-1/commands/rooms/talk/${SUBJECT}`)).toBe(false);
  expect(may('iot:Publish', `topic/live/lab-1/commands/meter-1/rooms/talk/${SUBJECT}`)).toBe(false);
  expect(may('iot:Publish', `topic/live/lab-1/commands/talk/${SUBJECT}`)).toBe(false);
  expect(may('iot:Subscribe', 'topicfilter/lab/+/+/data')).toBe(true);
  expect(may('iot:Subscribe', 'topicfilter/#')).toBe(false);
});

describe('the limits of AWS IoT', () => {
  const sites = (count: number, length: number): Grant[] =>
    Array.from({ length: count }, (_, at) => {
      return { role: 'Operator', site: `s${String(at).padStart(length - 1, '0')}` };
    });

  test.each([
    [1, 5],
    [12, 12],
    [40, 8],
    [30, 20],
  ])('%i sites with names of %i characters fit, all of them', (count, length) => {
    const documents = documentsFor(...sites(count, length));
    expect(documents.length).toBeLessThanOrEqual(10);
    for (const document of documents) expect(JSON.stringify(document).length).toBeLessThanOrEqual(2048);
    const may = mayDo(...sites(count, length));
    for (const { site } of sites(count, length)) {
      expect(may('iot:Subscribe', `topicfilter/live/${site}/#`)).toBe(true);
      expect(may('iot:Receive', `topic/lab/${site}/x/data`)).toBe(true);
      expect(may('iot:Publish', `topic/live/${site}/rooms/x/${SUBJECT}`)).toBe(true);
    }
  });

  test('with more nobody is let in by half', () => {
    expect(() => documentsFor(...sites(50, 63))).toThrow(TooManySites);
  });
});
