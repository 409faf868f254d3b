/** Events of the Lambda proxy integration. */
import type { IncomingMessage } from 'node:http';
import { type RequestContext, requestTime } from './context.ts';
import type { ApiModel } from './model.ts';

export interface EventInput {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly port: number;
}

/** Values by name; names come from callers, so that a plain object would trip over `constructor`. */
type Multi = ReadonlyMap<string, readonly string[]>;

/** Headers that end at API Gateway (they are about the connection) or that it sets itself. */
const OWN = new Set(
  (
    'connection content-length expect keep-alive te trailer transfer-encoding upgrade ' +
    'x-forwarded-for x-forwarded-port x-forwarded-proto x-amzn-trace-id'
  ).split(' '),
);

/** Header lines of a request with the names as sent; the platform adds where the request came from. */
function headersOf(input: EventInput, context: RequestContext): Multi {
  const headers = new Map<string, string[]>();
  const names = new Map<string, string>();
  const add = (name: string, value: string): void => {
    const known = names.get(name.toLowerCase()) ?? name;
    names.set(name.toLowerCase(), known);
    headers.set(known, [...(headers.get(known) ?? []), value]);
  };
  const raw = input.request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!OWN.has(name.toLowerCase())) add(name, raw[i + 1] ?? '');
  }
  const before = input.request.headers['x-forwarded-for'];
  add('X-Forwarded-For', before ? `${String(before)}, ${context.sourceIp}` : context.sourceIp);
  add('X-Forwarded-Port', String(input.port));
  add('X-Forwarded-Proto', 'http');
  add('X-Amzn-Trace-Id', context.traceId);
  return headers;
}

const lastOf = (multi: Multi): Record<string, string> =>
  Object.fromEntries([...multi].map(([name, values]) => [name, values.at(-1) ?? '']));

/** Whether a media type is one of those that an API treats as binary. */
export function isBinary(mediaTypes: readonly string[], header: string | undefined): boolean {
  const type = header?.split(/[;,]/, 1)[0]?.trim().toLowerCase() ?? '';
  return mediaTypes.some((pattern) => {
    const wanted = pattern.replaceAll('~1', '/').toLowerCase();
    if (wanted === '*/*') return true;
    return wanted.endsWith('/*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  });
}

/**
 * The event of a Lambda proxy integration of a REST API (payload version 1).
 * Shape: "Input format of a Lambda function for proxy integration" of the API Gateway developer guide. Path
 * and path parameters stay percent-encoded, query parameters are decoded.
 */
export function proxyEvent(input: EventInput, context: RequestContext, api: ApiModel, account: string) {
  const headers = headersOf(input, context);
  const query: Multi = new Map(
    [...new Set(input.query.keys())].map((name) => [name, input.query.getAll(name)]),
  );
  const hasQuery = query.size > 0;
  const base64 = isBinary(api.binaryMediaTypes, input.request.headers['content-type']);
  const parameters = Object.keys(input.pathParameters).length > 0 ? input.pathParameters : null;
  return {
    resource: context.node?.path ?? '/',
    path: context.path,
    httpMethod: context.httpMethod,
    headers: lastOf(headers),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: hasQuery ? lastOf(query) : null,
    multiValueQueryStringParameters: hasQuery ? Object.fromEntries(query) : null,
    pathParameters: parameters,
    stageVariables: Object.keys(api.stage.variables).length > 0 ? api.stage.variables : null,
    requestContext: {
      resourceId: context.node?.resourceId ?? '',
      ...(context.claims ? { authorizer: { claims: context.claims } } : {}),
      resourcePath: context.node?.path ?? '/',
      httpMethod: context.httpMethod,
      extendedRequestId: context.extendedRequestId,
      requestTime: requestTime(context.startedAt),
      path: context.wholePath,
      accountId: account,
      protocol: context.protocol,
      stage: api.stage.name,
      domainPrefix: context.host.split('.', 1)[0] ?? '',
      requestTimeEpoch: context.startedAt.getTime(),
      requestId: context.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: context.sourceIp,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: context.userAgent,
        user: null,
      },
      domainName: context.host,
      deploymentId: api.stage.deploymentId,
      apiId: api.apiId,
    },
    body: input.body.length === 0 ? null : input.body.toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64 && input.body.length > 0,
  };
}

export type ProxyEvent = ReturnType<typeof proxyEvent>;
