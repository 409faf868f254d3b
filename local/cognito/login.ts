/** The login form of a user pool. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Log } from '../types.ts';
import type { User } from './credentials.ts';
import type { Lockout } from './lockout.ts';
import { loginPage, messagePage, newPasswordPage, PAGE_HEADERS } from './pages.ts';
import type { Pool } from './read.ts';
import { isInvitationOver, passwordFault, type Users } from './users.ts';

const FORM_LIMIT = 16 * 1024;
/** Logins that wait for a new password, at most. */
const PROVEN_KEPT = 1000;

/** Compares two secrets in a time that tells nothing about them. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export interface LoginInput {
  readonly provider: Provider;
  readonly pool: Pool;
  readonly users: Users;
  readonly lockout: Lockout;
  /** Who has shown a temporary password in a login, and has yet to choose another: `sub` by id of the login. */
  readonly proven: Map<string, string>;
  readonly log: Log;
}

/** Sends a page. */
export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, PAGE_HEADERS).end(html);
}

/** Shows the login form, checks what it sends, and returns to the authorize endpoint. */
export async function serveLogin(
  input: LoginInput,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { provider, pool, users, lockout, proven, log } = input;
  let interaction: Awaited<ReturnType<Provider['interactionDetails']>>;
  try {
    interaction = await provider.interactionDetails(request, response);
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    return sendPage(response, 400, messagePage('This login has ended', 'Start again from the application.'));
  }
  const { uid, params } = interaction;
  const client = pool.clients.find(({ id }) => id === params['client_id'])?.name ?? 'labgate';
  if (request.method === 'GET') {
    return sendPage(response, 200, loginPage({ uid, client, username: String(params['login_hint'] ?? '') }));
  }
  if (request.method !== 'POST') return sendPage(response, 405, messagePage('Sign in', 'Use the form.'));

  const form = await readForm(request);
  // The form must come from the page of this very login.
  if (!form || !sameSecret(form.get('uid') ?? '', uid)) {
    return sendPage(response, 400, messagePage('This login has ended', 'Start again from the application.'));
  }
  const finish = (sub: string): Promise<void> =>
    provider.interactionFinished(request, response, { login: { accountId: sub, remember: true } });
  const chosen = form.get('new_password');
  if (chosen !== null) {
    const changed = await choosePassword(input, uid, chosen);
    if ('sub' in changed) return finish(changed.sub);
    return sendPage(response, 400, newPasswordPage({ uid, client, error: changed.error }));
  }
  const username = form.get('username')?.trim() ?? '';
  const user = users.named(username);
  // Tries count for the user, by whichever name.
  const counted = user?.username ?? username;
  const again = (status: number, error: string): void =>
    sendPage(response, status, loginPage({ uid, client, username, error }));
  const wait = lockout.wait(counted);
  if (wait > 0) {
    response.setHeader('retry-after', Math.ceil(wait / 1000));
    return again(429, 'Password attempts exceeded. Wait a moment and try again.');
  }
  // A password is compared for a user that does not exist as well, so that the time taken tells nothing.
  const right = sameSecret(form.get('password') ?? '', user?.password ?? '') && user !== undefined;
  lockout.tried(counted, right);
  const mayEnter = right && user.enabled && !isInvitationOver(user, pool, Date.now());
  log('info', mayEnter ? 'user logged in' : 'login refused', { username, userPoolId: pool.id });
  if (!right) return again(401, 'Incorrect user name or password.');
  // Only who knows the password is told.
  if (!user.enabled) return again(401, 'User is disabled.');
  if (!mayEnter) return again(401, 'Temporary password has expired and must be reset by an administrator.');
  if (user.status !== 'FORCE_CHANGE_PASSWORD') return finish(user.sub);
  if (proven.size >= PROVEN_KEPT) proven.delete(proven.keys().next().value ?? '');
  proven.set(uid, user.sub);
  return sendPage(response, 200, newPasswordPage({ uid, client }));
}

/** Puts the password that a person has chosen in place of the temporary one. */
async function choosePassword(
  { pool, users, proven }: LoginInput,
  uid: string,
  password: string,
): Promise<Pick<User, 'sub'> | { readonly error: string }> {
  const user = users.bySub(proven.get(uid));
  if (!user?.enabled || user.status !== 'FORCE_CHANGE_PASSWORD')
    return { error: 'Start again from the application.' };
  const fault = passwordFault(password, pool.passwords);
  if (fault !== undefined) return { error: `The password ${fault}.` };
  proven.delete(uid);
  return users.change(user.sub, { password, status: 'CONFIRMED', invitedAt: undefined });
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > FORM_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
