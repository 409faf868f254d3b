/**
 * What the audit is told of a request: every request that may change something, and every one that was denied. It is
 * told by the application, for all routes alike; handlers only add what they alone know.
 */
import { type AuditRecord, USER_AGENT_CHARS } from '../../../contracts/resources/audit.ts';
import { allowedSites, groupOf, type Permission, type Principal } from '../../../contracts/roles.ts';
import { digest } from '../digest.ts';
import type { ProblemError } from './problem.ts';

/** What a handler knows of a request beyond what stands in it. */
export interface AuditFacts {
  /** Site of what it is about; several where it is about things of several. */
  readonly site?: string | readonly string[];
  readonly resource?: { readonly kind: string; readonly id: string };
  /** What was changed, and what it is now, where the ETags do not say it. */
  readonly before?: string;
  readonly after?: string;
}

/** Tells the audit what a handler knows. */
export type Note = (facts: AuditFacts) => void;

/**
 * Writes what became of a request into the audit.
 * @throws what keeps it from being written: then it is not certain that it is
 */
export type Audit = (record: AuditRecord) => Promise<void>;

/** A request on its way: filled as far as it got. */
export interface Attempt {
  readonly request: Request;
  readonly requestId: string;
  readonly address: string | undefined;
  readonly principal: Principal | undefined;
  route?: {
    readonly name: string;
    readonly method: string;
    readonly permission: Permission | 'open';
  };
  path?: string;
  params?: Readonly<Record<string, string>>;
  body?: unknown;
  facts: AuditFacts;
}

const ID_CHARS = 256;
const REASON_CHARS = 1000;

/** As the audit keeps texts: Unicode, and no longer than this. */
const cut = (text: string, chars: number): string => text.slice(0, chars).toWellFormed();

/** What kept the caller from it: he may not, or what he asked for may be hidden from him. */
const isDenied = (fault: ProblemError, principal: Principal, permission: Permission): boolean =>
  fault.code === 'forbidden' ||
  // Whether it is there or hidden: who sees only some sites must not learn it from how long the answer takes.
  (fault.code === 'not-found' && allowedSites(principal, permission) !== 'all');

type Verdict = Pick<AuditRecord, 'outcome' | 'code'>;

const verdictOf = ({ principal, route }: Attempt, fault: ProblemError | undefined): Verdict | undefined => {
  if (principal === undefined || route === undefined || route.permission === 'open') return undefined;
  if (fault !== undefined && isDenied(fault, principal, route.permission))
    return { outcome: 'denied', code: fault.code };
  if (route.method === 'GET') return undefined;
  if (fault === undefined) return { outcome: 'done' };
  return { outcome: fault.status >= 500 ? 'failed' : 'refused', code: fault.code };
};

/** What a path is about: its first word, and the identifier behind it. */
const resourceOf = ({ path = '', params = {}, facts }: Attempt): AuditRecord['resource'] => {
  if (facts.resource !== undefined) return facts.resource;
  const id = Object.values(params).join('/');
  return id === '' ? undefined : { kind: path.split('/')[2] ?? '', id: cut(id, ID_CHARS) };
};

const reasonOf = (body: unknown): string | undefined =>
  typeof body === 'object' && body !== null && 'reason' in body && typeof body.reason === 'string'
    ? cut(body.reason, REASON_CHARS)
    : undefined;

/** Members that have a value. */
const given = <T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;

/**
 * What is to be written of a request: one record for each site that it is about.
 * @param fault what was answered, if it was a problem
 * @param answered headers of the answer
 */
export const auditRecordsOf = (
  attempt: Attempt,
  fault: ProblemError | undefined,
  answered: Headers,
): readonly AuditRecord[] => {
  const { request, route, principal, body, facts } = attempt;
  const verdict = verdictOf(attempt, fault);
  if (verdict === undefined || route === undefined || principal === undefined) return [];
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  const userAgent = header('user-agent');
  const isDone = verdict.outcome === 'done';
  const record: Omit<AuditRecord, 'site'> = {
    actor: {
      kind: principal.kind,
      subject: cut(principal.subject, ID_CHARS),
      name: cut(principal.name, ID_CHARS),
      grants: principal.grants.map(groupOf),
    },
    action: route.name,
    ...verdict,
    requestId: attempt.requestId,
    ...given({
      resource: resourceOf(attempt),
      created: isDone ? (answered.get('location') ?? undefined) : undefined,
      request: body === undefined ? undefined : digest(body),
      before: facts.before ?? (isDone ? header('if-match') : undefined),
      after: facts.after ?? (isDone ? (answered.get('etag') ?? undefined) : undefined),
      reason: reasonOf(body),
      address: attempt.address,
      userAgent: userAgent === undefined ? undefined : cut(userAgent, USER_AGENT_CHARS),
    }),
  };
  const sites = [facts.site ?? fault?.site ?? []].flat();
  return (sites.length === 0 ? [null] : sites).map((site) => ({ ...record, site }));
};
