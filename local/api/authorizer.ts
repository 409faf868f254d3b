/** Who calls: tokens, proved as the Cognito authorizer of API Gateway proves them. */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { GatewayFailure } from './failure.ts';
import type { CognitoAuthorizer, Method } from './model.ts';

/** Proves the token of a request and gives its claims, every one as text. */
export type Authorize = (
  authorizer: CognitoAuthorizer,
  method: Method,
  token: string | undefined,
) => Promise<Record<string, string>>;

/** Tokens that are remembered. */
const KEPT = 1000;

/**
 * The `COGNITO_USER_POOLS` authorizer: signature (RS256 alone) by the key set of the issuer, issuer and
 * expiry. A token that was proved once needs no proof again until it expires. With scopes on the method only an access token that has one of them passes, without any only an
 * ID token does.
 * @param issuer issuer URL of a user pool; its keys are under `/.well-known/jwks.json`
 */
export function createAuthorizer(issuer: (userPoolId: string) => string): Authorize {
  const keySets = new Map<string, ReturnType<typeof createRemoteJWKSet>>();
  const keysOf = (url: string) => {
    const known = keySets.get(url);
    if (known) return known;
    const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`));
    keySets.set(url, keys);
    return keys;
  };

  const verify = async (authorizer: CognitoAuthorizer, token: string): Promise<JWTPayload> => {
    let rejection: unknown;
    for (const poolId of authorizer.userPoolIds) {
      const url = issuer(poolId);
      try {
        const options = {
          issuer: url,
          algorithms: ['RS256'],
          requiredClaims: ['exp', 'iat', 'sub', 'token_use'],
        };
        return (await jwtVerify(token, keysOf(url), options)).payload;
      } catch (cause) {
        // Anything else than a bad token, such as an issuer that does not answer, is not the caller's fault.
        if (!(cause instanceof errors.JOSEError) || cause instanceof errors.JWKSTimeout) {
          throw new GatewayFailure('API_CONFIGURATION_ERROR', undefined, { cause });
        }
        rejection = cause;
      }
    }
    if (rejection instanceof errors.JWTExpired) {
      throw new GatewayFailure('UNAUTHORIZED', 'The incoming token has expired', { cause: rejection });
    }
    throw new GatewayFailure('UNAUTHORIZED', undefined, { cause: rejection });
  };

  const proved = new Map<string, JWTPayload>();
  const prove = async (authorizer: CognitoAuthorizer, token: string): Promise<JWTPayload> => {
    const key = `${authorizer.userPoolIds.join()} ${token}`;
    const known = proved.get(key);
    if (known !== undefined && Date.now() < (known.exp ?? 0) * 1000) return known;
    const claims = await verify(authorizer, token);
    if (proved.size >= KEPT) proved.clear();
    proved.set(key, claims);
    return claims;
  };

  return async (authorizer, method, token) => {
    const jwt = token?.replace(/^Bearer\s+/i, '').trim();
    if (!jwt) throw new GatewayFailure('UNAUTHORIZED');
    const claims = await prove(authorizer, jwt);
    const wanted = method.authorizationScopes;
    if (wanted.length === 0) {
      if (claims['token_use'] !== 'id') throw new GatewayFailure('UNAUTHORIZED');
    } else {
      const granted = new Set(String(claims['scope'] ?? '').split(' '));
      if (claims['token_use'] !== 'access' || !wanted.some((scope) => granted.has(scope))) {
        throw new GatewayFailure('UNAUTHORIZED');
      }
    }
    return flatten(claims);
  };
}

/** A REST API hands every claim on as text: lists comma-joined, `exp` and `iat` as dates. */
export function flatten(claims: JWTPayload): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, textOf(name, value)]));
}

function textOf(name: string, value: unknown): string {
  if ((name === 'exp' || name === 'iat') && typeof value === 'number') return dateOf(value);
  if (Array.isArray(value)) return value.map(String).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `Thu Apr 09 12:34:56 UTC 2026`, the way Java prints a date. */
function dateOf(seconds: number): string {
  const [weekday = '', day, month, year, time] = new Date(seconds * 1000).toUTCString().split(' ');
  return `${weekday.replace(',', '')} ${month} ${day} ${time} UTC ${year}`;
}
