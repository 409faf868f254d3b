/**
 * Runs one function in one thread: loads its bundle, then serves one invocation at a time, as the Node.js
 * runtime of Lambda does. State of the module survives from one invocation to the next.
 */
import { finished } from 'node:stream/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerData } from '../messages.ts';
import { STREAM_WINDOW } from '../messages.ts';
import { captureOutput } from './console.ts';
import type { Handler } from './load.ts';
import { describeError, LoadError, loadHandler } from './load.ts';
import { awslambda, ResponseStream } from './response-stream.ts';

type Invoke = Extract<ToWorker, { type: 'invoke' }>;

if (parentPort === null) throw new Error('This file runs as a worker thread.');
const port = parentPort;
const data: WorkerData = workerData;
const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

// The cache is the gateway's own: the function must see no trace of it.
delete process.env['NODE_COMPILE_CACHE'];

let current: { readonly requestId: string; readonly stream: ResponseStream | undefined } | undefined;

const output = captureOutput({
  logFormat: data.logFormat,
  logLevel: data.logLevel,
  send: (line, requestId) => post({ type: 'log', line, requestId }),
});

const fail = (requestId: string, error: unknown, fatal: boolean): void => {
  // The message is an object of the runtime's own shape, so that a log reader finds the stack.
  console.error(error instanceof Error ? error : describeError(error));
  output.flush();
  current = undefined;
  post({ type: 'failed', requestId, error: describeError(error), fatal });
};

const die = (error: unknown, exitCode: number): void => {
  if (current !== undefined) fail(current.requestId, error, true);
  process.exit(exitCode);
};
process.on('uncaughtException', (error) => die(error, 129));
process.on('unhandledRejection', (reason) =>
  die(new LoadError('Runtime.UnhandledPromiseRejection', describeError(reason).errorMessage, reason), 128),
);

const contextOf = ({ requestId, deadline }: Invoke) => ({
  callbackWaitsForEmptyEventLoop: true,
  functionVersion: '$LATEST',
  functionName: data.functionName,
  memoryLimitInMB: String(data.memorySize),
  logGroupName: data.logGroup,
  logStreamName: data.logStream,
  invokedFunctionArn: data.functionArn,
  awsRequestId: requestId,
  getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
});

const runBuffered = async (handler: Handler, invoke: Invoke): Promise<FromWorker> => {
  const { requestId } = invoke;
  current = { requestId, stream: undefined };
  const reply: unknown = await handler.call(JSON.parse(invoke.payload), contextOf(invoke));
  const payload = JSON.stringify(reply);
  return payload === undefined ? { type: 'result', requestId } : { type: 'result', requestId, payload };
};

const runStreaming = async (handler: Handler, invoke: Invoke): Promise<FromWorker> => {
  const { requestId } = invoke;
  const stream = new ResponseStream({
    window: STREAM_WINDOW,
    highWaterMark: handler.highWaterMark,
    send: (bytes) => post({ type: 'chunk', requestId, bytes }, [bytes.buffer]),
  });
  current = { requestId, stream };
  await handler.call(JSON.parse(invoke.payload), stream, contextOf(invoke));
  // The handler may return before its last write has gone; one that never ends the stream runs into its timeout.
  await finished(stream);
  return { type: 'end', requestId };
};

const serve = async (handler: Handler, invoke: Invoke): Promise<void> => {
  const { requestId } = invoke;
  output.begin(requestId);
  process.env['_X_AMZN_TRACE_ID'] = invoke.traceId;
  try {
    const done = await (handler.streaming ? runStreaming : runBuffered)(handler, invoke);
    output.flush();
    current = undefined;
    post(done);
  } catch (error) {
    fail(requestId, error, false);
  }
};

Object.assign(globalThis, { awslambda });
try {
  const handler = await loadHandler(data.taskRoot, data.handler);
  port.on('message', (message: ToWorker) => {
    if (message.type === 'invoke') {
      void serve(handler, message);
    } else if (message.requestId === current?.requestId) {
      if (message.type === 'taken') current.stream?.taken(message.bytes);
      else current.stream?.destroy(new Error('The client closed the connection.'));
    }
  });
  post({ type: 'ready' });
} catch (error) {
  console.error(error);
  output.flush();
  post({ type: 'init-failed', error: describeError(error) });
}
