/** One function of the template: its environments, its log, its metrics. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { InvokeResult, PartOptions, StreamingResult } from '../types.ts';
import type { AsyncConfig } from './async-config.ts';
import { type AsyncDelays, AsyncQueue } from './async-queue.ts';
import type { FunctionDefinition } from './definition.ts';
import { environmentOf } from './definition.ts';
import type { Invocation, Outcome } from './environment.ts';
import { Environment } from './environment.ts';
import { JsonText } from './json-text.ts';
import { FunctionLog } from './logs.ts';
import type { MetricStore } from './metrics.ts';
import { PlatformAccess } from './platform-access.ts';
import { Pool } from './pool.ts';
import { InvocationError, StreamedResponse } from './streaming.ts';

/** Most bytes of an event. */
export const MAX_EVENT_BYTES = 6 * 1024 * 1024;
/** Most bytes of a reply that is not streamed: 6291556, as the error message of Lambda says. */
const MAX_REPLY_BYTES = MAX_EVENT_BYTES + 100;
/**
 * Seconds that Lambda gives a function to load. After that it loads the function again with the first invocation,
 * within the time limit of the function: so here loading may take the longer of the two.
 */
const INIT_TIMEOUT = 10;

export interface FunctionLimits {
  /** Environments of one function at the same time, where the template reserves no number. */
  readonly concurrency: number;
  /** Invocations of one function that may wait for an environment. */
  readonly queueLimit: number;
  /** Milliseconds the last unused environment stays warm. */
  readonly idleMs: number;
  /** Milliseconds an unused environment stays warm while there is another. */
  readonly spareMs: number;
  /** Bytes of a streamed response. */
  readonly streamBytes: number;
  /** When asynchronous events are tried again. */
  readonly asyncDelays: AsyncDelays;
}

export interface FunctionContext extends PartOptions {
  readonly limits: FunctionLimits;
  readonly metrics: MetricStore;
  /** Folder for V8's compile cache, private to this gateway. */
  readonly cacheFolder: string;
  readonly logFolder: string | undefined;
  readonly caFile?: string;
}

const tooLarge = (errorType: string, errorMessage: string): InvokeResult => ({
  ok: false,
  errorType,
  errorMessage,
});

/** The text of the `X-Amzn-Trace-Id` header. */
const traceId = (sampled: boolean): string => {
  const time = Math.floor(Date.now() / 1000).toString(16);
  const root = `1-${time}-${randomBytes(12).toString('hex')}`;
  return `Root=${root};Parent=${randomBytes(8).toString('hex')};Sampled=${sampled ? 1 : 0}`;
};

export class LocalFunction {
  readonly #definition: FunctionDefinition;
  readonly #context: FunctionContext;
  readonly #pool: Pool;
  readonly #access: PlatformAccess;
  readonly #async: AsyncQueue;
  readonly #logStream: string;
  readonly log: FunctionLog;

  constructor(definition: FunctionDefinition, context: FunctionContext, asyncConfig: AsyncConfig) {
    this.#definition = definition;
    this.#context = context;
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    this.#logStream = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
    this.log = new FunctionLog(definition.name, context.log, context.logFolder);
    this.#access = new PlatformAccess(
      definition,
      context.assembly,
      context.iam,
      context.log,
      this.#logStream,
    );
    this.#pool = new Pool({
      limit: Math.min(definition.reservedConcurrency ?? Number.POSITIVE_INFINITY, context.limits.concurrency),
      reserved: definition.reservedConcurrency ?? Number.POSITIVE_INFINITY,
      queueLimit: context.limits.queueLimit,
      idleMs: context.limits.idleMs,
      spareMs: context.limits.spareMs,
      create: (onExit) => this.#createEnvironment(onExit),
      onStart: () => this.#access.check(false),
    });
    this.#async = new AsyncQueue({
      functionArn: definition.arn,
      functionName: definition.name,
      roleArn: definition.roleArn,
      config: asyncConfig,
      delays: context.limits.asyncDelays,
      options: context,
      invoke: (event) => this.invoke(event),
    });
  }

  /** Waits for the whole reply, also of a function that streams. */
  async invoke(event: unknown): Promise<InvokeResult> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const invocation = this.#invocation(event, (bytes, taken) => {
      size += bytes.byteLength;
      // What is beyond the limit is counted, but not kept.
      if (size <= MAX_REPLY_BYTES) chunks.push(bytes);
      taken();
    });
    if (invocation instanceof InvocationError) return tooLarge(invocation.errorType, invocation.message);
    const outcome = await this.#run(invocation);
    if (!outcome.ok) return outcome;
    const text = outcome.streamed ? Buffer.concat(chunks).toString('utf8') : outcome.payload;
    if (text === undefined) return { ok: true, payload: null };
    if (Math.max(size, Buffer.byteLength(text)) > MAX_REPLY_BYTES) {
      return tooLarge(
        'Function.ResponseSizeTooLarge',
        `Response payload size exceeded maximum allowed payload size (${MAX_REPLY_BYTES} bytes).`,
      );
    }
    return { ok: true, payload: outcome.streamed ? parseOrText(text) : JSON.parse(text) };
  }

  /** @throws {InvocationError} when the function fails before its response begins */
  async invokeStreaming(event: unknown): Promise<StreamingResult> {
    // Set below: the response exists before the invocation that it cancels.
    let requestId = '';
    const response = new StreamedResponse(
      () => this.#pool.cancel(requestId),
      this.#context.limits.streamBytes,
    );
    const invocation = this.#invocation(event, response.push);
    if (invocation instanceof InvocationError) throw invocation;
    requestId = invocation.requestId;
    void this.#run(invocation).then((outcome) => response.finish(outcome));
    return response.result;
  }

  /** See {@link AsyncFunctions}. */
  invokeAsync(event: unknown): Promise<InvokeResult> {
    return this.#async.take(event);
  }

  kill(): Promise<number> {
    return this.#pool.kill();
  }

  cool(): Promise<void> {
    return this.#pool.cool();
  }

  async close(): Promise<void> {
    this.#async.close();
    await this.#pool.close();
    await this.log.close();
  }

  #invocation(event: unknown, onChunk: Invocation['onChunk']): Invocation | InvocationError {
    const payload = event instanceof JsonText ? event.text : (JSON.stringify(event) ?? 'null');
    const size = Buffer.byteLength(payload);
    if (size > MAX_EVENT_BYTES) {
      return new InvocationError(
        'RequestEntityTooLargeException',
        `${size} byte payload is too large for the RequestResponse invocation type (limit ${MAX_EVENT_BYTES} bytes)`,
      );
    }
    return { requestId: randomUUID(), payload, traceId: traceId(this.#definition.tracing), onChunk };
  }

  async #run(invocation: Invocation): Promise<Outcome> {
    const begin = performance.now();
    const outcome = await this.#pool.run(invocation);
    this.#report(invocation.requestId, performance.now() - begin, outcome);
    return outcome;
  }

  #report(requestId: string, durationMs: number, outcome: Outcome): void {
    const status = outcome.ok ? 'success' : outcome.errorType === 'Sandbox.Timedout' ? 'timeout' : 'error';
    if (!outcome.ok) {
      this.#context.log('warn', `${this.#definition.name} failed: ${outcome.errorMessage}`, {
        function: this.#definition.name,
        requestId,
        errorType: outcome.errorType,
      });
    }
    const memory = this.#definition.memorySize;
    const duration = Math.round(durationMs * 100) / 100;
    const line =
      this.#definition.logFormat === 'JSON'
        ? JSON.stringify({
            time: new Date().toISOString(),
            type: 'platform.report',
            record: {
              requestId,
              status,
              ...(outcome.ok ? {} : { errorType: outcome.errorType }),
              metrics: { durationMs: duration, memorySizeMB: memory },
            },
          })
        : `REPORT RequestId: ${requestId}\tDuration: ${duration} ms\tMemory Size: ${memory} MB\tStatus: ${status}`;
    this.log.add(line, requestId, 'debug');
  }

  #createEnvironment(onExit: (environment: Environment) => void): Environment {
    const definition = this.#definition;
    const { assembly, iam, endpoint, cacheFolder, caFile } = this.#context;
    this.#access.check(true);
    const environment = new Environment({
      data: {
        taskRoot: definition.taskRoot,
        handler: definition.handler,
        functionArn: definition.arn,
        functionName: definition.name,
        memorySize: definition.memorySize,
        logGroup: definition.logGroup,
        logStream: this.#logStream,
        logFormat: definition.logFormat,
        logLevel: definition.applicationLogLevel,
      },
      env: {
        ...environmentOf(definition, {
          region: assembly.region,
          credentials: iam.credentialsFor(definition.roleArn),
          endpointUrl: endpoint.url,
          logStream: this.#logStream,
          caFile,
        }),
        NODE_COMPILE_CACHE: cacheFolder,
      },
      timeout: definition.timeout,
      initTimeout: Math.max(INIT_TIMEOUT, definition.timeout),
      onLog: (line, requestId) => {
        // A line of metrics is not for people: its level is debug.
        if (this.#context.metrics.take(line)) this.log.add(line, requestId, 'debug');
        else this.log.add(line, requestId);
      },
      onExit: () => onExit(environment),
    });
    return environment;
  }
}

const parseOrText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A streamed reply need not be JSON; the invoker gets it as it is.
    return text;
  }
};
