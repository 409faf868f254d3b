/**
 * One live connection: who it is and what it may do.
 */
import { randomUUID } from 'node:crypto';
import { type IotAction, isAllowed, type Policy } from './policy.ts';
import type { Principal } from './policy-variables.ts';
import type { Registry } from './registry.ts';

/** Topics whose decision a connection remembers, at most. */
const MAX_DECISIONS = 1000;

/** What an authorizer gave a connection; a refresh puts other policies into it. */
export interface Rights {
  policies: readonly Policy[];
  /** Grows when they change. */
  revision: number;
}

/** What the certificate, or an authorizer, and the socket say. */
export interface Peer {
  /** Identifier of the certificate, or what the authorizer says. */
  readonly principalId: string;
  readonly ip: string;
  readonly commonName: string | undefined;
  /** What an authorizer gave; absent: the registry has the policies of the certificate. */
  readonly rights?: Rights;
}

/** Why a connection ended, in the words of lifecycle events. */
export type DisconnectReason =
  | 'CLIENT_INITIATED_DISCONNECT'
  | 'CLIENT_ERROR'
  | 'CONNECTION_LOST'
  | 'DUPLICATE_CLIENTID'
  | 'AUTH_ERROR'
  | 'FORBIDDEN_ACCESS'
  | 'MQTT_KEEP_ALIVE_TIMEOUT'
  | 'SERVER_INITIATED_DISCONNECT'
  | 'API_INITIATED_DISCONNECT';

/** What the sessions of one broker share. */
export interface Authority {
  readonly registry: Registry;
  readonly policies: ReadonlyMap<string, Policy>;
  /** Prefix of ARNs, e.g. `arn:aws:iot:us-east-1:000000000000:`. */
  readonly arnPrefix: string;
}

/** See the head of this file. */
export class Session {
  readonly clientId: string;
  readonly peer: Peer;
  /** `sessionIdentifier` of lifecycle events. */
  readonly id = randomUUID();
  /** `versionNumber` of lifecycle events: the count of connections of this client id. */
  readonly version: number;
  /** Set by whoever ends the connection, before ending it. */
  reason: DisconnectReason | undefined;
  readonly #authority: Authority;
  #revision = -1;
  #principal: Principal | undefined;
  #policies: readonly Policy[] = [];
  #decisions: Map<string, boolean> | undefined;
  #lastTopic = '';
  #lastAllowed = false;

  constructor(authority: Authority, clientId: string, peer: Peer, version: number) {
    this.#authority = authority;
    this.clientId = clientId;
    this.peer = peer;
    this.version = version;
  }

  /** The hottest question, so its last answer is kept apart. */
  mayPublish(topic: string): boolean {
    this.#refresh();
    if (topic !== this.#lastTopic) {
      this.#lastAllowed = this.may('iot:Publish', 'topic', topic);
      this.#lastTopic = topic;
    }
    return this.#lastAllowed;
  }

  /** @param kind and `name` make the resource, e.g. `topicfilter` and `lab/#` */
  may(action: IotAction, kind: 'client' | 'topic' | 'topicfilter', name: string): boolean {
    const principal = this.#refresh();
    const key = `${action} ${name}`;
    const known = this.#decisions?.get(key);
    if (known !== undefined) return known;
    const allowed = isAllowed(this.#policies, principal, action, this.resource(kind, name));
    if (this.#decisions === undefined || this.#decisions.size >= MAX_DECISIONS) this.#decisions = new Map();
    this.#decisions.set(key, allowed);
    return allowed;
  }

  resource(kind: 'client' | 'topic' | 'topicfilter', name: string): string {
    return `${this.#authority.arnPrefix}${kind}/${name}`;
  }

  /** Reads registry and policies anew when something about the principal has changed. */
  #refresh(): Principal {
    const { registry, policies } = this.#authority;
    const { principalId, ip, commonName, rights } = this.peer;
    const revision = rights?.revision ?? registry.revisionOf(principalId);
    if (this.#principal !== undefined && revision === this.#revision) return this.#principal;
    const attached = rights === undefined && registry.thingsOf(principalId).has(this.clientId);
    this.#principal = {
      clientId: this.clientId,
      principalId,
      ip,
      commonName,
      thing: attached ? registry.thing(this.clientId) : undefined,
    };
    this.#revision = revision;
    this.#policies =
      rights?.policies ?? [...registry.policiesOf(principalId)].flatMap((name) => policies.get(name) ?? []);
    this.#decisions = undefined;
    this.#lastTopic = '';
    return this.#principal;
  }
}
