/** People from their invitation to their end, through the running gateway: API, Cognito, sign-in page, mail. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DISCOVERY_PATH, discovery } from '../../contracts/resources/discovery.ts';
import type { Me, Person } from '../../contracts/resources/people.ts';
import { signIn, type Tokens } from '../support/browser.ts';
import { type Lab, openLab } from '../support/lab.ts';

let lab: Lab;
const GOOD = 'Correct-horse-7-battery';

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  await lab.register('here', 'lab-1');
  await lab.register('there', 'lab-2');
});
afterAll(() => lab[Symbol.asyncDispose]());

/** The newest mail to an address. */
const mailTo = (address: string): string => {
  const folder = join(lab.gateway.credentialsDir, 'outbox');
  const mails = readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name));
  for (const mail of mails) expect(statSync(mail).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const found = mails.map((mail) => readFileSync(mail, 'utf8')).findLast((text) => text.includes(address));
  if (found === undefined) throw new Error(`no mail to ${address}`);
  return found;
};
const temporaryPassword = (mail: string): string =>
  /temporary password (\S+)\. It is good/.exec(mail)?.[1] ?? '';

interface PeopleClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly tokenEndpoint: string;
  readonly callbackUrls: readonly string[];
}
const client = (): PeopleClient => {
  const path = join(lab.gateway.credentialsDir, 'clients.json');
  const clients = JSON.parse(readFileSync(path, 'utf8')) as PeopleClient[];
  const found = clients.find(({ clientSecret }) => clientSecret === undefined);
  if (found === undefined) throw new Error('no client for people');
  return found;
};

const enter = (username: string, password: string, newPassword?: string): Promise<Tokens> => {
  const { clientId, callbackUrls, tokenEndpoint } = client();
  return signIn({
    issuer: tokenEndpoint.replace(/\/oauth2\/token$/, ''),
    clientId,
    callbackUrl: callbackUrls[0] ?? '',
    scope: 'openid labgate/api',
    username,
    password,
    ...(newPassword === undefined ? {} : { newPassword }),
  });
};
const refresh = async (token: string): Promise<Response> => {
  const { clientId, tokenEndpoint } = client();
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token };
  return fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
};

const asAdmin = async <T = Person>(path: string, body?: object, method = 'POST'): Promise<T> =>
  lab.json<T>(path, {
    token: await lab.personToken('admin'),
    ...(body === undefined ? {} : { method, body: JSON.stringify(body) }),
  });
const reason = 'a test';
const claimsOf = (token: string): { exp: number; iat: number } =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

test('a colleague becomes Viewer of one site, sees that alone, is disabled, and cannot go on', async () => {
  const invited = await asAdmin('/v1/people', {
    email: 'grace@example.org',
    grants: [{ role: 'Viewer', site: 'lab-1' }],
    reason,
  });
  expect(invited).toMatchObject({
    id: 'grace',
    state: 'invited',
    grants: [{ role: 'Viewer', site: 'lab-1' }],
  });

  const mail = mailTo('grace@example.org');
  expect(mail).toContain('Subject: Your access to labgate\n');
  expect(mail).toContain('Your user name is grace,');
  await expect(enter('grace', temporaryPassword(mail), 'short')).rejects.toThrow();
  const tokens = await enter('grace', temporaryPassword(mail), GOOD);
  expect((await asAdmin('/v1/people/grace')).state).toBe('active');
  // The temporary password is used up.
  await expect(enter('grace', temporaryPassword(mail))).rejects.toThrow();

  const token = tokens.access_token;
  expect(await lab.json<Me>('/v1/me', { token })).toMatchObject({
    name: 'grace',
    kind: 'user',
    grants: [{ role: 'Viewer', site: 'lab-1' }],
    permissions: { 'devices:read': ['lab-1'] },
  });
  const { items } = await lab.json<{ items: { id: string }[] }>('/v1/devices', { token });
  expect(items.map(({ id }) => id)).toEqual(['here']);
  expect((await lab.call('/v1/devices/there', { token })).status).toBe(404);
  expect((await lab.call('/v1/people', { token })).status).toBe(403);
  // API Gateway takes a token until its end: that is when the rights of whoever is disabled end.
  const { exp, iat } = claimsOf(token);
  expect(exp - iat).toBe(300);

  expect((await refresh(tokens.refresh_token)).status).toBe(200);
  expect(await asAdmin('/v1/people/grace/disable', { reason })).toMatchObject({ state: 'disabled' });
  const refused = await refresh(tokens.refresh_token);
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  await expect(enter('grace', GOOD)).rejects.toThrow();

  expect(await asAdmin('/v1/people/grace/enable', { reason })).toMatchObject({ state: 'active' });
  // Old sign-ins do not come back.
  expect((await refresh(tokens.refresh_token)).status).toBe(400);
  expect((await enter('grace', GOOD)).refresh_token).toMatch(/./);
});

test('what is given and taken away shows in the next token', async () => {
  await asAdmin('/v1/people', {
    email: 'alan@example.org',
    grants: [{ role: 'Viewer', site: 'lab-1' }],
    reason,
  });
  const { refresh_token } = await enter('alan', temporaryPassword(mailTo('alan@example.org')), GOOD);
  const devices = async (): Promise<string[]> => {
    const { access_token: token } = (await (await refresh(refresh_token)).json()) as Tokens;
    const response = await lab.call('/v1/devices', { token });
    if (!response.ok) return [String(response.status)];
    return ((await response.json()) as { items: { id: string }[] }).items.map(({ id }) => id);
  };
  const put = (...grants: object[]) => asAdmin('/v1/people/alan/grants', { grants, reason }, 'PUT');
  expect(await devices()).toEqual(['here']);
  await put({ role: 'Viewer', site: 'lab-2' });
  expect(await devices()).toEqual(['there']);
  await put();
  expect(await devices()).toEqual(['403']);
});

test('a sign-out ends refresh tokens, and lets the person sign in again', async () => {
  await asAdmin('/v1/people', { email: 'emmy@example.org', grants: [{ role: 'Viewer' }], reason });
  const tokens = await enter('emmy', temporaryPassword(mailTo('emmy@example.org')), GOOD);
  await asAdmin('/v1/people/emmy/sign-out', { reason });
  expect((await refresh(tokens.refresh_token)).status).toBe(400);
  const again = await enter('emmy', GOOD);
  expect((await refresh(again.refresh_token)).status).toBe(200);
});

test('an invitation that is sent again has another password, and the first one is worth nothing', async () => {
  await asAdmin('/v1/people', { email: 'late@example.org', grants: [{ role: 'Viewer' }], reason });
  const first = temporaryPassword(mailTo('late@example.org'));
  await asAdmin('/v1/people/late/invite', { reason });
  const second = temporaryPassword(mailTo('late@example.org'));
  expect(second).not.toBe(first);
  await expect(enter('late', first, GOOD)).rejects.toThrow();
  expect((await enter('late', second, GOOD)).access_token).toMatch(/./);
  const token = await lab.personToken('admin');
  const init = { method: 'POST', body: JSON.stringify({ reason }), token };
  expect((await lab.call('/v1/people/late/invite', init)).status).toBe(409);
});

describe('everybody is listed', () => {
  test('page by page', async () => {
    const names: string[] = [];
    for (let path: string | null = '/v1/people?limit=3'; path !== null; ) {
      const page: { items: Person[]; next: string | null } = await asAdmin(path);
      expect(page.items.length).toBeLessThanOrEqual(3);
      names.push(...page.items.map(({ id }) => id));
      path = page.next === null ? null : `/v1/people?limit=3&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(names).toEqual(expect.arrayContaining(['admin', 'viewer', 'grace', 'alan']));
    expect(new Set(names).size).toBe(names.length);
  });
});

test('a browser gets the page and the API from one origin, and signs in, goes on and signs out there', async () => {
  const page = lab.gateway.addresses.page ?? '';
  const at = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${page}${path}`, init);
  const html = await (await at('/')).text();
  expect(html).toContain('<main id="root">');
  expect(await (await at('/devices/here?x=1')).text()).toBe(html);

  const said = await at(DISCOVERY_PATH);
  expect(said.headers.get('content-type')).toBe('application/json');
  expect(said.headers.get('cache-control')).toBe('no-cache');
  const { api, stage, signIn: where } = discovery.parse(await said.json());
  expect([api, stage]).toEqual(['', 'dev']);
  const policy = said.headers.get('content-security-policy') ?? '';
  expect(policy).toContain(` ${new URL(where.issuer).origin}`);
  expect(policy).not.toContain('amazon');

  const user = JSON.parse(readFileSync(join(lab.gateway.credentialsDir, 'users.json'), 'utf8')).find(
    ({ username }: { username: string }) => username === 'viewer',
  ) as { username: string; password: string };
  const tokens = await signIn({
    issuer: where.issuer,
    clientId: where.clientId,
    callbackUrl: `${page}/`,
    scope: 'openid labgate/api',
    ...user,
  });
  const authorization = `Bearer ${tokens.access_token}`;
  expect((await at('/v1/health', { headers: { authorization } })).status).toBe(200);
  expect((await at('/v1/health')).status).toBe(401);
  const listed = (await (await at('/v1/devices', { headers: { authorization } })).json()) as {
    items: object[];
  };
  expect(listed.items).toHaveLength(2);

  // The page asks from its own origin, which is not that of the sign-in pages.
  const origin = { origin: page };
  const metadata = await fetch(`${where.issuer}/.well-known/openid-configuration`, { headers: origin });
  expect(metadata.headers.get('access-control-allow-origin')).toMatch(/^\*$|^http/);
  const { token_endpoint: tokenEndpoint } = (await metadata.json()) as { token_endpoint: string };
  const refreshed = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: origin,
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: where.clientId,
      refresh_token: tokens.refresh_token,
    }),
  });
  expect(refreshed.status).toBe(200);
  expect(refreshed.headers.get('access-control-allow-origin')).toMatch(/^\*$|^http/);

  const leave = new URL(where.logoutUrl);
  leave.searchParams.set('client_id', where.clientId);
  leave.searchParams.set('logout_uri', `${page}/`);
  const left = await fetch(leave, { redirect: 'manual' });
  expect([left.status, left.headers.get('location')]).toEqual([302, `${page}/`]);
  leave.searchParams.set('logout_uri', 'https://evil.example/');
  expect((await fetch(leave, { redirect: 'manual' })).status).toBe(400);
});
