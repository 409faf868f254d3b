/**
 * A small server side of AWS's restJson1 protocol: routes, and errors as the SDK reads them.
 */
import { isObject } from '../../contracts/json.ts';
import {
  AccessDenied,
  type AccessRequest,
  AwsError,
  type AwsRequest,
  type AwsResponse,
  type AwsService,
} from '../types.ts';

/** A request that has found its route. */
export interface Call {
  /** Decoded variables of the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: AwsRequest;
  /** @throws {AwsError} InvalidRequestException when the body is not a JSON object */
  json(): Readonly<Record<string, unknown>>;
}

export interface Operation {
  /** `METHOD /path/{variable}`; `{variable+}` takes the rest of the path. */
  readonly route: string;
  /** What the caller's role must allow. */
  readonly access: (call: Call) => AccessRequest | readonly AccessRequest[];
  /** @returns body of the 200 answer, as JSON */
  readonly run: (call: Call) => unknown;
}

interface Compiled extends Operation {
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** Makes a service of its operations. */
export const restService = (name: string, operations: readonly Operation[]): AwsService => {
  const compiled = operations.map(compile);
  const find = (request: AwsRequest): { readonly operation: Operation; readonly call: Call } | undefined => {
    const [path = '', query = ''] = split(request.url);
    for (const operation of compiled) {
      if (operation.method !== request.method) continue;
      const found = operation.pattern.exec(path);
      if (found === null) continue;
      const variables = Object.fromEntries(
        operation.names.map((variable, index) => [variable, decodeURIComponent(found[index + 1] ?? '')]),
      );
      return {
        operation,
        call: { path: variables, query: new URLSearchParams(query), request, json: () => json(request) },
      };
    }
    return undefined;
  };
  return {
    access(request) {
      const found = find(request);
      return found === undefined ? [] : [found.operation.access(found.call)].flat();
    },
    async handle(request) {
      try {
        const found = find(request);
        if (found === undefined) {
          throw new AwsError(
            'UnknownOperationException',
            `${name}: ${request.method} ${request.url} is not supported locally`,
            404,
          );
        }
        return reply(200, (await found.operation.run(found.call)) ?? {});
      } catch (error) {
        if (error instanceof AwsError) return failure(error.status, error.code, error.message);
        if (error instanceof AccessDenied) return failure(403, 'AccessDeniedException', error.message);
        throw error;
      }
    },
  };
};

const compile = (operation: Operation): Compiled => {
  const [method = '', path = ''] = operation.route.split(' ');
  const names: string[] = [];
  const pattern = path
    .replace(/[.$]/g, '\\$&')
    .replace(/\{(\w+)(\+?)\}/g, (_all, variable: string, rest: string) => {
      names.push(variable);
      return rest === '+' ? '(.+)' : '([^/]+)';
    });
  return { ...operation, method, pattern: new RegExp(`^${pattern}$`), names };
};

const split = (url: string): [string, string] => {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
};

const json = (request: AwsRequest): Readonly<Record<string, unknown>> => {
  if (request.body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString('utf8'));
  } catch (cause) {
    throw invalid('The body is not JSON.', cause);
  }
  if (!isObject(value)) throw invalid('The body is not a JSON object.');
  return value;
};

/** The request is not valid. */
export const invalid = (message: string, cause?: unknown): AwsError => {
  const error = new AwsError('InvalidRequestException', message, 400);
  if (cause !== undefined) error.cause = cause;
  return error;
};

const reply = (status: number, body: unknown, more: Readonly<Record<string, string>> = {}): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...more },
  body: JSON.stringify(body),
});

const failure = (status: number, code: string, message: string): AwsResponse =>
  reply(status, { message }, { 'x-amzn-errortype': code });
