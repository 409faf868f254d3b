/**
 * Rule action `kinesis`: one PutRecord a message in AWS. Here the records of one turn of the event loop go to the
 * stream together, still authorized as PutRecord.
 */
import { randomUUID } from 'node:crypto';
import { AccessDenied, AwsError, type Streams } from '../../types.ts';
import { compileTemplate, type Template } from '../sql/template.ts';
import type { Action, Done, Parameters } from './action.ts';
import { asError, Batcher } from './batcher.ts';

/** Bounds of one put: those of PutRecords. */
const LIMITS = { count: 500, bytes: 5 * 1024 * 1024 } as const;
/** A stream that takes nothing for this long, in milliseconds, has failed. */
const PATIENCE = 60_000;
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

interface Entry {
  readonly partitionKey: string;
  readonly data: Buffer;
  readonly done: Done;
}

/** The part of `Streams` that is used. */
export type StreamSink = Pick<Streams, 'put'>;

/**
 * Puts records into one stream in the name of one role: in the order given, one put at a time.
 */
export class StreamWriter {
  readonly #sink: StreamSink;
  readonly #role: string;
  readonly #stream: string;
  readonly #batches: Batcher<Entry>;

  constructor(sink: StreamSink, role: string, stream: string) {
    this.#sink = sink;
    this.#role = role;
    this.#stream = stream;
    this.#batches = new Batcher<Entry>(LIMITS, (batch) => this.#write(batch));
  }

  put(entry: Entry): void {
    this.#batches.add(entry);
  }

  /** @returns why the records could not be put, after patience has run out */
  async #write(batch: readonly Entry[]): Promise<Error | undefined> {
    const until = Date.now() + PATIENCE;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await this.#sink.put(this.#role, this.#stream, batch);
        return undefined;
      } catch (error) {
        const failure = asError(error);
        if (!isTransient(failure) || Date.now() + pause > until) return failure;
      }
      await new Promise((resume) => setTimeout(resume, pause * (0.5 + Math.random() / 2)));
    }
  }
}

const isTransient = (failure: Error): boolean =>
  !(failure instanceof AccessDenied) &&
  failure instanceof AwsError &&
  (failure.status >= 500 || failure.code.includes('Throughput') || failure.code.includes('Throttl'));

/** @param writerOf one writer a role and stream, shared by all rules */
export const kinesisAction = (
  parameters: Parameters,
  writerOf: (role: string, stream: string) => StreamWriter,
): Action => {
  const stream = parameters.text('StreamName');
  const writer = writerOf(parameters.text('RoleArn'), stream);
  const source = parameters.optional('PartitionKey');
  // Without a key AWS spreads the records at random.
  const partitionKey: Template = source === undefined ? () => randomUUID() : compileTemplate(source);
  return {
    type: 'KinesisAction',
    resource: stream,
    run(message, payload, done) {
      writer.put({ partitionKey: partitionKey(message), data: payload, done });
    },
  };
};
