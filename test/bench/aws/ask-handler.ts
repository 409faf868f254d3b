/** The exported handler of `query-api`, asked as API Gateway asks it. */
import type { Writable } from 'node:stream';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { awslambda, ResponseStream } from '../../../local/lambda/worker/response-stream.ts';
import { proxyEvent } from '../../support/http-events.ts';
import { CONTEXT } from './records.ts';

type Query = (event: APIGatewayProxyEvent, stream: Writable, context: Context) => Promise<void>;

/** What separates the head of a streamed answer from its body. */
const SPLIT = Buffer.alloc(8);
const WINDOW = 1024 * 1024;

/** A GET request by its path and query. @returns the body. @throws for a status other than 200 */
export type AskHandler = (path: string) => Promise<Buffer>;

/** Loads the handler, with the environment that this process has. */
export const openHandler = async (): Promise<AskHandler> => {
  Object.assign(globalThis, { awslambda });
  const { handler }: { handler: Query } = await import('../../../lambdas/functions/query-api/handler.ts');
  return async (path) => {
    const parts: Buffer[] = [];
    const stream = new ResponseStream({
      window: WINDOW,
      highWaterMark: undefined,
      send: (bytes) => {
        parts.push(Buffer.from(bytes));
        stream.taken(bytes.byteLength);
      },
    });
    await handler(proxyEvent({ path }), stream, CONTEXT);
    const bytes = Buffer.concat(parts);
    const split = bytes.indexOf(SPLIT);
    const body = bytes.subarray(split + SPLIT.length);
    const { statusCode } = JSON.parse(bytes.subarray(0, split).toString()) as { readonly statusCode: number };
    if (statusCode !== 200) throw new Error(`${path.slice(0, 200)}: ${statusCode} ${body.toString()}`);
    return body;
  };
};
