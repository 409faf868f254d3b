/** EventBridge Scheduler: calls functions at a rate, in the name of the schedule's role. */
import { AccessDenied, type Functions, type InvokeResult, type PartOptions } from '../types.ts';
import { readSchedules, type Schedule } from './read.ts';

/** CloudFormation types this part runs. */
export const resourceTypes: readonly string[] = ['AWS::Scheduler::Schedule'];

export interface Schedules {
  /** Names of all schedules: their logical ids. */
  readonly names: readonly string[];
  /**
   * Calls the target of a schedule at once, as if its time had come.
   * @param name logical id, or the beginning of it
   * @throws {AccessDenied} when the role may not, or an error when no schedule has that name
   */
  runNow(name: string): Promise<InvokeResult>;
  /** Resolves when no call is under way. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface SchedulesOptions extends PartOptions {
  readonly functions: Functions;
}

const SERVICE = 'scheduler.amazonaws.com';

/**
 * Starts all schedules that are enabled. The first call comes one period after the start; a period that passes while
 * a call is still under way is left out.
 * @throws {Error} naming a schedule and what of it is not run here
 */
export const startSchedules = async (options: SchedulesOptions): Promise<Schedules> => {
  const { assembly, iam, functions, log } = options;
  const schedules = readSchedules(assembly);
  const underWay = new Map<string, Promise<InvokeResult>>();

  const call = async ({ logicalId, arn, targetArn, roleArn, input }: Schedule): Promise<InvokeResult> => {
    if (!iam.assumableBy(roleArn, SERVICE, { 'aws:sourcearn': arn }))
      throw new Error(`${logicalId}: ${roleArn} does not trust ${SERVICE}`);
    iam.authorize(roleArn, { action: 'lambda:InvokeFunction', resource: targetArn });
    return functions.invoke(targetArn, input);
  };
  const begin = (schedule: Schedule): Promise<InvokeResult> => {
    const running = call(schedule);
    underWay.set(schedule.logicalId, running);
    const ended = (): void => {
      if (underWay.get(schedule.logicalId) === running) underWay.delete(schedule.logicalId);
    };
    running.then(ended, ended);
    return running;
  };
  const tick = async (schedule: Schedule): Promise<void> => {
    if (underWay.has(schedule.logicalId)) return;
    try {
      const result = await begin(schedule);
      if (!result.ok) log('error', `${schedule.logicalId} failed`, { ...result });
    } catch (error) {
      // A denial has been logged where it was made.
      if (!(error instanceof AccessDenied)) log('error', `${schedule.logicalId}: ${String(error)}`);
    }
  };
  const timers = schedules
    .filter(({ enabled }) => enabled)
    .map((schedule) => setInterval(() => void tick(schedule), schedule.periodMillis));

  return {
    names: schedules.map(({ logicalId }) => logicalId),
    async runNow(name) {
      const schedule = schedules.find(({ logicalId }) => logicalId.startsWith(name));
      if (schedule === undefined) throw new Error(`no schedule ${name}`);
      return begin(schedule);
    },
    async drain() {
      while (underWay.size > 0) await Promise.allSettled(underWay.values());
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      await Promise.allSettled(underWay.values());
    },
  };
};
