/**
 * Faults put into the services on purpose, to see what the system makes of them. Drawn from a seeded generator:
 * the same seed and the same calls give the same faults.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessRequest } from '../types.ts';
import { AwsError } from '../types.ts';

export interface Fault {
  /** `dynamodb`, `kinesis`, `s3`, `sqs`, ... */
  readonly service: string;
  /** As in the IAM action, e.g. `PutItem`; all operations when absent. */
  readonly operation?: string;
  /** Only calls on resources whose ARN contains this text, e.g. a table's name. */
  readonly resource?: string;
  /** Share of calls that are hit, 0 to 1. */
  readonly rate: number;
  /**
   * `throttle` and `error` refuse the call and nothing happens; `lost-reply` does what was asked and then
   * answers with an error, the way a connection breaks; `partial` leaves some entries of a batch undone and says
   * so (`UnprocessedItems`, `FailedRecordCount`), and throttles what is no batch; `latency` only takes its time.
   */
  readonly kind: 'throttle' | 'error' | 'lost-reply' | 'partial' | 'latency';
  /** For `latency`. */
  readonly milliseconds?: number;
  readonly seed: number;
}

export interface Faults {
  /** @returns a function that takes the fault out again */
  set(fault: Fault): () => void;
  clear(): void;
  /** How many faults have hit since the start. */
  readonly injected: number;
}

/** What the drawn faults mean for one call. */
export interface Hit {
  readonly refusal: AwsError | undefined;
  readonly lostReply: AwsError | undefined;
  /** Chooses the entries of a batch that are left undone: numbers in [0, 1). */
  readonly partial: (() => number) | undefined;
  readonly milliseconds: number;
}

const NO_HIT: Hit = { refusal: undefined, lostReply: undefined, partial: undefined, milliseconds: 0 };

/** Operations that can be done in part. */
const BATCHES = new Set(['dynamodb:BatchWriteItem', 'dynamodb:BatchGetItem', 'kinesis:PutRecords']);

const THROTTLES: Readonly<Record<string, readonly [code: string, status: number]>> = {
  dynamodb: ['ProvisionedThroughputExceededException', 400],
  kinesis: ['ProvisionedThroughputExceededException', 400],
  s3: ['SlowDown', 503],
  sqs: ['RequestThrottled', 403],
};
const ERRORS: Readonly<Record<string, string>> = {
  dynamodb: 'InternalServerError',
  s3: 'InternalError',
  iot: 'InternalFailureException',
};

export class FaultInjector implements Faults {
  readonly #faults = new Map<Fault, () => number>();
  #injected = 0;

  get injected(): number {
    return this.#injected;
  }

  set(fault: Fault): () => void {
    const own = { ...fault };
    this.#faults.set(own, mulberry32(fault.seed));
    return () => void this.#faults.delete(own);
  }

  clear(): void {
    this.#faults.clear();
  }

  /** Draws for one call, described by what it needs to be allowed. Whoever cannot wait leaves latency aside. */
  draw(requests: readonly AccessRequest[]): Hit {
    if (this.#faults.size === 0) return NO_HIT;
    let hit = NO_HIT;
    for (const [fault, random] of this.#faults) {
      if (!requests.some((request) => matches(fault, request)) || random() >= fault.rate) continue;
      this.#injected += 1;
      const whole = !requests.some(({ action }) => BATCHES.has(action));
      hit = combine(hit, fault.kind === 'partial' && whole ? { ...fault, kind: 'throttle' } : fault, random);
    }
    return hit;
  }

  /** Draws, takes the time, and throws the refusal. */
  async before(requests: readonly AccessRequest[]): Promise<Hit> {
    const hit = this.draw(requests);
    if (hit.milliseconds > 0) await sleep(hit.milliseconds);
    if (hit.refusal) throw hit.refusal;
    return hit;
  }
}

function matches(fault: Fault, { action, resource }: AccessRequest): boolean {
  const [service, operation] = action.split(':');
  return (
    service === fault.service &&
    (fault.operation === undefined || operation === fault.operation) &&
    (fault.resource === undefined || resource.includes(fault.resource))
  );
}

function combine(hit: Hit, fault: Fault, random: () => number): Hit {
  switch (fault.kind) {
    case 'partial':
      return { ...hit, partial: random };
    case 'latency':
      return { ...hit, milliseconds: hit.milliseconds + (fault.milliseconds ?? 100) };
    case 'lost-reply':
      return { ...hit, lostReply: failure(fault.service) };
    case 'error':
      return { ...hit, refusal: failure(fault.service) };
    case 'throttle': {
      const [code, status] = THROTTLES[fault.service] ?? ['ThrottlingException', 429];
      return { ...hit, refusal: new AwsError(code, 'Rate exceeded (injected fault)', status) };
    }
  }
}

const failure = (service: string) =>
  new AwsError(ERRORS[service] ?? 'InternalFailure', 'Internal failure (injected fault)', 500);

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
