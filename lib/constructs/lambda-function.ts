/** One function: its role, its log group, its bundle, and nothing it was not given. */
import { fileURLToPath } from 'node:url';
import { type Duration, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from '../settings.ts';
import { metricNamespace } from './metric-namespace.ts';
import { allowPattern } from './pattern-policy.ts';
import { removalPolicy } from './removal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface LambdaFunctionProps {
  /** Folder under `lambdas/functions/` that holds `handler.ts`. */
  readonly handler: string;
  readonly settings: Settings;
  readonly memoryMegabytes: number;
  readonly timeout: Duration;
  readonly description: string;
}

/** A Lambda function whose role holds exactly what its grants name. */
export class LambdaFunction extends Construct {
  readonly function: NodejsFunction;
  readonly role: iam.Role;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    const { settings } = props;
    this.timeout = props.timeout;
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logs.retentionDays as logs.RetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    this.allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*']);
    this.function = new NodejsFunction(this, 'Function', {
      entry: `${ROOT}lambdas/functions/${props.handler}/handler.ts`,
      handler: 'handler',
      projectRoot: ROOT,
      depsLockFilePath: `${ROOT}package-lock.json`,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: props.memoryMegabytes,
      timeout: props.timeout,
      // By its ARN, so that nothing but this construct adds to what the role may do.
      role: iam.Role.fromRoleArn(this, 'RoleByArn', this.role.roleArn, { mutable: false }),
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambda.ApplicationLogLevel[settings.logs.level],
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
      tracing: lambda.Tracing.ACTIVE,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: props.handler,
        POWERTOOLS_METRICS_NAMESPACE: metricNamespace(settings),
        LOG_LEVEL: settings.logs.level,
      },
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        bundleAwsSDK: true,
        mainFields: ['module', 'main'],
        loader: { '.json': 'json' },
        // A function has its credentials in the environment: the SDK's chain of other sources is 120 KB of dead weight.
        esbuildArgs: {
          '--alias:@aws-sdk/credential-provider-node': `${ROOT}lambdas/runtime/credentials.ts`,
        },
        // Dependencies that are CommonJS call require().
        banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
      },
    });
    this.function.node.addDependency(this.role.node.findChild('DefaultPolicy'));
    Validations.of(this.function).acknowledge({
      id: 'Serverless-LambdaDLQ',
      reason: 'Nothing invokes this function asynchronously; failed batches have their own destination.',
    });
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray knows no resources: PutTraceSegments and PutTelemetryRecords take only *.',
    });
  }

  /** Gives the role these actions on these ARNs. */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /**
   * Gives the role these actions on all resources of a pattern, in a policy of its own.
   * @param reason why no narrower resource can be named
   */
  allowPattern(
    name: string,
    reason: string,
    actions: readonly string[],
    resources: readonly string[],
  ): iam.Policy {
    return allowPattern(this, name, this.role, reason, actions, resources);
  }

  /**
   * Gives actions on a table, the use of its key, and the table's name in an environment variable.
   */
  usesTable(
    variable: string,
    table: { readonly tableName: string; readonly tableArn: string },
    key: kms.IKey,
    actions: readonly string[],
  ): void {
    this.function.addEnvironment(variable, table.tableName);
    this.allow(
      actions.map((action) => `dynamodb:${action}`),
      [table.tableArn],
    );
    this.usesKey(key, ['Decrypt']);
  }

  /** Gives the use of a key to read or write what it encrypts. */
  usesKey(key: kms.IKey, actions: readonly ('Decrypt' | 'GenerateDataKey')[]): void {
    this.allow(
      actions.map((action) => `kms:${action}`),
      [key.keyArn],
    );
  }

  /** Keeps the name of what the function talks to where it reads it. */
  environment(variable: string, value: string): void {
    this.function.addEnvironment(variable, value);
  }
}
