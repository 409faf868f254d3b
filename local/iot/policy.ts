/**
 * AWS IoT Core policies: documents of `AWS::IoT::Policy`, evaluated for one connection.
 *
 * Source: AWS IoT Core developer guide, "AWS IoT Core policies", "policy variables" and "thing policy variables".
 */
import { isObject } from '../../contracts/json.ts';
import type { Json, JsonObject } from '../types.ts';
import { type Condition, compileConditions } from './policy-conditions.ts';
import { compileText, type Principal, type Text } from './policy-variables.ts';

/** The policy actions of MQTT. */
export type IotAction = 'iot:Connect' | 'iot:Publish' | 'iot:RetainPublish' | 'iot:Subscribe' | 'iot:Receive';

/** Actions that a policy may name although no broker decision asks for them. */
const KNOWN_ACTIONS: ReadonlySet<string> = new Set([
  'iot:Connect',
  'iot:Publish',
  'iot:RetainPublish',
  'iot:Subscribe',
  'iot:Receive',
  'iot:*',
  '*',
  'iot:GetThingShadow',
  'iot:UpdateThingShadow',
  'iot:DeleteThingShadow',
  'iot:DescribeJobExecution',
  'iot:GetPendingJobExecutions',
  'iot:StartNextPendingJobExecution',
  'iot:UpdateJobExecution',
]);

/** A policy that the gateway cannot evaluate as AWS would; names what is unknown. */
export class UnsupportedPolicy extends Error {
  override readonly name = 'UnsupportedPolicy';
}

interface Statement {
  readonly allow: boolean;
  readonly actions: readonly string[];
  readonly resources: readonly Text[];
  readonly conditions: readonly Condition[];
}

/** A compiled policy. */
export interface Policy {
  readonly name: string;
  readonly statements: readonly Statement[];
}

/**
 * Compiles a policy document.
 * @throws {UnsupportedPolicy} naming an unknown action, variable, operator or element
 */
export const compilePolicy = (name: string, document: Json | undefined): Policy => {
  const body = isObject(document) ? document : refuse(name, 'has no document');
  const statements = list(body['Statement']).map((statement) =>
    isObject(statement)
      ? compileStatement(name, statement)
      : refuse(name, 'has a statement that is no object'),
  );
  return { name, statements };
};

const compileStatement = (name: string, statement: JsonObject): Statement => {
  for (const element of Object.keys(statement)) {
    if (!['Sid', 'Effect', 'Action', 'Resource', 'Condition'].includes(element)) {
      refuse(name, `uses the element ${element}, which AWS IoT policies do not know`);
    }
  }
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') refuse(name, `has the effect ${JSON.stringify(effect)}`);
  const actions = list(statement['Action']).map((action) => {
    if (typeof action !== 'string' || !KNOWN_ACTIONS.has(action)) {
      return refuse(name, `names the unknown action ${JSON.stringify(action)}`);
    }
    return action;
  });
  const fail = (reason: string): never => refuse(name, reason);
  return {
    allow: effect === 'Allow',
    actions,
    resources: list(statement['Resource']).map((resource) =>
      compileText(typeof resource === 'string' ? resource : fail('has a resource that is no string'), fail),
    ),
    conditions: compileConditions(statement['Condition'], fail),
  };
};

const refuse = (name: string, reason: string): never => {
  throw new UnsupportedPolicy(`AWS::IoT::Policy ${name} ${reason}`);
};

const list = (value: Json | undefined): readonly Json[] => {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as Json];
};

/**
 * Decides. An explicit deny wins; without an allow it is no. A statement with a variable that the connection
 * does not have never matches.
 * @param resource ARN, e.g. `arn:aws:iot:us-east-1:000000000000:topic/lab/a/b/data`
 */
export const isAllowed = (
  policies: readonly Policy[],
  principal: Principal,
  action: IotAction,
  resource: string,
): boolean => {
  let allowed = false;
  for (const policy of policies) {
    for (const statement of policy.statements) {
      if (!statement.actions.some((known) => known === action || known === 'iot:*' || known === '*'))
        continue;
      if (!statement.resources.some((pattern) => pattern.matches(resource, principal))) continue;
      if (!statement.conditions.every((condition) => condition(principal))) continue;
      if (!statement.allow) return false;
      allowed = true;
    }
  }
  return allowed;
};
