/** Who calls: the claims of an access token, as the authorizer of API Gateway has verified them. */
import {
  type Grant,
  type Principal,
  parseGroup,
  parseRoleScope,
  USER_SCOPE,
} from '../../../contracts/roles.ts';

/** Claims as API Gateway passes them: it writes lists as text. */
export type Claims = Readonly<Record<string, unknown>>;

const text = (claims: Claims, name: string): string | undefined => {
  const value = claims[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A list as an array, as `a,b`, or as `[a b]`: API Gateway writes one claim in three ways. */
const listOf = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.filter((entry) => typeof entry === 'string');
  if (typeof value !== 'string') return [];
  return value
    .replace(/^\[(.*)\]$/, '$1')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
};

/**
 * The principal of an access token. A person (`username`) needs the scope `labgate/api` and holds the roles of
 * the groups; a program (client credentials: neither `username` nor groups) holds the roles of its scopes.
 * Scopes of roles in a person's token, and groups in a program's, count for nothing.
 * @returns the principal, with no grants when the token gives none, or `undefined` when it is no access token
 */
export const principalFromClaims = (claims: Claims): Principal | undefined => {
  const subject = text(claims, 'sub');
  if (subject === undefined || claims['token_use'] !== 'access') return undefined;
  const scopes = listOf(claims['scope']);
  const groups = listOf(claims['cognito:groups']);
  const username = text(claims, 'username');
  const grants = (list: readonly string[], read: (entry: string) => Grant | undefined): Grant[] =>
    list.flatMap((entry) => read(entry) ?? []);
  if (username !== undefined)
    return {
      subject,
      name: username,
      kind: 'user',
      grants: scopes.includes(USER_SCOPE) ? grants(groups, parseGroup) : [],
    };
  if (groups.length > 0) return undefined;
  return {
    subject,
    name: text(claims, 'client_id') ?? subject,
    kind: 'program',
    grants: grants(scopes, parseRoleScope),
  };
};
