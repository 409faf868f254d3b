/**
 * The message that a rule sees.
 */
import { levelsOf } from '../topic-filter.ts';
import type { Value } from './ast.ts';

/** What came in. */
export interface Incoming {
  /** Without the prefix of Basic Ingest. */
  readonly topic: string;
  readonly payload: Buffer;
  /** `n/a` when the message did not come over MQTT. */
  readonly clientId: string;
  /** Certificate id; `n/a` when there is none. */
  readonly principal: string;
  readonly sourceIp: string;
  /** When the broker took it, in milliseconds since the epoch. */
  readonly timestamp: number;
  readonly traceId: string;
  /** Account that owns the rules. */
  readonly account: string;
}

/** An incoming message whose levels and JSON are worked out at most once, and only when a rule asks. */
export class Message implements Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string;
  readonly principal: string;
  readonly sourceIp: string;
  readonly timestamp: number;
  readonly account: string;
  #traceId: string | undefined;
  readonly #newTraceId: () => string;
  #levels: readonly string[] | undefined;
  #json: Value;
  #parsed = false;

  constructor(
    incoming: Omit<Incoming, 'traceId'> & {
      readonly levels?: readonly string[];
      readonly newTraceId: () => string;
    },
  ) {
    this.topic = incoming.topic;
    this.payload = incoming.payload;
    this.clientId = incoming.clientId;
    this.principal = incoming.principal;
    this.sourceIp = incoming.sourceIp;
    this.timestamp = incoming.timestamp;
    this.account = incoming.account;
    this.#newTraceId = incoming.newTraceId;
    this.#levels = incoming.levels;
  }

  get traceId(): string {
    this.#traceId ??= this.#newTraceId();
    return this.#traceId;
  }

  get levels(): readonly string[] {
    this.#levels ??= levelsOf(this.topic);
    return this.#levels;
  }

  /** The payload as JSON; Undefined when it is none. */
  get json(): Value {
    if (!this.#parsed) {
      this.#parsed = true;
      try {
        this.#json = JSON.parse(this.payload.toString('utf8')) as Value;
      } catch {
        // Not JSON is no fault: a rule may forward binary payloads, and then has no attributes to ask for.
        this.#json = undefined;
      }
    }
    return this.#json;
  }
}
