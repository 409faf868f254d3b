/**
 * Properties of the CloudFormation types that the local API understands. Every object is strict: a property
 * that would change behaviour in AWS and is not known here stops the start by name.
 */
import * as z from 'zod';
import type { Resource } from '../types.ts';

const ignored = z.unknown().optional();
const strings = z.record(z.string(), z.string());
/** CloudFormation takes numbers and booleans as text, too. */
const count = z.coerce.number();
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const off = z.literal(false, 'is not supported locally').optional();

export const restApi = z.strictObject({
  Name: z.string().optional(),
  BinaryMediaTypes: z.array(z.string()).default([]),
  Description: ignored,
  EndpointConfiguration: ignored,
  ApiKeySourceType: ignored,
  DisableExecuteApiEndpoint: ignored,
  FailOnWarnings: ignored,
  SecurityPolicy: ignored,
  EndpointAccessMode: ignored,
  Tags: ignored,
});

export const resource = z.strictObject({ RestApiId: z.string(), ParentId: z.string(), PathPart: z.string() });

export const integration = z.strictObject({
  Type: z.enum(['AWS_PROXY', 'MOCK'], 'is not supported locally: only AWS_PROXY and MOCK are'),
  IntegrationHttpMethod: z.string().optional(),
  Uri: z.string().optional(),
  ResponseTransferMode: z.enum(['BUFFERED', 'STREAM']).default('BUFFERED'),
  TimeoutInMillis: count.default(29_000),
  Credentials: z.string().optional(),
  PassthroughBehavior: ignored,
  RequestTemplates: strings.default({}),
  IntegrationResponses: z
    .array(
      z.strictObject({
        StatusCode: z.coerce.string(),
        ResponseParameters: strings.default({}),
        ResponseTemplates: strings.default({}),
        SelectionPattern: z.string().optional(),
      }),
    )
    .default([]),
});

export const method = z.strictObject({
  RestApiId: z.string(),
  ResourceId: z.string(),
  HttpMethod: z.string(),
  AuthorizationType: z.enum(['NONE', 'COGNITO_USER_POOLS']).default('NONE'),
  AuthorizationScopes: z.array(z.string()).default([]),
  AuthorizerId: z.string().optional(),
  ApiKeyRequired: off,
  Integration: integration,
  RequestParameters: z.record(z.string(), flag).default({}),
  RequestModels: strings.default({}),
  RequestValidatorId: z.string().optional(),
  MethodResponses: ignored,
  OperationName: ignored,
});

export const authorizer = z.strictObject({
  RestApiId: z.string(),
  Name: z.string(),
  Type: z.literal('COGNITO_USER_POOLS', 'is not supported locally: only COGNITO_USER_POOLS is'),
  IdentitySource: z
    .string()
    .regex(/^method\.request\.header\.[\w-]+$/)
    .default('method.request.header.Authorization'),
  ProviderARNs: z.array(z.string()).min(1),
  AuthorizerResultTtlInSeconds: ignored,
});

export const validator = z.strictObject({
  RestApiId: z.string(),
  Name: z.string().optional(),
  ValidateRequestBody: flag.default(false),
  ValidateRequestParameters: flag.default(false),
});

export const bodyModel = z.strictObject({
  RestApiId: z.string(),
  Name: z.string().optional(),
  ContentType: z.string().optional(),
  Description: ignored,
  Schema: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
});

export const gatewayResponse = z.strictObject({
  RestApiId: z.string(),
  ResponseType: z.string(),
  StatusCode: count.optional(),
  ResponseParameters: strings.default({}),
  ResponseTemplates: strings.default({}),
});

export const deployment = z.strictObject({
  RestApiId: z.string(),
  Description: ignored,
  StageName: z.undefined('is not supported locally: declare an AWS::ApiGateway::Stage').optional(),
});

export const stage = z.strictObject({
  RestApiId: z.string(),
  StageName: z.string(),
  DeploymentId: z.string(),
  Variables: strings.default({}),
  AccessLogSetting: z.strictObject({ DestinationArn: z.string(), Format: z.string() }).optional(),
  MethodSettings: z
    .array(
      z.strictObject({
        HttpMethod: z.string().default('*'),
        ResourcePath: z.string().default('/*'),
        ThrottlingRateLimit: count.optional(),
        ThrottlingBurstLimit: count.optional(),
        CachingEnabled: off,
        DataTraceEnabled: ignored,
        LoggingLevel: ignored,
        MetricsEnabled: ignored,
      }),
    )
    .default([]),
  CacheClusterEnabled: off,
  Description: ignored,
  DocumentationVersion: ignored,
  TracingEnabled: ignored,
  Tags: ignored,
});

export const account = z.strictObject({ CloudWatchRoleArn: z.string().optional() });

/**
 * Reads the properties of a resource.
 * @throws {Error} naming resource, property and what is wrong with it
 */
export function read<T extends z.ZodType>(schema: T, from: Resource): z.output<T> {
  const result = schema.safeParse(from.properties);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? `.${issue.keys.join(', .')}` : '';
  const path = `${issue?.path.map((part) => `.${String(part)}`).join('') ?? ''}${unknown}`;
  const what = unknown === '' ? issue?.message : 'is not supported locally';
  throw new Error(`${from.type} ${from.stack}/${from.logicalId}: ${path.slice(1)} ${what}`);
}
