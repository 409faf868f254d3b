/** The devices of a scrape: never more than one answer can hold. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { Device } from '../../../contracts/resources/devices.ts';
import type { MetricsQuery } from '../../../contracts/resources/metrics.ts';
import { allowed, allowedSites, type Principal } from '../../../contracts/roles.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { listDevices } from '../../store/registry/devices.ts';
import type { Registry } from '../../store/registry/keys.ts';

const SEE = 'series:read';
/** Devices looked at for one scrape, those of other types and states included: a Query reads both. */
const LOOKED_AT = 5_000;
const PAGE = 1_000;

/** Sites to look through; `undefined` stands for all. */
const sitesOf = (principal: Principal, site: string | undefined): readonly (string | undefined)[] => {
  if (site !== undefined) return allowed(principal, SEE, site) ? [site] : [];
  const sites = allowedSites(principal, SEE);
  return sites === 'all' ? [undefined] : sites;
};

const tooMany = (detail: string): ProblemError => new ProblemError('answer-too-large', { detail });

/**
 * Active devices that a caller may see, by site and identifier.
 * @throws {ProblemError} `answer-too-large` when there are more than one scrape may have, or than it may look at
 */
export const devicesOf = async (
  registry: Registry,
  { site, type }: MetricsQuery,
  principal: Principal,
): Promise<readonly Device[]> => {
  const found: Device[] = [];
  let left = LOOKED_AT;
  for (const each of sitesOf(principal, site)) {
    let after: string | undefined;
    do {
      if (left === 0)
        throw tooMany(`a scrape looks at ${LOOKED_AT} devices at most, of any type: name a site with fewer`);
      const limit = Math.min(PAGE, left);
      left -= limit;
      const { devices, seen } = await listDevices(registry, {
        site: each,
        after,
        type,
        state: 'active',
        limit,
      });
      found.push(...devices);
      if (found.length > LIMITS.scrapeDevices)
        throw tooMany(
          `there are more than ${LIMITS.scrapeDevices} devices: name a site, a type, or both, in one scrape each`,
        );
      after = seen;
    } while (after !== undefined);
  }
  return found;
};
