/** Grants on a pattern of resources, each with the reason why nothing narrower can be named. */
import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * Gives a role actions on all resources of a pattern, in a policy of its own that carries the reason.
 * @param conditions under which they are given
 * @returns the policy, for what must wait for it
 */
export const allowPattern = (
  scope: Construct,
  name: string,
  role: iam.IRole,
  reason: string,
  actions: readonly string[],
  resources: readonly string[],
  conditions: iam.Conditions = {},
): iam.Policy => {
  const policy = new iam.Policy(scope, name, {
    roles: [role],
    statements: [new iam.PolicyStatement({ actions: [...actions], resources: [...resources], conditions })],
  });
  for (const resource of resources) {
    const finding = flatten(Stack.of(scope).resolve(resource));
    Validations.of(policy).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason });
  }
  return policy;
};

/** Writes a resolved ARN as cdk-nag names it in its findings. */
const flatten = (node: unknown): string => {
  if (typeof node === 'string') return node;
  const [[name, value] = [], ...rest] = Object.entries(node as object) as [string, unknown][];
  if (rest.length === 0) {
    if (name === 'Ref') return `<${String(value)}>`;
    if (name === 'Fn::ImportValue') return String(value);
    if (name === 'Fn::GetAtt') return `<${(value as string[]).join('.')}>`;
    if (name === 'Fn::Join') {
      const [delimiter, parts] = value as [string, unknown[]];
      return parts.map(flatten).join(delimiter);
    }
  }
  throw new Error(`cannot name ${JSON.stringify(node)} in an acknowledgement`);
};
