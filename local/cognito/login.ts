/** The login form of a user pool. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Log } from '../types.ts';
import type { User } from './credentials.ts';
import type { Lockout } from './lockout.ts';
import { loginPage, messagePage, PAGE_HEADERS } from './pages.ts';
import type { Pool } from './read.ts';

const FORM_LIMIT = 16 * 1024;

/** Compares two secrets in a time that tells nothing about them. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export interface LoginInput {
  readonly provider: Provider;
  readonly pool: Pool;
  readonly users: readonly User[];
  readonly lockout: Lockout;
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
  const { provider, pool, lockout, log } = input;
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
  const username = form.get('username')?.trim() ?? '';
  const user = findUser(input, username);
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
  log('info', right ? 'user logged in' : 'login refused', { username, userPoolId: pool.id });
  if (!right) return again(401, 'Incorrect user name or password.');
  await provider.interactionFinished(request, response, { login: { accountId: user.sub, remember: true } });
}

/** The user of a name, or of an e-mail address where the pool takes that for a name. */
function findUser({ pool, users }: LoginInput, name: string): User | undefined {
  const plain = (text: string): string => (pool.caseSensitive ? text : text.toLowerCase());
  return users.find(
    ({ username, email }) =>
      plain(username) === plain(name) || (pool.emailAlias && email.toLowerCase() === name.toLowerCase()),
  );
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
