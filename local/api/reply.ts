/** What goes back to the caller: status, headers and body. */
import type { ServerResponse } from 'node:http';
import { type RequestContext, substitute } from './context.ts';
import type { GatewayFailure } from './failure.ts';
import type { ApiModel } from './model.ts';

/**
 * Headers that API Gateway keeps for itself: a function's own value comes out as `x-amzn-Remapped-NAME`.
 * List: "Amazon API Gateway important notes", REST APIs.
 */
const REMAPPED = new Set(
  (
    'authorization connection content-length content-md5 date expect host max-forwards proxy-authenticate ' +
    'server te trailer transfer-encoding upgrade user-agent via warn warning www-authenticate'
  ).split(' '),
);

/** Headers of a function's reply, single and many-valued, as they go over the wire. */
export function wireHeaders(
  single: Readonly<Record<string, string | number | boolean>>,
  multi: Readonly<Record<string, readonly (string | number | boolean)[]>>,
): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  const put = (name: string, values: readonly (string | number | boolean)[]): void => {
    const lower = name.toLowerCase();
    headers.set(REMAPPED.has(lower) ? `x-amzn-remapped-${lower}` : lower, values.map(String));
  };
  for (const [name, value] of Object.entries(single)) put(name, [value]);
  // A header named in both is taken from the many-valued ones.
  for (const [name, values] of Object.entries(multi)) put(name, values);
  return headers;
}

/** Sends status line and headers; the body follows. */
export function writeHead(
  response: ServerResponse,
  context: RequestContext,
  status: number,
  headers: ReadonlyMap<string, readonly string[]>,
): void {
  context.status = status;
  response.statusCode = status;
  for (const [name, values] of headers) {
    response.setHeader(name, values.length === 1 ? (values[0] ?? '') : [...values]);
  }
  if (!headers.has('content-type')) response.setHeader('content-type', 'application/json');
  response.setHeader('x-amzn-requestid', context.requestId);
  response.setHeader('x-amz-apigw-id', context.extendedRequestId);
  response.setHeader('x-amzn-trace-id', context.traceId);
}

/** Sends a whole reply. */
export function send(
  response: ServerResponse,
  context: RequestContext,
  status: number,
  headers: ReadonlyMap<string, readonly string[]>,
  body: Buffer,
): void {
  writeHead(response, context, status, headers);
  context.responseLength = body.length;
  if (status !== 204 && status !== 304) response.setHeader('content-length', body.length);
  response.end(body);
}

/** Sends a gateway response: the template's own for its type, else its default, else AWS's. */
export function sendFailure(
  response: ServerResponse,
  context: RequestContext,
  api: ApiModel,
  account: string,
  failure: GatewayFailure,
  accept: string | undefined,
): void {
  const { status, errorType } = failure.answer;
  context.error = { message: failure.message, responseType: failure.type };
  context.status = status;
  const custom =
    api.gatewayResponses.get(failure.type) ??
    api.gatewayResponses.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
  const templates = new Map(Object.entries(custom?.templates ?? {}));
  const asked = accept?.split(',', 1)[0]?.split(';', 1)[0]?.trim() ?? '';
  const [first] = templates.keys();
  const contentType = [asked, 'application/json', first].find((type) => type && templates.has(type));
  const template = templates.get(contentType ?? '') ?? '{"message":$context.error.messageString}';
  // The status that a template shows is the one that is sent.
  context.status = custom?.statusCode ?? status;
  const headers = new Map<string, string[]>([
    ['content-type', [contentType ?? 'application/json']],
    ['x-amzn-errortype', [errorType]],
  ]);
  for (const [name, value] of Object.entries(custom?.headers ?? {})) {
    const text = value.startsWith("'")
      ? value.slice(1, -1)
      : substitute(`$${value}`, context, api, account, '', (plain) => plain.replace(/[\r\n]/g, ' '));
    headers.set(name.toLowerCase(), [text]);
  }
  const quote = (value: string): string => JSON.stringify(value).slice(1, -1);
  const body = Buffer.from(substitute(template, context, api, account, '', quote));
  send(response, context, context.status, headers, body);
}
