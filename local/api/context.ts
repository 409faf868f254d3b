/** What is known of one request: `$context` in templates, `requestContext` in events. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApiModel, RouteNode } from './model.ts';

/** One request on its way through the API: what `$context` and `requestContext` are made of. */
export interface RequestContext {
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
  readonly startedAt: Date;
  readonly httpMethod: string;
  /** Path without stage and query, percent-encoded as sent. */
  readonly path: string;
  /** Path as sent: with the stage, or without it as behind a domain of one's own. */
  readonly wholePath: string;
  readonly protocol: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly host: string;
  node: RouteNode | undefined;
  /** Claims of the token, every one as text. */
  claims: Readonly<Record<string, string>> | undefined;
  error: { readonly message: string; readonly responseType: string } | undefined;
  status: number;
  responseLength: number;
  integrationStatus: number | undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** Common Log Format time, e.g. `09/Apr/2026:12:34:56 +0000`, as `$context.requestTime`. */
export function requestTime(date: Date): string {
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** Opens the context of a request that has just come in. */
export function openContext(request: IncomingMessage, wholePath: string, path: string): RequestContext {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const incoming = /Root=1-[\da-f]{8}-[\da-f]{24}/.exec(String(request.headers['x-amzn-trace-id'] ?? ''));
  return {
    requestId: randomUUID(),
    extendedRequestId: randomBytes(11).toString('base64'),
    traceId: incoming?.[0] ?? `Root=1-${seconds}-${randomBytes(12).toString('hex')}`,
    startedAt: new Date(),
    httpMethod: request.method ?? 'GET',
    path,
    wholePath,
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    userAgent: request.headers['user-agent'] ?? '',
    host: request.headers.host ?? '',
    node: undefined,
    claims: undefined,
    error: undefined,
    status: 0,
    responseLength: 0,
    integrationStatus: undefined,
  };
}

type Lookup = (context: RequestContext, api: ApiModel, account: string) => string | number | undefined;

const variableOf = (name: string): Lookup | undefined =>
  Object.hasOwn(variables, name) ? variables[name] : undefined;

const claimOf = ({ claims }: RequestContext, name: string): string | undefined =>
  claims && Object.hasOwn(claims, name) ? claims[name] : undefined;

const error = (context: RequestContext): string | undefined => context.error?.message;

const variables: Readonly<Record<string, Lookup>> = {
  accountId: (_context, _api, account) => account,
  apiId: (_context, api) => api.apiId,
  deploymentId: (_context, api) => api.stage.deploymentId,
  domainName: (context) => context.host,
  'error.message': error,
  'error.messageString': (context) => context.error && JSON.stringify(context.error.message),
  'error.responseType': (context) => context.error?.responseType,
  extendedRequestId: (context) => context.extendedRequestId,
  httpMethod: (context) => context.httpMethod,
  'identity.sourceIp': (context) => context.sourceIp,
  'identity.userAgent': (context) => context.userAgent,
  'integration.integrationStatus': (context) => context.integrationStatus,
  'integration.status': (context) => context.integrationStatus,
  integrationStatus: (context) => context.integrationStatus,
  integrationLatency: (context) => Date.now() - context.startedAt.getTime(),
  'integration.latency': (context) => Date.now() - context.startedAt.getTime(),
  path: (context) => context.wholePath,
  protocol: (context) => context.protocol,
  requestId: (context) => context.requestId,
  requestTime: (context) => requestTime(context.startedAt),
  requestTimeEpoch: (context) => context.startedAt.getTime(),
  resourceId: (context) => context.node?.resourceId,
  resourcePath: (context) => context.node?.path,
  responseLatency: (context) => Date.now() - context.startedAt.getTime(),
  responseLength: (context) => context.responseLength,
  stage: (_context, api) => api.stage.name,
  status: (context) => context.status,
  xrayTraceId: (context) => context.traceId.slice('Root='.length),
};

/**
 * Replaces `$context.name` in a mapping template or an access log format.
 * @param missing what stands for a variable that has no value here: `-` in access logs, nothing in templates
 * @param quote how a value is written into its surroundings
 */
export function substitute(
  text: string,
  context: RequestContext,
  api: ApiModel,
  account: string,
  missing: string,
  quote: (value: string) => string = (value) => value,
): string {
  return text.replace(/\$context\.([A-Za-z][\w:-]*(?:\.[A-Za-z][\w:-]*)*)/g, (_whole, name: string) => {
    const claim = name.startsWith('authorizer.claims.') ? name.slice('authorizer.claims.'.length) : undefined;
    const value = claim === undefined ? variableOf(name)?.(context, api, account) : claimOf(context, claim);
    if (value === undefined || value === '') return missing;
    // The text of messageString is quoted JSON already.
    return name === 'error.messageString' ? String(value) : quote(String(value));
  });
}
