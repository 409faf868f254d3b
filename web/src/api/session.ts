/**
 * Who is signed in. Code with PKCE; tokens are renewed by the refresh token, by one tab at a time and once for all that
 * wait. The access token stays in memory; what a reload needs to get another is in sessionStorage.
 */
import { ErrorResponse, type StateStore, type User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import type { Discovery } from '../../../contracts/resources/discovery.ts';
import { USER_SCOPE } from '../../../contracts/roles.ts';

/** Where the sign-in pages send people back to; under `vite` where the command line's client may be sent. */
export const CALLBACK_PATH = import.meta.env.DEV ? '/callback' : '/';
/** A token is renewed when it has fewer seconds left. */
const AHEAD_SECONDS = 60;
/** A computer's clock may be off by so many seconds before people are told. */
export const CLOCK_SKEW_SECONDS = 120;
/** When a sign-in began; two within half a minute are a loop. */
const STARTED = 'labgate.sign-in-started';
const LOOP_MILLIS = 30_000;

/** Keeps a user with the access token in memory, and without it in sessionStorage. */
class RefreshOnlyStore implements StateStore {
  private readonly memory = new Map<string, string>();
  private readonly stored = new WebStorageStateStore({ prefix: 'labgate.', store: sessionStorage });

  async set(key: string, value: string): Promise<void> {
    this.memory.set(key, value);
    const kept = { ...(JSON.parse(value) as Record<string, unknown>), access_token: '', expires_at: 0 };
    await this.stored.set(key, JSON.stringify(kept));
  }

  async get(key: string): Promise<string | null> {
    return this.memory.get(key) ?? (await this.stored.get(key));
  }

  async remove(key: string): Promise<string | null> {
    const known = this.memory.get(key);
    this.memory.delete(key);
    return known ?? (await this.stored.remove(key));
  }

  getAllKeys(): Promise<string[]> {
    return this.stored.getAllKeys();
  }
}

/** Nobody is signed in any more: the page has to ask again. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut';
}

/** The sign-in came back, and again, without a token that holds: most often the clock is wrong. */
export class SignInLoop extends Error {
  override readonly name = 'SignInLoop';
}

export class Session {
  private readonly manager: UserManager;
  private readonly discovery: Discovery;
  private renewal: Promise<User> | undefined;
  private readonly listeners = new Set<() => void>();
  /** Seconds that the clock of this computer is ahead of the issuer's, as the last token told. */
  skewSeconds = 0;

  constructor(discovery: Discovery) {
    this.discovery = discovery;
    const { issuer, clientId } = discovery.signIn;
    this.manager = new UserManager({
      authority: issuer,
      client_id: clientId,
      redirect_uri: location.origin + CALLBACK_PATH,
      response_type: 'code',
      scope: `openid ${USER_SCOPE}`,
      automaticSilentRenew: false,
      monitorSession: false,
      userStore: new RefreshOnlyStore(),
      stateStore: new WebStorageStateStore({ prefix: 'labgate.state.', store: sessionStorage }),
    });
  }

  /** Calls back when nobody is signed in any more. */
  onSignedOut(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Goes to the sign-in pages; comes back to where the person was. @throws {SignInLoop} */
  async signIn(): Promise<void> {
    const before = Number(sessionStorage.getItem(STARTED) ?? 0);
    if (Date.now() - before < LOOP_MILLIS) {
      sessionStorage.removeItem(STARTED);
      throw new SignInLoop('signed in, and asked again at once');
    }
    sessionStorage.setItem(STARTED, String(Date.now()));
    const back = location.pathname === '/callback' ? '/' : location.pathname + location.search;
    await this.manager.signinRedirect({ state: back });
  }

  /**
   * Ends a sign-in that has come back, or takes up the one of this tab.
   * @returns whether somebody is signed in
   */
  async start(): Promise<boolean> {
    const answer = new URLSearchParams(location.search);
    if (
      location.pathname === CALLBACK_PATH &&
      answer.has('state') &&
      (answer.has('code') || answer.has('error'))
    ) {
      const user = await this.manager.signinRedirectCallback();
      this.note(user);
      history.replaceState(null, '', typeof user.state === 'string' ? user.state : '/');
      return true;
    }
    const user = await this.manager.getUser();
    if (user === null) return false;
    try {
      await this.token();
      return true;
    } catch (error) {
      if (error instanceof SignedOut) return false;
      throw error;
    }
  }

  /** A token that holds for a while. @throws {SignedOut} */
  async token(): Promise<string> {
    const user = await this.manager.getUser();
    if (user === null) throw this.signedOut();
    const left = user.expires_in ?? 0;
    return user.access_token !== '' && left > AHEAD_SECONDS
      ? user.access_token
      : (await this.renew(user.access_token)).access_token;
  }

  /**
   * Renews the token once for all who ask meanwhile.
   * @param refused the token that is of no use any more: another one that is there already is taken instead
   * @throws {SignedOut}
   */
  renew(refused: string): Promise<User> {
    this.renewal ??= navigator.locks
      .request('labgate-renewal', async () => {
        const user = await this.manager.getUser();
        if (user !== null && user.access_token !== '' && user.access_token !== refused && !user.expired)
          return user;
        return this.renewNow();
      })
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
  }

  private async renewNow(): Promise<User> {
    try {
      const user = await this.manager.signinSilent();
      if (user === null) throw this.signedOut();
      this.note(user);
      return user;
    } catch (error) {
      // What the issuer itself refuses stays refused; anything else may pass.
      if (!(error instanceof ErrorResponse)) throw error;
      await this.manager.removeUser();
      throw this.signedOut();
    }
  }

  /** Ends the session here and at the issuer, as Cognito wants it. */
  async signOut(): Promise<void> {
    await this.manager.removeUser();
    sessionStorage.removeItem(STARTED);
    const { logoutUrl, clientId } = this.discovery.signIn;
    const url = new URL(logoutUrl);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('logout_uri', location.origin + CALLBACK_PATH);
    location.assign(url);
  }

  private signedOut(): SignedOut {
    for (const listener of this.listeners) listener();
    return new SignedOut('the session has ended');
  }

  /** Compares the clock with that of the issuer, by a token that was made just now. */
  private note(user: User): void {
    sessionStorage.removeItem(STARTED);
    const issued = (JSON.parse(atob(base64(user.access_token.split('.')[1] ?? ''))) as { iat?: number }).iat;
    if (issued !== undefined) this.skewSeconds = Math.round(Date.now() / 1000 - issued);
  }
}

const base64 = (url: string): string => url.replaceAll('-', '+').replaceAll('_', '/');
