/**
 * Connections that an authorizer answers for: asked when they come, asked again when it says so, and ended when their
 * time is up.
 */
import type { Duplex } from 'node:stream';
import type { Log } from '../../types.ts';
import type { Gatekeeper } from '../gatekeeper.ts';
import { UnsupportedPolicy } from '../policy.ts';
import type { Peer, Rights } from '../session.ts';
import { type Authorize, type Authorized, type Credential, NotAuthorized } from './authorizers.ts';
import type { LiveRequest } from './listener.ts';

/** Runs something later. @returns what calls it off */
export type Later = (millis: number, run: () => void) => () => void;

/** With the timers of Node, which keep no process alive. */
export const later: Later = (millis, run) => {
  const timer = setTimeout(run, millis).unref();
  return () => clearTimeout(timer);
};

interface Guest {
  readonly request: LiveRequest;
  credential?: Credential;
  given?: Authorized;
  rights?: Rights;
  readonly calledOff: Set<() => void>;
  isGone: boolean;
}

export interface GuestsOptions {
  readonly authorize: Authorize;
  readonly gate: Gatekeeper;
  readonly later: Later;
  readonly log: Log;
}

/** See the head of this file. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #guests = new WeakMap<Duplex, Guest>();

  constructor(options: GuestsOptions) {
    this.#options = options;
  }

  came(stream: Duplex, request: LiveRequest): void {
    this.#guests.set(stream, { request, calledOff: new Set(), isGone: false });
  }

  has(stream: Duplex): boolean {
    return this.#guests.has(stream);
  }

  /** What the connection is counted by. */
  socketOf(stream: Duplex): LiveRequest['socket'] | undefined {
    return this.#guests.get(stream)?.request.socket;
  }

  /** Who it is; `undefined` when the authorizer lets nobody in. */
  async identify(
    stream: Duplex,
    said: Pick<Credential, 'clientId' | 'username' | 'password'>,
  ): Promise<Peer | undefined> {
    const guest = this.#guests.get(stream);
    if (guest === undefined) return undefined;
    const { isTls, headers, queryString, ip } = guest.request;
    guest.credential = { ...said, isTls, headers, queryString };
    const given = await this.#ask(guest.credential);
    if (given === undefined) return undefined;
    guest.given = given;
    guest.rights = { policies: given.policies, revision: 0 };
    return { principalId: given.principalId, ip, commonName: undefined, rights: guest.rights };
  }

  /** The connection is one. @param end ends it */
  connected(stream: Duplex, end: () => void): void {
    const guest = this.#guests.get(stream);
    if (guest?.given === undefined) return;
    this.#plan(guest, guest.given.disconnectAfter, end);
    this.#planRefresh(guest, guest.given.refreshAfter, end);
  }

  disconnected(stream: Duplex): void {
    const guest = this.#guests.get(stream);
    if (guest === undefined) return;
    guest.isGone = true;
    for (const callOff of guest.calledOff) callOff();
    this.#guests.delete(stream);
  }

  #plan({ calledOff }: Guest, millis: number, run: () => void): void {
    const callOff = this.#options.later(millis, () => {
      calledOff.delete(callOff);
      run();
    });
    calledOff.add(callOff);
  }

  #planRefresh(guest: Guest, millis: number, end: () => void): void {
    this.#plan(guest, millis, () => {
      void this.#refresh(guest, end);
    });
  }

  async #refresh(guest: Guest, end: () => void): Promise<void> {
    const { credential, rights } = guest;
    const given = credential === undefined ? undefined : await this.#ask(credential);
    if (guest.isGone) return;
    if (given === undefined || rights === undefined) {
      end();
      return;
    }
    rights.policies = given.policies;
    rights.revision += 1;
    this.#planRefresh(guest, given.refreshAfter, end);
  }

  async #ask(credential: Credential): Promise<Authorized | undefined> {
    const { authorize, gate, log } = this.#options;
    const { clientId } = credential;
    try {
      return await authorize(credential);
    } catch (error) {
      const isExpected = error instanceof NotAuthorized || error instanceof UnsupportedPolicy;
      if (!isExpected) log('error', 'an authorizer could not be asked', { clientId, reason: String(error) });
      const resource = error instanceof Error ? error.message : String(error);
      gate.deny({ clientId, principalId: undefined, action: 'authorizer', resource });
      return undefined;
    }
  }
}
