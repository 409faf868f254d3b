/** Finds the handler of a bundle, with the errors the Lambda runtime gives. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionError } from '../messages.ts';
import { highWaterMarkOf, STREAMING } from './response-stream.ts';

export interface Handler {
  readonly call: (...args: unknown[]) => unknown;
  readonly streaming: boolean;
  readonly highWaterMark: number | undefined;
}

export class LoadError extends Error {
  readonly errorType: string;
  constructor(errorType: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.errorType = errorType;
  }
}

/** An error as an invocation reports it. */
export const describeError = (error: unknown): FunctionError => {
  if (error instanceof LoadError) return { errorType: error.errorType, errorMessage: error.message };
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message };
  return { errorType: typeof error, errorMessage: String(error) };
};

/**
 * @param taskRoot folder of the bundle
 * @param name for example `index.handler`
 * @throws {LoadError}
 */
export const loadHandler = async (taskRoot: string, name: string): Promise<Handler> => {
  const [, folder = '', module, path] = /^(.*\/)?([^./]+)\.(.+)$/.exec(name) ?? [];
  if (module === undefined || path === undefined || name.includes('..')) {
    throw new LoadError('Runtime.MalformedHandlerName', `Bad handler ${name}`);
  }
  const file = ['.js', '.mjs', '.cjs']
    .map((extension) => join(taskRoot, folder, module + extension))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new LoadError('Runtime.ImportModuleError', `Error: Cannot find module '${folder}${module}'`);
  }
  const handler = path.split('.').reduce<unknown>(step, await importFile(file));
  if (typeof handler !== 'function') {
    throw new LoadError('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  const streaming = Reflect.get(handler, STREAMING) === 'response';
  if (handler.length > 2 && !streaming) {
    throw new LoadError(
      'Runtime.CallbackHandlerDeprecated',
      'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.',
    );
  }
  const call = (...args: unknown[]): unknown => Reflect.apply(handler, undefined, args);
  return { call, streaming, highWaterMark: highWaterMarkOf(handler) };
};

const step = (value: unknown, key: string): unknown =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, key)
    : undefined;

const importFile = async (file: string): Promise<unknown> => {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new LoadError('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`, error);
    }
    if (error instanceof Error && Reflect.get(error, 'code') === 'ERR_MODULE_NOT_FOUND') {
      throw new LoadError('Runtime.ImportModuleError', `Error: ${error.message}`, error);
    }
    throw error;
  }
};
