/** Calls of the HTTP API. */
import { reach } from './reach.ts';
import { refusalOf } from './refusal.ts';
import { readTarget, type Target } from './target.ts';
import { accessToken } from './tokens.ts';

export interface Call {
  readonly method?: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Api {
  readonly target: Target;
  /** @throws {ApiError} for every answer that is not 2xx */
  send(path: string, call?: Call): Promise<Response>;
  json<T>(path: string, call?: Call): Promise<T>;
  /** The ETag of a resource, for `If-Match`. */
  etag(path: string): Promise<string>;
  /** All items of a list, page by page. */
  list<T>(path: string, query?: Call['query']): AsyncGenerator<T>;
}

/** Opens a target. Unless a token is given, one is fetched with the first call. */
export const openApi = (options: {
  readonly target?: string | undefined;
  readonly program?: string;
  readonly token?: string | undefined;
}): Api => {
  const target = readTarget(options.target);
  let token = options.token === undefined ? undefined : Promise.resolve(options.token);
  const request = async (path: string, call: Call): Promise<Response> => {
    token ??= accessToken(target, options.program);
    const url = new URL(`${target.api.replace(/\/$/, '')}${path}`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return reach(url, {
      method: call.method ?? 'GET',
      headers: {
        authorization: `Bearer ${await token}`,
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  };
  const send = async (path: string, call: Call = {}): Promise<Response> => {
    let response = await request(path, call);
    if (response.status === 401) {
      // A kept token may have been revoked, or be from a gateway that was started anew.
      const before = await token;
      token = accessToken(target, options.program, true);
      if ((await token) !== before) response = await request(path, call);
    }
    if (!response.ok) throw await refusalOf(response, { path, ...call });
    return response;
  };
  const json = async <T>(path: string, call?: Call): Promise<T> =>
    (await (await send(path, call)).json()) as T;
  return {
    target,
    send,
    json,
    etag: async (path) => (await send(path)).headers.get('etag') ?? '',
    async *list<T>(path: string, query: Call['query'] = {}) {
      let cursor: string | undefined;
      do {
        const page: { items: T[]; next: string | null } = await json(path, { query: { ...query, cursor } });
        yield* page.items;
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
    },
  };
};
