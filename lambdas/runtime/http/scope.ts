/** What a principal may see and do at a site. */
import { allowed, type Permission, type Principal } from '../../../contracts/roles.ts';
import { ProblemError } from './problem.ts';

/**
 * Gives a thing to who may see it.
 * @param found the thing, or `undefined` where there is none
 * @param needed what seeing it takes, and what is to be done with it
 * @throws {ProblemError} `not-found` when it is not there or not to be seen, `forbidden` when it may only be seen
 */
export const visible = <T extends { readonly site: string }>(
  found: T | undefined,
  principal: Principal,
  needed: { readonly see: Permission; readonly act?: Permission },
): T => {
  if (found === undefined) throw new ProblemError('not-found');
  const { site } = found;
  if (!allowed(principal, needed.see, site)) throw new ProblemError('not-found', { site });
  if (needed.act !== undefined && !allowed(principal, needed.act, site))
    throw new ProblemError('forbidden', {
      site,
      detail: `the permission ${needed.act} is needed at ${site}`,
    });
  return found;
};
