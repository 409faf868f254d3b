/** What a route is, and what many routes share: their problems, headers, parameters and pages. */
import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { slug } from '../messages/topics.ts';
import { PROBLEMS, type ProblemCode, problem } from '../problems.ts';
import type { Permission } from '../roles.ts';
import type { HttpService } from './services.ts';

interface Access {
  /** Which function serves it. */
  readonly service: HttpService;
  /** What the caller must hold; `open` needs no token at all. */
  readonly permission: Permission | 'open';
}

type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** A route in the words of OpenAPI, with the schemas that validate. */
export interface RouteConfig {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly request?: {
    readonly params?: z.ZodObject;
    readonly query?: z.ZodObject;
    readonly headers?: z.ZodObject;
    readonly body?: { readonly content: Content; readonly required: true };
  };
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly headers?: z.ZodObject; readonly content?: Content }
    >
  >;
}

/** What every route that changes something can answer: API Gateway and faults aside, no change goes out unaudited. */
const NOT_AUDITED = {
  '503': { content: { 'application/problem+json': { schema: problem } }, description: 'not-audited' },
} as const;

/**
 * A route: who serves it, who may call it, and what OpenAPI says of it.
 * @param access the function, and the permission that a caller needs
 */
export const route = <const A extends Access, const R extends RouteConfig>(access: A, config: R): A & R => ({
  ...access,
  ...config,
  responses: config.method === 'get' ? config.responses : { ...config.responses, ...NOT_AUDITED },
});

/** Content of a JSON body. */
export const json = <T extends z.ZodType>(schema: T) => ({ 'application/json': { schema } });
/** An answer with a JSON body. */
export const ok = <T extends z.ZodType>(schema: T, description: string) => ({
  content: json(schema),
  description,
});

/** Problem answers by code, next to those that every route can give. */
export const problems = <const C extends ProblemCode>(...codes: readonly C[]) => {
  const statuses = new Map<number, string[]>();
  for (const code of [
    'unauthorized',
    'forbidden',
    'throttled',
    'internal-error',
    ...codes,
  ] as ProblemCode[]) {
    const [status] = PROBLEMS[code];
    statuses.set(status, [...(statuses.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...statuses].map(([status, names]) => [
      String(status),
      { content: { 'application/problem+json': { schema: problem } }, description: names.join(', ') },
    ]),
  );
};

/** Header of answers that carry a version. */
export const etag = {
  headers: z.object({ ETag: z.string().meta({ description: 'Version of the resource' }) }),
};
/** Header of requests that may be repeated safely. */
export const idempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .min(8)
    .max(128)
    .optional()
    .meta({ description: 'The same key with the same request gives the same answer, within 24 h' }),
});
/** Header of requests that change a version. */
export const ifMatch = z.object({
  'if-match': z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'ETag of the version being changed; required' }),
});
/** Query members of a list. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(LIMITS.pageMax).optional(),
  cursor: z.string().max(1024).optional().meta({ description: '`next` of the page before' }),
};
/** A page of a list; `next` is always there, and null at the end. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().meta({ description: 'null at the end' }) });
/** Path of one resource. */
export const idParams = z.object({ id: slug });
