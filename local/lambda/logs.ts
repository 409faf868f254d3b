/** The logs of functions: the latest lines in memory, all of them in a file where there is a data folder. */
import type { WriteStream } from 'node:fs';
import { createWriteStream, fstatSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Log } from '../types.ts';

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly requestId: string;
  readonly message: string;
}

/** Lines in memory, and their characters. */
const KEPT_LINES = 2_000;
const KEPT_CHARACTERS = 4 * 1024 * 1024;
const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** Milliseconds until a file that failed is tried again. */
const RETRY = 1_000;

const LEVELS: Readonly<Record<string, Parameters<Log>[0]>> = {
  FATAL: 'error',
  CRITICAL: 'error',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
};

/** Level of a line: from its JSON, or from the third column of the text format. */
const levelOf = (message: string): Parameters<Log>[0] => {
  const found = message.startsWith('{')
    ? /"level":"(\w+)"/.exec(message)?.[1]
    : /^\S+\t\S*\t(\w+)\t/.exec(message)?.[1];
  return LEVELS[found ?? ''] ?? 'debug';
};

/** The log group of one function. */
export class FunctionLog {
  readonly #name: string;
  readonly #log: Log;
  readonly #path: string | undefined;
  readonly #lines: LogLine[] = [];
  #file: WriteStream | undefined;
  /** When a file that could not be opened is tried again, in milliseconds of the process. */
  #retry = 0;
  #written = 0;
  #characters = 0;

  /** @param folder where the lines are kept, for those who want them after a restart */
  constructor(name: string, log: Log, folder: string | undefined) {
    this.#name = name;
    this.#log = log;
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      this.#path = join(folder, `${name.replaceAll(/[^\w.-]/g, '_')}.log`);
    }
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Adds a line of the function itself; what the platform writes goes to the gateway's log as `debug`. */
  add(message: string, requestId: string, level = levelOf(message)): void {
    this.#lines.push({ time: Date.now(), requestId, message });
    this.#characters += message.length;
    while (this.#characters > KEPT_CHARACTERS || this.#lines.length > KEPT_LINES) {
      this.#characters -= this.#lines.shift()?.message.length ?? this.#characters;
    }
    this.#write(`${message}\n`);
    this.#log(level, message, { function: this.#name, requestId });
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return;
    this.#file.end();
    // A failure has been told by then.
    await finished(this.#file).catch(() => undefined);
  }

  #write(text: string): void {
    if (this.#path === undefined) return;
    if (this.#file !== undefined && this.#written > MAX_FILE_BYTES) {
      this.#file.end();
      this.#file = undefined;
      renameSync(this.#path, `${this.#path}.1`);
    }
    this.#file ??= this.#open(this.#path);
    if (this.#file === undefined) return;
    this.#written += Buffer.byteLength(text);
    this.#file.write(text);
  }

  /** @returns `undefined` when it cannot be opened now: what it would have taken is in memory alone */
  #open(path: string): WriteStream | undefined {
    if (performance.now() < this.#retry) return undefined;
    let fd: number;
    try {
      fd = openSync(path, 'a', 0o600);
    } catch (error) {
      this.#failed(path, error);
      return undefined;
    }
    this.#written = fstatSync(fd).size;
    const file = createWriteStream(path, { fd });
    // A stream that has failed once takes nothing more.
    file.on('error', (error) => {
      if (this.#file === file) this.#file = undefined;
      this.#failed(path, error);
    });
    return file;
  }

  #failed(path: string, error: unknown): void {
    this.#retry = performance.now() + RETRY;
    this.#log(
      'error',
      `the log ${path} cannot be written: ${error instanceof Error ? error.message : error}`,
    );
  }
}
