/**
 * EventBridge Scheduler: calls functions at a rate, in the name of the schedule's role. It hands an event to Lambda and
 * does not wait for what becomes of it: that is tried again as the function's own configuration says, and calls may
 * overlap.
 */
import { AccessDenied, type AsyncFunctions, type InvokeResult, type PartOptions } from '../types.ts';
import { readSchedules, type Schedule } from './read.ts';

/** CloudFormation types this part runs. */
export const resourceTypes: readonly string[] = ['AWS::Scheduler::Schedule'];

export interface Schedules {
  /** Names of all schedules: their logical ids. */
  readonly names: readonly string[];
  /**
   * Calls the target of a schedule at once, as if its time had come, and waits for how that ends.
   * @param name logical id, or the beginning of it
   * @throws {AccessDenied} when the role may not, or an error when no schedule has that name
   */
  runNow(name: string): Promise<InvokeResult>;
  /** Resolves when no call is under way. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface SchedulesOptions extends PartOptions {
  readonly functions: AsyncFunctions;
}

const SERVICE = 'scheduler.amazonaws.com';

/**
 * Starts all schedules that are enabled. The first call comes one period after the start.
 * @throws {Error} naming a schedule and what of it is not run here
 */
export const startSchedules = async (options: SchedulesOptions): Promise<Schedules> => {
  const { assembly, iam, functions, log } = options;
  const schedules = readSchedules(assembly);
  const underWay = new Set<Promise<InvokeResult>>();

  const call = async (schedule: Schedule): Promise<InvokeResult> => {
    const { logicalId, groupArn, targetArn, roleArn, input } = schedule;
    if (!iam.assumableBy(roleArn, SERVICE, { 'aws:sourcearn': groupArn }))
      throw new Error(`${logicalId}: ${roleArn} does not trust ${SERVICE} for ${groupArn}`);
    iam.authorize(roleArn, { action: 'lambda:InvokeFunction', resource: targetArn });
    return functions.invokeAsync(targetArn, input);
  };
  const begin = (schedule: Schedule): Promise<InvokeResult> => {
    const running = call(schedule);
    underWay.add(running);
    const ended = (): boolean => underWay.delete(running);
    running.then(ended, ended);
    return running;
  };
  const tick = async (schedule: Schedule): Promise<void> => {
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
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
};
