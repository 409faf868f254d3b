/** Devices: read, list, change. */
import * as z from 'zod';
import { LIMITS } from '../../../contracts/limits.ts';
import {
  type Device,
  type DeviceSearch,
  deviceMetadata,
  searchFault,
} from '../../../contracts/resources/devices.ts';
import { allowedSites, type Principal } from '../../../contracts/roles.ts';
import { isSearched } from '../../domain/devices/search.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { parsePart } from '../../runtime/http/validate.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import { listDevices, replaceDevice, type StoredDevice } from '../../store/registry/devices.ts';
import { deviceListKey, type Registry } from '../../store/registry/keys.ts';
import { readManyConnections } from '../../store/registry/presence.ts';
import { type Json, mergePatch } from './merge-patch.ts';

interface DeviceListQuery extends DeviceSearch {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Queries of one request, at most: a filter that rejects nearly all makes a short page, not a long wait. */
const QUERIES = 10;
/** Devices looked at in one Query where most may not be meant: 1 MB holds about as many. */
const LOOKED_AT = 300;

/** What a cursor of this list is bound to. */
export const listIdentity = ({ limit: _limit, cursor: _cursor, ...asked }: DeviceListQuery) => ({
  list: 'devices',
  ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
});

/** The sites to look at, in order; `undefined` stands for all at once. */
const sitesOf = (principal: Principal, site: string | undefined): readonly (string | undefined)[] => {
  const sites = allowedSites(principal, 'devices:read');
  if (site !== undefined) return sites === 'all' || sites.includes(site) ? [site] : [];
  return sites === 'all' ? [undefined] : sites;
};

/** A list key: a device, or a site before all its devices. */
const position = z.string().regex(/^[a-z0-9-]{1,63}#[a-z0-9-]{0,63}$/);

const siteOfKey = (key: string): string => key.slice(0, key.indexOf('#'));

/** Those that are looked for: told by the devices themselves first, then by their connections, 1 read for 100. */
const searched = async (
  registry: Registry,
  devices: readonly Device[],
  query: DeviceListQuery,
): Promise<readonly Device[]> => {
  const found = devices.filter((device) => isSearched(device, query));
  if (query.presence === undefined || found.length === 0) return found;
  const states = await readManyConnections(
    registry,
    found.map(({ id }) => id),
  );
  return found.filter(({ id }) => (states.get(id)?.state ?? 'unknown') === query.presence);
};

/**
 * One page of the devices that a principal may see, by site and identifier.
 * @returns the items, and the list key to go on after, `undefined` at the end
 * @throws {ProblemError} `invalid-request` for what would take reading every device of every site
 */
export const devicePage = async (
  registry: Registry,
  principal: Principal,
  query: DeviceListQuery,
): Promise<{ readonly items: readonly Device[]; readonly position: string | undefined }> => {
  const fault = searchFault(query);
  if (fault !== undefined)
    throw new ProblemError('invalid-request', { errors: [{ pointer: '?site', detail: fault }] });
  const isSearch = [query.search, query.presence, query.attribute].some((asked) => asked !== undefined);
  const limit = query.limit ?? LIMITS.pageDefault;
  let after =
    query.cursor === undefined ? undefined : readCursor(query.cursor, listIdentity(query), position);
  const items: Device[] = [];
  let queries = 0;
  for (const site of sitesOf(principal, query.site)) {
    if (site !== undefined && after !== undefined && site < siteOfKey(after)) continue;
    let from = site === undefined || (after !== undefined && siteOfKey(after) === site) ? after : undefined;
    do {
      if (queries++ === QUERIES) return { items, position: from ?? after ?? `${site ?? ''}#` };
      const wanted = limit + 1 - items.length;
      const slice = await listDevices(registry, {
        site,
        after: from,
        type: query.type,
        state: query.state,
        limit: isSearch ? Math.max(wanted, LOOKED_AT) : wanted,
      });
      items.push(...(await searched(registry, slice.devices, query)));
      const last = items[limit - 1];
      // One more than asked for was looked for: it tells whether there is a next page at all.
      if (items.length > limit && last !== undefined)
        return { items: items.slice(0, limit), position: deviceListKey(last.site, last.id) };
      from = slice.seen;
    } while (from !== undefined);
    after = undefined;
  }
  return { items, position: undefined };
};

type Patch = { readonly [name: string]: Json | undefined };

/**
 * Changes the metadata of a device by a merge patch.
 * @throws {ProblemError} `precondition-required`, `precondition-failed`, `device-retired`, or `invalid-request`
 * when the result is not valid
 */
export const changeDevice = async (
  registry: Registry,
  stored: StoredDevice,
  change: { readonly patch: Patch; readonly ifMatch: string | undefined; readonly now: Date },
): Promise<Device> => {
  const { name, description, serial, location, labels, ...identity } = stored.device;
  requireMatch(change.ifMatch, identity.version);
  if (identity.state === 'retiring' || identity.state === 'retired') throw new ProblemError('device-retired');
  const metadata = parsePart(
    deviceMetadata,
    'body',
    mergePatch({ name, description, serial, location, labels }, change.patch),
  );
  const device: Device = {
    ...identity,
    ...metadata,
    updatedAt: change.now.toISOString(),
    version: identity.version + 1,
  };
  try {
    await replaceDevice(registry, { ...stored, device });
  } catch (cause) {
    throw cause instanceof ConditionFailed ? new ProblemError('precondition-failed', { cause }) : cause;
  }
  return device;
};
