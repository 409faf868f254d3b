/** Tokens of people: looked at before anything is asked, then verified. */
import { JwtRsaVerifier } from 'aws-jwt-verify';
import { JwksValidationError, JwtBaseError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { decomposeUnverifiedJwt } from 'aws-jwt-verify/jwt';
import * as z from 'zod';

/** Bytes of a token, at most: Cognito's have one or two thousand, more with many groups. */
const MOST_BYTES = 16_384;
/** Milliseconds to wait for the keys: AWS IoT waits five seconds for everything. */
const KEYS_MILLIS = 2000;

/** A token that opens nothing; says why, never what it holds. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

/** Claims that every token of a person has. */
const claims = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  exp: z.number(),
  iat: z.number(),
  token_use: z.literal('access'),
  username: z.string().min(1),
});
export type PersonClaims = z.infer<typeof claims>;

/** Verifies tokens of one issuer. The keys are fetched when a token that could be good needs them first. */
export const tokenVerifier = (issuer: string) => {
  const jwksUri = `${issuer}/.well-known/jwks.json`;
  const jwksCache = new SimpleJwksCache({
    // That of the library takes https alone, and waits too long.
    fetcher: {
      fetch: async (uri) => {
        const response = await fetch(uri, { signal: AbortSignal.timeout(KEYS_MILLIS), redirect: 'error' });
        if (!response.ok) throw new Error(`the keys of the issuer were answered with ${response.status}`);
        return await response.arrayBuffer();
      },
    },
  });
  const verifier = JwtRsaVerifier.create({ issuer, jwksUri, audience: null }, { jwksCache });

  /** Whatever can be known without the keys: nobody fetches anything for garbage. */
  const plausible = (token: string, now: Date): void => {
    if (token.length > MOST_BYTES) throw new TokenRefused('too long');
    let jwt: ReturnType<typeof decomposeUnverifiedJwt>;
    try {
      jwt = decomposeUnverifiedJwt(token);
    } catch (cause) {
      throw new TokenRefused('no token', { cause });
    }
    const { alg, kid } = jwt.header;
    if (alg !== 'RS256' || typeof kid !== 'string') throw new TokenRefused('not signed as tokens are');
    const read = claims.safeParse(jwt.payload);
    if (!read.success) throw new TokenRefused('no access token of a person');
    if (read.data.iss !== issuer) throw new TokenRefused('of another issuer');
    if (read.data.exp * 1000 <= now.getTime()) throw new TokenRefused('expired');
  };

  /**
   * @returns the claims of a token that is good now
   * @throws {TokenRefused}, or what came in the way of the keys
   */
  return async (token: string, now: Date): Promise<PersonClaims> => {
    plausible(token, now);
    try {
      return claims.parse(await verifier.verify(token));
    } catch (cause) {
      // Anything else says nothing of the token: its keys did not come.
      if (!(cause instanceof JwtBaseError) || cause instanceof JwksValidationError) throw cause;
      throw new TokenRefused('not valid', { cause });
    }
  };
};
