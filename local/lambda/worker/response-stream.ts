/**
 * The response stream of a streaming handler. Writes wait while a window of bytes or more is on the way to the
 * gateway. So a slow reader slows the function down instead of filling the memory.
 *
 * As in Lambda, the first `write` sends status and headers, and a handler that only calls `end` never sends them.
 * Source: `src/stream/response-stream.ts` of github.com/aws/aws-lambda-nodejs-runtime-interface-client.
 */
import { Writable } from 'node:stream';

/** The runtime's mark on a handler that `awslambda.streamifyResponse` has wrapped. */
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

type Written = (error: Error | null | undefined) => void;

type Options = {
  readonly window: number;
  readonly highWaterMark: number | undefined;
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
};

export class ResponseStream extends Writable {
  readonly #options: Options;
  /** Bytes sent that the gateway has not taken yet. */
  #underWay = 0;
  /** The callback of the write that waits. */
  #waiting: (() => void) | undefined;
  #prelude: Uint8Array | undefined;
  /** Whether `write` was called. */
  #begun = false;
  #contentType = 'application/octet-stream';

  constructor(options: Options) {
    super({ highWaterMark: options.highWaterMark ?? 64 * 1024 });
    this.#options = options;
    // The writer sees a failure in its own call. Without a listener it would also end the thread.
    this.on('error', () => undefined);
  }

  setContentType(contentType: string): void {
    if (this.#begun) throw new Error('Cannot set content-type, too late.');
    this.#contentType = contentType;
  }

  get contentType(): string {
    return this.#contentType;
  }

  /**
   * Sets bytes that go before those of the first `write`. Without one they are never sent, even if `end` has a chunk.
   */
  precede(bytes: Uint8Array): void {
    this.#prelude = bytes;
  }

  override write(chunk: unknown, encoding?: BufferEncoding | Written, callback?: Written): boolean {
    this.#begun = true;
    const data = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
    return typeof encoding === 'string'
      ? super.write(data, encoding, callback)
      : super.write(data, encoding ?? callback);
  }

  /** The gateway has taken so many bytes. */
  taken(bytes: number): void {
    this.#underWay -= bytes;
    if (this.#underWay < this.#options.window) this.#release();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#post([chunk], done);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#post(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = undefined;
    done(error);
  }

  #post(chunks: readonly Uint8Array[], done: () => void): void {
    const all = this.#prelude === undefined || !this.#begun ? chunks : [this.#prelude, ...chunks];
    this.#prelude = undefined;
    // A copy, because the writer may use its buffer again, and because only a whole buffer can be transferred to a
    // thread.
    const bytes = new Uint8Array(all.reduce((sum, chunk) => sum + chunk.byteLength, 0));
    let offset = 0;
    for (const chunk of all) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    this.#underWay += bytes.byteLength;
    if (bytes.byteLength > 0) this.#options.send(bytes);
    this.#waiting = done;
    // In the next turn of the event loop: small writes until then are sent together.
    if (this.#underWay < this.#options.window) setImmediate(() => this.#release());
  }

  #release(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }
}

/** The `awslambda` global of the Node.js runtime. */
export const awslambda = {
  streamifyResponse: (handler: object, options?: { readonly highWaterMark?: number }): object =>
    Object.assign(handler, { [STREAMING]: 'response', [HIGH_WATER_MARK]: options?.highWaterMark }),
  HttpResponseStream: {
    /** Sends status and headers ahead: JSON, then eight zero bytes, then the body. */
    from(stream: ResponseStream, prelude: object): ResponseStream {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.precede(Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]));
      return stream;
    },
  },
};

/** The high-water mark a streaming handler asks for, in bytes. */
export const highWaterMarkOf = (handler: object): number | undefined => {
  const mark: unknown = Reflect.get(handler, HIGH_WATER_MARK);
  return typeof mark === 'number' ? mark : undefined;
};
