/** One user pool over HTTP. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors as joseErrors, jwtVerify } from 'jose';
import type Provider from 'oidc-provider';
import type { Log } from '../types.ts';
import type { PoolKeys } from './credentials.ts';
import { createLockout } from './lockout.ts';
import { type LoginInput, sendPage, serveLogin } from './login.ts';
import { messagePage } from './pages.ts';
import { createProvider } from './provider.ts';
import type { Pool } from './read.ts';
import type { Store } from './store.ts';
import type { Users } from './users.ts';

export interface Mount {
  /** What comes before the path of the pool: nothing, or `/<user pool id>`. */
  readonly base: string;
  readonly url: URL;
}

export interface PoolServer {
  /** Serves a request whose path is below the pool: `/oauth2/token`, `/.well-known/jwks.json`, ... */
  handle(request: IncomingMessage, response: ServerResponse, at: Mount): Promise<void>;
  close(): Promise<void>;
}

export interface PoolInput {
  readonly pool: Pool;
  readonly issuer: string;
  readonly users: Users;
  readonly store: Store;
  readonly secrets: ReadonlyMap<string, string>;
  readonly keys: PoolKeys;
  readonly log: Log;
}

/** Serves one user pool: its keys, and what the hosted UI of Cognito serves. */
export function servePool(input: PoolInput): PoolServer {
  const { pool, issuer, users, store, keys, log } = input;
  const provider = createProvider(input);
  provider.on('server_error', (_ctx, error) =>
    log('error', 'the token issuer failed', { cause: error.stack }),
  );
  const serve = provider.callback();
  const lockout = createLockout(() => Date.now());
  const login: LoginInput = { provider, pool, users, lockout, proven: new Map(), log };
  const publicKey = createPublicKey({ key: keys.jwk, format: 'jwk' });

  const handle: PoolServer['handle'] = async (request, response, { base, url }) => {
    const wellKnown = url.pathname.startsWith('/.well-known/');
    if (!wellKnown && pool.domain === undefined) {
      return sendPage(
        response,
        404,
        messagePage('No such page', 'The user pool has no AWS::Cognito::UserPoolDomain.'),
      );
    }
    if (url.pathname === '/login') return serveLogin(login, request, response);
    if (url.pathname === '/logout') return logout(provider, pool, request, response, url);
    if (url.pathname === '/oauth2/userInfo') return userInfo(request, response, users, issuer, publicKey);
    if (url.pathname === '/oauth2/authorize') translateAuthorize(pool, url);
    request.url = `${url.pathname}${url.search}`;
    // The library reads from baseUrl what the addresses that it publishes begin with.
    await serve(Object.assign(request, { baseUrl: base }), response);
  };
  return { handle, close: () => store.save() };
}

/**
 * Puts what Cognito understands into what the library does: its own directory is the only identity provider,
 * and no scope at all means every scope of the client.
 */
function translateAuthorize(pool: Pool, { searchParams: query }: URL): void {
  if (query.get('identity_provider') === 'COGNITO') query.delete('identity_provider');
  const client = pool.clients.find(({ id }) => id === query.get('client_id'));
  if (client && !query.get('scope')) query.set('scope', client.scopes.join(' '));
}

/** Ends the session of a browser, then goes where the client's LogoutURLs allow. */
async function logout(
  provider: Provider,
  pool: Pool,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const client = pool.clients.find(({ id }) => id === url.searchParams.get('client_id'));
  const target = url.searchParams.get('logout_uri');
  if (!client) return sendPage(response, 400, messagePage('That did not work', 'client_id names no client.'));
  if (target === null || !client.logoutUrls.includes(target)) {
    return sendPage(response, 400, messagePage('That did not work', 'logout_uri is none of the LogoutURLs.'));
  }
  const context = provider.createContext(request, response);
  const session = await provider.Session.get(context);
  await session.destroy();
  response.writeHead(302, { location: target, 'cache-control': 'no-store' }).end();
}

/** Claims of the user behind an access token that has the scope `openid`. */
async function userInfo(
  request: IncomingMessage,
  response: ServerResponse,
  users: Users,
  issuer: string,
  key: KeyObject,
): Promise<void> {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'authorization');
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const token = request.headers.authorization?.replace(/^Bearer\s+/i, '') ?? '';
  const refuse = (description: string): void => {
    response
      .writeHead(401, {
        'content-type': 'application/json',
        'www-authenticate': `error="invalid_token", error_description="${description}"`,
      })
      .end(JSON.stringify({ error: 'invalid_token', error_description: description }));
  };
  let claims: Awaited<ReturnType<typeof jwtVerify>>['payload'];
  try {
    claims = (await jwtVerify(token, key, { issuer, algorithms: ['RS256'] })).payload;
  } catch (error) {
    if (!(error instanceof joseErrors.JOSEError)) throw error;
    return refuse('Access token is expired, disabled, or deleted, or the user has globally signed out.');
  }
  const scopes = String(claims['scope'] ?? '').split(' ');
  const user = users.bySub(claims.sub);
  if (user !== undefined && (!user.enabled || (claims.iat ?? 0) < (user.signedOutAt ?? 0)))
    return refuse('Access token is expired, disabled, or deleted, or the user has globally signed out.');
  if (claims['token_use'] !== 'access' || !user || !scopes.includes('openid')) {
    return refuse('Access token does not contain openid scope');
  }
  const { sub, username, email } = user;
  const body = scopes.includes('email')
    ? { sub, username, email, email_verified: 'true' }
    : { sub, username };
  response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
}
