/** What a template says of a function. */

import { statSync } from 'node:fs';
import { isObject } from '../../contracts/json.ts';
import type { Assembly, Iam, Json, JsonObject, Resource } from '../types.ts';

export interface FunctionDefinition {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  /** Folder of the bundle. */
  readonly taskRoot: string;
  readonly handler: string;
  readonly runtime: string;
  /** MiB. */
  readonly memorySize: number;
  /** Seconds. */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Invocations at the same time, where the template reserves and so limits them. */
  readonly reservedConcurrency: number | undefined;
  readonly tracing: boolean;
  readonly logGroup: string;
  readonly logFormat: 'JSON' | 'Text';
  readonly applicationLogLevel: string;
}

const KNOWN = new Set([
  'Architectures',
  'Code',
  'Description',
  'Environment',
  'EphemeralStorage',
  'FunctionName',
  'Handler',
  'KmsKeyArn',
  'LoggingConfig',
  'MemorySize',
  'PackageType',
  'RecursiveLoop',
  'ReservedConcurrentExecutions',
  'Role',
  'Runtime',
  'RuntimeManagementConfig',
  'Tags',
  'Timeout',
  'TracingConfig',
]);

/** Value of a nested property, or `undefined`. */
export const at = (properties: JsonObject, ...path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>((value, key) => (isObject(value) ? value[key] : undefined), properties);

const text = (value: Json | undefined, name: string, fallback?: string): string => {
  if (typeof value === 'string') return value;
  if (value === undefined && fallback !== undefined) return fallback;
  throw new Error(`${name} is not a string.`);
};

/** CloudFormation takes numbers as strings as well. */
export const numberOf = (value: Json | undefined, name: string, fallback: number): number => {
  if (value === undefined) return fallback;
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw new Error(`${name} is not a number.`);
  return number;
};

const variables = (resource: Resource): Record<string, string> => {
  const given = at(resource.properties, 'Environment', 'Variables') ?? {};
  if (!isObject(given)) throw new Error(`${resource.logicalId}: Environment.Variables is not an object.`);
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, typeof value === 'string' ? value : String(value)]),
  );
};

const taskRootOf = (resource: Resource, assembly: Assembly): string => {
  const key = at(resource.properties, 'Code', 'S3Key');
  if (typeof key !== 'string') {
    throw new Error(
      `${resource.logicalId}: only code from an asset of the assembly is run, not inline or image.`,
    );
  }
  const path = assembly.assetPath(key);
  if (!statSync(path).isDirectory())
    throw new Error(`${resource.logicalId}: ${key} is not a folder of code.`);
  return path;
};

/**
 * Reads an `AWS::Lambda::Function`.
 * @throws {Error} naming the function and the property that cannot be run here
 */
export const readFunction = (resource: Resource, assembly: Assembly, iam: Iam): FunctionDefinition => {
  const { properties, logicalId, physicalId, arn } = resource;
  if (arn === undefined) throw new Error(`${logicalId} has no ARN.`);
  for (const key of Object.keys(properties)) {
    if (!KNOWN.has(key))
      throw new Error(`${logicalId}: the local gateway does not know ${key} of a function.`);
  }
  const runtime = text(properties['Runtime'], `${logicalId}.Runtime`);
  if (!runtime.startsWith('nodejs')) throw new Error(`${logicalId}: runtime ${runtime} is not run locally.`);
  const roleArn = text(properties['Role'], `${logicalId}.Role`);
  if (!iam.assumableBy(roleArn, 'lambda.amazonaws.com', { 'aws:sourcearn': arn })) {
    throw new Error(
      `${logicalId}: The role defined for the function cannot be assumed by Lambda (${roleArn}).`,
    );
  }
  const reserved = properties['ReservedConcurrentExecutions'];
  return {
    arn,
    name: physicalId,
    roleArn,
    taskRoot: taskRootOf(resource, assembly),
    handler: text(properties['Handler'], `${logicalId}.Handler`),
    runtime,
    memorySize: numberOf(properties['MemorySize'], `${logicalId}.MemorySize`, 128),
    timeout: numberOf(properties['Timeout'], `${logicalId}.Timeout`, 3),
    environment: variables(resource),
    reservedConcurrency: reserved === undefined ? undefined : numberOf(reserved, logicalId, 0),
    tracing: at(properties, 'TracingConfig', 'Mode') === 'Active',
    logGroup: text(at(properties, 'LoggingConfig', 'LogGroup'), logicalId, `/aws/lambda/${physicalId}`),
    logFormat: at(properties, 'LoggingConfig', 'LogFormat') === 'JSON' ? 'JSON' : 'Text',
    applicationLogLevel: text(at(properties, 'LoggingConfig', 'ApplicationLogLevel'), logicalId, 'INFO'),
  };
};

/**
 * Variables a function finds in its environment: the template's and those of the Lambda runtime, nothing of
 * the host.
 * @param credentials of the function's role
 * @param endpointUrl where the SDK finds every AWS service
 */
export const environmentOf = (
  definition: FunctionDefinition,
  platform: {
    readonly region: string;
    readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
    readonly endpointUrl: string;
    readonly logStream: string;
    /** PEM file of an authority beside those that Node ships. */
    readonly caFile?: string | undefined;
  },
): Record<string, string> => ({
  ...definition.environment,
  AWS_REGION: platform.region,
  AWS_DEFAULT_REGION: platform.region,
  AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
  AWS_LAMBDA_FUNCTION_NAME: definition.name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySize),
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
  AWS_LAMBDA_LOG_STREAM_NAME: platform.logStream,
  AWS_LAMBDA_LOG_FORMAT: definition.logFormat,
  ...(definition.logFormat === 'JSON' ? { AWS_LAMBDA_LOG_LEVEL: definition.applicationLogLevel } : {}),
  AWS_ACCESS_KEY_ID: platform.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: platform.credentials.secretAccessKey,
  AWS_SESSION_TOKEN: platform.credentials.sessionToken,
  AWS_ENDPOINT_URL: platform.endpointUrl,
  ...(platform.caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: platform.caFile }),
  LAMBDA_TASK_ROOT: definition.taskRoot,
  _HANDLER: definition.handler,
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  PATH: process.env['PATH'] ?? '',
  // Where Lambda has it: with the host's own, the SDK would read the AWS configuration of whoever runs this.
  HOME: '/home/sbx_user1051',
});
