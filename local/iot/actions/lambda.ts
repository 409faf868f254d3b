/**
 * Rule action `lambda`: an asynchronous invocation, allowed by an `AWS::Lambda::Permission` for this rule.
 */
import type { Assembly, Functions, Log, Resource } from '../../types.ts';
import type { Action, Parameters } from './action.ts';

/** Lambda tries an asynchronous event again after these pauses (AWS: one and two minutes). */
const RETRIES = [1000, 2000] as const;

export interface LambdaDependencies {
  readonly assembly: Assembly;
  readonly functions: Functions;
  readonly log: Log;
  /** ARN of the rule. */
  readonly ruleArn: string;
}

/** An action that calls a function. Without a permission for the rule each message fails, as in AWS. */
export const lambdaAction = (parameters: Parameters, dependencies: LambdaDependencies): Action => {
  const functionArn = parameters.text('FunctionArn');
  const { assembly, ruleArn } = dependencies;
  const permitted = assembly
    .byType('AWS::Lambda::Permission')
    .some((permission) => permits(permission, assembly, functionArn, ruleArn));
  return {
    type: 'LambdaAction',
    resource: functionArn,
    run(_message, payload, done) {
      if (!permitted) {
        done(
          new Error(
            `iot.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: ${functionArn} for ${ruleArn}: no AWS::Lambda::Permission allows it`,
          ),
        );
        return;
      }
      let event: unknown;
      try {
        event = JSON.parse(payload.toString('utf8'));
      } catch (cause) {
        done(new Error("The payload of a lambda action must be JSON; use encode(*, 'base64').", { cause }));
        return;
      }
      invoke(dependencies, functionArn, event).then(done, done);
    },
  };
};

/**
 * The rules engine has done its part when Lambda takes the event; what the function then does with it is
 * Lambda's to retry and to report. Waiting for it here keeps events from piling up without a bound.
 */
const invoke = async (
  { functions, log }: LambdaDependencies,
  functionArn: string,
  event: unknown,
): Promise<undefined> => {
  for (let attempt = 0; ; attempt++) {
    const result = await functions.invoke(functionArn, event);
    if (result.ok) return undefined;
    const pause = RETRIES[attempt];
    const { errorType, errorMessage } = result;
    if (pause === undefined) {
      log('error', 'asynchronous invocation by a rule failed', { functionArn, errorType, errorMessage });
      return undefined;
    }
    log('warn', 'asynchronous invocation by a rule is tried again', { functionArn, errorType, errorMessage });
    await new Promise((resume) => setTimeout(resume, pause));
  }
};

const permits = (
  { properties }: Resource,
  assembly: Assembly,
  functionArn: string,
  ruleArn: string,
): boolean => {
  const name = String(properties['FunctionName']);
  const source = properties['SourceArn'];
  const account = properties['SourceAccount'];
  return (
    (name === functionArn || assembly.find(name)?.arn === functionArn) &&
    properties['Principal'] === 'iot.amazonaws.com' &&
    (properties['Action'] === 'lambda:InvokeFunction' || properties['Action'] === 'lambda:*') &&
    (source === undefined || (typeof source === 'string' && arnLike(source, ruleArn))) &&
    (account === undefined || account === assembly.account)
  );
};

const arnLike = (pattern: string, arn: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\/]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(arn);
