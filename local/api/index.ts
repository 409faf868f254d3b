/** The REST API of the assembly: an HTTP server that does what API Gateway would. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CognitoPart } from '../cognito/index.ts';
import type { Connections } from '../connections.ts';
import { listenHttp } from '../http-listener.ts';
import { AccessDenied, type Functions, type PartOptions } from '../types.ts';
import { createAuthorizer } from './authorizer.ts';
import { openContext, type RequestContext, substitute } from './context.ts';
import { proxyEvent } from './event.ts';
import { GatewayFailure } from './failure.ts';
import { readFirewall } from './firewall/index.ts';
import { answerBuffered, answerMock, answerStreaming, type Exchange } from './integrate.ts';
import type { ApiModel, LambdaIntegration, RouteNode } from './model.ts';
import { createInvokeCheck } from './permission.ts';
import { account as accountSchema, read } from './properties.ts';
import { readApi, resourceTypes } from './read.ts';
import { sendFailure } from './reply.ts';
import { checkBody, checkParameters, hasBody, readBody } from './request.ts';
import { matchPath, methodOf, segmentsOf } from './routes.ts';
import { StalledReplies } from './stalled.ts';
import { createThrottle } from './throttle.ts';

export { resourceTypes };

export interface ApiOptions extends Omit<PartOptions, 'endpoint'> {
  /** Not used: the API calls nothing of AWS. */
  readonly endpoint?: PartOptions['endpoint'];
  readonly functions: Functions;
  readonly cognito: Pick<CognitoPart, 'issuer'>;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bounds that are shared with other listeners; its own when absent. */
  readonly connections?: Connections;
  /** Milliseconds after which a reply that is not read gives way; five seconds when absent. */
  readonly stallMs?: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
}

export interface ApiPart {
  /** `undefined` when the assembly has no REST API. */
  readonly address: Address | undefined;
  /** Ends open connections after a short grace. */
  close(): Promise<void>;
}

/** Bytes of an event that a function takes. */
const EVENT_LIMIT = 6 * 1024 * 1024;
/** Bytes that everything but the body takes at most: Node's server refuses longer headers. */
const HEAD_ALLOWANCE = 512 * 1024;
const CLOSE_GRACE_MS = 1_000;

/**
 * Serves the REST API of the assembly. Routes are served both below the stage (`/prod/v1/health`), as the address of
 * API Gateway has them, and without it (`/v1/health`), as a domain of one's own that is mapped to the stage.
 * @throws {Error} naming what the assembly declares and this server cannot do, or the port that is taken
 */
export async function startApi(options: ApiOptions): Promise<ApiPart> {
  const { assembly, iam, log } = options;
  const api = readApi(assembly);
  if (!api) return { address: undefined, close: () => Promise.resolve() };
  checkAccount(options, api);
  const handle = createHandler(options, api, createInvokeCheck(assembly, iam));
  const { host, port, url, close } = await listenHttp(
    { ...options, origins: originsOf(api.root) },
    (request, response) => {
      handle(request, response).catch((cause: unknown) => {
        log('error', 'the API server failed', {
          cause: cause instanceof Error ? cause.stack : String(cause),
        });
        response.destroy();
      });
    },
  );
  return { address: { host, port, url }, close: () => close(CLOSE_GRACE_MS) };
}

/** Origins whose preflights are answered: their pages may ask here too. */
function originsOf(node: RouteNode): ReadonlySet<string> {
  const preflight = node.methods.get('OPTIONS')?.integration;
  const { headers = {}, otherOrigins = [] } = preflight?.type === 'MOCK' ? preflight : {};
  const named = Object.entries(headers).filter(
    ([name]) => name.toLowerCase() === 'access-control-allow-origin',
  );
  const below = [...node.literal.values(), node.parameter?.node, node.greedy?.node];
  return new Set([
    ...named.map(([, origin]) => origin),
    ...otherOrigins,
    ...below.flatMap((each) => (each === undefined ? [] : [...originsOf(each)])),
  ]);
}

/** What API Gateway tries before it takes an account's role for its logs; see "Permissions for CloudWatch logging". */
const LOG_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:PutLogEvents',
  'logs:GetLogEvents',
  'logs:FilterLogEvents',
];

/** A stage can log only when the account names a role that API Gateway may take. */
function checkAccount({ assembly, iam, log }: ApiOptions, api: ApiModel): void {
  const [resource] = assembly.byType('AWS::ApiGateway::Account');
  const role = resource && read(accountSchema, resource).CloudWatchRoleArn;
  if (role !== undefined && !iam.assumableBy(role, 'apigateway.amazonaws.com')) {
    throw new Error(`AWS::ApiGateway::Account: ${role} does not trust apigateway.amazonaws.com`);
  }
  for (const action of role === undefined ? [] : LOG_ACTIONS) {
    try {
      iam.authorize(role ?? '', { action, resource: '*' });
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      log('error', `AWS::ApiGateway::Account: ${error.message}`);
    }
  }
  if (role === undefined && api.stage.accessLogFormat !== undefined) {
    log(
      'warn',
      `stage ${api.stage.name} logs access, but no AWS::ApiGateway::Account names a CloudWatch role`,
    );
  }
}

type CheckInvoke = ReturnType<typeof createInvokeCheck>;

function createHandler(options: ApiOptions, api: ApiModel, checkInvoke: CheckInvoke) {
  const { assembly, functions, log } = options;
  const authorize = createAuthorizer(options.cognito.issuer);
  const stalled = new StalledReplies(options.stallMs);
  const admit = createThrottle(api.stage.methodSettings, () => performance.now());
  const firewall = readFirewall(assembly, `${api.apiId}/stages/${api.stage.name}`, log);

  /** The firewall comes before everything else: before the token, and before the throttle. */
  const passFirewall = async ({ request, context }: Exchange, url: URL): Promise<Buffer | undefined> => {
    if (firewall === undefined) return undefined;
    const body = await readBody(request);
    const rule = firewall({
      method: context.httpMethod,
      path: url.pathname,
      query: url.search.slice(1),
      headers: request.headers,
      body,
      address: context.sourceIp,
    });
    if (rule === undefined) return body;
    log('warn', `the firewall blocks ${context.httpMethod} ${context.path}`, {
      rule,
      requestId: context.requestId,
    });
    throw new GatewayFailure('WAF_FILTERED');
  };

  const serve = async (exchange: Exchange, url: URL): Promise<void> => {
    const { request, context } = exchange;
    const inspected = await passFirewall(exchange, url);
    const match = matchPath(api.root, segmentsOf(context.path));
    const method = match && methodOf(match.node, context.httpMethod);
    if (!match || !method) throw new GatewayFailure('MISSING_AUTHENTICATION_TOKEN');
    context.node = match.node;
    if (!admit(match.node, context.httpMethod)) throw new GatewayFailure('THROTTLED');
    if (method.authorizer) {
      const token = request.headers[method.authorizer.header];
      context.claims = await authorize(
        method.authorizer,
        method,
        token === undefined ? undefined : String(token),
      );
    }
    checkParameters(method, request, url);
    const body = inspected ?? (await readBody(request));
    checkBody(method, request, body);
    const { integration } = method;
    if (integration.type === 'MOCK') return answerMock(integration, exchange);
    mayInvoke(integration, match.node, context.httpMethod);
    const port = request.socket.localPort ?? options.port;
    const input = { request, query: url.searchParams, pathParameters: match.parameters, body, port };
    const event = proxyEvent(input, context, api, assembly.account);
    // What is far below the limit needs no measuring: JSON text is at most six times its bytes.
    const measured = body.length * 6 > EVENT_LIMIT - HEAD_ALLOWANCE;
    if (measured && Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMIT)
      throw new GatewayFailure('REQUEST_TOO_LARGE');
    const answer = integration.streaming ? answerStreaming : answerBuffered;
    await answer(functions, integration, event, exchange);
  };

  const mayInvoke = (integration: LambdaIntegration, node: RouteNode, httpMethod: string): void => {
    const path = node.path.slice(1).replaceAll(/\{[^}]+\}/g, '*');
    const source = `${api.apiId}/${api.stage.name}/${httpMethod}/${path}`;
    const why = checkInvoke(
      integration,
      `arn:aws:execute-api:${assembly.region}:${assembly.account}:${source}`,
    );
    if (why !== undefined) {
      throw new GatewayFailure('API_CONFIGURATION_ERROR', undefined, { cause: new Error(why) });
    }
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(`http://local${request.url?.startsWith('/') ? '' : '/'}${request.url ?? '/'}`);
    const context = openContext(request, url.pathname, withoutStage(api, url.pathname));
    response.once('close', () => writeAccessLog(options, api, context));
    try {
      await serve({ request, response, context, api, log, stalled }, url);
    } catch (error) {
      if (response.destroyed) return;
      const failure =
        error instanceof GatewayFailure
          ? error
          : new GatewayFailure('API_CONFIGURATION_ERROR', undefined, { cause: error });
      if (failure.answer.status >= 500) {
        log('error', `${context.httpMethod} ${context.path}: ${failure.type}`, {
          requestId: context.requestId,
          cause: causesOf(failure),
        });
      }
      // A body that was not read to its end would be taken for the next request.
      if (hasBody(request) && !request.complete) response.setHeader('connection', 'close');
      sendFailure(response, context, api, assembly.account, failure, request.headers.accept);
    }
  };
}

function causesOf(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error) return [cause.message, causesOf(cause)].filter(Boolean).join(': ');
  return cause === undefined ? '' : String(cause);
}

/** A first segment that is the stage's name is left out, unless the API has a resource of that name. */
function withoutStage(api: ApiModel, path: string): string {
  const prefix = `/${api.stage.name}`;
  if (api.root.literal.has(api.stage.name)) return path;
  if (path === prefix) return '/';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

function writeAccessLog({ assembly, log }: ApiOptions, api: ApiModel, context: RequestContext): void {
  const format = api.stage.accessLogFormat;
  if (format === undefined) return;
  const quote = (value: string): string => JSON.stringify(value).slice(1, -1);
  log('info', 'access', { access: substitute(format, context, api, assembly.account, '-', quote) });
}
