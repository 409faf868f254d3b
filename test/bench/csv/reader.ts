/** A process of its own that asks `query-api` and takes its stream: prints bytes, rows, milliseconds and peak memory. */
import { awslambda, ResponseStream } from '../../../local/lambda/worker/response-stream.ts';
import { lambdaContext, proxyEvent } from '../../support/http-events.ts';

Object.assign(globalThis, { awslambda });
const { handler } = await import('../../../lambdas/functions/query-api/handler.ts');
const [path = '', accept = ''] = process.argv.slice(2);

const NEWLINE = 10;
let bytes = 0;
let rows = 0;
const stream: ResponseStream = new ResponseStream({
  window: 1024 * 1024,
  highWaterMark: undefined,
  send: (piece) => {
    bytes += piece.byteLength;
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, at + 1)) rows += 1;
    setImmediate(() => stream.taken(piece.byteLength));
  },
});
const begin = performance.now();
// One line a request is logged; standard output is for the figures.
console.info = () => undefined;
console.log = () => undefined;
await handler(proxyEvent({ path, headers: { Accept: accept } }), stream, lambdaContext);
const millis = performance.now() - begin;
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ bytes, rows, millis, peakMegabytes: maxRSS / 1024 })}\n`);
process.exit(0);
