/** Messages between the gateway and the worker thread in which a function runs. */

/** How an invocation failed, in the words of the Lambda runtime. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** What a thread is given when it starts. */
export interface WorkerData {
  /** Folder of the bundle. */
  readonly taskRoot: string;
  /** For example `index.handler`. */
  readonly handler: string;
  readonly functionArn: string;
  readonly functionName: string;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly logStream: string;
  readonly logFormat: 'JSON' | 'Text';
  /** Lines of the console below this level are dropped, as `ApplicationLogLevel` says. */
  readonly logLevel: string;
}

export type ToWorker =
  | {
      readonly type: 'invoke';
      readonly requestId: string;
      /** The event, as JSON text. */
      readonly payload: string;
      /** When the function's time is up, in milliseconds since the epoch. */
      readonly deadline: number;
      readonly traceId: string;
    }
  /** The reader has taken so many bytes of the response: the function may send as many more. */
  | { readonly type: 'taken'; readonly requestId: string; readonly bytes: number }
  /** Nobody listens to the response any more. */
  | { readonly type: 'cancel'; readonly requestId: string };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'init-failed'; readonly error: FunctionError }
  | { readonly type: 'log'; readonly line: string; readonly requestId: string }
  /** The reply of a handler that does not stream, as JSON text; absent for `undefined`. */
  | { readonly type: 'result'; readonly requestId: string; readonly payload?: string }
  /** With `fatal` the thread ends itself and serves nobody any more. */
  | {
      readonly type: 'failed';
      readonly requestId: string;
      readonly error: FunctionError;
      readonly fatal: boolean;
    }
  | { readonly type: 'chunk'; readonly requestId: string; readonly bytes: Uint8Array }
  /** The streaming handler is done and its stream has ended. */
  | { readonly type: 'end'; readonly requestId: string };

/** Bytes of a streamed response that may be sent and not yet taken before the function has to wait. */
export const STREAM_WINDOW = 1024 * 1024;
