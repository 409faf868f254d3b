/** Schedules out of the templates. */
import { isObject } from '../../contracts/json.ts';
import type { Assembly, Json, JsonObject, Resource } from '../types.ts';

export interface Schedule {
  readonly logicalId: string;
  /** What conditions of the role's trust policy know as `aws:SourceArn`: the group, not the schedule. */
  readonly groupArn: string;
  readonly enabled: boolean;
  readonly periodMillis: number;
  readonly targetArn: string;
  readonly roleArn: string;
  /** The event. */
  readonly input: Json;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Properties that say nothing about when and how the target is called, or that nothing here could do otherwise. */
const KNOWN = new Set(['Description', 'FlexibleTimeWindow', 'Name', 'ScheduleExpression', 'State', 'Target']);
const KNOWN_OF_TARGET = new Set(['Arn', 'Input', 'RetryPolicy', 'RoleArn']);

const read = (resource: Resource, assembly: Assembly): Schedule => {
  const { logicalId, properties } = resource;
  const refuse = (what: string): Error => new Error(`AWS::Scheduler::Schedule ${logicalId}: ${what}`);
  const text = (object: JsonObject, name: string): string => {
    const value = object[name];
    if (typeof value !== 'string') throw refuse(`${name} is missing`);
    return value;
  };
  for (const name of Object.keys(properties)) if (!KNOWN.has(name)) throw refuse(`${name} is not run here`);
  const { FlexibleTimeWindow: window, Target: target } = properties;
  if (isObject(window) && window['Mode'] !== 'OFF')
    throw refuse('only a time window that is OFF is run here');
  if (!isObject(target)) throw refuse('Target is missing');
  for (const name of Object.keys(target))
    if (!KNOWN_OF_TARGET.has(name)) throw refuse(`Target.${name} is not run here`);
  const targetArn = text(target, 'Arn');
  if (assembly.find(targetArn)?.type !== 'AWS::Lambda::Function')
    throw refuse('only functions are called here');
  const expression = text(properties, 'ScheduleExpression');
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const period = UNITS[unit];
  if (period === undefined) throw refuse(`${expression}: only rates are run here`);
  return {
    logicalId,
    groupArn: `arn:aws:scheduler:${assembly.region}:${assembly.account}:schedule-group/default`,
    enabled: properties['State'] !== 'DISABLED',
    periodMillis: Number(count) * period,
    targetArn,
    roleArn: text(target, 'RoleArn'),
    input: typeof target['Input'] === 'string' ? (JSON.parse(target['Input']) as Json) : {},
  };
};

/** @throws {Error} naming a schedule and what of it is not run here */
export const readSchedules = (assembly: Assembly): Schedule[] =>
  assembly.byType('AWS::Scheduler::Schedule').map((resource) => read(resource, assembly));
