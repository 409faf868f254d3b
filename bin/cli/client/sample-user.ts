/** Signs in to the local gateway as a sample user of `users.json`, through the login page. */
import type { Client, Granted } from './openid.ts';

/** A user of `users.json`. */
export interface SampleUser {
  readonly username: string;
  readonly password: string;
}

/** Redirects of a sign-in, at most. */
const MOST_STEPS = 10;

/** Requests with cookies, whose redirects are followed by hand. */
const newBrowser = (): ((url: string, form?: URLSearchParams) => Promise<Response>) => {
  const cookies = new Map<string, string>();
  return async (url, form) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
};

/**
 * Fills in the login form.
 * @returns the address that the browser is sent back to
 */
const throughForm = async (address: string, callbackUrl: string, user: SampleUser): Promise<URL> => {
  const send = newBrowser();
  let [url, form]: [string, URLSearchParams | undefined] = [address, undefined];
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const response = await send(url, form);
    const to = response.headers.get('location');
    if (to !== null) {
      [url, form] = [new URL(to, url).href, undefined];
      if (url.startsWith(callbackUrl)) return new URL(url);
      continue;
    }
    const [, uid] = /name="uid" value="([^"]+)"/.exec(await response.text()) ?? [];
    if (uid === undefined || form !== undefined) break;
    form = new URLSearchParams({ uid, ...user });
  }
  throw new Error(`${user.username} cannot sign in at the local gateway`);
};

/** @param callbackUrl one that the client allows */
export const signInAsSample = async (
  client: Client,
  callbackUrl: string,
  user: SampleUser,
): Promise<Granted> => {
  const { beginSignIn } = await import('./openid.ts');
  const { address, finish } = await beginSignIn(client, callbackUrl);
  return await finish(await throughForm(address, callbackUrl, user));
};
