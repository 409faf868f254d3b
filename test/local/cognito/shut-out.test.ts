/** Who is disabled, signed out, or invited too long ago gets in nowhere, whatever they held before. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CognitoPart, startCognito } from '../../../local/cognito/index.ts';
import type { AwsService, Endpoint } from '../../../local/types.ts';
import { type Browser, locationOf, newBrowser, signIn, type Tokens } from '../../support/browser.ts';
import { assemblyOf, newLog, POOL_ID, poolResources } from '../../support/hand-made-assembly.ts';

const CALLBACK = 'http://127.0.0.1:8976/callback';
const DAY = 86_400_000;
const PASSWORD = 'Password-1-of-them';

let folder: string;
let cognito: CognitoPart;
let service: AwsService;

const start = async (): Promise<void> => {
  const register = (_name: string, admin: AwsService): void => {
    service = admin;
  };
  cognito = await startCognito({
    assembly: assemblyOf(poolResources()),
    log: newLog().log,
    host: '127.0.0.1',
    port: 0,
    credentialsDir: join(folder, 'credentials'),
    dataDir: folder,
    endpoint: { register } as Endpoint,
  });
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-shut-out-'));
  await mkdir(join(folder, 'credentials'));
  const invited = (days: number) => ({
    password: PASSWORD,
    status: 'FORCE_CHANGE_PASSWORD',
    invitedAt: Date.now() - days * DAY,
  });
  const users = [
    { username: 'ada', password: PASSWORD },
    { username: 'fresh', ...invited(6.9) },
    { username: 'late', ...invited(7.1) },
  ];
  await writeFile(join(folder, 'credentials', 'users.json'), JSON.stringify(users));
  await start();
});
afterEach(async () => {
  await cognito.close();
  await rm(folder, { recursive: true });
});

const admin = async (operation: string, Username = 'ada'): Promise<void> => {
  await service.handle({
    method: 'POST',
    url: '/',
    headers: { 'x-amz-target': `AWSCognitoIdentityProviderService.${operation}` },
    body: Buffer.from(JSON.stringify({ UserPoolId: POOL_ID, Username })),
    caller: 'test',
    session: 'test',
  });
};
const enter = (username: string, newPassword?: string): Promise<Tokens> =>
  signIn({
    issuer: cognito.address?.url ?? '',
    clientId: 'browser',
    callbackUrl: CALLBACK,
    username,
    password: PASSWORD,
    ...(newPassword === undefined ? {} : { newPassword }),
  });
const refresh = async (refresh_token: string): Promise<number> => {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'browser', refresh_token });
  return (await fetch(`${cognito.address?.url}/oauth2/token`, { method: 'POST', body })).status;
};
const authorize = (): string => {
  const query = { response_type: 'code', client_id: 'browser', redirect_uri: CALLBACK };
  const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
  return `${cognito.address?.url}/oauth2/authorize?${new URLSearchParams({ ...query, ...pkce })}`;
};
/** Where a browser ends up that asks for a code. */
const end = async (browser: Browser): Promise<string> => {
  let to = authorize();
  while (to.startsWith(`${cognito.address?.url}/oauth2`)) {
    const answer = await browser.get(to);
    if (answer.headers.get('location') === null)
      throw new Error(`${to} leads nowhere: ${answer.status} ${await answer.text()}`);
    to = locationOf(answer);
  }
  return to;
};
/** A browser in which somebody has signed in. */
const signedIn = async (username: string): Promise<Browser> => {
  const browser = newBrowser();
  const page = await end(browser);
  const uid = /name="uid" value="([^"]+)"/.exec(await (await browser.get(page)).text())?.[1] ?? '';
  await browser.get(locationOf(await browser.post(page, { uid, username, password: PASSWORD })));
  return browser;
};
const userInfo = async ({ access_token }: Tokens): Promise<number> =>
  (
    await fetch(`${cognito.address?.url}/oauth2/userInfo`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
  ).status;

describe('somebody who is disabled', () => {
  it('gets no token, no code for the session of a browser, and no answer about themselves', async () => {
    const tokens = await enter('ada');
    const browser = await signedIn('ada');
    expect(await end(browser)).toContain(`${CALLBACK}?code=`);
    await admin('AdminDisableUser');
    expect(await refresh(tokens.refresh_token)).toBe(400);
    expect(await userInfo(tokens)).toBe(401);
    expect(await end(browser)).not.toContain('code=');
    await expect(enter('ada')).rejects.toThrow('ada is refused: 401');
    await admin('AdminEnableUser');
    expect((await enter('ada')).access_token).toMatch(/./);
  });
});

const nextSecond = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 5));

describe('somebody who is signed out everywhere', () => {
  it('has no refresh token of the same second either', async () => {
    await nextSecond();
    const tokens = await enter('ada');
    await admin('AdminUserGlobalSignOut');
    expect(await refresh(tokens.refresh_token)).toBe(400);
  });

  it('has no refresh token, not even one that comes back after a crash; the cookie stays', async () => {
    const tokens = await enter('ada');
    const browser = await signedIn('ada');
    // What is on disk is of before, as after a crash.
    await cognito.close();
    const file = join(folder, `cognito/${POOL_ID}.sessions.json`);
    const before = await readFile(file, 'utf8');
    await start();
    expect(await refresh(tokens.refresh_token)).toBe(200);
    // Times of tokens are whole seconds.
    await nextSecond();
    await admin('AdminUserGlobalSignOut');
    expect(await refresh(tokens.refresh_token)).toBe(400);
    expect(await userInfo(tokens)).toBe(401);
    await cognito.close();
    await writeFile(file, before);
    await start();
    expect(await refresh(tokens.refresh_token)).toBe(400);
    expect(await end(browser)).toContain(`${CALLBACK}?code=`);
    expect(await refresh((await enter('ada')).refresh_token)).toBe(200);
  });
});

describe('a temporary password', () => {
  it('opens nothing but the form for another one, which has to fit the policy', async () => {
    await expect(enter('fresh')).rejects.toThrow('fresh is refused: 200');
    await expect(enter('fresh', 'short')).rejects.toThrow('fresh is refused: 400');
    expect((await enter('fresh', 'long enough')).access_token).toMatch(/./);
    await expect(enter('fresh')).rejects.toThrow('fresh is refused: 401');
  });

  it('is worth nothing when it is too old', async () => {
    await expect(enter('late', 'long enough')).rejects.toThrow('late is refused: 401');
  });

  it('is needed for the form', async () => {
    const browser = newBrowser();
    const page = await end(browser);
    const uid = /name="uid" value="([^"]+)"/.exec(await (await browser.get(page)).text())?.[1] ?? '';
    const answer = await browser.post(page, { uid, new_password: 'long enough' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Start again')]);
  });
});
