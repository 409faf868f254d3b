/** The distribution of the assembly: an HTTP server that does what CloudFront would, without a cache. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origins } from '../assembly/origins.ts';
import type { Connections } from '../connections.ts';
import type { Buckets } from '../endpoint/index.ts';
import { listenHttp } from '../http-listener.ts';
import type { Assembly, Iam, Log } from '../types.ts';
import { ApiForwarder, type Exchange } from './api-origin.ts';
import { type Answer, readObject } from './bucket-origin.ts';
import { Compressor } from './compress.ts';
import type { Behavior, Distribution } from './model.ts';
import { normalized } from './paths.ts';
import { distributionOf, namesOf, readDistribution, resourceTypes } from './read.ts';
import { compile, type FunctionInput, type Returned, valuesOf } from './viewer-request.ts';

export { resourceTypes };

export interface DistributionOptions {
  readonly assembly: Assembly;
  readonly log: Log;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bounds that are shared with other listeners; its own when absent. */
  readonly connections?: Connections;
}

/** What the distribution stands in front of. */
export interface Behind {
  /** With the addresses of this computer. */
  readonly assembly: Assembly;
  readonly iam: Pick<Iam, 'serviceMay'>;
  readonly buckets: Buckets;
  /** URL of the API, without a slash at the end; `undefined` when there is none. */
  readonly api: string | undefined;
}

export interface DistributionPart {
  /** `http://localhost:8081`; `undefined` when the assembly has no distribution. */
  readonly url: string | undefined;
  /** What stands in place of the names of the distribution. */
  readonly origins: Origins;
  /**
   * Serves from now on; 503 before.
   * @throws {Error} naming what is declared and not supported
   */
  serve(behind: Behind): void;
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;

/**
 * A page and the token issuer are two sites, so that neither gets the cookies of the other, as they do not in AWS. All
 * ports of one address are one site for cookies: so the page has the other name of this computer.
 */
const siteOf = (url: string): string => url.replace('//127.0.0.1:', '//localhost:');

/**
 * Where somebody who opens the page by another name of this computer finds it: sign-in pages send browsers back to one
 * address alone.
 */
const otherName = ({ headers, method, url: path = '/' }: IncomingMessage, url: string): string | undefined =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && `http://${headers.host}` !== url
    ? `${url}${path.startsWith('/') ? path : '/'}`
    : undefined;

const page = (title: string, text: string): Answer => ({
  status: 0,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from(`<!doctype html><title>${title}</title><h1>${title}</h1><p>${text}</p>\n`),
});

const refusal = (status: number, text: string): Answer => ({
  ...page('The request could not be satisfied', text),
  status,
});

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Listens for the distribution of an assembly: first, as its address stands in what others start with.
 * @throws {Error} when the port is taken
 */
export async function openDistribution(options: DistributionOptions): Promise<DistributionPart> {
  const { assembly, log } = options;
  const resource = distributionOf(assembly);
  if (resource === undefined) {
    return { url: undefined, origins: new Map(), serve: () => undefined, close: () => Promise.resolve() };
  }
  let handle: Handler | undefined;
  let forwarder: ApiForwarder | undefined;
  // Known when the first request comes.
  let url = '';
  const listener = await listenHttp(options, (request, response) => {
    if (handle === undefined) {
      response.writeHead(503, { 'retry-after': '1', connection: 'close' }).end();
      return;
    }
    const elsewhere = otherName(request, url);
    if (elsewhere !== undefined) {
      response.writeHead(307, { location: elsewhere }).end();
      return;
    }
    handle(request, response).catch((cause: unknown) => {
      log('error', 'the distribution failed', {
        cause: cause instanceof Error ? cause.stack : String(cause),
      });
      response.destroy();
    });
  });
  url = siteOf(listener.url);
  return {
    url,
    origins: new Map(namesOf(resource).map((name) => [`https://${name}`, url])),
    serve: (behind) => {
      const [declared = resource] = behind.assembly.byType(resource.type);
      forwarder = behind.api === undefined ? undefined : new ApiForwarder(behind.api, log);
      handle = createHandler(readDistribution(behind.assembly, declared), behind, forwarder, log);
    },
    close: async () => {
      await listener.close(CLOSE_GRACE_MS);
      forwarder?.close();
    },
  };
}

/** Path and query of a request, as sent; `undefined` for what is no path. */
const targetOf = ({ url = '' }: IncomingMessage): { path: string; query: string } | undefined => {
  if (!url.startsWith('/')) return undefined;
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark) };
};

/** Whether a request says that it has a body. */
const announcesBody = ({ headers }: IncomingMessage): boolean =>
  Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;

const cookiesOf = (header = ''): [string, string][] =>
  header.split(';').flatMap((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return name.trim() === '' ? [] : [[name.trim(), value.trim()] as [string, string]];
  });

function createHandler(
  distribution: Distribution,
  behind: Behind,
  forwarder: ApiForwarder | undefined,
  log: Log,
): Handler {
  const compressor = new Compressor();
  const reader = { ...behind, log };
  const functions = new Map(
    distribution.behaviors.map((behavior) => [
      behavior,
      behavior.viewerRequest === undefined ? undefined : compile(behavior.viewerRequest),
    ]),
  );

  /** What the function of a behaviour makes of a request. */
  const seen = (
    run: (input: FunctionInput) => Returned,
    { request, requestId }: Exchange,
    { path, query }: { readonly path: string; readonly query: string },
  ): Returned =>
    run({
      distributionId: distribution.id,
      distributionDomainName: distribution.domainName,
      requestId,
      ip: request.socket.remoteAddress ?? '127.0.0.1',
      request: {
        method: request.method ?? 'GET',
        uri: path,
        querystring: valuesOf(new URLSearchParams(query)),
        headers: valuesOf(
          Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
            name === 'cookie' ? [] : values.map((value): [string, string] => [name, value]),
          ),
        ),
        cookies: valuesOf(cookiesOf(request.headers.cookie)),
      },
    });

  return async (request, response) => {
    const requestId = randomBytes(32).toString('base64url');
    const exchange: Exchange = { request, response, requestId };
    const method = request.method ?? 'GET';
    const target = targetOf(request);
    const behavior = distribution.behaviors.find(({ fits }) => fits(normalized(target?.path ?? '/')));
    if (target === undefined || behavior === undefined)
      return sendWhole(exchange, behavior, refusal(400, 'Bad request.'));
    if (/^(?:GET|HEAD)$/.test(method) && announcesBody(request))
      return sendWhole(exchange, behavior, refusal(403, `A ${method} has no body.`));
    if (!behavior.methods.has(method)) {
      return sendWhole(
        exchange,
        behavior,
        refusal(403, 'This distribution is not configured to allow the HTTP request method.'),
      );
    }
    let { path, query } = target;
    const run = functions.get(behavior);
    if (run !== undefined) {
      let made: Returned;
      try {
        made = seen(run, exchange, target);
      } catch (error) {
        log('error', 'a function of CloudFront failed', { cause: String(error) });
        return sendWhole(exchange, behavior, refusal(503, 'The CloudFront function failed.'));
      }
      if ('statusCode' in made) return sendWhole(exchange, behavior, answerOf(made));
      path = made.uri;
      query = target.query;
    }
    const { origin } = behavior;
    if (origin.kind === 'bucket') {
      const answer = await readObject(reader, distribution, origin, path);
      const encoding = request.headers['accept-encoding'];
      const sent = behavior.compress ? await compressor.compress(answer, encoding) : answer;
      return sendWhole(exchange, behavior, sent);
    }
    if (forwarder === undefined) return sendWhole(exchange, behavior, refusal(502, 'There is no API.'));
    forwarder.forward(
      exchange,
      origin,
      `${path}${query}`,
      (status, headers) => response.writeHead(status, [...withHeaders(headers, behavior, requestId)]),
      (status) => sendWhole(exchange, behavior, refusal(status, 'The API does not answer.')),
    );
  };
}

/** The answer of a function. */
const answerOf = ({ statusCode, headers, body = '' }: Extract<Returned, { statusCode: number }>): Answer => ({
  status: statusCode,
  headers: Object.fromEntries(Object.entries(headers).map(([name, { value }]) => [name, value])),
  body: Buffer.from(typeof body === 'string' ? body : body.data),
});

/** Header lines with those of the distribution. */
function withHeaders(
  lines: readonly string[],
  behavior: Behavior | undefined,
  requestId: string,
): readonly string[] {
  const given = new Set(lines.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  const added = (behavior?.headers ?? []).filter(({ name, override }) => override || !given.has(name));
  const replaced = new Set(added.map(({ name }) => name));
  const kept: string[] = [];
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [name = '', value = ''] = lines.slice(index, index + 2);
    if (!replaced.has(name.toLowerCase())) kept.push(name, value);
  }
  return [
    ...kept,
    ...added.flatMap(({ name, value }) => [name, value]),
    'x-cache',
    'Miss from cloudfront',
    'x-amz-cf-id',
    requestId,
  ];
}

const isSameTag = (header: string | undefined, etag: string | undefined): boolean =>
  etag !== undefined &&
  header !== undefined &&
  (header.trim() === '*' ||
    header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag.replace(/^W\//, '')));

/** Sends an answer, or that it is what the browser has. */
function sendWhole(
  { request, response, requestId }: Exchange,
  behavior: Behavior | undefined,
  { status, headers, body }: Answer,
): void {
  const unchanged = status === 200 && isSameTag(request.headers['if-none-match'], headers['etag']);
  const { 'content-type': type, ...others } = headers;
  const lines = Object.entries(unchanged ? others : headers).flat();
  if (!unchanged) lines.push('content-length', String(body.length));
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete && announcesBody(request)) lines.push('connection', 'close');
  response.writeHead(unchanged ? 304 : status, [...withHeaders(lines, behavior, requestId)]);
  if (unchanged || request.method === 'HEAD') response.end();
  else response.end(body);
}
