/** Asks the API: with the token of the session, renewed once when it is refused; refusals become errors in words. */
import type { Problem } from '../../../contracts/problems.ts';
import { client } from './gen/client.gen.ts';
import type { Session } from './session.ts';

/** What the server refused, or that it did not answer at all. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly problem: Problem | undefined;
  constructor(status: number, problem: Problem | undefined, message: string) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

/** Makes all calls go through a session. @param api what stands before `/v1` */
export const connectClient = (session: Session, api: string): void => {
  const authorized: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const send = (token: string): Promise<Response> => {
      const copy = request.clone();
      copy.headers.set('authorization', `Bearer ${token}`);
      return fetch(copy);
    };
    const token = await session.token();
    const response = await send(token);
    if (response.status !== 401) return response;
    return send((await session.renew(token)).access_token);
  };
  client.setConfig({ baseUrl: api, fetch: authorized });
};

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response?: Response;
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'title' in value;

const refusal = (error: unknown, response: Response | undefined): Error => {
  if (isProblem(error))
    return new Refused(response?.status ?? error.status, error, error.detail ?? error.title);
  if (response === undefined && error instanceof Error) {
    // `fetch` fails with a TypeError where nobody answers; what the session throws is passed on.
    return error instanceof TypeError ? new Refused(0, undefined, error.message) : error;
  }
  return new Refused(response?.status ?? 0, undefined, response?.statusText ?? '');
};

/**
 * The answer of a call of the generated client.
 * @throws {Refused} as the server said it
 */
export const ask = async <T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> => {
  const { data, error, response } = await call;
  if (response?.ok !== true || data === undefined || data === null) throw refusal(error, response);
  return data;
};

/** An answer with its version, for a later change. */
export const askTagged = async <T>(
  call: Promise<Answer<T>>,
): Promise<{ readonly value: NonNullable<T>; readonly etag: string }> => {
  const answer = await call;
  const value = await ask(Promise.resolve(answer));
  return { value, etag: answer.response?.headers.get('etag') ?? '' };
};

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** All items of a list, page by page. */
export const askAll = async <T>(
  page: (cursor: string | undefined) => Promise<Answer<Page<T>>>,
): Promise<T[]> => {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await ask(page(cursor));
    items.push(...answer.items);
    cursor = answer.next ?? undefined;
  } while (cursor !== undefined);
  return items;
};
