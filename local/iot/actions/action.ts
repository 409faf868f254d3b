/**
 * What every rule action is.
 */
import type { JsonObject } from '../../types.ts';
import type { Message } from '../sql/message.ts';

/** Called once when an action has succeeded, or finally failed. */
export type Done = (failure?: Error) => void;

export interface Action {
  /** As error messages name it, e.g. `KinesisAction`. */
  readonly type: string;
  /** What the action works on, e.g. the name of a stream. */
  readonly resource: string;
  /** @param payload result of the rule's SELECT */
  run(message: Message, payload: Buffer, done: Done): void;
}

/** An action, or a parameter of one, that the gateway cannot run; names it. */
export class UnsupportedAction extends Error {
  override readonly name = 'UnsupportedAction';
}

/**
 * Reads the parameters of one action of the template and remembers which were read.
 */
export class Parameters {
  readonly #label: string;
  readonly #values: JsonObject;
  readonly #read = new Set<string>();

  /** @param label how errors name the action, e.g. `rule Ingest, action Kinesis` */
  constructor(label: string, values: JsonObject) {
    this.#label = label;
    this.#values = values;
  }

  /** @throws {UnsupportedAction} when it is absent or no text */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new UnsupportedAction(`${this.#label} has no ${name}`);
    return value;
  }

  optional(name: string): string | undefined {
    this.#read.add(name);
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new UnsupportedAction(`${this.#label}: ${name} is not a plain value`);
  }

  flag(name: string): boolean {
    return this.optional(name)?.toLowerCase() === 'true';
  }

  /** @throws {UnsupportedAction} naming a parameter that nobody asked for: it would be ignored silently */
  end(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#read.has(name));
    if (unknown !== undefined) throw new UnsupportedAction(`${this.#label}: ${unknown} is not supported`);
  }
}
