import { afterEach, expect, test, vi } from 'vitest';
import { startSchedules } from '../../../local/schedule/index.ts';
import { readSchedules } from '../../../local/schedule/read.ts';
import {
  AccessDenied,
  type Assembly,
  type AsyncFunctions,
  type Endpoint,
  type Iam,
  type JsonObject,
  type Resource,
} from '../../../local/types.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:f';
const ROLE = 'arn:aws:iam::000000000000:role/r';

const resource = (type: string, id: string, properties: JsonObject, arn?: string): Resource => ({
  stack: 'S',
  logicalId: id,
  type,
  properties,
  physicalId: id,
  arn,
});

const assemblyWith = (properties: JsonObject = {}): Assembly => {
  const resources = [
    resource('AWS::Lambda::Function', 'F', {}, FUNCTION),
    resource('AWS::Scheduler::Schedule', 'Every', {
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpression: 'rate(5 minutes)',
      Target: { Arn: FUNCTION, RoleArn: ROLE, Input: '{"a":1}' },
      ...properties,
    }),
  ];
  return {
    account: '000000000000',
    region: 'us-east-1',
    resources,
    byType: (type) => resources.filter((one) => one.type === type),
    find: (id) => resources.find((one) => one.arn === id),
    assetPath: (key) => key,
    outputs: new Map(),
  };
};

const start = async (properties: JsonObject = {}, more: { trusts?: boolean; allowed?: boolean } = {}) => {
  const { trusts = true, allowed = true } = more;
  const calls: unknown[] = [];
  const releases: (() => void)[] = [];
  const log = vi.fn();
  const iam = {
    assumableBy: (role: string, service: string, context: Record<string, string>) =>
      trusts &&
      role === ROLE &&
      service === 'scheduler.amazonaws.com' &&
      // Of the group: Scheduler does not tell which schedule it is.
      context['aws:sourcearn'] === 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/default',
    authorize: (principal: string, { action, resource: on }: { action: string; resource: string }) => {
      if (!allowed) throw new AccessDenied({ principal, action, resource: on });
    },
  } as unknown as Iam;
  const functions: AsyncFunctions = {
    invokeAsync: async (_arn, event) => {
      calls.push(event);
      await new Promise<void>((resolve) => {
        releases.push(resolve);
      });
      return { ok: false, errorType: 'E', errorMessage: 'failed' };
    },
  };
  const schedules = await startSchedules({
    assembly: assemblyWith(properties),
    iam,
    functions,
    log,
    endpoint: {} as Endpoint,
  });
  const end = (): void => {
    for (const release of releases.splice(0)) release();
  };
  return { schedules, calls, log, end };
};

afterEach(() => {
  vi.useRealTimers();
});

test('a schedule calls its function once a period, whether or not a call is under way', async () => {
  vi.useFakeTimers();
  const { schedules, calls, log, end } = await start();
  await vi.advanceTimersByTimeAsync(299_999);
  expect(calls).toStrictEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toStrictEqual([{ a: 1 }]);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(calls).toHaveLength(2);
  end();
  await schedules.drain();
  expect(log).toHaveBeenCalledWith('error', 'Every failed', expect.objectContaining({ errorType: 'E' }));
  await schedules.close();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls).toHaveLength(2);
});

test('one that is disabled is only called by hand', async () => {
  vi.useFakeTimers();
  const { schedules, calls, end } = await start({ State: 'DISABLED' });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(calls).toHaveLength(0);
  const running = schedules.runNow('Every');
  await vi.advanceTimersByTimeAsync(0);
  end();
  expect(await running).toMatchObject({ ok: false });
  await expect(schedules.runNow('None')).rejects.toThrow('no schedule None');
  await schedules.close();
});

test('it needs a role that trusts the scheduler and may call', async () => {
  const untrusted = await start({}, { trusts: false });
  await expect(untrusted.schedules.runNow('Every')).rejects.toThrow(/does not trust scheduler/);
  await untrusted.schedules.close();
  const denied = await start({}, { allowed: false });
  await expect(denied.schedules.runNow('Every')).rejects.toThrow(/lambda:InvokeFunction/);
  await denied.schedules.close();
});

test.each([
  [{ ScheduleExpression: 'cron(0 1 * * ? *)' }, /Every: cron.*only rates/],
  [{ ScheduleExpressionTimezone: 'Europe/Berlin' }, /ScheduleExpressionTimezone is not run here/],
  [{ FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, /time window/],
  [{ Target: { Arn: FUNCTION, RoleArn: ROLE, SqsParameters: {} } }, /Target\.SqsParameters/],
  [{ Target: { Arn: 'arn:aws:sqs:::q', RoleArn: ROLE } }, /only functions/],
] as const)('%j is refused by name', (properties, message) => {
  expect(() => readSchedules(assemblyWith(properties))).toThrow(message);
});
