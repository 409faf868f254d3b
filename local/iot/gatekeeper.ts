/**
 * Says yes or no to what a connection wants, and keeps every no.
 */
import type { Log } from '../types.ts';
import { filterFault, MAX_PAYLOAD_BYTES, MAX_SUBSCRIPTIONS, topicFault } from './limits.ts';
import type { Session } from './session.ts';

/** A refusal, kept for tests and for the person who wonders. */
export interface IotDenial {
  /** Empty before the client has said its id. */
  readonly clientId: string;
  readonly principalId: string | undefined;
  /** `iot:...`; `tls` when the certificate was not accepted, `upgrade` or `authorizer` for a WebSocket. */
  readonly action: string;
  /** ARN, or what was wrong. */
  readonly resource: string;
}

/** Denials kept, at most; older ones are forgotten. */
const MAX_DENIALS = 10_000;

/** A publish as far as its permission goes. */
interface Publishing {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
}

/** A last will, as CONNECT brings it. */
export interface Will {
  readonly topic: string;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly payload: Buffer | string;
}

/** What AWS does not take, whoever publishes it. */
const publishFault = ({ topic, qos }: Publishing, bytes: number): string | undefined =>
  (qos === 2 ? 'QoS 2 is not supported' : undefined) ??
  (bytes > MAX_PAYLOAD_BYTES ? `the payload is longer than ${MAX_PAYLOAD_BYTES} bytes` : undefined) ??
  topicFault(topic);

/** See the head of this file. */
export class Gatekeeper {
  readonly denials: IotDenial[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  deny(denial: IotDenial): void {
    if (this.denials.length >= MAX_DENIALS) this.denials.shift();
    this.denials.push(denial);
    this.#log('warn', 'denied by the MQTT broker', denial);
  }

  /** @param will the last will: who may not publish it may not connect */
  mayConnect(session: Session, will: Will | undefined): boolean {
    if (!this.#check(session, 'iot:Connect', 'client', session.clientId)) return false;
    if (will === undefined) return true;
    const { topic, qos = 0, retain = false, payload } = will;
    const fault = publishFault({ topic, qos, retain }, Buffer.byteLength(payload));
    if (fault === undefined) return this.#mayPublish(session, topic, retain);
    this.#refuse(session, 'iot:Connect', `last will on ${topic}: ${fault}`);
    return false;
  }

  /** @returns why the connection must end, or `undefined` */
  refusePublish(session: Session, { topic, qos, retain }: Publishing, bytes: number): string | undefined {
    const fault = publishFault({ topic, qos, retain }, bytes);
    if (fault !== undefined) {
      session.reason ??= 'CLIENT_ERROR';
      this.#refuse(session, 'iot:Publish', `${topic}: ${fault}`);
      return fault;
    }
    if (this.#mayPublish(session, topic, retain)) return undefined;
    session.reason ??= 'FORBIDDEN_ACCESS';
    return `not allowed to publish on ${topic}`;
  }

  /** @param held topic filters that the connection has already */
  maySubscribe(session: Session, filter: string, qos: number, held: readonly string[]): boolean {
    const full = held.length >= MAX_SUBSCRIPTIONS && !held.includes(filter);
    const fault =
      (qos === 2 ? 'QoS 2 is not supported' : undefined) ??
      (full ? `more than ${MAX_SUBSCRIPTIONS} subscriptions` : undefined) ??
      filterFault(filter);
    if (fault === undefined) return this.#check(session, 'iot:Subscribe', 'topicfilter', filter);
    this.#refuse(session, 'iot:Subscribe', `${filter}: ${fault}`);
    return false;
  }

  mayReceive(session: Session, topic: string): boolean {
    return this.#check(session, 'iot:Receive', 'topic', topic);
  }

  #mayPublish(session: Session, topic: string, retain: boolean): boolean {
    if (!session.mayPublish(topic)) {
      this.#refuse(session, 'iot:Publish', session.resource('topic', topic));
      return false;
    }
    return !retain || this.#check(session, 'iot:RetainPublish', 'topic', topic);
  }

  #check(
    session: Session,
    action: 'iot:Connect' | 'iot:Subscribe' | 'iot:Receive' | 'iot:RetainPublish',
    kind: 'client' | 'topic' | 'topicfilter',
    name: string,
  ): boolean {
    if (session.may(action, kind, name)) return true;
    this.#refuse(session, action, session.resource(kind, name));
    return false;
  }

  #refuse(session: Session, action: string, resource: string): void {
    this.deny({ clientId: session.clientId, principalId: session.peer.principalId, action, resource });
  }
}
