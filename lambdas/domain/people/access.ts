/** Who may see and change whose roles. */
import {
  allowedSites,
  type Grant,
  groupOf,
  PERMISSIONS,
  type Permission,
  type Principal,
  type Role,
} from '../../../contracts/roles.ts';

/** Whether a principal holds a permission wherever a grant counts: everywhere, or at its site. */
const holdsWhere = (principal: Principal, permission: Permission, { site }: Grant): boolean => {
  const sites = allowedSites(principal, permission);
  return sites === 'all' || (site !== undefined && sites.includes(site));
};

/** The grants of somebody that a principal may see. */
export const seenGrants = (principal: Principal, grants: readonly Grant[]): readonly Grant[] =>
  grants.filter((grant) => holdsWhere(principal, 'people:read', grant));

/** Whether a principal may see somebody who holds these grants: an Admin of a site, those who hold a role there. */
export const seesPerson = (principal: Principal, grants: readonly Grant[]): boolean =>
  allowedSites(principal, 'people:read') === 'all' || seenGrants(principal, grants).length > 0;

/** Whether a principal may do what counts wherever somebody holds a role: disable, sign out. */
export const managesPerson = (principal: Principal, grants: readonly Grant[]): boolean =>
  allowedSites(principal, 'people:manage') === 'all' ||
  grants.every((grant) => holdsWhere(principal, 'people:manage', grant));

/** Whether a principal may give a grant: nobody gives more than they hold themselves. */
export const mayGive = (principal: Principal, grant: Grant): boolean =>
  holdsWhere(principal, 'people:manage', grant) &&
  Object.entries(PERMISSIONS).every(
    ([name, roles]) =>
      !(roles as readonly Role[]).includes(grant.role) || holdsWhere(principal, name as Permission, grant),
  );

/** Whether a principal may take a grant away. */
export const mayTake = (principal: Principal, grant: Grant): boolean =>
  holdsWhere(principal, 'people:manage', grant);

const without = (grants: readonly Grant[], others: readonly Grant[]): readonly Grant[] => {
  const groups = new Set(others.map(groupOf));
  return grants.filter((grant) => !groups.has(groupOf(grant)));
};

/** What lies between what somebody holds and what they shall hold. */
export const grantChange = (
  held: readonly Grant[],
  wanted: readonly Grant[],
): { readonly added: readonly Grant[]; readonly removed: readonly Grant[] } => ({
  added: without(wanted, held),
  removed: without(held, wanted),
});

/** Whether a grant is that of an administrator of everything. */
export const isFullAdmin = ({ role, site }: Grant): boolean => role === 'Admin' && site === undefined;
