/**
 * The console and the standard streams of a function, as the Lambda runtime has them: every line goes to the
 * function's log, in the format its LoggingConfig asks for.
 */
import { format } from 'node:util';

type Send = (line: string, requestId: string) => void;
type Options = { readonly logFormat: 'JSON' | 'Text'; readonly logLevel: string; readonly send: Send };

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const METHODS = { trace: 'TRACE', debug: 'DEBUG', info: 'INFO', log: 'INFO', warn: 'WARN', error: 'ERROR' };

const describe = (error: Error) => ({
  errorType: error.constructor.name,
  errorMessage: error.message,
  stackTrace: error.stack?.split('\n') ?? [],
});

const errorReplacer = (_key: string, value: unknown): unknown =>
  value instanceof Error ? { ...describe(value), ...value } : value;

const jsonLine = (level: string, requestId: string, first: unknown, rest: readonly unknown[]): string => {
  const head = { timestamp: new Date().toISOString(), level, requestId };
  if (rest.length > 0) {
    const error = rest.find((part) => part instanceof Error);
    const message = format(first, ...rest);
    return JSON.stringify({ ...head, message, ...(error === undefined ? {} : describe(error)) });
  }
  try {
    return JSON.stringify({ ...head, message: first }, errorReplacer);
  } catch {
    // Circular, or a bigint: the runtime falls back to the text form.
    return JSON.stringify({ ...head, message: format(first) });
  }
};

const LEVEL = /"level"\s*:\s*"(\w+)"/;

/**
 * Place of a line in {@link LEVELS}, as Lambda's own filter reads it: what names no level counts as INFO, lines of
 * metrics too. Source: "Log-level filtering", AWS Lambda developer guide.
 */
const placeOf = (line: string): number => {
  const named = line.startsWith('{') ? LEVELS.indexOf(LEVEL.exec(line)?.[1]?.toUpperCase() ?? '') : -1;
  return named < 0 ? LEVELS.indexOf('INFO') : named;
};

const captureStream = (stream: NodeJS.WriteStream, emit: (line: string) => void): (() => void) => {
  let rest = '';
  const write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const text = rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') emit(line);
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') callback();
    return true;
  };
  Object.assign(stream, { write });
  return () => {
    if (rest !== '') emit(rest);
    rest = '';
  };
};

/**
 * Takes over `console`, `process.stdout` and `process.stderr`.
 * @returns what to call when an invocation begins, and to let go of an unfinished line when it ends
 */
export const captureOutput = ({ logFormat, logLevel, send }: Options) => {
  let requestId = '';
  const threshold = logFormat === 'JSON' ? Math.max(0, LEVELS.indexOf(logLevel)) : 0;
  const raw = (line: string) => {
    if (threshold === 0 || placeOf(line) >= threshold) send(line, requestId);
  };
  const flushOut = captureStream(process.stdout, raw);
  const flushErr = captureStream(process.stderr, raw);
  for (const [method, level] of Object.entries(METHODS)) {
    const enabled = LEVELS.indexOf(level) >= threshold;
    const print = (first?: unknown, ...rest: unknown[]): void => {
      if (!enabled) return;
      raw(
        logFormat === 'JSON'
          ? jsonLine(level, requestId, first, rest)
          : `${new Date().toISOString()}\t${requestId}\t${level}\t${format(first, ...rest)}`,
      );
    };
    Object.assign(console, { [method]: print });
  }
  return {
    begin(id: string): void {
      requestId = id;
    },
    flush(): void {
      flushOut();
      flushErr();
    },
  };
};
