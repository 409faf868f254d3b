/** What answers a request: a function, whole or streamed, or the template alone. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as z from 'zod';
import { InvocationError } from '../lambda/index.ts';
import type { Functions, InvokeResult, Log, StreamingResult } from '../types.ts';
import type { RequestContext } from './context.ts';
import { isBinary, type ProxyEvent } from './event.ts';
import { GatewayFailure } from './failure.ts';
import type { ApiModel, LambdaIntegration, MockIntegration } from './model.ts';
import { send, wireHeaders, writeHead } from './reply.ts';
import type { StalledReplies } from './stalled.ts';

/** Bytes of a buffered reply and of a request body. */
export const PAYLOAD_LIMIT = 10 * 1024 * 1024;

const value = z.union([z.string(), z.number(), z.boolean()]);

/** Output of a Lambda proxy integration; anything else is malformed, as in AWS. */
const proxyResult = z.strictObject({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), value).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(value)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: RequestContext;
  readonly api: ApiModel;
  readonly log: Log;
  readonly stalled: StalledReplies;
}

/** Answers from the template alone, as CORS preflights do. */
export function answerMock(integration: MockIntegration, { request, response, context }: Exchange): void {
  const headers = wireHeaders({ 'content-type': integration.contentType, ...integration.headers }, {});
  const { origin } = request.headers;
  if (origin !== undefined && integration.otherOrigins?.has(origin) === true)
    headers.set('access-control-allow-origin', [origin]);
  send(response, context, integration.statusCode, headers, Buffer.from(integration.body));
}

/**
 * Waits no longer than the integration's timeout.
 * @throws {GatewayFailure} INTEGRATION_TIMEOUT; the function runs on, as in AWS
 */
async function withinTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new GatewayFailure('INTEGRATION_TIMEOUT')), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lambda did not take the call: API Gateway answers 500, and 502 for what a function does wrong. */
const REJECTED = new Set(['TooManyRequestsException', 'ServiceException']);

const failed = (functionArn: string, cause: unknown, errorType?: string): GatewayFailure =>
  new GatewayFailure(REJECTED.has(errorType ?? '') ? 'API_CONFIGURATION_ERROR' : 'DEFAULT_5XX', undefined, {
    cause: new Error(`${functionArn} gave no usable reply`, { cause }),
  });

/** Invokes a function and sends its whole reply. */
export async function answerBuffered(
  functions: Functions,
  integration: LambdaIntegration,
  event: ProxyEvent,
  { request, response, context, api, stalled }: Exchange,
): Promise<void> {
  const { functionArn, timeoutMs } = integration;
  const result: InvokeResult = await stalled.waitFor(
    functionArn,
    withinTimeout(functions.invoke(functionArn, event), timeoutMs),
  );
  if (!result.ok) throw failed(functionArn, `${result.errorType}: ${result.errorMessage}`, result.errorType);
  const parsed = proxyResult.safeParse(result.payload);
  if (!parsed.success) throw failed(functionArn, parsed.error);
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data;
  const binary = isBase64Encoded === true && isBinary(api.binaryMediaTypes, request.headers.accept ?? '*/*');
  const bytes = Buffer.from(body ?? '', binary ? 'base64' : 'utf8');
  if (bytes.length > PAYLOAD_LIMIT) throw failed(functionArn, `reply of ${bytes.length} bytes`);
  context.integrationStatus = 200;
  send(response, context, statusCode, wireHeaders(headers ?? {}, multiValueHeaders ?? {}), bytes);
}

/**
 * Invokes a function and passes its reply on as it comes. The function is read no faster than the client
 * reads; a client that goes away ends the stream, a function that fails midway cuts the connection.
 */
export async function answerStreaming(
  functions: Functions,
  integration: LambdaIntegration,
  event: ProxyEvent,
  { response, context, log, stalled }: Exchange,
): Promise<void> {
  const { functionArn, timeoutMs } = integration;
  const startedAt = performance.now();
  const invocation = functions.invokeStreaming(functionArn, event);
  let result: StreamingResult;
  try {
    result = await stalled.waitFor(functionArn, withinTimeout(invocation, timeoutMs));
  } catch (cause) {
    if (!(cause instanceof GatewayFailure))
      throw failed(functionArn, cause, cause instanceof InvocationError ? cause.errorType : undefined);
    // Nobody will read a reply that comes after the timeout: end it, so that the function is not held up.
    invocation
      .then(discard)
      .catch((late: unknown) => log('warn', 'late reply failed', { functionArn, late }));
    throw cause;
  }
  if (response.destroyed) return discard(result);
  context.integrationStatus = 200;
  writeHead(response, context, result.statusCode, wireHeaders(result.headers, result.multiValueHeaders));
  const cut = new AbortController();
  const left = timeoutMs - (performance.now() - startedAt);
  const timer = setTimeout(() => cut.abort(new GatewayFailure('INTEGRATION_TIMEOUT')), left);
  const onClose = (): void => cut.abort(new ClientGone('the client went away'));
  response.once('close', onClose);
  try {
    await passOn(result.body, response, context, cut.signal, () =>
      stalled.add(functionArn, (why) => cut.abort(why)),
    );
  } catch (cause) {
    const gone = cause instanceof ClientGone;
    log(gone ? 'debug' : 'error', gone ? cause.message : 'a streamed reply was cut off', {
      functionArn,
      requestId: context.requestId,
      cause: String(cause),
    });
    // Status and headers are gone, or go with this turn: all that is left is to cut the connection.
    await nextTurn();
    response.destroy();
  } finally {
    clearTimeout(timer);
    response.off('close', onClose);
  }
}

class ClientGone extends Error {}

/**
 * Writes a body, piece by piece, no faster than it is taken.
 * @param signal ends it; the body is told
 * @param stalls is called when the client reads no further, and what it gives when that goes on
 * @throws what the function failed with, or the reason of `signal`
 */
async function passOn(
  body: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  context: RequestContext,
  signal: AbortSignal,
  stalls: () => () => void,
): Promise<void> {
  const chunks = body[Symbol.asyncIterator]();
  const ended = Promise.withResolvers<never>();
  const end = (): void => {
    void chunks.return?.();
    ended.reject(signal.reason);
  };
  signal.addEventListener('abort', end);
  try {
    for (;;) {
      const { done, value } = await Promise.race([chunks.next(), ended.promise]);
      if (done === true) break;
      context.responseLength += value.byteLength;
      if (response.write(value)) continue;
      const goesOn = stalls();
      await Promise.race([once(response, 'drain'), ended.promise]).finally(goesOn);
    }
    response.end();
  } finally {
    signal.removeEventListener('abort', end);
  }
}

async function discard(result: StreamingResult): Promise<void> {
  await result.body[Symbol.asyncIterator]().return?.();
}
