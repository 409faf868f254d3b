/**
 * Brings a batch of a stream to its end: tried again where the function failed, halved where the mapping says so,
 * given up where its limits say so.
 */
import { JsonText } from '../lambda/index.ts';
import type { Functions, InvokeResult } from '../types.ts';
import { failuresOf, firstFailed } from './batch-response.ts';
import type { FailureDestination, GivenUp } from './failure-destination.ts';
import type { StreamMapping } from './mapping.ts';
import type { Entry } from './record.ts';
import { eventOf } from './record.ts';
import { backoff, pause } from './signal.ts';

export interface BatchCounts {
  readonly batches: number;
  readonly records: number;
  readonly retries: number;
  /** Records that went to the failure destination. */
  readonly givenUp: number;
  /** Milliseconds between the arrival of the last record of a batch and the end of its processing. */
  readonly iteratorAgeMs: number;
}

export interface BatchRunnerDeps {
  readonly mapping: StreamMapping;
  readonly shardId: string;
  readonly functions: Functions;
  readonly destination: FailureDestination;
  /** Milliseconds before the first try again. */
  readonly retryMs: number;
  /** These records are done. */
  readonly finish: (entries: readonly Entry[]) => void;
  readonly stop: AbortSignal;
}

/** A part of a batch on its way to the function. */
interface Part {
  readonly entries: readonly Entry[];
  /** Tries that failed because of these records, and so count against the mapping's limit. */
  readonly retries: number;
  readonly invokeCount: number;
}

/** Function errors that say nothing of the records: tried again without counting. */
const BEFORE_INVOCATION = new Set(['TooManyRequestsException', 'ServiceException']);

export class BatchRunner {
  readonly #deps: BatchRunnerDeps;
  readonly counts = { batches: 0, records: 0, retries: 0, givenUp: 0, iteratorAgeMs: 0 };

  constructor(deps: BatchRunnerDeps) {
    this.#deps = deps;
  }

  /** Brings a batch to its end: everything in it is processed or given up. */
  async run(entries: readonly Entry[]): Promise<void> {
    const parts: Part[] = [{ entries, retries: 0, invokeCount: 0 }];
    let failures = 0;
    for (let part = parts.pop(); part !== undefined && !this.#deps.stop.aborted; part = parts.pop()) {
      const young = await this.#giveUpOld(part);
      if (young.entries.length === 0) continue;
      const result = await this.#invoke(young.entries);
      if (this.#deps.stop.aborted) return;
      const failed = firstFailed(young.entries, failuresOf(result, this.#deps.mapping.reportsFailures));
      if (failed > 0) {
        this.#deps.finish(young.entries.slice(0, failed));
        failures = 0;
      }
      if (failed === young.entries.length) continue;
      failures += 1;
      parts.push(...(await this.#next(young, failed, result)));
      this.counts.retries += 1;
      await pause(backoff(failures, this.#deps.retryMs), this.#deps.stop);
    }
  }

  /** What has to be tried after a failure, the first at the end. */
  async #next(part: Part, failed: number, result: InvokeResult): Promise<readonly Part[]> {
    const { bisect, maxRetries } = this.#deps.mapping;
    const rest = part.entries.slice(failed);
    const invokeCount = part.invokeCount + 1;
    if (!result.ok && BEFORE_INVOCATION.has(result.errorType)) return [part];
    // The first record that failed is a new one when there was progress: its tries begin.
    const retries = (failed > 0 ? 0 : part.retries) + 1;
    const tooLarge = !result.ok && result.errorType === 'RequestEntityTooLargeException';
    if (bisect && !result.ok && rest.length > 1 && !tooLarge) {
      // Halving is not a try: each half begins with what the whole has had.
      const half = Math.ceil(rest.length / 2);
      return [rest.slice(half), rest.slice(0, half)].map((entries) => ({
        entries,
        retries: part.retries,
        invokeCount,
      }));
    }
    if (retries > maxRetries || tooLarge) {
      await this.#giveUp(rest, 'RetryAttemptsExhausted', invokeCount);
      return [];
    }
    return [{ entries: rest, retries, invokeCount }];
  }

  async #giveUpOld(part: Part): Promise<Part> {
    const oldest = Date.now() - this.#deps.mapping.maxAgeMs;
    const index = part.entries.findIndex(({ arrival }) => arrival >= oldest);
    const old = index < 0 ? part.entries.length : index;
    if (old === 0) return part;
    await this.#giveUp(part.entries.slice(0, old), 'RecordAgeExceeded', part.invokeCount);
    return { ...part, entries: part.entries.slice(old) };
  }

  async #giveUp(
    entries: readonly Entry[],
    condition: GivenUp['condition'],
    invokeCount: number,
  ): Promise<void> {
    await this.#deps.destination.keep({ shardId: this.#deps.shardId, entries, condition, invokeCount });
    this.counts.givenUp += entries.length;
    this.#deps.finish(entries);
  }

  async #invoke(entries: readonly Entry[]): Promise<InvokeResult> {
    const { mapping, functions } = this.#deps;
    const result = await functions.invoke(mapping.functionArn, new JsonText(eventOf(entries)));
    this.counts.batches += 1;
    this.counts.records += entries.length;
    this.counts.iteratorAgeMs = Date.now() - (entries.at(-1)?.arrival ?? 0);
    return result;
  }
}
