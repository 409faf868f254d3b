/** The API behind the distribution: requests go on as they came, replies come back piece by piece. */
import { Agent, type IncomingMessage, request as open, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Log } from '../types.ts';
import type { ApiOrigin } from './model.ts';

/** Headers that are about one connection. */
const HOP_BY_HOP = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** Headers of a message but those of its connection, as they were written. */
const passed = (raw: readonly string[], without: ReadonlySet<string>): string[] => {
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = raw.slice(index, index + 2);
    if (!HOP_BY_HOP.has(name.toLowerCase()) && !without.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
};

const NOT_FORWARDED: ReadonlySet<string> = new Set(['host', 'x-forwarded-for', 'via', 'x-amz-cf-id']);

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** Passes requests on to the API. */
export class ApiForwarder {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: URL;
  readonly #log: Log;

  /** @param url of the API, without stage */
  constructor(url: string, log: Log) {
    this.#url = new URL(url);
    this.#log = log;
  }

  /**
   * @param path with its query, as sent
   * @param finish writes the head of the answer
   * @param fail answers when the API does not
   */
  forward(
    { request, response, requestId }: Exchange,
    origin: ApiOrigin,
    path: string,
    finish: (status: number, headers: string[]) => void,
    fail: (status: 502 | 504) => void,
  ): void {
    const before = request.headers['x-forwarded-for'];
    const address = request.socket.remoteAddress ?? '127.0.0.1';
    const upstream = open({
      agent: this.#agent,
      hostname: this.#url.hostname.replaceAll(/[[\]]/g, ''),
      port: this.#url.port,
      method: request.method,
      path: `${origin.path}${path}`,
      headers: [
        'Host',
        this.#url.host,
        ...passed(request.rawHeaders, NOT_FORWARDED),
        'X-Forwarded-For',
        before === undefined ? address : `${String(before)}, ${address}`,
        'Via',
        `${request.httpVersion} cloudfront`,
        'X-Amz-Cf-Id',
        requestId,
        // A body whose length nobody has said goes on piece by piece.
        ...(request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']),
      ],
    });
    upstream.setTimeout(origin.silence, () => upstream.destroy(new Error('the API is silent')));
    upstream.once('response', (answer) => {
      finish(answer.statusCode ?? 502, passed(answer.rawHeaders, new Set()));
      // Whoever goes away ends the reply, and a reply that is cut off cuts the connection.
      pipeline(answer, response, (error) => {
        if (error !== undefined && error !== null) response.destroy();
      });
    });
    upstream.once('error', (error) => {
      this.#log('debug', 'the API did not answer the distribution', { cause: String(error) });
      if (response.headersSent) response.destroy();
      else if (!response.destroyed) fail(error.message === 'the API is silent' ? 504 : 502);
    });
    response.once('close', () => {
      if (!response.writableFinished) upstream.destroy();
    });
    // The API may answer before it has read all: what is left of the request is not waited for.
    request.pipe(upstream);
  }

  close(): void {
    this.#agent.destroy();
  }
}
