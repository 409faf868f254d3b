/**
 * Tokens from an OpenID provider: Cognito, or its stand-in in the local gateway. Loaded only when a token has to be
 * fetched.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as openid from 'openid-client';
import { USER_SCOPE } from '../../../contracts/roles.ts';
import { reach, UnreachableError } from './reach.ts';
import { UsageError } from './target.ts';

/** Tokens from the provider. */
export interface Granted {
  readonly accessToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly refreshToken?: string;
  /** Who has signed in; absent for a program. */
  readonly username?: string | undefined;
}

/** Who asks: a program with its secret, or the public client of people. */
export interface Client {
  /** Issuer URL; its endpoints are found by OpenID Connect Discovery. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
}

/** Turns errors of the library into errors for people. */
const inWords = (error: unknown): Error => {
  if (error instanceof openid.ClientError && error.cause instanceof UnreachableError) return error.cause;
  // The answer to a wrong client id or secret.
  if (error instanceof openid.WWWAuthenticateChallengeError) {
    const [challenge] = error.cause;
    return new UsageError(
      `the token issuer refused the program: ${challenge?.parameters['error'] ?? error.status}`,
      { cause: error },
    );
  }
  const refused =
    error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError;
  if (refused)
    return new UsageError(
      `the token issuer refused: ${error.error}${error.error_description === undefined ? '' : `: ${error.error_description}`}`,
      { cause: error },
    );
  if (error instanceof openid.ClientError)
    return new UsageError(`the token issuer gave an answer that cannot be used: ${error.message}`, {
      cause: error,
    });
  return error instanceof Error ? error : new Error(String(error));
};

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

/** @throws {UnreachableError} or {UsageError} */
const discover = async ({ issuer, clientId, clientSecret }: Client): Promise<openid.Configuration> => {
  const url = new URL(issuer);
  try {
    return await openid.discovery(
      url,
      clientId,
      undefined,
      clientSecret === undefined ? openid.None() : openid.ClientSecretBasic(clientSecret),
      {
        [openid.customFetch]: (address, init) => reach(address, init as RequestInit),
        // Only the local gateway may be asked without TLS.
        ...(isLoopback(url) ? { execute: [openid.allowInsecureRequests] } : {}),
      },
    );
  } catch (error) {
    throw inWords(error);
  }
};

type Answer = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;

const HOUR = 3600;

const grantedOf = (answer: Answer): Granted => {
  const claims = answer.claims();
  const name = claims?.['cognito:username'] ?? claims?.sub;
  return {
    accessToken: answer.access_token,
    expiresAt: Date.now() + (answer.expiresIn() ?? HOUR) * 1000,
    ...(answer.refresh_token === undefined ? {} : { refreshToken: answer.refresh_token }),
    ...(name === undefined ? {} : { username: String(name) }),
  };
};

/** Gets a token by client credentials (RFC 6749 §4.4), with all scopes of the client. */
export const programToken = async (client: Client): Promise<Granted> => {
  const configuration = await discover(client);
  try {
    return grantedOf(await openid.clientCredentialsGrant(configuration));
  } catch (error) {
    throw inWords(error);
  }
};

/**
 * Gets a new token for a person who has signed in.
 * @throws {UsageError} when the sign-in has ended
 */
export const refresh = async (client: Client, refreshToken: string): Promise<Granted> => {
  const configuration = await discover(client);
  try {
    // A provider that rotates refresh tokens sends a new one.
    return { refreshToken, ...grantedOf(await openid.refreshTokenGrant(configuration, refreshToken)) };
  } catch (error) {
    if (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant')
      throw new UsageError('your sign-in has ended: sign in again with `labgate login`', {
        cause: error,
      });
    throw inWords(error);
  }
};

/** Revokes a refresh token and the access tokens that came from it (RFC 7009). */
export const revoke = async (client: Client, refreshToken: string): Promise<void> => {
  const configuration = await discover(client);
  try {
    await openid.tokenRevocation(configuration, refreshToken);
  } catch (error) {
    throw inWords(error);
  }
};

/** Port of the callback address, which `signIn.callbackUrls` of the settings lists. */
export const CALLBACK_PORT = 8976;

/** A sign-in that waits for the browser. */
export interface Begun {
  /** Page to open in a browser. */
  readonly address: string;
  readonly state: string;
  /** Gets the tokens for the address that the browser was sent back to. */
  finish(back: URL): Promise<Granted>;
}

/** Begins a sign-in by authorization code with PKCE (RFC 7636). */
export const beginSignIn = async (client: Client, redirect: string): Promise<Begun> => {
  const configuration = await discover(client);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const { href } = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirect,
    scope: `openid ${USER_SCOPE}`,
    state,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const finish = async (back: URL): Promise<Granted> => {
    const checks = { pkceCodeVerifier, expectedState: state, idTokenExpected: true };
    try {
      return grantedOf(await openid.authorizationCodeGrant(configuration, back, checks));
    } catch (error) {
      throw inWords(error);
    }
  };
  return { address: href, state, finish };
};

interface Callback {
  readonly back: URL;
  /** Sends a page to the browser; resolves when it is sent. */
  readonly answer: (text: string) => Promise<void>;
}

/** Listens on the loopback address (RFC 8252) until the browser comes back with the state. */
const listen = async (
  redirect: URL,
  state: string,
): Promise<Disposable & { readonly callback: Promise<Callback> }> => {
  const { promise, resolve } = Promise.withResolvers<Callback>();
  const server = createServer((request, response) => {
    const back = new URL(request.url ?? '/', redirect);
    const answer = (text: string): Promise<void> =>
      new Promise((sent) => {
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end(text, sent);
      });
    // Any web page can send a browser here, but only the issuer knows the state.
    if (back.pathname === redirect.pathname && back.searchParams.get('state') === state) {
      resolve({ back, answer });
      return;
    }
    response.statusCode = 404;
    void answer('This is no answer to the sign-in that waits here.');
  });
  server.listen(Number(redirect.port), redirect.hostname);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new UsageError(
      `port ${redirect.port}, where the sign-in page leads back to, cannot be used: ${(cause as Error).message}`,
      { cause },
    );
  }
  return {
    callback: promise,
    [Symbol.dispose]: () => {
      server.close();
      // Browsers keep connections open.
      server.closeAllConnections();
    },
  };
};

/**
 * Signs a person in with a browser.
 * @param show is given the address to open
 */
export const signIn = async (
  client: Client,
  show: (url: string) => void,
  port: number = CALLBACK_PORT,
): Promise<Granted> => {
  const redirect = new URL(`http://localhost:${port}/callback`);
  const { address, state, finish } = await beginSignIn(client, redirect.href);
  using waiting = await listen(redirect, state);
  show(address);
  const { back, answer } = await waiting.callback;
  try {
    const granted = await finish(back);
    await answer('Signed in. You may close this page.');
    return granted;
  } catch (error) {
    await answer('Sign-in failed: the command line says why.');
    throw error;
  }
};
