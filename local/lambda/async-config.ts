/** How a function is called asynchronously: what `AWS::Lambda::EventInvokeConfig` says, or Lambda's own way. */
import * as z from 'zod';
import type { Assembly, Resource } from '../types.ts';
import { isDestination } from './destination.ts';

export interface AsyncConfig {
  /** Tries after the first that failed. */
  readonly maxRetries: number;
  /** Milliseconds an event may wait. */
  readonly maxAgeMs: number;
  /** ARN of the queue or bucket that gets a record of what is given up. */
  readonly onFailure: string | undefined;
}

const schema = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST', 'is not supported locally: only $LATEST is'),
  MaximumRetryAttempts: z.coerce.number().int().min(0).max(2).default(2),
  MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(21_600).default(21_600),
  DestinationConfig: z
    .strictObject({
      OnFailure: z
        .strictObject({
          Destination: z.string().refine(isDestination, 'is not supported locally: only SQS and S3 are'),
        })
        .optional(),
    })
    .optional(),
});

const DEFAULT: AsyncConfig = { maxRetries: 2, maxAgeMs: 21_600_000, onFailure: undefined };

const parse = (resource: Resource): z.output<typeof schema> => {
  const result = schema.safeParse(resource.properties);
  if (result.success) return result.data;
  throw new Error(`${resource.type} ${resource.logicalId}: ${z.prettifyError(result.error)}`);
};

/**
 * Reads the configurations of asynchronous invocation.
 * @returns the one of a function
 * @throws {Error} naming what is declared and not supported
 */
export const readAsyncConfigs = (assembly: Assembly): ((lambda: Resource) => AsyncConfig) => {
  const configs = assembly.byType('AWS::Lambda::EventInvokeConfig').map(parse);
  return ({ arn, physicalId }) => {
    const found = configs.find(({ FunctionName }) => FunctionName === physicalId || FunctionName === arn);
    if (found === undefined) return DEFAULT;
    return {
      maxRetries: found.MaximumRetryAttempts,
      maxAgeMs: found.MaximumEventAgeInSeconds * 1000,
      onFailure: found.DestinationConfig?.OnFailure?.Destination,
    };
  };
};
