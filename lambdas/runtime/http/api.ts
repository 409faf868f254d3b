/**
 * The HTTP application of a function. Its handlers are keyed by the routes of the contract: a route without a
 * handler does not compile, and a handler without a route (and so without a permission) cannot exist.
 */
import type * as z from 'zod';
import { SECURITY_HEADERS } from '../../../contracts/deployment/security-headers.ts';
import type { Permission, Principal } from '../../../contracts/roles.ts';
import { allowed } from '../../../contracts/roles.ts';
import { ROUTES, type RouteName } from '../../../contracts/routes/index.ts';
import type { HttpService } from '../../../contracts/routes/services.ts';
import { type Attempt, type Audit, type AuditFacts, auditRecordsOf, type Note } from './audit.ts';
import { asProblem, ProblemError, problemBody } from './problem.ts';
import { traceparentOf } from './trace.ts';
import { type Part, parsePart, queryOf, readJson } from './validate.ts';

/** One request on its way: what the platform says of it, and what is logged of it at the end. */
export interface Call {
  readonly requestId: string;
  readonly principal: Principal | undefined;
  readonly now: Date;
  /** Address that the request came from. */
  readonly address?: string | undefined;
  /** Set on the way. */
  route?: string;
  traceparent?: string;
  /** The fault that was answered, with its cause: for the log alone. */
  fault?: ProblemError;
}

type Routes = typeof ROUTES;
type Schema<R, P extends Part> = R extends { request: { [K in P]: infer S } }
  ? P extends 'body'
    ? S extends { content: { 'application/json': { schema: infer B } } }
      ? B
      : never
    : S
  : undefined;
type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** A request that is authenticated, permitted at some site at least, and valid. */
export interface Received<R> {
  readonly params: Parsed<Schema<R, 'params'>>;
  readonly query: Parsed<Schema<R, 'query'>>;
  readonly headers: Parsed<Schema<R, 'headers'>>;
  readonly body: Parsed<Schema<R, 'body'>>;
  readonly principal: R extends { permission: 'open' } ? undefined : Principal;
  readonly url: URL;
  /** The `Accept` header, or any. */
  readonly accept: string;
  readonly now: Date;
  /** W3C Trace Context of the request. */
  readonly traceparent: string;
  /** Tells the audit what does not stand in the request; told again, the later counts. */
  readonly note: Note;
}

export type Handler<N extends RouteName> = (received: Received<Routes[N]>) => Response | Promise<Response>;

/** A handler for each route of a service. */
export type Handlers<S extends HttpService> = {
  readonly [N in RouteName as Routes[N]['service'] extends S ? N : never]: Handler<N>;
};

/** An application: give it a request, it always answers. */
export interface Api<S extends HttpService = HttpService> {
  readonly service: S;
  handle(request: Request, call: Call): Promise<Response>;
}

/** @throws {ProblemError} `unauthorized`, or `forbidden` naming what is missing */
const permitted = (
  permission: Permission | 'open',
  principal: Principal | undefined,
): Principal | undefined => {
  if (permission === 'open') return undefined;
  if (principal === undefined)
    throw new ProblemError('unauthorized', { headers: { 'www-authenticate': 'Bearer' } });
  if (!allowed(principal, permission))
    throw new ProblemError('forbidden', { detail: `the permission ${permission} is needed` });
  return principal;
};

interface RequestSchemas {
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers?: z.ZodType;
  readonly body?: { readonly content: { readonly 'application/json': { readonly schema: z.ZodType } } };
}

const read = async (
  schemas: RequestSchemas,
  request: Request,
  url: URL,
  params: Readonly<Record<string, string>>,
) => ({
  params: schemas.params && parsePart(schemas.params, 'params', params),
  query: schemas.query && parsePart(schemas.query, 'query', queryOf(url)),
  headers: schemas.headers && parsePart(schemas.headers, 'headers', Object.fromEntries(request.headers)),
  body:
    schemas.body &&
    parsePart(schemas.body.content['application/json'].schema, 'body', await readJson(request)),
});

const problemResponse = (fault: ProblemError, call: Call, path: string): Response =>
  new Response(
    JSON.stringify(problemBody(fault, { requestId: call.requestId, instance: path, now: call.now })),
    { status: fault.status, headers: { ...fault.headers, 'content-type': 'application/problem+json' } },
  );

interface Mounted {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly permission: Permission | 'open';
  readonly schemas: RequestSchemas;
  readonly run: (received: unknown) => Response | Promise<Response>;
}

/** A path of the contract as a pattern; its variables are named groups. */
const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ProblemError('not-found', { cause });
  }
};

/** @throws {ProblemError} `not-found`, or `method-not-allowed` naming the methods there are */
const find = (routes: readonly Mounted[], method: string, path: string) => {
  const methods: string[] = [];
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match === null) continue;
    methods.push(route.method);
    if (route.method !== method) continue;
    const params = Object.entries(match.groups ?? {}).map(([name, text]) => [name, decoded(text)] as const);
    return { route, params: Object.fromEntries(params) };
  }
  if (methods.length > 0)
    throw new ProblemError('method-not-allowed', { headers: { allow: methods.join(', ') } });
  throw new ProblemError('not-found');
};

const mount = (service: HttpService, handlers: Readonly<Record<string, unknown>>): Mounted[] =>
  Object.entries(ROUTES)
    .filter(([, route]) => route.service === service)
    .map(([name, route]) => ({
      name,
      method: route.method.toUpperCase(),
      pattern: patternOf(route.path),
      permission: route.permission,
      schemas: 'request' in route ? route.request : {},
      // The type of `handlers` says that each route has its own; a look-up by name loses that.
      run: handlers[name] as Mounted['run'],
    }));

const answer = async (routes: readonly Mounted[], call: Call, attempt: Attempt): Promise<Response> => {
  const { request } = attempt;
  const url = new URL(request.url);
  const { route, params } = find(routes, request.method, url.pathname);
  call.route = route.name;
  const traceparent = traceparentOf(call.requestId, request.headers.get('traceparent'));
  call.traceparent = traceparent;
  Object.assign(attempt, { route, params, path: url.pathname });
  const principal = permitted(route.permission, call.principal);
  const parts = await read(route.schemas, request, url, params);
  attempt.body = parts.body;
  const accept = request.headers.get('accept') ?? '*/*';
  const note = (facts: AuditFacts): void => {
    attempt.facts = { ...attempt.facts, ...facts };
  };
  return await route.run({ ...parts, principal, url, accept, now: call.now, traceparent, note });
};

/**
 * Answers, and lets nothing out before the audit has it. A change that is made but cannot be audited is answered as a
 * fault: whoever asked can repeat it, and the log has the record. What was denied stays denied either way.
 */
const answerAudited = async (
  routes: readonly Mounted[],
  audit: Audit,
  request: Request,
  call: Call,
): Promise<Response> => {
  const { requestId, principal, address } = call;
  const attempt: Attempt = { request, requestId, principal, address, facts: {} };
  const path = new URL(request.url).pathname;
  let response: Response;
  try {
    response = await answer(routes, call, attempt);
  } catch (error) {
    call.fault = asProblem(error);
    response = problemResponse(call.fault, call, path);
  }
  try {
    await Promise.all(auditRecordsOf(attempt, call.fault, response.headers).map(audit));
  } catch (cause) {
    if (call.fault !== undefined) return response;
    call.fault = new ProblemError('not-audited', { headers: { 'retry-after': '1' }, cause });
    response = problemResponse(call.fault, call, path);
  }
  return response;
};

/**
 * Makes the application of a service: every route is checked against the permission matrix and validated by
 * the schemas of the contract before its handler sees it; every fault becomes a problem; every change and every denied
 * try is audited before its answer goes out. API Gateway has found
 * the route before, from the same table, so that a few patterns are all the router there needs to be.
 */
export const createApi = <S extends HttpService>(service: S, audit: Audit, handlers: Handlers<S>): Api<S> => {
  const routes = mount(service, handlers);
  return {
    service,
    handle: async (request, call) => {
      const response = await answerAudited(routes, audit, request, call);
      response.headers.set('x-request-id', call.requestId);
      for (const [name, value] of Object.entries(SECURITY_HEADERS))
        if (!response.headers.has(name)) response.headers.set(name, value);
      return response;
    },
  };
};

/** A JSON answer. */
export const jsonResponse = (
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
