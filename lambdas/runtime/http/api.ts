/**
 * The HTTP application of a function. Its handlers are keyed by the routes of the contract: a route without a
 * handler does not compile, and a handler without a route (and so without a permission) cannot exist.
 */
import { Hono } from 'hono/tiny';
import type * as z from 'zod';
import type { Permission, Principal } from '../../../contracts/roles.ts';
import { allowed } from '../../../contracts/roles.ts';
import { ROUTES, type RouteName, type Service } from '../../../contracts/routes.ts';
import { asProblem, ProblemError, problemBody } from './problem.ts';
import { type Part, parsePart, queryOf, readJson } from './validate.ts';

/** One request on its way: what the platform says of it, and what is logged of it at the end. */
export interface Call {
  readonly requestId: string;
  readonly principal: Principal | undefined;
  readonly now: Date;
  /** Set on the way. */
  route?: string;
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
}

export type Handler<N extends RouteName> = (received: Received<Routes[N]>) => Response | Promise<Response>;

/** A handler for each route of a service. */
export type Handlers<S extends Service> = {
  readonly [N in RouteName as Routes[N]['service'] extends S ? N : never]: Handler<N>;
};

/** An application: give it a request, it always answers. */
export interface Api {
  handle(request: Request, call: Call): Promise<Response>;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
};

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

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

/** The methods that the contract has for a path. */
const methodsOf = (path: string): string[] =>
  Object.values(ROUTES)
    .filter((route) => patternOf(route.path).test(path))
    .map((route) => route.method.toUpperCase());

/**
 * Makes the application of a service: every route is checked against the permission matrix and validated by
 * the schemas of the contract before its handler sees it; every fault becomes a problem.
 */
export const createApi = <S extends Service>(service: S, handlers: Handlers<S>): Api => {
  const app = new Hono<{ Bindings: Call }>();
  for (const [name, route] of Object.entries(ROUTES)) {
    if (route.service !== service) continue;
    // The type of `handlers` says that each route of the service has its handler; a lookup by name loses it.
    const handler = (
      handlers as Readonly<Record<string, (received: unknown) => Response | Promise<Response>>>
    )[name];
    if (handler === undefined) throw new Error(`no handler for ${name}`);
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      const call = context.env;
      call.route = name;
      const principal = permitted(route.permission, call.principal);
      const request = context.req.raw;
      const url = new URL(request.url);
      const schemas: RequestSchemas = 'request' in route ? route.request : {};
      const parts = await read(schemas, request, url, context.req.param());
      const accept = request.headers.get('accept') ?? '*/*';
      return await handler({ ...parts, principal, url, accept, now: call.now });
    });
  }
  app.notFound((context) => {
    const methods = methodsOf(context.req.path);
    if (methods.length > 0 && !methods.includes(context.req.method))
      throw new ProblemError('method-not-allowed', { headers: { allow: methods.join(', ') } });
    throw new ProblemError('not-found');
  });
  app.onError((error) => {
    throw error;
  });
  return {
    handle: async (request, call) => {
      let response: Response;
      try {
        response = await app.fetch(request, call);
      } catch (error) {
        call.fault = asProblem(error);
        response = problemResponse(call.fault, call, new URL(request.url).pathname);
      }
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
