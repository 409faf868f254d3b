/** The roles of an assembly, with every policy that is attached to them, and the policies of resources. */
import { isObject } from '../../contracts/json.ts';
import { providersOf } from '../assembly/providers.ts';
import type { Assembly, Json, Resource } from '../types.ts';
import { AWS_MANAGED } from './aws-managed.ts';
import { UnsupportedPolicy } from './conditions.ts';
import { type Origin, type Rule, readPolicy } from './policy.ts';

export interface Role {
  readonly arn: string;
  readonly logicalId: string;
  readonly trust: readonly Rule[];
  readonly rules: readonly Rule[];
}

function place(resource: Resource): string {
  return `${resource.stack}/${resource.logicalId}`;
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function document(resource: Resource, kind: Origin['kind'], property = 'PolicyDocument'): readonly Rule[] {
  return readPolicy(resource.properties[property], {
    policy: resource.logicalId,
    where: place(resource),
    kind,
  });
}

function inline(role: Resource): readonly Rule[] {
  return list(role.properties['Policies']).flatMap((policy) => {
    const body = isObject(policy) ? policy : {};
    const where = `${place(role)} policy ${String(body['PolicyName'])}`;
    return readPolicy(body['PolicyDocument'], { policy: role.logicalId, where, kind: 'identity' });
  });
}

function managed(assembly: Assembly, arn: Json, role: Resource): readonly Rule[] {
  const own = assembly.byType('AWS::IAM::ManagedPolicy').find((policy) => policy.arn === arn);
  if (own !== undefined) {
    return document(own, 'identity');
  }
  const name = String(arn).split('/').at(-1) ?? '';
  const known = String(arn).startsWith('arn:aws:iam::aws:policy/') ? AWS_MANAGED.get(name) : undefined;
  if (known === undefined) {
    throw new UnsupportedPolicy(`${place(role)}: managed policy ${String(arn)} is not known`);
  }
  return readPolicy(known, { policy: String(arn), where: String(arn), kind: 'identity' });
}

/** Policies that name the role instead of being named by it. */
function attached(assembly: Assembly, role: Resource): readonly Rule[] {
  return [...assembly.byType('AWS::IAM::Policy'), ...assembly.byType('AWS::IAM::ManagedPolicy')]
    .filter((policy) => list(policy.properties['Roles']).includes(role.physicalId))
    .flatMap((policy) => document(policy, 'identity'));
}

function readRole(assembly: Assembly, role: Resource): Role {
  if (role.properties['PermissionsBoundary'] !== undefined) {
    throw new UnsupportedPolicy(`${place(role)}: permissions boundaries are not supported`);
  }
  return {
    arn: role.arn ?? role.physicalId,
    logicalId: role.logicalId,
    trust: document(role, 'trust', 'AssumeRolePolicyDocument'),
    rules: [
      ...inline(role),
      ...attached(assembly, role),
      ...list(role.properties['ManagedPolicyArns']).flatMap((arn) => managed(assembly, arn, role)),
    ],
  };
}

/** Reads all roles of an assembly that somebody here takes, by ARN. */
export function readRoles(assembly: Assembly): ReadonlyMap<string, Role> {
  const unused = new Set(providersOf(assembly).map(({ properties }) => properties['Role']));
  const roles = assembly
    .byType('AWS::IAM::Role')
    .filter(({ arn }) => !unused.has(arn))
    .map((role) => readRole(assembly, role));
  return new Map(roles.map((role) => [role.arn, role]));
}

/** The property of each policy type that names what the policy is about. */
const SUBJECTS: Readonly<Record<string, string>> = {
  'AWS::S3::BucketPolicy': 'Bucket',
  'AWS::SNS::TopicPolicy': 'Topics',
  'AWS::SQS::QueuePolicy': 'Queues',
};

/** Reads the policies that buckets, queues, topics and keys carry themselves, by ARN of the resource. */
export function readResourcePolicies(assembly: Assembly): ReadonlyMap<string, readonly Rule[]> {
  const policies = new Map<string, readonly Rule[]>();
  const add = (subject: Json, rules: readonly Rule[], where: string): void => {
    const arn = assembly.find(String(subject))?.arn;
    if (arn === undefined) {
      throw new UnsupportedPolicy(`${where}: ${String(subject)} is not in the assembly`);
    }
    policies.set(arn, [...(policies.get(arn) ?? []), ...rules]);
  };
  for (const [type, property] of Object.entries(SUBJECTS)) {
    for (const policy of assembly.byType(type)) {
      const subjects = policy.properties[property];
      const rules = document(policy, 'resource');
      for (const subject of Array.isArray(subjects) ? subjects : [subjects]) {
        add(subject, rules, place(policy));
      }
    }
  }
  for (const key of assembly.byType('AWS::KMS::Key')) {
    if (key.properties['KeyPolicy'] !== undefined) {
      add(key.physicalId, document(key, 'resource', 'KeyPolicy'), place(key));
    }
  }
  return policies;
}
