/**
 * Asynchronous invocations of one function: Lambda takes the event, and tries again what failed.
 *
 * Sources: "How Lambda handles errors and retries with asynchronous invocation" and "Capturing records of Lambda
 * asynchronous invocations", AWS Lambda developer guide. Lambda's queue outlives what runs here: events that wait when
 * the gateway stops are gone.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AccessDenied, type InvokeResult, type PartOptions } from '../types.ts';
import type { AsyncConfig } from './async-config.ts';
import { accessOf, type Destination, openDestination, timeKey } from './destination.ts';
import { JsonText } from './json-text.ts';
import { InvocationError } from './streaming.ts';

/** Bytes of an event. */
const MAX_EVENT_BYTES = 1024 * 1024;
const MAX_PAUSE_MS = 300_000;
/** Failures of Lambda itself: the function was not called, and they do not count as tries. */
const BEFORE_INVOCATION = new Set(['TooManyRequestsException', 'ServiceException']);

export interface AsyncDelays {
  /** Milliseconds before the second and the third try. */
  readonly retryMs: readonly number[];
  /** Milliseconds before the first try after a throttle; doubled with each. */
  readonly throttleMs: number;
}

export interface AsyncQueueDeps {
  readonly functionArn: string;
  readonly functionName: string;
  readonly roleArn: string;
  readonly config: AsyncConfig;
  readonly delays: AsyncDelays;
  readonly options: PartOptions;
  readonly invoke: (event: JsonText) => Promise<InvokeResult>;
}

type Failure = Extract<InvokeResult, { readonly ok: false }>;

export class AsyncQueue {
  readonly #deps: AsyncQueueDeps;
  readonly #stop = new AbortController();
  #destination: Destination | undefined;

  constructor(deps: AsyncQueueDeps) {
    this.#deps = deps;
    const { config, roleArn, options } = deps;
    if (config.onFailure === undefined) return;
    this.#destination = openDestination(config.onFailure, roleArn, options);
    for (const request of accessOf(config.onFailure, this.#prefix)) {
      try {
        options.iam.authorize(roleArn, request);
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        options.log('error', error.message, { function: deps.functionName });
      }
    }
  }

  /**
   * Takes an event.
   * @returns how it ended: with success, or with the last failure when it was given up
   * @throws {InvocationError} when it is too large
   */
  take(event: unknown): Promise<InvokeResult> {
    const text = event instanceof JsonText ? event.text : (JSON.stringify(event) ?? 'null');
    const size = Buffer.byteLength(text);
    if (size > MAX_EVENT_BYTES) {
      throw new InvocationError(
        'RequestEntityTooLargeException',
        `${size} byte payload is too large for the Event invocation type (limit ${MAX_EVENT_BYTES} bytes)`,
      );
    }
    return this.#work(new JsonText(text));
  }

  close(): void {
    this.#stop.abort();
    this.#destination?.close();
  }

  get #prefix(): string {
    return `aws/lambda/async/${this.#deps.functionName}/`;
  }

  async #work(event: JsonText): Promise<InvokeResult> {
    const { config, delays, invoke } = this.#deps;
    const until = Date.now() + config.maxAgeMs;
    for (let tries = 0, throttles = 0; ; ) {
      const result = await invoke(event);
      if (result.ok || this.#stop.signal.aborted) return result;
      let pause: number;
      if (BEFORE_INVOCATION.has(result.errorType)) {
        pause = Math.min(MAX_PAUSE_MS, delays.throttleMs * 2 ** throttles);
        throttles += 1;
      } else {
        pause = delays.retryMs[tries] ?? MAX_PAUSE_MS;
        tries += 1;
        if (tries > config.maxRetries) return this.#giveUp('RetriesExhausted', event, result, tries);
      }
      await this.#pause(Math.min(pause, until - Date.now()));
      if (this.#stop.signal.aborted) return result;
      if (Date.now() >= until) return this.#giveUp('EventAgeExceeded', event, result, tries);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    await delay(Math.max(0, ms), undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async #giveUp(
    condition: 'RetriesExhausted' | 'EventAgeExceeded',
    event: JsonText,
    last: Failure,
    tries: number,
  ): Promise<Failure> {
    const { functionArn, functionName, config, options } = this.#deps;
    const { errorType, errorMessage } = last;
    const now = new Date();
    const requestId = randomUUID();
    options.log('error', `an asynchronous event of ${functionName} is given up`, {
      condition,
      errorType,
      errorMessage,
    });
    const record = JSON.stringify({
      version: '1.0',
      timestamp: now.toISOString(),
      requestContext: {
        requestId,
        functionArn: `${functionArn}:$LATEST`,
        condition,
        approximateInvokeCount: tries,
      },
      requestPayload: JSON.parse(event.text),
      ...(tries > 0
        ? {
            responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
            responsePayload: { errorType, errorMessage },
          }
        : {}),
    });
    try {
      await this.#destination?.deliver(record, `${this.#prefix}${timeKey(now, requestId)}`);
    } catch (error) {
      // Lambda counts a DestinationDeliveryFailure and goes on.
      options.log('error', `Cannot send what failed to ${config.onFailure}: ${String(error)}`);
    }
    return last;
  }
}
