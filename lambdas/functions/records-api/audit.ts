/** The audit as callers see it: a page of the entries of a site. */
import * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import type { AuditEntry, AuditQuery } from '../../../contracts/resources/audit.ts';
import { allowed, allowedSites, type Principal } from '../../../contracts/roles.ts';
import { formatTime, type Micros } from '../../../contracts/time.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { listEntries } from '../../store/registry/audit-list.ts';
import type { Registry } from '../../store/registry/keys.ts';

/** What a cursor of the list is bound to. */
export const auditIdentity = ({ site, from, to, subject, order }: AuditQuery) => ({
  audit: site ?? null,
  from: from ?? null,
  to: to ?? null,
  subject: subject ?? null,
  order,
});

/** After everything, and before everything. */
const [FIRST, LAST] = ['0', '~'];

/** Entries have milliseconds: those of a finer bound begin with the next. */
const bound = (micros: Micros | undefined, open: string): string =>
  micros === undefined ? open : formatTime(Math.ceil(micros / 1000) * 1000);

/**
 * One page.
 * @throws {ProblemError} `not-found` for a site that is not the caller's; `forbidden` for what belongs to no site, which
 *   only who has the permission everywhere sees
 */
export const auditPage = async (
  registry: Registry,
  principal: Principal,
  query: AuditQuery,
): Promise<{ readonly items: readonly AuditEntry[]; readonly position: string | undefined }> => {
  const { site, from, to, subject, order, limit = LIMITS.pageDefault } = query;
  if (site === undefined && allowedSites(principal, 'audit:read') !== 'all')
    throw new ProblemError('forbidden', {
      detail: 'name a site: audit:read is needed at every site otherwise',
    });
  if (site !== undefined && !allowed(principal, 'audit:read', site))
    throw new ProblemError('not-found', { site });
  const descending = order === 'newest';
  const cursor =
    query.cursor === undefined
      ? undefined
      : readCursor(query.cursor, auditIdentity(query), z.string().regex(/^\d{4}-\d{2}-\d{2}[T~]?/));
  const { entries, seen } = await listEntries(registry, {
    site: site ?? null,
    after: !descending && cursor !== undefined ? cursor : bound(from, FIRST),
    before: descending && cursor !== undefined ? cursor : bound(to, LAST),
    subject,
    descending,
    limit,
  });
  return { items: entries, position: seen };
};
