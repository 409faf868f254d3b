/** The HTTP API: one method a route of the contract, each behind the authorizer unless the contract says open. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  CORS_MAX_AGE,
  CORS_REQUEST_HEADERS,
  GATEWAY_SECURITY_HEADERS,
} from '../../contracts/deployment/security-headers.ts';
import { PROBLEMS, type ProblemCode, problemType } from '../../contracts/problems.ts';
import { API_SCOPES } from '../../contracts/roles.ts';
import { ROUTES } from '../../contracts/routes/index.ts';
import { type HttpService, SERVICES } from '../../contracts/routes/services.ts';
import type { Settings } from '../settings.ts';
import { Firewall } from './firewall.ts';
import type { LambdaFunction } from './lambda-function.ts';
import { allowPattern } from './pattern-policy.ts';
import { KEPT, removalPolicy } from './removal.ts';

export interface HttpApiProps {
  readonly settings: Settings;
  readonly userPool: cognito.IUserPool;
  /** The function of each service. */
  readonly services: Readonly<Record<HttpService, LambdaFunction>>;
}

/** What API Gateway itself answers, as the problems of the contract; with what to do, where the code says less. */
const GATEWAY_PROBLEMS: readonly (readonly [apigateway.ResponseType, ProblemCode, detail?: string])[] = [
  [apigateway.ResponseType.UNAUTHORIZED, 'unauthorized'],
  [apigateway.ResponseType.EXPIRED_TOKEN, 'unauthorized'],
  [apigateway.ResponseType.INVALID_SIGNATURE, 'unauthorized'],
  [apigateway.ResponseType.ACCESS_DENIED, 'forbidden'],
  // A path that no route has: API Gateway calls it a missing token.
  [apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN, 'not-found'],
  [apigateway.ResponseType.RESOURCE_NOT_FOUND, 'not-found'],
  [apigateway.ResponseType.REQUEST_TOO_LARGE, 'body-too-large'],
  [apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE, 'unsupported-media-type'],
  [apigateway.ResponseType.THROTTLED, 'throttled'],
  [apigateway.ResponseType.QUOTA_EXCEEDED, 'throttled'],
  [
    apigateway.ResponseType.WAF_FILTERED,
    'forbidden',
    'The firewall refused the request: it is too long, has no User-Agent, looks like an attack, or comes too often.',
  ],
  [apigateway.ResponseType.INTEGRATION_TIMEOUT, 'unavailable'],
  [apigateway.ResponseType.INTEGRATION_FAILURE, 'internal-error'],
  [apigateway.ResponseType.DEFAULT_5XX, 'internal-error'],
];

/** Literal values of headers, as API Gateway writes them. */
const quoted = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`]));

/** A REST API with the methods of the contract, its access logs, and the firewall where settings ask for it. */
export class HttpApi extends Construct {
  readonly api: apigateway.RestApi;
  /** A line a request. */
  readonly accessLogs: logs.ILogGroup;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { settings } = props;
    this.accessLogs = new logs.LogGroup(this, 'AccessLogs', {
      retention: settings.logs.retentionDays as logs.RetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    this.api = new apigateway.RestApi(this, 'Api', {
      // Its metrics are by name and stage: another API of the account may have the same stage.
      restApiName: `labgate-${settings.stage}`,
      description: `labgate ${settings.stage}`,
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      cloudWatchRole: false, // see `allowLogs`: CDK's own takes a policy that allows far more
      deployOptions: {
        stageName: settings.stage,
        tracingEnabled: true,
        throttlingRateLimit: settings.api.requestsPerSecond,
        throttlingBurstLimit: settings.api.burst,
        accessLogDestination: new apigateway.LogGroupLogDestination(this.accessLogs),
        accessLogFormat: apigateway.AccessLogFormat.custom(
          JSON.stringify({
            requestId: '$context.requestId',
            time: '$context.requestTimeEpoch',
            address: '$context.identity.sourceIp',
            subject: '$context.authorizer.claims.sub',
            method: '$context.httpMethod',
            route: '$context.resourcePath',
            status: '$context.status',
            bytes: '$context.responseLength',
            millis: '$context.responseLatency',
          }),
        ),
      },
    });
    this.requireModernTls();
    if (settings.api.accountLogs === 'managed') this.allowLogs();
    const authorizer = new apigateway.CognitoUserPoolsAuthorizer(this, 'Authorizer', {
      cognitoUserPools: [props.userPool],
    });

    for (const { method, path, permission, service } of Object.values(ROUTES)) {
      const resource = this.api.root.resourceForPath(path);
      const options: apigateway.MethodOptions =
        permission === 'open'
          ? { authorizationType: apigateway.AuthorizationType.NONE }
          : {
              authorizationType: apigateway.AuthorizationType.COGNITO,
              authorizer,
              authorizationScopes: [...API_SCOPES],
            };
      const added = resource.addMethod(
        method.toUpperCase(),
        proxy(service, props.services[service]),
        options,
      );
      if (permission === 'open') {
        for (const rule of ['APIG4', 'COG4']) {
          Validations.of(added).acknowledge({
            id: `AwsSolutions-${rule}`,
            reason: 'The contract leaves liveness open: it tells nothing and reads nothing.',
          });
        }
      }
    }
    this.allowOrigins(settings);
    for (const [service, lambda] of Object.entries(props.services)) {
      lambda.environment('ALLOWED_ORIGINS', JSON.stringify(settings.api.allowedOrigins));
      lambda.function.addPermission(`${service}-invocation`, {
        principal: new iam.ServicePrincipal('apigateway.amazonaws.com'),
        sourceArn: this.api.arnForExecuteApi('*', '/*', settings.stage),
      });
    }

    for (const problem of GATEWAY_PROBLEMS) this.gatewayProblem(settings, ...problem);
    this.firewall(settings);
    Validations.of(this.api.deploymentStage).acknowledge({
      id: 'AwsSolutions-APIG6',
      reason:
        'Access logs tell every request; execution logs would need a role for the whole account and can hold bodies.',
    });
    Validations.of(this.api).acknowledge({
      id: 'AwsSolutions-APIG2',
      reason:
        'Requests are validated by the zod schemas of the contract inside the functions, with JSON Pointers.',
    });
  }

  /** TLS 1.2 or 1.3, with forward secrecy: by itself API Gateway takes TLS 1.0. */
  private requireModernTls(): void {
    const api = this.api.node.defaultChild as apigateway.CfnRestApi;
    api.securityPolicy = apigateway.SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09;
    api.endpointAccessMode = 'BASIC';
  }

  /**
   * Access logs need a role that API Gateway holds once for an account and region: one stage, at most, manages it. It
   * is kept when the stack goes, as other APIs of the account may live by it.
   */
  private allowLogs(): void {
    const role = new iam.Role(this, 'LogsRole', {
      assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com'),
    });
    const policy = allowPattern(
      this,
      'WriteLogs',
      role,
      'API Gateway checks that the role of the account may write any log group before it takes it.',
      [
        'logs:CreateLogGroup',
        'logs:CreateLogStream',
        'logs:DescribeLogGroups',
        'logs:DescribeLogStreams',
        'logs:PutLogEvents',
        'logs:GetLogEvents',
        'logs:FilterLogEvents',
      ],
      ['*'],
    );
    const account = new apigateway.CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.node.addDependency(policy);
    for (const kept of [role, policy, account]) kept.applyRemovalPolicy(KEPT);
    this.api.deploymentStage.node.addDependency(account);
  }

  /** Preflights, answered by API Gateway itself: no function, no token, no credentials. */
  private allowOrigins({ api: { allowedOrigins } }: Settings): void {
    if (allowedOrigins.length === 0) return;
    const methods = Map.groupBy(Object.values(ROUTES), ({ path }) => path);
    for (const [path, routes] of methods) {
      const preflight = this.api.root.resourceForPath(path).addCorsPreflight({
        allowOrigins: [...allowedOrigins],
        allowMethods: routes.map(({ method }) => method.toUpperCase()),
        allowHeaders: [...CORS_REQUEST_HEADERS],
        maxAge: Duration.seconds(CORS_MAX_AGE),
      });
      for (const rule of ['APIG4', 'COG4'])
        Validations.of(preflight).acknowledge({
          id: `AwsSolutions-${rule}`,
          reason: 'Browsers send preflights without a token; they reach no function.',
        });
    }
  }

  private gatewayProblem(
    { api: { allowedOrigins } }: Settings,
    type: apigateway.ResponseType,
    code: ProblemCode,
    detail?: string,
  ): void {
    // These templates cannot choose: pages of the other origins see only that something was refused.
    const [origin] = allowedOrigins;
    const [status, title, remedy] = PROBLEMS[code];
    this.api.addGatewayResponse(`Problem-${type.responseType}`, {
      type,
      statusCode: String(status),
      responseHeaders: {
        'Content-Type': "'application/problem+json'",
        ...quoted(GATEWAY_SECURITY_HEADERS),
        ...(origin === undefined ? {} : quoted({ 'access-control-allow-origin': origin, vary: 'Origin' })),
        ...(code === 'throttled' ? { 'Retry-After': "'1'" } : {}),
      },
      templates: {
        'application/json': JSON.stringify({
          type: problemType(code),
          title,
          status,
          detail: detail ?? remedy,
          code,
          requestId: '$context.requestId',
        }),
      },
    });
  }

  private firewall(settings: Settings): void {
    const { deploymentStage } = this.api;
    if (!settings.api.firewall) {
      Validations.of(deploymentStage).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason: `Settings of ${settings.stage} do without the firewall, which costs from 8 USD a month; prod has it.`,
      });
      return;
    }
    new Firewall(this, 'Firewall', {
      stage: deploymentStage,
      requestsPerAddress: settings.api.firewallRequestsPerAddress,
    });
  }
}

/**
 * A proxy integration without the permission that CDK's own adds for each method: the API is permitted once
 * for each function, which keeps the function's policy far below its limit of 20 KB.
 */
const proxy = (service: HttpService, target: LambdaFunction): apigateway.Integration => {
  const streamed = SERVICES[service].http === 'streamed';
  const uri = Stack.of(target).formatArn({
    service: 'apigateway',
    account: 'lambda',
    resource: 'path',
    resourceName: streamed
      ? `2021-11-15/functions/${target.function.functionArn}/response-streaming-invocations`
      : `2015-03-31/functions/${target.function.functionArn}/invocations`,
  });
  return new apigateway.Integration({
    type: apigateway.IntegrationType.AWS_PROXY,
    integrationHttpMethod: 'POST',
    uri,
    options: {
      responseTransferMode: streamed
        ? apigateway.ResponseTransferMode.STREAM
        : apigateway.ResponseTransferMode.BUFFERED,
      timeout: target.timeout,
    },
  });
};
