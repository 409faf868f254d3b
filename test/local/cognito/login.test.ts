import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CognitoPart, startCognito } from '../../../local/cognito/index.ts';
import { type Browser, locationOf, newBrowser } from '../../support/browser.ts';
import { assemblyOf, newLog, POOL_ID, poolResources } from '../../support/hand-made-assembly.ts';

const CALLBACK = 'http://127.0.0.1:8976/callback';
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-long';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

let credentialsDir: string;
let cognito: CognitoPart;
let users: { username: string; password: string; sub: string }[];
const url = (path: string): string => `${cognito.address?.url}${path}`;

beforeAll(async () => {
  credentialsDir = await mkdtemp(join(tmpdir(), 'labgate-login-'));
  const { log } = newLog();
  cognito = await startCognito({
    assembly: assemblyOf(poolResources()),
    log,
    host: '127.0.0.1',
    port: 0,
    credentialsDir,
    users: [{ username: 'night-shift', groups: ['Viewer', 'Admin'] }],
  });
  users = JSON.parse(await readFile(join(credentialsDir, 'users.json'), 'utf8'));
});
afterAll(async () => {
  await cognito.close();
  await rm(credentialsDir, { recursive: true });
});

const userOf = (username: string) => {
  const user = users.find((candidate) => candidate.username === username);
  if (!user) throw new Error(`no user ${username}`);
  return user;
};

const authorizeUrl = (more: Record<string, string> = {}): string => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'browser',
    redirect_uri: CALLBACK,
    scope: 'openid email labgate/api',
    state: 'xyz',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  });
  for (const [name, value] of Object.entries(more)) if (value === '') query.delete(name);
  return url(`/oauth2/authorize?${query}`);
};

/** Opens the login page and gives what its form holds. */
async function openLogin(browser: Browser, more: Record<string, string> = {}) {
  const page = locationOf(await browser.get(authorizeUrl(more)));
  const html = await (await browser.get(page)).text();
  return { page, html, uid: /name="uid" value="([^"]+)"/.exec(html)?.[1] ?? '' };
}

/** Follows redirects until they leave the issuer. */
async function follow(browser: Browser, response: Response): Promise<URL> {
  let to = locationOf(response);
  while (to.startsWith(url('/'))) to = locationOf(await browser.get(to));
  return new URL(to);
}

async function login(
  browser: Browser,
  username: string,
  more: Record<string, string> = {},
  typed = username,
): Promise<URL> {
  const { page, uid } = await openLogin(browser, more);
  const { password } = userOf(username);
  return follow(browser, await browser.post(page, { uid, username: typed, password }));
}

const token = async (form: Record<string, string>) => {
  const response = await fetch(url('/oauth2/token'), {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'browser', ...form }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
};
const exchange = (code: string, code_verifier = VERIFIER) =>
  token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier });

describe('a login', () => {
  it('gives tokens with the claims of Cognito', async () => {
    const callback = await login(newBrowser(), 'admin', { identity_provider: 'COGNITO' });
    expect(`${callback.origin}${callback.pathname}`).toBe(CALLBACK);
    expect(callback.searchParams.get('state')).toBe('xyz');
    const { status, body } = await exchange(callback.searchParams.get('code') ?? '');
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900, refresh_token: expect.any(String) });
    const { sub } = userOf('admin');
    const iss = cognito.issuer(POOL_ID);
    const access = decodeJwt(body.access_token);
    expect(access).toMatchObject({
      sub,
      iss,
      client_id: 'browser',
      username: 'admin',
      token_use: 'access',
      'cognito:groups': ['Admin'],
      scope: 'openid email labgate/api',
      auth_time: expect.any(Number),
    });
    expect(access).not.toHaveProperty('aud');
    expect((access.exp ?? 0) - (access.iat ?? 0)).toBe(900);
    expect(decodeJwt(body.id_token)).toMatchObject({
      sub,
      iss,
      aud: 'browser',
      token_use: 'id',
      'cognito:username': 'admin',
      'cognito:groups': ['Admin'],
      email: 'admin@example.org',
      email_verified: true,
      auth_time: access['auth_time'],
    });
  });

  it('has every scope of the client when none is asked for', async () => {
    const callback = await login(newBrowser(), 'viewer', { scope: '' });
    const { body } = await exchange(callback.searchParams.get('code') ?? '');
    expect(decodeJwt(body.access_token)['scope']).toBe('openid email labgate/api');
  });

  it('knows users besides the one of each group', async () => {
    const callback = await login(newBrowser(), 'night-shift');
    const { body } = await exchange(callback.searchParams.get('code') ?? '');
    expect(decodeJwt(body.access_token)['cognito:groups']).toEqual(['Viewer', 'Admin']);
  });

  it.each(['Admin', 'ADMIN@example.org'])('takes %s for admin where the pool says so', async (name) => {
    const callback = await login(newBrowser(), 'admin', {}, name);
    expect(callback.searchParams.get('code')).toMatch(/./);
  });

  it('is asked for once in a session, until the browser logs out', async () => {
    const browser = newBrowser();
    await login(browser, 'admin');
    const again = await follow(browser, await browser.get(authorizeUrl()));
    expect(again.searchParams.get('code')).toMatch(/./);
    const out = new URLSearchParams({ client_id: 'browser', logout_uri: 'http://127.0.0.1:8976/' });
    const left = await browser.get(url(`/logout?${out}`));
    expect([left.status, left.headers.get('location')]).toEqual([302, 'http://127.0.0.1:8976/']);
    expect(locationOf(await browser.get(authorizeUrl()))).toContain('/login');
  });

  it('is refreshed, until the refresh token is revoked', async () => {
    const callback = await login(newBrowser(), 'viewer');
    const { body } = await exchange(callback.searchParams.get('code') ?? '');
    const refresh = () => token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    const fresh = await refresh();
    expect(fresh.status).toBe(200);
    expect(decodeJwt(fresh.body.access_token)).toMatchObject({
      username: 'viewer',
      'cognito:groups': ['Viewer'],
      scope: 'openid email labgate/api',
      token_use: 'access',
    });
    await fetch(url('/oauth2/revoke'), {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'browser', token: body.refresh_token }),
    });
    expect(await refresh()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('tells who it is to the bearer of its access token', async () => {
    const callback = await login(newBrowser(), 'admin');
    const { body } = await exchange(callback.searchParams.get('code') ?? '');
    const ask = (bearer: string) =>
      fetch(url('/oauth2/userInfo'), { headers: { authorization: `Bearer ${bearer}` } });
    expect(await (await ask(body.access_token)).json()).toEqual({
      sub: userOf('admin').sub,
      username: 'admin',
      email: 'admin@example.org',
      email_verified: 'true',
    });
    expect((await ask(body.id_token)).status).toBe(401);
    expect((await ask('nonsense')).status).toBe(401);
  });
});

it('a refresh token outlives a restart', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'labgate-login-data-'));
  const shared = cognito;
  const startAgain = () => {
    const assembly = assemblyOf(poolResources());
    return startCognito({ assembly, log: newLog().log, host: '127.0.0.1', port: 0, credentialsDir, dataDir });
  };
  try {
    cognito = await startAgain();
    const callback = await login(newBrowser(), 'viewer');
    const { body } = await exchange(callback.searchParams.get('code') ?? '');
    await cognito.close();
    cognito = await startAgain();
    const fresh = await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(fresh.status).toBe(200);
    expect(decodeJwt(fresh.body.access_token)).toMatchObject({
      iss: cognito.issuer(POOL_ID),
      scope: 'openid email labgate/api',
    });
    await cognito.close();
  } finally {
    cognito = shared;
    await rm(dataDir, { recursive: true });
  }
});

it('may be finished by a page of another origin', async () => {
  const response = await fetch(url('/oauth2/token'), {
    method: 'POST',
    headers: { origin: 'http://localhost:5173' },
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'browser', refresh_token: 'x' }),
  });
  expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
});

describe('a login is refused', () => {
  it('with another verifier, and the code is used up by one exchange', async () => {
    const code = (await login(newBrowser(), 'admin')).searchParams.get('code') ?? '';
    expect(await exchange(code, `${VERIFIER}-other`)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    const other = (await login(newBrowser(), 'admin')).searchParams.get('code') ?? '';
    expect((await exchange(other)).status).toBe(200);
    expect(await exchange(other)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    ['a callback that is not registered', { redirect_uri: 'http://127.0.0.1:8977/callback' }, /redirect_uri/],
    ['an unknown client', { client_id: 'nobody' }, /client/],
    ['a client without this flow', { client_id: 'machine' }, /./],
  ])('on a page of the issuer for %s', async (_what, more, said) => {
    const response = await newBrowser().get(authorizeUrl(more));
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toMatch(said);
  });

  it.each([
    ['invalid_scope', { scope: 'openid labgate/operator' }],
    ['invalid_request', { code_challenge: '', code_challenge_method: '' }],
    ['unsupported_response_type', { response_type: 'token' }],
  ])('by a redirect with %s', async (error, more) => {
    const browser = newBrowser();
    const to = await follow(browser, await browser.get(authorizeUrl(more)));
    const said = to.searchParams.get('error') ?? new URLSearchParams(to.hash.slice(1)).get('error');
    expect(`${to.origin}${to.pathname} ${said}`).toBe(`${CALLBACK} ${error}`);
  });

  it('when the form comes from another login', async () => {
    const [victim, attacker] = [newBrowser(), newBrowser()];
    const { page } = await openLogin(victim);
    const { uid } = await openLogin(attacker);
    const { password } = userOf('admin');
    const response = await victim.post(page, { uid, username: 'admin', password });
    expect(response.status).toBe(400);
    expect((await newBrowser().post(page, { uid, username: 'admin', password })).status).toBe(400);
  });

  it('after five wrong passwords, even with the right one', async () => {
    const browser = newBrowser();
    const { page, uid } = await openLogin(browser);
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      statuses.push((await browser.post(page, { uid, username: 'nobody', password: 'x' })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401]);
    const locked = await browser.post(page, { uid, username: 'nobody', password: 'x' });
    expect(locked.status).toBe(429);
    expect(locked.headers.get('retry-after')).toBe('1');
  });

  it('with the same words whether the user exists or not, and nothing that was typed becomes HTML', async () => {
    const browser = newBrowser();
    const { page, uid } = await openLogin(browser, { login_hint: '"><b>' });
    const evil = '<img src=x onerror=alert(1)>';
    const unknown = await (await browser.post(page, { uid, username: evil, password: 'x' })).text();
    const known = await (await browser.post(page, { uid, username: 'viewer', password: 'x' })).text();
    expect(unknown).not.toContain('<img');
    expect(unknown.replace(/id="username" [^>]*>/, '')).toBe(known.replace(/id="username" [^>]*>/, ''));
    expect((await openLogin(browser, { login_hint: '"><b>' })).html).not.toContain('"><b>');
  });

  it('to leave for an address that is not registered', async () => {
    const out = new URLSearchParams({ client_id: 'browser', logout_uri: 'http://evil.example/' });
    expect((await newBrowser().get(url(`/logout?${out}`))).status).toBe(400);
  });
});

describe('the login page', () => {
  it('may load and run nothing, and may not be framed or kept', async () => {
    const browser = newBrowser();
    const page = locationOf(await browser.get(authorizeUrl()));
    const { headers } = await browser.get(page);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });
});
