/** Runs the functions of the templates from their bundles, each environment in a thread of its own. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { providersOf } from '../assembly/providers.ts';
import type { AsyncFunctions, Functions, PartOptions } from '../types.ts';
import { readAsyncConfigs } from './async-config.ts';
import { takeCodeFolder } from './code-folder.ts';
import { readFunction } from './definition.ts';
import type { FunctionLimits } from './local-function.ts';
import { LocalFunction } from './local-function.ts';
import type { LogLine } from './logs.ts';
import type { Metric } from './metrics.ts';
import { MetricStore } from './metrics.ts';
import { MAX_STREAM_BYTES } from './streaming.ts';

export { accessOf, type Destination, isDestination, openDestination, timeKey } from './destination.ts';
export { JsonText } from './json-text.ts';
export { MAX_EVENT_BYTES } from './local-function.ts';
export type { LogLine } from './logs.ts';
export type { Metric } from './metrics.ts';
export { InvocationError } from './streaming.ts';

/**
 * CloudFormation types that this part takes care of. Of a log group only the name is used, to check that the role of a
 * function may write to it.
 */
export const resourceTypes: readonly string[] = [
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
];

export interface LocalFunctions extends Functions, AsyncFunctions {
  /** Ends every environment of the function that is at work, as a crashed host would. @returns how many */
  kill(functionArn: string): Promise<number>;
  /** Ends every environment of the function that waits for work: its next event starts cold. */
  cool(functionArn: string): Promise<void>;
  /** The latest lines a function wrote, oldest first. */
  logs(functionName: string): readonly LogLine[];
  /** The metrics that all functions wrote in Embedded Metric Format. */
  metrics(): readonly Metric[];
}

export interface FunctionsOptions extends PartOptions {
  readonly limits?: Partial<FunctionLimits>;
  /** PEM file of the certificate authority of the local servers that stand in for AWS: functions trust it as well. */
  readonly caFile?: string;
  /** Folder for the logs of functions; that of the data, or in memory alone, when absent. */
  readonly logDir?: string;
}

/**
 * Reads the functions of the assembly. Their environments are started later, when events come.
 * @throws {Error} naming the function and what of it cannot be run here
 */
export const startFunctions = async (options: FunctionsOptions): Promise<LocalFunctions> => {
  const { assembly, iam, dataDir } = options;
  const code = takeCodeFolder();
  const metrics = new MetricStore();
  const context = {
    ...options,
    metrics,
    cacheFolder: code.path,
    logFolder: options.logDir ?? (dataDir === undefined ? undefined : join(dataDir, 'logs')),
    limits: {
      concurrency: Math.max(8, availableParallelism()),
      queueLimit: 1_000,
      idleMs: 120_000,
      spareMs: 10_000,
      streamBytes: MAX_STREAM_BYTES,
      asyncDelays: { retryMs: [60_000, 120_000], throttleMs: 1_000 },
      ...options.limits,
    },
  };
  const byArn = new Map<string, LocalFunction>();
  const byName = new Map<string, LocalFunction>();
  const asyncConfigOf = readAsyncConfigs(assembly);
  const providers = new Set(providersOf(assembly));
  for (const resource of assembly.byType('AWS::Lambda::Function')) {
    if (providers.has(resource)) continue;
    const definition = readFunction(resource, assembly, iam);
    const local = new LocalFunction(definition, context, asyncConfigOf(resource));
    byArn.set(definition.arn, local);
    byName.set(definition.name, local);
  }
  /** Takes a qualified ARN as well: here every alias and version is the latest. */
  const find = (arn: string): LocalFunction => {
    const local = byArn.get(arn.split(':').slice(0, 7).join(':')) ?? byName.get(arn);
    if (local === undefined) throw new Error(`Function not found: ${arn}`);
    return local;
  };
  return {
    invoke: async (functionArn, event) => find(functionArn).invoke(event),
    invokeAsync: async (functionArn, event) => find(functionArn).invokeAsync(event),
    invokeStreaming: async (functionArn, event) => find(functionArn).invokeStreaming(event),
    kill: async (functionArn) => find(functionArn).kill(),
    cool: async (functionArn) => find(functionArn).cool(),
    logs: (functionName) => find(functionName).log.lines,
    metrics: () => metrics.all(),
    async close() {
      await Promise.all([...byArn.values()].map((local) => local.close()));
      code[Symbol.dispose]();
    },
  };
};
