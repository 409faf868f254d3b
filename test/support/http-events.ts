/** Proxy events of API Gateway (REST API, payload version 1), and the people and programs behind them. */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { ROLES, type Role, roleScope, USER_SCOPE } from '../../contracts/roles.ts';

export interface Sent {
  readonly method?: string;
  /** Path with query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is text. */
  readonly body?: unknown;
  readonly claims?: Readonly<Record<string, string>> | undefined;
  /** Stage of API Gateway that the address names; none when absent, as behind a domain of one's own. */
  readonly stage?: string;
}

/** Claims of a person's access token, as API Gateway writes them. */
export const person = (...groups: readonly string[]): Record<string, string> => ({
  sub: 'user-1',
  username: 'ada',
  client_id: 'web',
  token_use: 'access',
  scope: `openid ${USER_SCOPE}`,
  ...(groups.length > 0 ? { 'cognito:groups': groups.join(',') } : {}),
});

/** Claims of a program's access token. */
export const program = (...roles: readonly Role[]): Record<string, string> => ({
  sub: 'client-1',
  client_id: 'client-1',
  token_use: 'access',
  scope: roles.map(roleScope).join(' '),
});

export const ADMIN = person('Admin');
export const EVERY_ROLE = ROLES;

/** The token that claims are of, with lists as lists; nobody here looks at its signature. */
export const tokenOf = (claims: Readonly<Record<string, unknown>>): string => {
  const { 'cognito:groups': groups, ...rest } = claims;
  const listed = typeof groups === 'string' ? { 'cognito:groups': groups.split(',') } : {};
  return `e30.${Buffer.from(JSON.stringify({ ...rest, ...listed })).toString('base64url')}.`;
};

let sequence = 0;

export const proxyEvent = (sent: Sent): APIGatewayProxyEvent => {
  const url = new URL(sent.path, 'http://x');
  const claims = 'claims' in sent ? sent.claims : ADMIN;
  const headers: Record<string, string> = {
    ...(claims === undefined ? {} : { Authorization: `Bearer ${tokenOf(claims)}` }),
    ...(sent.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...sent.headers,
  };
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) query[name] = [...(query[name] ?? []), value];
  return {
    resource: url.pathname,
    path: url.pathname,
    httpMethod: sent.method ?? 'GET',
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: Object.fromEntries(url.searchParams),
    multiValueQueryStringParameters: query,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      requestId: `request-${++sequence}`,
      identity: { sourceIp: '192.0.2.1' },
      path: `${sent.stage === undefined ? '' : `/${sent.stage}`}${url.pathname}`,
      ...(claims === undefined ? {} : { authorizer: { claims } }),
    } as unknown as APIGatewayProxyEvent['requestContext'],
    body:
      sent.body === undefined ? null : typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body),
    isBase64Encoded: false,
  };
};

export const lambdaContext = { awsRequestId: 'lambda-1', functionName: 'test' } as Context;
