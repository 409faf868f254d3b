/** Hand-made pieces of an assembly: the smallest that the parts under test need. */
import type { Assembly, Iam, JsonObject, Log, Resource } from '../../local/types.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
export const FUNCTION_ARN = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:query`;
export const POOL_ID = 'us-east-1_pool';
export const POOL_ARN = `arn:aws:cognito-idp:${REGION}:${ACCOUNT}:userpool/${POOL_ID}`;

/** One resource whose logical id serves as physical id. */
export function resource(type: string, id: string, properties: JsonObject = {}, arn?: string): Resource {
  return { stack: 'test', logicalId: id, physicalId: id, type, properties, arn };
}

export function assemblyOf(resources: readonly Resource[]): Assembly {
  return {
    account: ACCOUNT,
    region: REGION,
    resources,
    byType: (type) => resources.filter((candidate) => candidate.type === type),
    find: (id) => resources.find((candidate) => candidate.arn === id || candidate.physicalId === id),
    assetPath: (key) => {
      throw new Error(`no asset ${key}`);
    },
    outputs: new Map(),
  };
}

export const invocationUri = (streaming: boolean, arn = FUNCTION_ARN): string =>
  streaming
    ? `arn:aws:apigateway:${REGION}:lambda:path/2021-11-15/functions/${arn}/response-streaming-invocations`
    : `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${arn}/invocations`;

/** A Lambda proxy integration as CDK writes it. */
export const proxy = (streaming = false, more: JsonObject = {}): JsonObject => ({
  Type: 'AWS_PROXY',
  IntegrationHttpMethod: 'POST',
  Uri: invocationUri(streaming),
  ...(streaming ? { ResponseTransferMode: 'STREAM' } : {}),
  ...more,
});

/** An API with the usual surroundings; methods and everything else come from the test. */
export function apiResources(
  more: readonly Resource[],
  stage: JsonObject = {},
  api: JsonObject = {},
): Resource[] {
  return [
    resource('AWS::ApiGateway::RestApi', 'api', { Name: 'api', ...api }),
    resource('AWS::ApiGateway::Deployment', 'deployment', { RestApiId: 'api' }),
    resource('AWS::ApiGateway::Stage', 'stage', {
      RestApiId: 'api',
      DeploymentId: 'deployment',
      StageName: 'prod',
      ...stage,
    }),
    resource('AWS::Lambda::Function', 'query', {}, FUNCTION_ARN),
    resource('AWS::Lambda::Permission', 'permission', {
      Action: 'lambda:InvokeFunction',
      FunctionName: FUNCTION_ARN,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:api/prod/*/*`,
    }),
    ...more,
  ];
}

/** A resource of the path tree; the parent `root` is the API's root. */
export const path = (id: string, parent: string, part: string): Resource =>
  resource('AWS::ApiGateway::Resource', id, { RestApiId: 'api', ParentId: parent, PathPart: part });

export const method = (
  resourceId: string,
  httpMethod: string,
  integration: JsonObject = proxy(),
  more: JsonObject = {},
): Resource =>
  resource('AWS::ApiGateway::Method', `${resourceId}-${httpMethod}`, {
    RestApiId: 'api',
    ResourceId: resourceId,
    HttpMethod: httpMethod,
    AuthorizationType: 'NONE',
    Integration: integration,
    ...more,
  });

/** A user pool with a domain, groups, one resource server, a browser client and a machine client. */
export function poolResources(): Resource[] {
  const UserPoolId = POOL_ID;
  return [
    resource(
      'AWS::Cognito::UserPool',
      POOL_ID,
      { AliasAttributes: ['email'], UsernameConfiguration: { CaseSensitive: false } },
      POOL_ARN,
    ),
    resource('AWS::Cognito::UserPoolDomain', 'domain', { UserPoolId, Domain: 'labgate' }),
    resource('AWS::Cognito::UserPoolResourceServer', 'labgate', {
      UserPoolId,
      Identifier: 'labgate',
      Name: 'labgate',
      Scopes: [
        { ScopeName: 'api', ScopeDescription: 'Use the API' },
        { ScopeName: 'operator', ScopeDescription: 'Act as Operator' },
      ],
    }),
    ...['Admin', 'Viewer'].map((GroupName) =>
      resource('AWS::Cognito::UserPoolGroup', GroupName, { UserPoolId, GroupName }),
    ),
    resource('AWS::Cognito::UserPoolClient', 'browser', {
      UserPoolId,
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'email', 'labgate/api'],
      CallbackURLs: ['http://127.0.0.1:8976/callback'],
      LogoutURLs: ['http://127.0.0.1:8976/'],
      SupportedIdentityProviders: ['COGNITO'],
      AccessTokenValidity: 15,
      TokenValidityUnits: { AccessToken: 'minutes' },
    }),
    resource('AWS::Cognito::UserPoolClient', 'machine', {
      UserPoolId,
      ClientName: 'gateway',
      GenerateSecret: true,
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthScopes: ['labgate/api', 'labgate/operator'],
      SupportedIdentityProviders: ['COGNITO'],
    }),
  ];
}

/** Identity that trusts every service and allows nothing else: the API asks only for roles it is given. */
export const iam: Iam = {
  credentialsFor: () => ({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' }),
  operator: { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' },
  accessKey: () => undefined,
  assume: () => {
    throw new Error('no role is taken here');
  },
  assumableBy: (_role, service) => service === 'apigateway.amazonaws.com',
  serviceMay: () => false,
  authorize: (role, request) => {
    throw new Error(`unexpected call ${request.action} as ${role}`);
  },
  denials: [],
};

export type LogLine = {
  readonly level: string;
  readonly message: string;
  readonly fields: object | undefined;
};

/** A log that keeps its lines. */
export function newLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { log: (level, message, fields) => lines.push({ level, message, fields }), lines };
}
