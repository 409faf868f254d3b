/**
 * Makes the actions of rules out of the template.
 */
import { isObject } from '../../../contracts/json.ts';
import type { Assembly, Endpoint, Functions, Iam, Json, Log } from '../../types.ts';
import { type Action, Parameters, UnsupportedAction } from './action.ts';
import { kinesisAction, StreamWriter } from './kinesis.ts';
import { lambdaAction } from './lambda.ts';
import { type Republish, republishAction } from './republish.ts';
import { s3Action, sqsAction } from './sdk.ts';

export interface ActionDependencies {
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly endpoint: Endpoint;
  readonly functions: Functions;
  readonly log: Log;
  readonly republish: Republish;
}

/**
 * Makes one action.
 * @param rule name of the rule
 * @param definition one element of `Actions`, or `ErrorAction`
 * @throws {UnsupportedAction} naming the rule and what is not supported
 */
export type ActionFactory = (rule: string, definition: Json) => Promise<Action>;

const ROLE = 'RoleArn';

/** Makes the actions of all rules; those that write to the same stream as the same role share its batches. */
export const actionFactory = (dependencies: ActionDependencies): ActionFactory => {
  const { assembly, iam, endpoint, republish } = dependencies;
  const arn = (rest: string): string => `arn:aws:iot:${assembly.region}:${assembly.account}:${rest}`;
  const writers = new Map<string, StreamWriter>();
  const writerOf = (role: string, stream: string): StreamWriter => {
    const key = `${role}\n${stream}`;
    const writer = writers.get(key) ?? new StreamWriter(endpoint.kinesis, role, stream);
    writers.set(key, writer);
    return writer;
  };

  const make = (rule: string, type: string, parameters: Parameters): Action | Promise<Action> => {
    switch (type) {
      case 'Kinesis':
        return kinesisAction(parameters, writerOf);
      case 'Lambda':
        return lambdaAction(parameters, { ...dependencies, ruleArn: arn(`rule/${rule}`) });
      case 'Republish':
        return republishAction(parameters, iam, (topic) => arn(`topic/${topic}`), republish);
      case 'S3':
        return s3Action(parameters, dependencies);
      case 'Sqs':
        return sqsAction(parameters, dependencies);
      default:
        throw new UnsupportedAction(`rule ${rule}: the action ${type} is not supported`);
    }
  };

  return async (rule, definition) => {
    const [[type, values] = ['(none)', undefined], ...more] = isObject(definition)
      ? Object.entries(definition)
      : [];
    if (more.length > 0 || !isObject(values)) {
      throw new UnsupportedAction(`rule ${rule}: an action must have exactly one type`);
    }
    const role = values[ROLE];
    const source = { 'aws:sourcearn': arn(`rule/${rule}`) };
    if (typeof role === 'string' && !iam.assumableBy(role, 'iot.amazonaws.com', source)) {
      throw new UnsupportedAction(
        `rule ${rule}: the trust policy of ${role} does not let iot.amazonaws.com take it`,
      );
    }
    const parameters = new Parameters(`rule ${rule}, action ${type}`, values);
    const action = await make(rule, type, parameters);
    parameters.end();
    return action;
  };
};
