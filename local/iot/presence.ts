/**
 * Lifecycle events, as AWS IoT publishes them on `$aws/events/...`.
 *
 * Source: AWS IoT Core developer guide, "Lifecycle events".
 */
import { SESSION_LIFE } from './limits.ts';
import type { DisconnectReason, Session } from './session.ts';

/** Ids with wildcards get no events. */
const silent = (clientId: string): boolean => /[#+]/.test(clientId);

/** See the head of this file. */
export class Presence {
  readonly #publish: (topic: string, payload: Buffer) => void;
  /** Of client ids that were let in: of those that are refused there is no end. */
  readonly #versions = new Map<string, { version: number; gone: number | undefined }>();
  #swept = Date.now();

  constructor(publish: (topic: string, payload: Buffer) => void) {
    this.#publish = publish;
  }

  /** Client ids that are remembered. */
  get known(): number {
    return this.#versions.size;
  }

  /** Version number for a new connection of a client id; starts anew after an hour without one. */
  nextVersion(clientId: string): number {
    this.#sweep();
    const known = this.#versions.get(clientId);
    return known === undefined ? 0 : known.version + 1;
  }

  /** The connection is let in; it may still end before it is one. */
  accepted({ clientId, version }: Session): void {
    this.#versions.set(clientId, { version, gone: Date.now() });
  }

  connected(session: Session): void {
    const known = this.#versions.get(session.clientId);
    if (known?.version === session.version) known.gone = undefined;
    this.#send('presence', 'connected', session, {
      ipAddress: session.peer.ip,
      versionNumber: session.version,
    });
  }

  disconnected(session: Session, disconnectReason: DisconnectReason): void {
    const known = this.#versions.get(session.clientId);
    if (known?.version === session.version) known.gone = Date.now();
    this.#send('presence', 'disconnected', session, {
      clientInitiatedDisconnect: disconnectReason === 'CLIENT_INITIATED_DISCONNECT',
      disconnectReason,
      versionNumber: session.version,
    });
  }

  connectFailed(session: Session): void {
    this.#send('presence', 'connect_failed', session, {
      connectFailureReason: 'AUTHORIZATION_FAILED',
      ipAddress: session.peer.ip,
    });
  }

  subscriptions(eventType: 'subscribed' | 'unsubscribed', session: Session, topics: readonly string[]): void {
    this.#send('subscriptions', eventType, session, { topics });
  }

  #send(family: 'presence' | 'subscriptions', eventType: string, session: Session, more: object): void {
    if (silent(session.clientId)) return;
    const event = {
      clientId: session.clientId,
      timestamp: Date.now(),
      eventType,
      sessionIdentifier: session.id,
      principalIdentifier: session.peer.principalId,
      ...more,
    };
    this.#publish(
      `$aws/events/${family}/${eventType}/${session.clientId}`,
      Buffer.from(JSON.stringify(event)),
    );
  }

  #sweep(): void {
    const now = Date.now();
    if (now - this.#swept < SESSION_LIFE) return;
    this.#swept = now;
    for (const [clientId, { gone }] of this.#versions) {
      if (gone !== undefined && now - gone > SESSION_LIFE) this.#versions.delete(clientId);
    }
  }
}
