/**
 * Who may do what: the roles and policies of the templates, evaluated for every call.
 *
 * Source: "Policy evaluation logic" of the IAM user guide, within one account and without permissions
 * boundaries, session policies and service control policies.
 */

import type { AccessKey, Iam as IamContract, Log } from '../types.ts';
import { AccessDenied, type AccessRequest, type Assembly, type Credentials, type Denial } from '../types.ts';
import type { Context } from './conditions.ts';
import { Keyring } from './credentials.ts';
import { type Rule, readPolicy } from './policy.ts';
import { type Role, readResourcePolicies, readRoles } from './roles.ts';

export { UnsupportedPolicy } from './conditions.ts';

/** Types that are policies and roles. */
export const resourceTypes: readonly string[] = [
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
];

/**
 * One action on one resource that a role may do. Statements that give the same twice are one grant, for
 * taking one of them away changes nothing.
 */
export interface Grant {
  readonly roleArn: string;
  readonly roleLogicalId: string;
  /** Logical id of the policy, of the role for an inline one, or ARN of a policy of AWS. */
  readonly policyLogicalId: string;
  readonly statementIndex: number;
  readonly action: string;
  readonly resource: string;
  /** The `Condition` of the statement as JSON text, `null` without one. */
  readonly condition: string;
}

export interface Iam extends IamContract {
  /** Every grant of every role of the templates. */
  grants(): readonly Grant[];
  /** The grants that have let at least one call pass. */
  usedGrants(): readonly Grant[];
  /** Takes one grant away until the answer is disposed of. */
  without(grant: Grant): Disposable;
}

interface Decision {
  readonly by: string | undefined;
  readonly explicit: boolean;
}

const ASSUME_ROLE = 'sts:AssumeRole';

/** A principal whose own policies allow everything. */
const administrator = (arn: string): Role => ({
  arn,
  logicalId: arn,
  trust: [],
  rules: readPolicy(
    { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
    { policy: arn, where: arn, kind: 'identity' },
  ),
});

/** Denials and decisions that are kept; a poller that is refused must not fill the memory. */
const KEPT = 10_000;

function keyOf(roleArn: string, rule: Pick<Rule, 'action' | 'resource' | 'condition'>): string {
  return `${roleArn}\n${rule.action}\n${rule.resource}\n${rule.condition}`;
}

/** How the principals of a resource's policy stand to a role: named, through its account, or not at all. */
function standing(rule: Rule, roleArn: string, account: string): 'named' | 'account' | undefined {
  const ids = rule.principals.filter((principal) => principal.kind === 'AWS').map(({ id }) => id);
  if (ids.includes(roleArn) || ids.includes('*')) {
    return 'named';
  }
  return ids.includes(account) || ids.includes(`arn:aws:iam::${account}:root`) ? 'account' : undefined;
}

class Evaluator implements Iam {
  readonly denials: Denial[] = [];
  readonly operator: Credentials;
  readonly #operator: Role;
  readonly #assembly: Assembly;
  readonly #log: Log;
  readonly #roles: ReadonlyMap<string, Role>;
  readonly #resources: ReadonlyMap<string, readonly Rule[]>;
  readonly #keyring = new Keyring();
  readonly #grants: ReadonlyMap<string, Grant>;
  readonly #used = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #decisions = new Map<string, Decision>();

  constructor(assembly: Assembly, log: Log) {
    this.#assembly = assembly;
    this.#log = log;
    this.#roles = readRoles(assembly);
    this.#resources = readResourcePolicies(assembly);
    this.#grants = this.#collect();
    this.#operator = administrator(`arn:aws:iam::${assembly.account}:user/operator`);
    this.operator = this.#keyring.of(this.#operator.arn);
  }

  credentialsFor(roleArn: string): Credentials {
    return this.#keyring.of(this.#role(roleArn).arn);
  }

  accessKey(id: string): AccessKey | undefined {
    return this.#keyring.find(id);
  }

  assume(roleArn: string, session: string, seconds: number): AccessKey & { readonly expires: number } {
    return this.#keyring.issue(this.#role(roleArn).arn, session, seconds);
  }

  assumableBy(roleArn: string, service: string, context: Readonly<Record<string, string>> = {}): boolean {
    const given = { 'aws:sourceaccount': this.#assembly.account, ...context };
    const matching = this.#role(roleArn).trust.filter(
      (rule) =>
        rule.principals.some(({ kind, id }) => kind === 'Service' && id === service) &&
        rule.matches('sts:AssumeRole', '*', given),
    );
    return matching.length > 0 && matching.every((rule) => rule.effect === 'Allow');
  }

  serviceMay(service: string, { action, resource, context }: AccessRequest): boolean {
    const given = { 'aws:securetransport': 'true', ...context };
    const matching = this.#carriedBy(resource, action).filter(
      (rule) =>
        rule.principals.some(({ kind, id }) => (kind === 'Service' && id === service) || id === '*') &&
        rule.matches(action, resource, given),
    );
    return matching.length > 0 && matching.every((rule) => rule.effect === 'Allow');
  }

  authorize(caller: string, request: AccessRequest): void {
    if (caller === this.#operator.arn && request.action !== ASSUME_ROLE) {
      return;
    }
    const { by, explicit } = this.#decide(caller, request);
    if (by !== undefined) {
      this.#used.add(by);
      return;
    }
    const { action, resource } = request;
    const denial: Denial = { principal: caller, action, resource, ...(explicit ? { explicit } : {}) };
    this.denials.push(denial);
    if (this.denials.length > KEPT) {
      this.denials.shift();
    }
    this.#log('error', 'access denied', denial);
    throw new AccessDenied(denial);
  }

  grants(): readonly Grant[] {
    return [...this.#grants.values()];
  }

  usedGrants(): readonly Grant[] {
    return this.grants().filter((grant) => this.#used.has(keyOf(grant.roleArn, grant)));
  }

  without(grant: Grant): Disposable {
    const key = keyOf(grant.roleArn, grant);
    if (!this.#grants.has(key)) {
      throw new Error(`no such grant: ${JSON.stringify(grant)}`);
    }
    this.#removed.add(key);
    this.#decisions.clear();
    return {
      [Symbol.dispose]: () => {
        this.#removed.delete(key);
        this.#decisions.clear();
      },
    };
  }

  #role(arn: string): Role {
    const role = this.#roles.get(arn);
    if (role === undefined) {
      throw new Error(`${arn} is not a role of the assembly`);
    }
    return role;
  }

  #collect(): ReadonlyMap<string, Grant> {
    const grants = new Map<string, Grant>();
    for (const role of this.#roles.values()) {
      const named = [...this.#resources.values()]
        .flat()
        .filter((rule) => standing(rule, role.arn, this.#assembly.account) === 'named');
      for (const rule of [...role.rules, ...named].filter(({ effect }) => effect === 'Allow')) {
        const key = keyOf(role.arn, rule);
        if (!grants.has(key)) {
          grants.set(key, {
            roleArn: role.arn,
            roleLogicalId: role.logicalId,
            policyLogicalId: rule.policy,
            statementIndex: rule.statement,
            action: rule.action,
            resource: rule.resource,
            condition: rule.condition,
          });
        }
      }
    }
    return grants;
  }

  #decide(caller: string, { action, resource, context }: AccessRequest): Decision {
    const key = `${caller}\n${action}\n${resource}\n${context === undefined ? '' : JSON.stringify(context)}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) {
      return known;
    }
    const principal = caller === this.#operator.arn ? this.#operator : this.#roles.get(caller);
    const decision = this.#evaluate(principal, { action, resource, context: context ?? {} });
    // Object keys of S3 make endless resources.
    if (this.#decisions.size >= KEPT) {
      this.#decisions.clear();
    }
    this.#decisions.set(key, decision);
    return decision;
  }

  #evaluate(role: Role | undefined, request: Required<AccessRequest>): Decision {
    if (role === undefined) {
      return { by: undefined, explicit: false };
    }
    const { action, resource } = request;
    const context: Context = {
      'aws:principalaccount': this.#assembly.account,
      'aws:principalarn': role.arn,
      'aws:requestedregion': this.#assembly.region,
      // Whatever is found here is of the one account that there is.
      'aws:resourceaccount': this.#assembly.account,
      // Loopback stands for the TLS connection of a real call.
      'aws:securetransport': 'true',
      'aws:viaawsservice': 'false',
      ...request.context,
    };
    const account = this.#assembly.account;
    const matching = (rules: readonly Rule[]): readonly Rule[] =>
      rules.filter((rule) => rule.matches(action, resource, context));
    const identity = matching(role.rules);
    const carried = this.#carriedBy(resource, action);
    const onResource = matching(carried).filter((rule) => standing(rule, role.arn, account) !== undefined);
    if ([...identity, ...onResource].some(({ effect }) => effect === 'Deny')) {
      return { by: undefined, explicit: true };
    }
    const named = onResource.filter((rule) => standing(rule, role.arn, account) === 'named');
    // Identity policies say nothing about a key or a role unless its own policy trusts the account.
    const guarded = action === ASSUME_ROLE || (action.startsWith('kms:') && carried.length > 0);
    const identityCounts = !guarded || onResource.length > 0;
    const by = [...(identityCounts ? identity : []), ...named]
      .map((rule) => keyOf(role.arn, rule))
      .find((key) => !this.#removed.has(key));
    return { by, explicit: false };
  }

  /** The policy that a resource carries itself; that of an object is its bucket's. */
  #carriedBy(resource: string, action: string): readonly Rule[] {
    if (action === ASSUME_ROLE) return this.#roles.get(resource)?.trust ?? [];
    return this.#resources.get(resource) ?? this.#resources.get(resource.split('/')[0] ?? '') ?? [];
  }
}

/**
 * Reads roles and policies of an assembly.
 * @throws {UnsupportedPolicy} naming the statement that is not understood: nothing is allowed or denied by half
 */
export function createIam(assembly: Assembly, log: Log = () => undefined): Iam {
  return new Evaluator(assembly, log);
}
