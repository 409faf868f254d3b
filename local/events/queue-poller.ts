/**
 * Receives from one queue and hands batches to the function, as an event source mapping of Lambda does. What was
 * processed is deleted; what failed becomes visible again after the queue's visibility timeout.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { JsonText, MAX_EVENT_BYTES } from '../lambda/index.ts';
import type { Functions, PartOptions } from '../types.ts';
import { failuresOf } from './batch-response.ts';
import type { QueueMapping } from './mapping.ts';
import { backoff, pause, Signal } from './signal.ts';

export interface QueueStats {
  readonly mapping: string;
  readonly source: string;
  readonly batches: number;
  readonly records: number;
  /** Messages that a batch left in the queue. */
  readonly failed: number;
}

const LONG_POLL_S = 20;
/** As many as one ReceiveMessage, or one DeleteMessageBatch, takes. */
const AT_ONCE = 10;
const DRAIN_LOOK_MS = 50;

/** A message as it stands in a function's event. */
const recordOf = (message: Message, { sourceArn, region }: QueueMapping) => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body,
  attributes: message.Attributes ?? {},
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
      name,
      {
        ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
        ...(value.BinaryValue === undefined
          ? {}
          : { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
        stringListValues: [],
        binaryListValues: [],
        dataType: value.DataType,
      },
    ]),
  ),
  md5OfBody: message.MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: sourceArn,
  awsRegion: region,
});

export class QueuePoller {
  readonly #mapping: QueueMapping;
  readonly #options: PartOptions & { readonly functions: Functions };
  readonly #sqs: SQSClient;
  /** Looks into the queue for `drain`, which is no part of Lambda and so needs no grant of the role. */
  readonly #observer: SQSClient;
  readonly #stop = new AbortController();
  readonly #free = new Signal();
  #busy = 0;
  #draining = 0;
  #counts = { batches: 0, records: 0, failed: 0 };

  constructor(mapping: QueueMapping, options: PartOptions & { readonly functions: Functions }) {
    this.#mapping = mapping;
    this.#options = options;
    const common = { region: mapping.region, endpoint: options.endpoint.url };
    // Tried again here, with a word in the log each time.
    this.#sqs = new SQSClient({
      ...common,
      credentials: options.iam.credentialsFor(mapping.roleArn),
      maxAttempts: 1,
    });
    this.#observer = new SQSClient({ ...common, credentials: options.iam.operator });
  }

  get stats(): QueueStats {
    return { mapping: this.#mapping.id, source: this.#mapping.sourceArn, ...this.#counts };
  }

  start(): void {
    this.#poll().catch((error: unknown) => {
      if (!this.#stopped) this.#log('broke', error);
    });
  }

  /** Resolves when nothing is at work and nothing in the queue is, or was, given out; what is held back waits on. */
  async drain(): Promise<void> {
    this.#draining += 1;
    while (!this.#stopped && (this.#busy > 0 || (await this.#depth()) > 0)) await delay(DRAIN_LOOK_MS);
    this.#draining -= 1;
  }

  /** Stops; messages of a batch at work become visible again. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#free.notify();
    this.#sqs.destroy();
    this.#observer.destroy();
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #log(what: string, error: unknown): void {
    const { logicalId, sourceArn } = this.#mapping;
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log('error', `The poller of ${sourceArn} ${what}: ${message}`, { mapping: logicalId });
  }

  async #depth(): Promise<number> {
    const { Attributes: attributes = {} } = await this.#observer.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#mapping.queueUrl, AttributeNames: ['All'] }),
    );
    return (
      Number(attributes.ApproximateNumberOfMessages ?? 0) +
      Number(attributes.ApproximateNumberOfMessagesNotVisible ?? 0)
    );
  }

  async #poll(): Promise<void> {
    await this.#persist('cannot look at the queue', () =>
      this.#sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: this.#mapping.queueUrl,
          AttributeNames: ['VisibilityTimeout'],
        }),
      ),
    );
    while (!this.#stopped) {
      while (this.#busy >= this.#mapping.maxConcurrency && !this.#stopped) await this.#free.wait();
      const first = await this.#receive(AT_ONCE, LONG_POLL_S);
      if (first.length === 0) continue;
      this.#busy += 1;
      const messages = await this.#fill(first);
      this.#process(messages)
        .catch((error: unknown) => {
          if (!this.#stopped) this.#log('lost a batch', error);
        })
        .finally(() => {
          this.#busy -= 1;
          this.#free.notify();
        });
    }
  }

  /** Receives until the batch is full or its window over. */
  async #fill(first: readonly Message[]): Promise<readonly Message[]> {
    const { batchSize, windowMs } = this.#mapping;
    const messages = [...first];
    const due = performance.now() + windowMs;
    for (let left = windowMs; left > 0 && messages.length < batchSize; left = due - performance.now()) {
      const seconds = this.#draining > 0 ? 0 : Math.min(LONG_POLL_S, Math.ceil(left / 1000));
      const more = await this.#receive(Math.min(AT_ONCE, batchSize - messages.length), seconds);
      messages.push(...more);
      if (this.#stopped || (more.length === 0 && this.#draining > 0)) break;
    }
    return messages;
  }

  async #receive(max: number, seconds: number): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#mapping.queueUrl,
      MaxNumberOfMessages: Math.min(max, this.#mapping.batchSize),
      WaitTimeSeconds: seconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const reply = await this.#persist('cannot receive', () =>
      this.#sqs.send(command, { abortSignal: this.#stop.signal }),
    );
    return reply?.Messages ?? [];
  }

  /** Tries until it works or the poller stops. */
  async #persist<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; !this.#stopped; failures += 1) {
      try {
        return await action();
      } catch (error) {
        if (this.#stopped) return undefined;
        this.#log(what, error);
        await pause(backoff(failures), this.#stop.signal);
      }
    }
    return undefined;
  }

  async #process(messages: readonly Message[]): Promise<void> {
    const jsons = messages.map((message) => JSON.stringify(recordOf(message, this.#mapping)));
    // Several events when one would be too large.
    for (let start = 0; start < messages.length; ) {
      let end = start;
      for (let bytes = 16; end < messages.length; end += 1) {
        bytes += Buffer.byteLength(jsons[end] ?? '') + 1;
        if (bytes > MAX_EVENT_BYTES && end > start) break;
      }
      await this.#invoke(messages.slice(start, end), jsons.slice(start, end));
      start = end;
    }
  }

  async #invoke(messages: readonly Message[], jsons: readonly string[]): Promise<void> {
    const { functionArn, reportsFailures } = this.#mapping;
    const event = new JsonText(`{"Records":[${jsons.join(',')}]}`);
    const result = await this.#options.functions.invoke(functionArn, event);
    if (this.#stopped) return;
    const failures = failuresOf(result, reportsFailures);
    const known = new Set(messages.map(({ MessageId }) => MessageId));
    // One that names a message outside of the batch cannot be trusted with the others.
    const all = failures === 'all' || failures.some((id) => !known.has(id));
    const failed = new Set<string | undefined>(all ? known : failures);
    const done = messages.filter(({ MessageId }) => !failed.has(MessageId));
    for (let start = 0; start < done.length; start += AT_ONCE)
      await this.#delete(done.slice(start, start + AT_ONCE));
    this.#counts.batches += 1;
    this.#counts.records += messages.length;
    this.#counts.failed += messages.length - done.length;
  }

  async #delete(messages: readonly Message[]): Promise<void> {
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: this.#mapping.queueUrl, Entries });
    const reply = await this.#persist('cannot delete', () => this.#sqs.send(command));
    for (const { Message: message } of reply?.Failed ?? []) this.#log('cannot delete a message', message);
  }
}
