/** What stands between the function and the services: every call can be looked at or end it all. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Answer,
  type Aws,
  operationOf,
  type Request,
  serveWith,
  serviceOf,
} from '../../../support/aws.ts';

export interface Call {
  /** `dynamodb:PutItem`, `s3:PUT /archive/...` */
  readonly action: string;
  readonly body: string;
  /** Whether it changes anything. */
  readonly writes: boolean;
}

/** What becomes of a call: `die` before or after it takes effect ends all calls from then on. */
export type Watch = (call: Call, when: 'before' | 'after') => Promise<'die' | undefined> | 'die' | undefined;

const WRITES = /:(PutItem|UpdateItem|DeleteItem|BatchWriteItem|PUT .*)$/;

const DEAD: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: 'AccessDeniedException', message: 'dead' }),
};

/** Puts a door in front of the services, through which only the function goes. */
export const startDoor = async (
  aws: Aws,
  calls: Call[],
  objects: Map<string, Buffer>,
  watched: () => Watch | undefined,
) => {
  let dead = false;
  const look = async (call: Call, when: 'before' | 'after'): Promise<void> => {
    if ((await watched()?.(call, when)) === 'die') dead = true;
  };
  const tagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`;
  const archive = ({ method, url, headers, body }: Request): Answer => {
    const key = decodeURIComponent(url).replace(/^\/archive\//, '');
    const before = objects.get(key);
    const { 'if-match': match, 'if-none-match': none } = headers;
    if ((none === '*' && before) || (match !== undefined && (!before || match !== tagOf(before))))
      return { status: 412, headers: {}, body: '<Error><Code>PreconditionFailed</Code></Error>' };
    if (method === 'PUT') objects.set(key, body);
    const found = objects.get(key);
    const content = method === 'GET' ? (found ?? '<Error><Code>NoSuchKey</Code></Error>') : '';
    return found === undefined
      ? { status: 404, headers: {}, body: content }
      : { status: 200, headers: { etag: tagOf(found) }, body: content };
  };
  const answer = async (request: Request): Promise<Answer> => {
    const service = serviceOf(request);
    const action = `${service}:${operationOf(request) ?? `${request.method} ${request.url}`}`;
    const call = { action, body: request.body.toString('latin1'), writes: WRITES.test(action) };
    if (dead) return DEAD;
    await look(call, 'before');
    if (dead) return DEAD;
    calls.push(call);
    const reply = service === 's3' ? archive(request) : await aws.answer(request);
    await look(call, 'after');
    return dead ? DEAD : reply;
  };
  const server = createServer(serveWith(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    revive: () => {
      dead = false;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
