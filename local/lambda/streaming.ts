/**
 * A streamed response as the gateway receives it. It begins with a prelude: status and headers as JSON, then eight
 * zero bytes. The rest is the body. A chunk counts as taken only when the reader asks for the next one, so that a slow
 * reader slows the function down.
 */
import type { StreamingResult } from '../types.ts';
import type { Outcome } from './environment.ts';

/** A function failed; carries what Lambda says of it. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  readonly errorType: string;
  constructor(errorType: string, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

/** API Gateway looks for the end of the prelude in the first 16 KB of a stream, and nowhere else. */
const MAX_PRELUDE = 16 * 1024;
const DELIMITER = Buffer.alloc(8);
/** Most bytes of a streamed response: Lambda cuts it off there. */
export const MAX_STREAM_BYTES = 200 * 1024 * 1024;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/** The body of a response, to be read once. */
class Body implements AsyncIterableIterator<Uint8Array> {
  readonly #chunks: Chunk[] = [];
  readonly #cancel: () => void;
  #current: Chunk | undefined;
  #wake: (() => void) | undefined;
  #end: InvocationError | 'done' | undefined;

  constructor(cancel: () => void) {
    this.#cancel = cancel;
  }

  push(chunk: Chunk): void {
    // Nobody reads any more: the function must not wait for a reader, so that it comes to its end.
    if (this.#end !== undefined) chunk.taken();
    else this.#chunks.push(chunk);
    this.#wake?.();
  }

  finish(end: InvocationError | 'done'): void {
    this.#end ??= end;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    this.#current?.taken();
    this.#current = undefined;
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#current = chunk;
        return { done: false, value: chunk.bytes };
      }
      if (this.#end === 'done') return { done: true, value: undefined };
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The reader has left: the function is told so, and its next write fails. */
  async return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#end === undefined) this.#cancel();
    this.#end ??= 'done';
    this.#chunks.length = 0;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

interface Prelude {
  readonly statusCode?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly unknown[]>>;
  readonly cookies?: readonly unknown[];
}

const parsePrelude = (json: string): Omit<StreamingResult, 'body'> => {
  const prelude: Prelude = JSON.parse(json);
  const strings = (values: readonly unknown[]) => values.map(String);
  const multi = Object.entries(prelude.multiValueHeaders ?? {}).map(([name, values]) => [
    name,
    strings(values),
  ]);
  const cookies = prelude.cookies ?? [];
  return {
    statusCode: Number(prelude.statusCode ?? 200),
    headers: Object.fromEntries(
      Object.entries(prelude.headers ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    multiValueHeaders: {
      ...Object.fromEntries(multi),
      ...(cookies.length > 0 ? { 'set-cookie': strings(cookies) } : {}),
    },
  };
};

/** Collects the chunks of one invocation into a {@link StreamingResult}. */
export class StreamedResponse {
  readonly #body: Body;
  readonly #cancel: () => void;
  /** Bytes that may still come before the response is too long. */
  #room: number;
  /** What has come before the end of the prelude; `undefined` once the prelude is read or has failed. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #resolve: (result: StreamingResult) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  /** Settles when the prelude has come, or the function failed before. */
  readonly result: Promise<StreamingResult>;

  /**
   * @param cancel called when the reader leaves before the end, or the response is too long
   * @param maxBytes of the whole response
   */
  constructor(cancel: () => void, maxBytes = MAX_STREAM_BYTES) {
    this.#body = new Body(cancel);
    this.#cancel = cancel;
    this.#room = maxBytes;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  readonly push = (bytes: Uint8Array, taken: () => void): void => {
    this.#room -= bytes.byteLength;
    if (this.#room < 0) {
      taken();
      this.#tooLong();
      return;
    }
    if (this.#head === undefined) {
      this.#body.push({ bytes, taken });
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.subarray(0, MAX_PRELUDE).indexOf(DELIMITER);
    if (end < 0) {
      // No reader asks for the prelude: its bytes count as taken at once.
      taken();
      if (this.#head.length >= MAX_PRELUDE) this.#malformed('no prelude in its first 16 KB');
      return;
    }
    const head = this.#head;
    this.#head = undefined;
    const rest = head.subarray(end + DELIMITER.length);
    try {
      this.#resolve({ ...parsePrelude(head.toString('utf8', 0, end)), body: this.#body });
    } catch {
      this.#malformed('a prelude that is not JSON');
    }
    if (rest.length > 0) this.#body.push({ bytes: rest, taken });
    else taken();
  };

  /** The invocation is over. */
  finish(outcome: Outcome): void {
    if (!outcome.ok) {
      const error = new InvocationError(outcome.errorType, outcome.errorMessage);
      this.#reject(error);
      this.#body.finish(error);
      return;
    }
    if (!outcome.streamed || this.#head !== undefined) this.#malformed('no prelude');
    this.#body.finish('done');
  }

  #tooLong(): void {
    const error = new InvocationError(
      'Function.ResponseSizeTooLarge',
      'Response payload size exceeded maximum allowed payload size of a stream.',
    );
    this.#head = undefined;
    this.#reject(error);
    this.#body.finish(error);
    this.#cancel();
  }

  #malformed(what: string): void {
    this.#head = undefined;
    this.#reject(
      new InvocationError('Runtime.MalformedStreamingResponse', `The function answered with ${what}.`),
    );
    void this.#body.return();
  }
}
