/** A laboratory whose table is loaded the short way, with the functions of the benches in this process beside it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { newGatewayProcess } from '../load/gateway-process.ts';
import { tokensFor } from '../load/lab.ts';
import { ARCHIVE_AT_ONCE } from './compact.ts';
import { putRegistry } from './registry.ts';

export interface LoadedLab extends AsyncDisposable {
  /** Address of the API. */
  readonly api: string;
  /** Token of a program that may read. */
  token(): Promise<string>;
  readonly dynamo: DynamoDBClient;
  readonly measurementsTable: string;
  /** Does it once for each service, and counts the calls of it. */
  calls(work: () => Promise<unknown>): Promise<{ readonly dynamodb: number; readonly s3: number }>;
}

/**
 * Opens a lab in a process of its own, and gives this process the environment of its functions, with the credentials
 * of the operator.
 * @param type of all devices
 */
export const openLoadedLab = async (
  assembly: string,
  type: InstrumentType,
  devices: readonly string[],
): Promise<LoadedLab> => {
  await using opened = new AsyncDisposableStack();
  const gateway = opened.use(newGatewayProcess());
  const { api, credentialsDir, environment } = await gateway.say({ type: 'open', assembly }, 'opened');
  Object.assign(process.env, environment, {
    ...ARCHIVE_AT_ONCE,
    POWERTOOLS_METRICS_DISABLED: 'true',
    LOG_LEVEL: 'ERROR',
  });
  const { REGISTRY_TABLE = '', MEASUREMENTS_TABLE = '' } = environment;
  const dynamo = opened.adopt(new DynamoDBClient({}), (client) => client.destroy());
  await putRegistry(dynamo, REGISTRY_TABLE, type, devices);
  const count = async (service: 'dynamodb' | 's3', work: () => Promise<unknown>): Promise<number> => {
    await gateway.say({ type: 'count', service }, 'counted');
    await work();
    return (await gateway.say({ type: 'count' }, 'counted')).calls;
  };
  const running = opened.move();
  return {
    api,
    token: tokensFor(credentialsDir, 'analysis'),
    dynamo,
    measurementsTable: MEASUREMENTS_TABLE,
    calls: async (work) => ({ dynamodb: await count('dynamodb', work), s3: await count('s3', work) }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
