import { createHash, randomBytes } from 'node:crypto';

/** As much of a browser as a login needs: cookies by path, redirects followed by hand, forms. */
export interface Browser {
  get(url: string): Promise<Response>;
  post(url: string, form: Record<string, string>): Promise<Response>;
}

export function newBrowser(): Browser {
  const cookies = new Map<string, { value: string; path: string }>();
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const cookie = [...cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const path = attributes.find((a) => a.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
      if (value === '') cookies.delete(name);
      else cookies.set(name, { value, path });
    }
    return response;
  };
  return {
    get: (url) => send(url, {}),
    post: (url, form) => send(url, { method: 'POST', body: new URLSearchParams(form) }),
  };
}

/** Where a response leads, absolute. */
export const locationOf = (response: Response): string =>
  new URL(response.headers.get('location') ?? '', response.url).href;

export interface SignIn {
  /** Issuer URL of the user pool. */
  readonly issuer: string;
  readonly clientId: string;
  readonly callbackUrl: string;
  readonly username: string;
  readonly password: string;
  /** Chosen when the password is a temporary one. */
  readonly newPassword?: string;
  /** All of the client when absent. */
  readonly scope?: string;
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/**
 * Signs a user in as a person would, by the form.
 * @param address of the authorize endpoint
 * @returns where the browser is sent back to, with the code
 */
export async function fillForm(
  address: string,
  {
    callbackUrl,
    username,
    password,
    newPassword,
  }: Pick<SignIn, 'callbackUrl' | 'username' | 'password' | 'newPassword'>,
): Promise<string> {
  const browser = newBrowser();
  const page = locationOf(await browser.get(address));
  const html = await (await browser.get(page)).text();
  const uid = /name="uid" value="([^"]+)"/.exec(html)?.[1] ?? '';
  let answer = await browser.post(page, { uid, username, password });
  if (newPassword !== undefined && (await answer.clone().text()).includes('name="new_password"'))
    answer = await browser.post(page, { uid, new_password: newPassword });
  if (answer.headers.get('location') === null) throw new Error(`${username} is refused: ${answer.status}`);
  let to = locationOf(answer);
  while (!to.startsWith(callbackUrl)) to = locationOf(await browser.get(to));
  return to;
}

/** Signs a user in and gives the tokens. */
export async function signIn(options: SignIn): Promise<Tokens> {
  const { issuer, clientId, callbackUrl, username, scope } = options;
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: callbackUrl,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(scope === undefined ? {} : { scope }),
  });
  const to = await fillForm(`${issuer}/oauth2/authorize?${query}`, options);
  const response = await fetch(`${issuer}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code: new URL(to).searchParams.get('code') ?? '',
      redirect_uri: callbackUrl,
      code_verifier: verifier,
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${username} got no token: ${text}`);
  return JSON.parse(text);
}
