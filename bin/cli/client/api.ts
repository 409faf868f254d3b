/** Calls of the HTTP API, and what its refusals mean to a person. */
import { problem } from '../../../contracts/problems.ts';
import { reach } from './reach.ts';
import { readTarget, type Target } from './target.ts';
import { accessToken } from './tokens.ts';

/** A refusal of the API. Exit code 3 for 4xx, 4 for 5xx. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

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
  /** What `If-Match` is to say of a resource as it is now. */
  etag(path: string): Promise<string>;
  /** All items of a list, page by page. */
  list<T>(path: string, query?: Call['query']): AsyncGenerator<T>;
}

const refusal = async (response: Response): Promise<ApiError> => {
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return new ApiError(response.status, `HTTP ${response.status}: ${text.slice(0, 200)} (${String(cause)})`);
  }
  const known = problem.safeParse(parsed);
  if (!known.success) return new ApiError(response.status, `HTTP ${response.status}: ${text.slice(0, 200)}`);
  const { code, title, detail, errors = [], requestId } = known.data;
  const parts = errors.map(({ pointer, detail: wrong }) => `\n  ${pointer}: ${wrong}`);
  // Other tokens were renewed before; nobody but the caller renews one that was given.
  if (code === 'unauthorized' && process.env['LABGATE_TOKEN'] !== undefined)
    return new ApiError(
      response.status,
      `${code}: LABGATE_TOKEN is refused: unset it, or take another from \`labgate token\``,
    );
  return new ApiError(
    response.status,
    `${code}: ${detail ?? title}${parts.join('')}${response.status >= 500 ? ` (request ${requestId})` : ''}`,
  );
};

/** Opens a target: the token is looked for with the first call. */
export const openApi = (options: {
  readonly target?: string | undefined;
  readonly program?: string;
}): Api => {
  const target = readTarget(options.target);
  let token: Promise<string> | undefined;
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
      // A token that is kept may have been revoked since, or be of a gateway that was started anew.
      const before = await token;
      token = accessToken(target, options.program, true);
      if ((await token) !== before) response = await request(path, call);
    }
    if (!response.ok) throw await refusal(response);
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
