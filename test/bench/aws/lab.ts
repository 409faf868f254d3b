/** A laboratory whose table is loaded the short way, with the functions of the benches in this process beside it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { InstrumentType } from '../../../contracts/instrument-types.ts';
import { readFunction } from '../../../local/lambda/definition.ts';
import { type Lab, openLab } from '../../flow/lab.ts';
import { ARCHIVE_AT_ONCE } from './compact.ts';
import { putRegistry } from './registry.ts';

export interface LoadedLab extends AsyncDisposable {
  readonly lab: Lab;
  readonly dynamo: DynamoDBClient;
  readonly measurementsTable: string;
  /** Counts until it is called again. */
  calls<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly dynamodb: number; readonly s3: number }>;
}

/**
 * Opens a lab and gives this process the environment of its functions, with the credentials of the operator.
 * @param type of all devices
 */
export const openLoadedLab = async (
  assemblyFolder: string,
  type: InstrumentType,
  devices: readonly string[],
): Promise<LoadedLab> => {
  const lab = await openLab(assemblyFolder);
  const { assembly, iam, endpoint, faults } = lab.gateway;
  for (const resource of assembly.byType('AWS::Lambda::Function'))
    Object.assign(process.env, readFunction(resource, assembly, iam).environment);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: assembly.region,
    AWS_ACCESS_KEY_ID: iam.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.operator.secretAccessKey,
    AWS_SESSION_TOKEN: iam.operator.sessionToken,
    ...ARCHIVE_AT_ONCE,
    POWERTOOLS_METRICS_DISABLED: 'true',
    LOG_LEVEL: 'ERROR',
  });
  const { REGISTRY_TABLE = '', MEASUREMENTS_TABLE = '' } = process.env;
  const dynamo = new DynamoDBClient({});
  await putRegistry(dynamo, REGISTRY_TABLE, type, devices);
  // A fault that takes no time still counts whom it hits.
  const count = async <T>(service: string, work: () => Promise<T>) => {
    const before = faults.injected;
    const remove = faults.set({ service, rate: 1, kind: 'latency', milliseconds: 0, seed: 1 });
    const result = await work().finally(remove);
    return { result, calls: faults.injected - before };
  };
  return {
    lab,
    dynamo,
    measurementsTable: MEASUREMENTS_TABLE,
    calls: async (work) => {
      const { calls: dynamodb } = await count('dynamodb', work);
      const { calls: s3, result } = await count('s3', work);
      return { result, dynamodb, s3 };
    },
    [Symbol.asyncDispose]: async () => {
      dynamo.destroy();
      await lab[Symbol.asyncDispose]();
    },
  };
};
