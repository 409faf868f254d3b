/** Refusals of the API in words: which resource was not found, which value was not allowed. */
import { problem } from '../../../contracts/problems.ts';

/** A refusal of the API. Exit code 3 for 4xx, 4 for 5xx. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The request that was refused. */
export interface Sent {
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
}

const KINDS: Readonly<Record<string, string>> = {
  devices: 'device',
  sites: 'site',
  types: 'instrument type',
  quarantine: 'quarantined message',
  exports: 'export',
  people: 'person',
};

/** The resource of a request, such as `device oven-1`; `undefined` when it names none. */
const resourceOf = ({ path, query, body }: Sent): string | undefined => {
  const [, kind = '', id] = /^\/v1\/([a-z]+)(?:\/(.+))?$/.exec(path) ?? [];
  if (query?.['devices'] !== undefined) return `device among ${query['devices']}`;
  const named = KINDS[kind];
  if (named === undefined) return undefined;
  if (kind === 'quarantine' && id !== undefined)
    return `${named} ${decodeURIComponent(id.replace(/\/replay$/, ''))}`;
  if (id !== undefined) return `${named} ${decodeURIComponent(id.split('/')[0] ?? '')}`;
  const { id: made } = (body ?? {}) as { readonly id?: unknown };
  return typeof made === 'string' ? `${named} ${made}` : undefined;
};

/** The value that a pointer of a problem points at: `?name` in the query, a JSON Pointer in the body. */
const valueAt = (pointer: string, { query, body }: Sent): unknown => {
  if (pointer.startsWith('?')) return query?.[pointer.slice(1)];
  if (!pointer.startsWith('/')) return undefined;
  const keys = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.reduce<unknown>(
    (value, key) =>
      value !== null && typeof value === 'object' && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined,
    body,
  );
};

const LONGEST = 100;

/** A value as text, cut when it is long; empty for objects, and for no value. */
const shown = (value: unknown): string => {
  if (value === undefined || (value !== null && typeof value === 'object')) return '';
  const text = JSON.stringify(value);
  return ` ${text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text}`;
};

const DETAILS: Readonly<Record<string, (resource: string) => string>> = {
  'not-found': (resource) => `there is no ${resource} that you may see`,
  conflict: (resource) => `there is another ${resource} already`,
};

/** Reads an answer that is not 2xx. */
export const refusalOf = async (response: Response, sent: Sent): Promise<ApiError> => {
  const { status } = response;
  const text = await response.text();
  const plain = (): ApiError => new ApiError(status, `HTTP ${status}: ${text.slice(0, 200)}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // A proxy or a load balancer has answered, not the API.
    return plain();
  }
  const known = problem.safeParse(parsed);
  if (!known.success) return plain();
  const { code, title, detail, errors = [], requestId } = known.data;
  // All other tokens have been renewed by now.
  if (code === 'unauthorized' && process.env['LABGATE_TOKEN'] !== undefined)
    return new ApiError(
      status,
      `${code}: LABGATE_TOKEN is refused: unset it, or take another from \`labgate token\``,
    );
  const resource = resourceOf(sent);
  const named = resource === undefined ? undefined : DETAILS[code]?.(resource);
  const parts = errors.map(
    ({ pointer, detail: wrong }) => `\n  ${pointer}${shown(valueAt(pointer, sent))}: ${wrong}`,
  );
  return new ApiError(
    status,
    `${code}: ${detail ?? named ?? title}${parts.join('')}${status >= 500 ? ` (request ${requestId})` : ''}`,
  );
};
