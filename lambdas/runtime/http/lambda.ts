/** Between API Gateway's proxy events (REST API, payload version 1) and the application. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { BufferedService, StreamedService } from '../../../contracts/routes/services.ts';
import { traceIdOf } from '../../../contracts/trace.ts';
import { asError } from '../as-error.ts';
import type { Logger } from '../logger.ts';
import type { Api, Call } from './api.ts';
import { allowOrigin, parseOrigins } from './cors.ts';
import { type Claims, principalFromClaims } from './principal.ts';

/** The request that an event stands for. */
export const requestOf = (event: APIGatewayProxyEvent): Request => {
  // The authority is never used: links in answers are relative.
  const url = new URL('http://api.invalid');
  url.pathname = event.path;
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {}))
    for (const value of values ?? []) url.searchParams.append(name, value);
  const headers = new Headers();
  for (const [name, values] of Object.entries(event.multiValueHeaders ?? {}))
    for (const value of values ?? []) headers.append(name, value);
  const bodyless = event.httpMethod === 'GET' || event.httpMethod === 'HEAD' || event.body === null;
  return new Request(url, {
    method: event.httpMethod,
    headers,
    ...(bodyless
      ? {}
      : { body: event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64') : (event.body ?? '') }),
  });
};

/** What stands in front of our paths: the stage of API Gateway, or nothing behind a domain of one's own. */
const baseOf = ({ path, requestContext }: APIGatewayProxyEvent): string => {
  const whole = requestContext.path ?? '';
  return whole.endsWith(path) ? whole.slice(0, -path.length) : '';
};

/** Headers as they go out: the addresses that lead on begin where the caller's address began. */
const outgoing = (headers: Headers, base: string): Record<string, string> => {
  const all = Object.fromEntries(headers);
  const { location, link } = all;
  return {
    ...all,
    ...(location?.startsWith('/') ? { location: base + location } : {}),
    ...(link === undefined ? {} : { link: link.replaceAll('</', `<${base}/`) }),
  };
};

const isClaims = (value: unknown): value is Claims => typeof value === 'object' && value !== null;

/** The token that the authorizer has verified: of several headers nobody could say which one. */
const tokenOf = ({ multiValueHeaders }: APIGatewayProxyEvent): string | undefined => {
  const sent = Object.entries(multiValueHeaders ?? {}).flatMap(([name, values]) =>
    name.toLowerCase() === 'authorization' ? (values ?? []) : [],
  );
  return sent.length === 1 ? sent[0]?.replace(/^Bearer\s+/i, '') : undefined;
};

const callOf = (event: APIGatewayProxyEvent, context: Context): Call => {
  const claims: unknown = event.requestContext.authorizer?.['claims'];
  return {
    requestId: event.requestContext.requestId || context.awsRequestId,
    principal: isClaims(claims) ? principalFromClaims(claims, tokenOf(event)) : undefined,
    now: new Date(),
    address: event.requestContext.identity?.sourceIp,
  };
};

/** One line a request. Paths hold identifiers only; query, headers and bodies are not logged. */
const logCall = (
  logger: Logger,
  event: APIGatewayProxyEvent,
  call: Call,
  outcome: { readonly status: number; readonly bytes: number; readonly broken?: unknown },
): void => {
  const fields = {
    requestId: call.requestId,
    trace: call.traceparent === undefined ? undefined : traceIdOf(call.traceparent),
    method: event.httpMethod,
    path: event.path,
    route: call.route,
    status: outcome.status,
    millis: Date.now() - call.now.getTime(),
    bytes: outcome.bytes,
    subject: call.principal?.subject,
    code: call.fault?.code,
  };
  const cause = outcome.broken ?? (outcome.status >= 500 ? (call.fault?.cause ?? call.fault) : undefined);
  if (cause !== undefined) logger.error('request', { ...fields, error: asError(cause) });
  else logger.info('request', fields);
};

/**
 * A handler that answers whole, for the functions that are deployed so.
 * @param origins the variable `ALLOWED_ORIGINS`
 */
export const bufferedHandler = (api: Api<BufferedService>, logger: Logger, origins: string) => {
  const allowed = parseOrigins(origins);
  return async (event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> => {
    const call = callOf(event, context);
    const request = requestOf(event);
    const response = await api.handle(request, call);
    allowOrigin(response.headers, request.headers.get('origin'), allowed);
    const body = await response.text();
    logCall(logger, event, call, { status: response.status, bytes: Buffer.byteLength(body) });
    return { statusCode: response.status, headers: outgoing(response.headers, baseOf(event)), body };
  };
};

/** What the Lambda runtime offers for streaming, as a global. */
interface StreamingRuntime {
  streamifyResponse<E>(
    handler: (event: E, stream: Writable, context: Context) => Promise<void>,
  ): (event: E, stream: Writable, context: Context) => Promise<void>;
  readonly HttpResponseStream: {
    from(
      stream: Writable,
      metadata: { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> },
    ): Writable;
  };
}
declare const awslambda: StreamingRuntime;

/** How long a reader may take nothing. */
const IDLE_MILLIS = 60_000;

/** Writes and waits for the reader; a stream that closes early, or that nobody reads, ends the waiting with an error. */
const writeAll = async (
  body: AsyncIterable<Uint8Array>,
  stream: Writable,
  idleMillis: number,
): Promise<number> => {
  const closed = new AbortController();
  const onClose = (): void => closed.abort(new Error('the reader went away'));
  stream.once('close', onClose);
  let bytes = 0;
  try {
    for await (const chunk of body) {
      closed.signal.throwIfAborted();
      bytes += chunk.byteLength;
      if (stream.write(chunk)) continue;
      const idle = setTimeout(() => closed.abort(new Error('nobody reads the answer')), idleMillis);
      try {
        await once(stream, 'drain', { signal: closed.signal });
      } finally {
        clearTimeout(idle);
      }
    }
    return bytes;
  } finally {
    stream.off('close', onClose);
  }
};

/**
 * A handler that streams its answer, for the functions that are deployed so. A fault after the first byte breaks the transfer, so that half an answer
 * never looks whole.
 * @param origins the variable `ALLOWED_ORIGINS`
 */
export const streamedHandler = (
  api: Api<StreamedService>,
  logger: Logger,
  origins: string,
  idleMillis = IDLE_MILLIS,
) => {
  const allowed = parseOrigins(origins);
  return awslambda.streamifyResponse<APIGatewayProxyEvent>(async (event, raw, context) => {
    const call = callOf(event, context);
    const request = requestOf(event);
    const response = await api.handle(request, call);
    allowOrigin(response.headers, request.headers.get('origin'), allowed);
    const stream = awslambda.HttpResponseStream.from(raw, {
      statusCode: response.status,
      headers: outgoing(response.headers, baseOf(event)),
    });
    let bytes = 0;
    try {
      if (response.body !== null) bytes = await writeAll(response.body, stream, idleMillis);
      // Status and headers go with the first write, and by nothing else.
      if (bytes === 0) stream.write('');
      const finished = once(stream, 'finish');
      stream.end();
      await finished;
    } catch (broken) {
      logCall(logger, event, call, { status: response.status, bytes, broken });
      throw broken;
    }
    logCall(logger, event, call, { status: response.status, bytes });
  });
};
