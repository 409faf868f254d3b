/** The permission matrix: who may do what. The API, the live connection and the tests read this one table. */
import { slug } from './messages/topics.ts';

/** Roles of people and programs, everywhere or at one site. */
export const ROLES = ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'] as const;
export type Role = (typeof ROLES)[number];

/** Who may do what: each permission with the roles that hold it. */
export const PERMISSIONS = {
  'devices:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'devices:register': ['Admin', 'Engineer'],
  'devices:update': ['Admin', 'Engineer', 'Maintenance'],
  'devices:move': ['Admin', 'Engineer'],
  'devices:retire': ['Admin', 'Engineer'],
  'certificates:manage': ['Admin', 'Engineer'],
  'sites:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'sites:manage': ['Admin', 'Engineer'],
  'commands:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'commands:create': ['Admin', 'Engineer', 'Operator', 'Maintenance'],
  'commands:approve': ['Admin', 'Engineer'],
  'alerts:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'alerts:act': ['Admin', 'Engineer', 'Operator', 'Maintenance'],
  'alerts:shelve': ['Admin', 'Engineer', 'Operator'],
  'alert-rules:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'alert-rules:manage': ['Admin', 'Engineer'],
  'types:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'types:create': ['Admin', 'Engineer'],
  'types:update': ['Admin', 'Engineer'],
  'series:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'live:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'live:post': ['Admin', 'Engineer', 'Operator', 'Maintenance'],
  'quarantine:read': ['Admin', 'Engineer', 'Operator', 'Maintenance'],
  'quarantine:replay': ['Admin', 'Engineer'],
  'exports:create': ['Admin', 'Engineer', 'Operator'],
  'exports:read': ['Admin', 'Engineer', 'Operator'],
  'audit:read': ['Admin'],
  'health:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'people:read': ['Admin'],
  'people:manage': ['Admin'],
  'me:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
  'contract:read': ['Admin', 'Engineer', 'Operator', 'Maintenance', 'Viewer'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

/** A role, everywhere or at one site. */
export interface Grant {
  readonly role: Role;
  /** Absent: every site. */
  readonly site?: string | undefined;
}

/** Who calls, as the token says. */
export interface Principal {
  /** Subject of the token: a user, or the client id of a program. */
  readonly subject: string;
  readonly name: string;
  readonly kind: 'user' | 'program';
  readonly grants: readonly Grant[];
}

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/**
 * Reads a Cognito group: `Operator`, or `Operator@{site}` for one site.
 * @returns the grant, or `undefined` for a group that is none of ours
 */
export const parseGroup = (group: string): Grant | undefined => {
  const at = group.indexOf('@');
  const role = at < 0 ? group : group.slice(0, at);
  if (!isRole(role)) return undefined;
  if (at < 0) return { role };
  const site = group.slice(at + 1);
  return slug.safeParse(site).success ? { role, site } : undefined;
};

/** The Cognito group of a grant: what {@link parseGroup} reads. */
export const groupOf = ({ role, site }: Grant): string => (site === undefined ? role : `${role}@${site}`);

/** OAuth resource server of the API. */
export const RESOURCE_SERVER = 'labgate';
/** OAuth scope that lets a signed-in person use the API. */
export const USER_SCOPE = `${RESOURCE_SERVER}/api`;

/** OAuth scope that gives a program a role, e.g. `labgate/operator`. */
export const roleScope = (role: Role): string => `${RESOURCE_SERVER}/${role.toLowerCase()}`;

/** Every scope of the resource server, as the authorizer of each route accepts them. */
export const API_SCOPES: readonly string[] = [USER_SCOPE, ...ROLES.map(roleScope)];

/** @returns the grant of a program's scope, or `undefined` for another scope */
export const parseRoleScope = (scope: string): Grant | undefined => {
  const role = ROLES.find((candidate) => roleScope(candidate) === scope);
  return role === undefined ? undefined : { role };
};

/** Whether a principal holds a permission at a site; without a site: at any site at all. */
export const allowed = (principal: Principal, permission: Permission, site?: string): boolean => {
  const roles: readonly Role[] = PERMISSIONS[permission];
  return principal.grants.some(
    (grant) =>
      roles.includes(grant.role) && (grant.site === undefined || site === undefined || grant.site === site),
  );
};

/**
 * The sites a principal holds a permission at.
 * @returns `'all'`, or the list of sites, empty when there is none
 */
export const allowedSites = (principal: Principal, permission: Permission): 'all' | readonly string[] => {
  const roles: readonly Role[] = PERMISSIONS[permission];
  const held = principal.grants.filter((grant) => roles.includes(grant.role));
  if (held.some((grant) => grant.site === undefined)) return 'all';
  return [...new Set(held.flatMap((grant) => grant.site ?? []))].sort();
};

/** Every permission that a principal holds somewhere, with where. */
export const permissionsOf = (
  principal: Principal,
): Partial<Record<Permission, 'all' | readonly string[]>> => {
  const names = Object.keys(PERMISSIONS) as Permission[];
  const held = names.map((name) => [name, allowedSites(principal, name)] as const);
  return Object.fromEntries(held.filter(([, sites]) => sites.length > 0));
};
