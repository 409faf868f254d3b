/**
 * AWS WAF in front of a stage: the rules of its web ACL, in the order of their priority.
 *
 * What cannot be evaluated here is said once, by name, when the gateway starts.
 */
import type { Assembly, Log, Resource } from '../../types.ts';
import { read } from '../properties.ts';
import { RULE_GROUPS } from './managed-rules.ts';
import { association, type Rule, webAcl } from './properties.ts';
import type { Predicate, WebRequest } from './request.ts';
import { compile, type Limits } from './statement.ts';

export type { WebRequest } from './request.ts';

/** CloudFormation types of the firewall. */
export const firewallTypes: readonly string[] = ['AWS::WAFv2::WebACL', 'AWS::WAFv2::WebACLAssociation'];

/** Looks at a request. @returns name of the rule that blocks it, `undefined` when none does */
export type Firewall = (request: WebRequest) => string | undefined;

/** Names the rule that fits a request and ends its evaluation, and what it does then. */
interface Compiled {
  readonly name: string;
  readonly action: 'allow' | 'block';
  readonly fits: Predicate;
}

const compileGroup = (rule: Rule, log: Log): readonly Compiled[] => {
  const {
    VendorName: vendor = '',
    Name: name = '',
    RuleActionOverrides: overrides = [],
  } = rule.Statement.ManagedRuleGroupStatement ?? {};
  const group = vendor === 'AWS' ? RULE_GROUPS.get(name) : undefined;
  if (group === undefined)
    throw new Error(`rule ${rule.Name}: the group ${name} of ${vendor} is not known here`);
  if (rule.OverrideAction === undefined)
    throw new Error(`rule ${rule.Name}: a rule group needs OverrideAction`);
  const actions = new Map(overrides.map((override) => [override.Name, override.ActionToUse]));
  for (const overridden of actions.keys()) {
    if (!group.has(overridden)) throw new Error(`rule ${rule.Name}: ${name} has no rule ${overridden}`);
  }
  const blind = [...group].flatMap(([each, fits]) => (fits === undefined ? [each] : []));
  log('warn', `the firewall does not evaluate these rules of ${name} here: ${blind.join(', ')}`);
  if (rule.OverrideAction.Count !== undefined) return [];
  return [...group].flatMap(([each, fits]) => {
    const action = actions.get(each);
    if (fits === undefined || action?.Count !== undefined) return [];
    return [
      { name: `${name}/${each}`, action: action?.Allow === undefined ? 'block' : 'allow', fits } as const,
    ];
  });
};

const compileRule = (rule: Rule, limits: Limits, log: Log): readonly Compiled[] => {
  if (rule.Statement.ManagedRuleGroupStatement !== undefined) return compileGroup(rule, log);
  if (rule.Action === undefined) throw new Error(`rule ${rule.Name} needs an Action`);
  const fits = compile(rule.Statement, limits);
  if (rule.Action.Count !== undefined) return [];
  return [{ name: rule.Name, action: rule.Action.Allow === undefined ? 'block' : 'allow', fits }];
};

const firewallOf = (acl: Resource, log: Log, now: () => number): Firewall => {
  const { Rules: rules, AssociationConfig: config } = read(webAcl, acl);
  const kilobytes = config?.RequestBody?.API_GATEWAY?.DefaultSizeInspectionLimit.slice('KB_'.length) ?? 16;
  const limits = { bodyBytes: Number(kilobytes) * 1024, now };
  const compiled = rules
    .toSorted((one, other) => one.Priority - other.Priority)
    .flatMap((rule) => compileRule(rule, limits, log));
  return (request) => {
    const found = compiled.find(({ fits }) => fits(request));
    return found?.action === 'block' ? found.name : undefined;
  };
};

/**
 * Reads the firewall in front of a stage.
 * @param stage `{apiId}/stages/{stage}`, as in the ARN of the stage
 * @param now clock in milliseconds that never goes back
 * @returns `undefined` when the stage has none
 * @throws {Error} naming what the web ACL declares and is not known here
 */
export const readFirewall = (
  assembly: Assembly,
  stage: string,
  log: Log,
  now: () => number = () => performance.now(),
): Firewall | undefined => {
  const tie = assembly
    .byType('AWS::WAFv2::WebACLAssociation')
    .map((resource) => read(association, resource))
    .find(({ ResourceArn }) => ResourceArn.endsWith(`:/restapis/${stage}`));
  if (tie === undefined) return undefined;
  const acl = assembly.find(tie.WebACLArn);
  if (acl === undefined) throw new Error(`no AWS::WAFv2::WebACL of the assembly is ${tie.WebACLArn}`);
  return firewallOf(acl, log, now);
};
