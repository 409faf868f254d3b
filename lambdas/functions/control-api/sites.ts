/** Sites: read, list, describe, remove. */
import { LIMITS } from '../../../contracts/limits.ts';
import { slug } from '../../../contracts/messages/topics.ts';
import type { Site, SiteDescription } from '../../../contracts/resources/sites.ts';
import { allowedSites, type Principal } from '../../../contracts/roles.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { runLimited } from '../../runtime/limit.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import type { Registry } from '../../store/registry/keys.ts';
import {
  deleteSite,
  hasDevices,
  hasUnretired,
  listDescribed,
  nextSiteOfDevices,
  readSite,
  writeSite,
} from '../../store/registry/sites.ts';

/** What a cursor of this list is bound to. */
export const SITE_LIST = { list: 'sites' };

/** Sites whose devices are jumped over in one request, at most: the page is short then, not the wait long. */
const JUMPS = 100;
const READS_AT_ONCE = 10;

const undescribed = (id: string): Site => ({ id, described: false, version: 0 });

/** Reads a site: its description, or that devices are registered at it. @returns `undefined` when nobody names it */
export const findSite = async (registry: Registry, id: string): Promise<Site | undefined> =>
  (await readSite(registry, id)) ?? ((await hasDevices(registry, id)) ? undescribed(id) : undefined);

interface Page {
  readonly items: readonly Site[];
  /** The last identifier that was looked at; `undefined` at the end. */
  readonly position: string | undefined;
}

/** Of all sites: descriptions and devices, each in the order of identifiers, put together. */
const pageOfAll = async (registry: Registry, after: string, limit: number): Promise<Page> => {
  const { sites, seen } = await listDescribed(registry, after, limit + 1);
  const found = new Map(sites.map((site) => [site.id, site]));
  let end = seen;
  let at = after;
  for (let jumps = 0; ; jumps += 1) {
    const next = await nextSiteOfDevices(registry, at);
    if (next === undefined) break;
    at = next;
    if (!found.has(next)) found.set(next, undescribed(next));
    if (jumps < Math.min(limit, JUMPS)) continue;
    end = end === undefined || at < end ? at : end;
    break;
  }
  const ids = [...found.keys()].sort();
  // What lies behind the end of one of the two may not be all there is.
  const sure = end === undefined ? ids : ids.filter((id) => id <= end);
  const items = sure.slice(0, limit).flatMap((id) => found.get(id) ?? []);
  return { items, position: sure.length > limit || end !== undefined ? items.at(-1)?.id : undefined };
};

/** Of those that somebody may see. */
const pageOfSome = async (registry: Registry, ids: readonly string[], limit: number): Promise<Page> => {
  const asked = ids.slice(0, limit);
  const found = await runLimited(asked, READS_AT_ONCE, (id) => findSite(registry, id));
  return {
    items: found.filter((site) => site !== undefined),
    position: ids.length > limit ? asked.at(-1) : undefined,
  };
};

/** One page of the sites that a principal may see, by identifier. */
export const sitePage = async (
  registry: Registry,
  principal: Principal,
  query: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
): Promise<Page> => {
  const { limit = LIMITS.pageDefault, cursor } = query;
  const after = cursor === undefined ? '' : readCursor(cursor, SITE_LIST, slug);
  const sites = allowedSites(principal, 'sites:read');
  if (sites === 'all') return await pageOfAll(registry, after, limit);
  return await pageOfSome(
    registry,
    sites.filter((id) => id > after),
    limit,
  );
};

interface By {
  readonly ifMatch: string | undefined;
  readonly principal: Principal;
  readonly now: Date;
}

const unlessChanged = async (write: Promise<void>): Promise<void> => {
  try {
    await write;
  } catch (cause) {
    throw cause instanceof ConditionFailed ? new ProblemError('precondition-failed', { cause }) : cause;
  }
};

/**
 * Describes a site, whether devices are registered at it or not.
 * @returns the site before and after
 * @throws {ProblemError} `precondition-required` or `precondition-failed` where it is described already
 */
export const describeSite = async (
  registry: Registry,
  id: string,
  description: SiteDescription,
  by: By,
): Promise<{ readonly before: number; readonly site: Site }> => {
  const before = (await readSite(registry, id))?.version ?? 0;
  requireMatch(before === 0 ? (by.ifMatch ?? '*') : by.ifMatch, before);
  const site: Site = {
    ...description,
    id,
    described: true,
    version: before + 1,
    updatedAt: by.now.toISOString(),
    updatedBy: by.principal.name,
  };
  await unlessChanged(writeSite(registry, site));
  return { before, site };
};

/**
 * Removes the description of a site where no device is left.
 * @throws {ProblemError} `not-found`, `precondition-required`, `precondition-failed`, `site-in-use`
 */
export const removeSite = async (
  registry: Registry,
  id: string,
  ifMatch: string | undefined,
): Promise<Site> => {
  const site = await findSite(registry, id);
  if (site === undefined) throw new ProblemError('not-found');
  requireMatch(ifMatch, site.version);
  if (await hasUnretired(registry, id)) throw new ProblemError('site-in-use');
  if (site.described) await unlessChanged(deleteSite(registry, site));
  return site;
};
