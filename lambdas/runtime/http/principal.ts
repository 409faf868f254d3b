/** Who calls: the claims of an access token, as the authorizer of API Gateway has verified them. */
import * as z from 'zod';
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

const GROUPS = 'cognito:groups';
const payload = z.object({ [GROUPS]: z.array(z.string()) });

/** What is left of a list however it was written as text: `a,b`, `[a b]`, `[a, b]`. */
const bare = (list: string): string => list.replaceAll(/[[\]\s,]+/g, ',').replaceAll(/^,|,$/g, '');

/**
 * The groups of a token. A claim that is text does not tell them: Cognito takes commas and brackets in names, so that
 * `x,Admin` may be one group or two. The token itself tells, which the authorizer has verified.
 * @returns `undefined` where the token does not say what the authorizer says of it
 */
const groupsOf = (claim: unknown, token: string | undefined): readonly string[] | undefined => {
  if (claim === undefined || claim === '') return [];
  if (typeof claim !== 'string') return undefined;
  const [, part = ''] = token?.split('.') ?? [];
  try {
    const groups = payload.parse(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))[GROUPS];
    return bare(groups.join(',')) === bare(claim) ? groups : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The principal of an access token. A person (`username`) needs the scope `labgate/api` and holds the roles of
 * the groups; a program (client credentials: neither `username` nor groups) holds the roles of its scopes.
 * Scopes of roles in a person's token, and groups in a program's, count for nothing.
 * @param claims of the token, verified
 * @param token as it was sent and verified: it tells where one group ends and the next begins
 * @returns the principal, with no grants when the token gives none, or `undefined` when it is no access token
 */
export const principalFromClaims = (claims: Claims, token: string | undefined): Principal | undefined => {
  const groups = groupsOf(claims[GROUPS], token);
  return groups === undefined ? undefined : principalOf(claims, groups);
};

/**
 * The principal of the payload of an access token, as {@link principalFromClaims} reads it.
 * @param claims of the token itself, verified
 */
export const principalFromPayload = (claims: Claims): Principal | undefined => {
  const groups = z.array(z.string()).safeParse(claims[GROUPS] ?? []);
  return groups.success ? principalOf(claims, groups.data) : undefined;
};

const principalOf = (claims: Claims, groups: readonly string[]): Principal | undefined => {
  const subject = text(claims, 'sub');
  if (subject === undefined || claims['token_use'] !== 'access') return undefined;
  // Scopes hold no space (RFC 6749, 3.3).
  const scopes = text(claims, 'scope')?.split(' ') ?? [];
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
