/** Alert rules: made, changed, taken away, listed. */
import { LIMITS } from '../../../contracts/limits.ts';
import { slug } from '../../../contracts/messages/topics.ts';
import {
  type AlertRule,
  type AlertRuleChange,
  type AlertRuleInput,
  alertRuleInput,
  MAX_RULES,
  MAX_RULES_BYTES,
} from '../../../contracts/resources/alert-rules.ts';
import { allowed, allowedSites, type Principal } from '../../../contracts/roles.ts';
import { checkRule } from '../../domain/alerts/rule-faults.ts';
import { digest } from '../../runtime/digest.ts';
import type { Note } from '../../runtime/http/audit.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { etagOf, requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import {
  bytesOfRules,
  listRules,
  readRules,
  type StoredRules,
  writeRules,
} from '../../store/registry/alert-rules.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';

/** Who changes a rule. */
export interface By {
  readonly principal: Principal;
  readonly now: Date;
  readonly note: Note;
}

/** A rule of one site is of who manages rules there; one of all sites is of who does everywhere. */
export const requireManager = (principal: Principal, site: string | undefined): void => {
  const may =
    site === undefined
      ? allowedSites(principal, 'alert-rules:manage') === 'all'
      : allowed(principal, 'alert-rules:manage', site);
  if (may) return;
  const where = site === undefined ? 'every site' : site;
  throw new ProblemError('forbidden', { detail: `alert-rules:manage is needed at ${where}` });
};

const checked = async (registry: Registry, input: AlertRuleInput): Promise<AlertRule['evaluated']> => {
  const type = await readType(registry, input.type);
  if (type === undefined) throw new ProblemError('unknown-type');
  const found = checkRule(input, type);
  if ('faults' in found) throw new ProblemError('invalid-request', { errors: [...found.faults] });
  return found.evaluated;
};

const write = async (registry: Registry, stored: StoredRules): Promise<void> => {
  if (stored.rules.length + stored.unread.length > MAX_RULES || bytesOfRules(stored) > MAX_RULES_BYTES)
    throw new ProblemError('too-many-rules');
  try {
    await writeRules(registry, stored);
  } catch (cause) {
    if (!(cause instanceof ConditionFailed)) throw cause;
    throw new ProblemError('precondition-failed', { cause, detail: 'another rule of the type was changed' });
  }
};

const byId = (one: AlertRule, other: AlertRule): number => (one.id < other.id ? -1 : 1);

/** What somebody said, without what the platform adds. */
const saidOf = (rule: AlertRule): string => digest(alertRuleInput.strip().parse(rule));

/**
 * Makes a rule. The same again is answered as it was the first time.
 * @throws {ProblemError} `invalid-request` pointing at what makes no sense, `unknown-type`, `conflict`, `too-many-rules`
 */
export const addRule = async (
  registry: Registry,
  input: AlertRuleInput,
  { principal, now }: By,
): Promise<AlertRule> => {
  const evaluated = await checked(registry, input);
  const stored = await readRules(registry, input.type);
  const at = now.toISOString();
  const rule: AlertRule = {
    ...input,
    ...(evaluated === undefined ? {} : { evaluated }),
    version: 1,
    createdAt: at,
    createdBy: principal.name,
    updatedAt: at,
    updatedBy: principal.name,
  };
  const found = stored.rules.find(({ id }) => id === input.id);
  if (found !== undefined) {
    if (saidOf(found) === saidOf(rule) && found.createdBy === principal.name) return found;
    throw new ProblemError('conflict');
  }
  await write(registry, { ...stored, rules: [...stored.rules, rule].sort(byId) });
  return rule;
};

/** Reads a rule. @throws {ProblemError} `not-found` */
export const findRule = async (registry: Registry, type: string, id: string): Promise<AlertRule> => {
  const found = (await readRules(registry, type)).rules.find((rule) => rule.id === id);
  if (found === undefined) throw new ProblemError('not-found');
  return found;
};

/** The rules of a type, and the one of them that is to be changed. */
const openRule = async (
  registry: Registry,
  { type, id }: Pick<AlertRule, 'type' | 'id'>,
  ifMatch: string | undefined,
  { principal, note }: By,
) => {
  const stored = await readRules(registry, type);
  const before = stored.rules.find((rule) => rule.id === id);
  if (before === undefined) throw new ProblemError('not-found');
  const { site, version } = before;
  note({ before: etagOf(version), ...(site === undefined ? {} : { site }) });
  requireManager(principal, site);
  requireMatch(ifMatch, before.version);
  return { stored, before };
};

/** What of a rule is for life: what is remembered of it is of this. */
const lifelong = ({ channel, condition: { kind } }: Pick<AlertRule, 'channel' | 'condition'>) => ({
  channel,
  kind,
});

/**
 * Changes a rule.
 * @throws {ProblemError} `not-found`, `forbidden`, `precondition-…`, `invalid-request`
 */
export const changeRule = async (
  registry: Registry,
  rule: Pick<AlertRule, 'type' | 'id'>,
  { reason: _reason, ...said }: AlertRuleChange,
  ifMatch: string | undefined,
  by: By,
): Promise<AlertRule> => {
  const { stored, before } = await openRule(registry, rule, ifMatch, by);
  const { principal, now } = by;
  requireManager(principal, said.site);
  const was = lifelong(before);
  const is = lifelong(said);
  if (was.channel !== is.channel || was.kind !== is.kind)
    throw new ProblemError('invalid-request', {
      errors: [
        { pointer: was.kind === is.kind ? '/channel' : '/condition/kind', detail: 'is what it is for life' },
      ],
    });
  const evaluated = await checked(registry, { ...said, type: before.type, id: before.id });
  const after: AlertRule = {
    ...said,
    id: before.id,
    type: before.type,
    ...(evaluated === undefined ? {} : { evaluated }),
    version: before.version + 1,
    createdAt: before.createdAt,
    createdBy: before.createdBy,
    updatedAt: now.toISOString(),
    updatedBy: principal.name,
  };
  await write(registry, { ...stored, rules: stored.rules.map((each) => (each === before ? after : each)) });
  return after;
};

/** Takes a rule away. @returns it as it was */
export const removeRule = async (
  registry: Registry,
  rule: Pick<AlertRule, 'type' | 'id'>,
  ifMatch: string | undefined,
  by: By,
): Promise<AlertRule> => {
  const { stored, before } = await openRule(registry, rule, ifMatch, by);
  await write(registry, { ...stored, rules: stored.rules.filter((each) => each !== before) });
  return before;
};

/** What a cursor of the list is bound to. */
export const RULE_LIST = { list: 'alert-rules' };

interface ListQuery {
  readonly type?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Types read at once: an item has 256 KB at most. */
const TYPES = 20;

/** One page: rules of whole types. */
export const rulePage = async (
  registry: Registry,
  query: ListQuery,
): Promise<{ readonly items: readonly AlertRule[]; readonly position: string | undefined }> => {
  if (query.type !== undefined)
    return { items: (await readRules(registry, query.type)).rules, position: undefined };
  const limit = query.limit ?? LIMITS.pageDefault;
  let after = query.cursor === undefined ? undefined : readCursor(query.cursor, RULE_LIST, slug);
  const items: AlertRule[] = [];
  do {
    const { types, seen } = await listRules(registry, after, Math.min(TYPES, limit));
    for (const { type, rules } of types) {
      items.push(...rules);
      after = type;
      if (items.length >= limit) return { items, position: type };
    }
    after = seen;
  } while (after !== undefined);
  return { items, position: undefined };
};
