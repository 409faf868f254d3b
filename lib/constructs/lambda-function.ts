/** One function: its role, its log group, its bundle, and nothing it was not given. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration, Stack, Token, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { type ICommandHooks, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ARCHIVE_PREFIXES } from '../../contracts/deployment/archive-prefixes.ts';
import type { EnvironmentName } from '../../contracts/deployment/environment.ts';
import { metricNamespace } from '../../contracts/deployment/metrics.ts';
import { SERVICES, type ServiceName } from '../../contracts/routes/services.ts';
import type { Settings } from '../settings.ts';
import type { FunctionQueue } from './function-queue.ts';
import { iotArn } from './iot-arn.ts';
import { type KeyAction, type KeyService, keyUse } from './key-use.ts';
import { allowPattern } from './pattern-policy.ts';
import { removalPolicy } from './removal.ts';
import type { Storage } from './storage.ts';

/** Bytes of all variables of a function and their names, at most. */
const ENVIRONMENT_BYTES = 4_096;
/** Bytes of a name that only the deployment knows, at most. */
const NAME_BYTES = 160;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface LambdaFunctionProps {
  /** Which of the functions of the contract. */
  readonly service: ServiceName;
  readonly settings: Settings;
  /** Where the settings of the stage say other than the contract. */
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
  /** Calls at the same time, reserved for it and no more than these; null: as many as the account has left. */
  readonly reservedConcurrency?: number | null;
  /** It sends to the queue that it reads: Lambda would take that for a loop, and stop it after 16 rounds. */
  readonly requeues?: boolean;
  /** Files of the project that it reads: each is put beside its bundle, under its own name. */
  readonly files?: readonly string[];
}

/** What the capabilities of this application are made of. */
export interface CapabilityProps {
  readonly settings: Settings;
  readonly storage: Storage;
}

type TableName = 'registry' | 'measurements';
const TABLE_VARIABLES = {
  registry: 'REGISTRY_TABLE',
  measurements: 'MEASUREMENTS_TABLE',
} as const satisfies Record<TableName, EnvironmentName>;

/** What a function may do with a table. Asking an index is a grant of its own: {@link LambdaFunction.usesIndex}. */
type TableAction =
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'DeleteItem'
  | 'DescribeTable'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'UpdateItem';

/** What writing into the audit takes. */
type AuditAction = 'GetItem' | 'PutItem' | 'UpdateItem';
/** Items of the registry that are of the audit: see `lambdas/store/registry/audit.ts`. */
const AUDIT_ITEMS = { 'dynamodb:LeadingKeys': ['AUDIT*'] };
/** Those that tell when rights of people were taken away: see `lambdas/store/registry/access-changes.ts`. */
const ACCESS_ITEMS = { 'dynamodb:LeadingKeys': ['ACCESS#*'] };

type Folder = Exclude<keyof typeof ARCHIVE_PREFIXES, 'ruleErrors'>;
type ObjectAction = 'GetObject' | 'PutObject';

const named = (prefix: string, actions: readonly string[]): string[] =>
  actions.map((action) => `${prefix}:${action}`);
/** Copies files beside a bundle. Node does it, so that it is the same command in every shell. */
const copying = (files: readonly string[]): ICommandHooks => ({
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling: (from, to) =>
    files.map(
      (file) =>
        `node -e "fs.copyFileSync(...process.argv.slice(1))" "${from}/${file}" "${to}/${basename(file)}"`,
    ),
});

const capitalized = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/**
 * A Lambda function whose role holds exactly what its grants name. Each `uses...` gives the grant, the use of the key
 * behind it, and the environment variable that tells the function what to use it on.
 */
export class LambdaFunction extends Construct {
  readonly function: NodejsFunction;
  readonly role: iam.Role;
  readonly service: ServiceName;
  readonly timeout: Duration;
  readonly logGroup: logs.ILogGroup;
  /** Bytes of each variable and its name. */
  private readonly variables = new Map<string, number>();

  constructor(scope: Construct, id: string, props: LambdaFunctionProps) {
    super(scope, id);
    const { service, settings } = props;
    const { description, memoryMegabytes, timeoutSeconds } = SERVICES[service];
    const { reservedConcurrency = null } = props;
    this.service = service;
    this.timeout = Duration.seconds(props.timeoutSeconds ?? timeoutSeconds);
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logs.retentionDays as logs.RetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
    this.allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*']);
    this.function = new NodejsFunction(this, 'Function', {
      entry: `${ROOT}lambdas/functions/${service}/handler.ts`,
      handler: 'handler',
      projectRoot: ROOT,
      depsLockFilePath: `${ROOT}package-lock.json`,
      description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: props.memoryMegabytes ?? memoryMegabytes,
      timeout: this.timeout,
      // By its ARN, so that nothing but this construct adds to what the role may do.
      role: iam.Role.fromRoleArn(this, 'RoleByArn', this.role.roleArn, { mutable: false }),
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      // Of the platform, which takes lines of metrics for INFO: what is logged is the logger's to know.
      applicationLogLevelV2: lambda.ApplicationLogLevel[settings.logs.level === 'DEBUG' ? 'DEBUG' : 'INFO'],
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
      tracing: lambda.Tracing.ACTIVE,
      ...(reservedConcurrency === null ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
      ...(props.requeues === true ? { recursiveLoop: lambda.RecursiveLoop.ALLOW } : {}),
      bundling: {
        format: OutputFormat.ESM,
        target: 'node24',
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        bundleAwsSDK: true,
        mainFields: ['module', 'main'],
        commandHooks: copying(props.files ?? []),
        esbuildArgs: {
          // Credentials are in the environment: the SDK's chain of other sources is 120 KB of dead weight.
          '--alias:@aws-sdk/credential-provider-node': `${ROOT}lambdas/runtime/credentials.ts`,
        },
        // Dependencies that are CommonJS call require().
        banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
      },
    });
    this.setVariable('NODE_OPTIONS', '--enable-source-maps');
    this.setVariable('POWERTOOLS_SERVICE_NAME', service);
    this.setVariable('POWERTOOLS_METRICS_NAMESPACE', metricNamespace(settings.stage));
    this.setVariable('LOG_LEVEL', settings.logs.level);
    this.node.addValidation({ validate: () => this.tooMuchEnvironment() });
    this.function.node.addDependency(this.role.node.findChild('DefaultPolicy'));
    Validations.of(this.function).acknowledge({
      id: 'Serverless-LambdaDLQ',
      reason:
        'What is called asynchronously, and what is called with batches, has a destination for what fails.',
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
   * @returns the policy, for what must wait for it
   */
  allowPattern(
    name: string,
    reason: string,
    actions: readonly string[],
    resources: readonly string[],
    conditions: iam.Conditions = {},
  ): iam.Policy {
    return allowPattern(this, name, this.role, reason, actions, resources, conditions);
  }

  /** Sets a variable that stands for no grant. */
  environment(variable: EnvironmentName, value: string): void {
    this.setVariable(variable, value);
  }

  private setVariable(name: string, value: string): void {
    this.function.addEnvironment(name, value);
    // What only the deployment knows is a name or an ARN.
    this.variables.set(
      name,
      Buffer.byteLength(name) + (Token.isUnresolved(value) ? NAME_BYTES : value.length),
    );
  }

  private tooMuchEnvironment(): string[] {
    const sum = [...this.variables.values()].reduce((total, bytes) => total + bytes, 0);
    if (sum <= ENVIRONMENT_BYTES) return [];
    const [[largest, bytes] = ['', 0]] = [...this.variables].sort(([, one], [, other]) => other - one);
    return [
      `the environment of ${this.service} takes ${sum} bytes, and Lambda allows ${ENVIRONMENT_BYTES}: ${largest} takes ${bytes}`,
    ];
  }

  /** Lets it do these actions on a table. */
  usesTable(storage: Storage, name: TableName, actions: readonly TableAction[]): void {
    const { [name]: table, key } = storage;
    this.environment(TABLE_VARIABLES[name], table.tableName);
    this.allow(named('dynamodb', actions), [table.tableArn]);
    if (name === 'registry' && actions.includes('DeleteItem'))
      // Nobody takes anything from the audit.
      this.role.addToPolicy(
        new iam.PolicyStatement({
          effect: iam.Effect.DENY,
          actions: ['dynamodb:DeleteItem'],
          resources: [table.tableArn],
          conditions: { 'ForAnyValue:StringLike': AUDIT_ITEMS },
        }),
      );
    this.usesKey(key, 'dynamodb', ['Decrypt']);
  }

  /**
   * Lets it write into the audit: everything that serves routes does.
   * @param actions those of them that it may not do with the whole registry anyway
   */
  writesAudit(storage: Storage, actions: readonly AuditAction[]): void {
    this.usesItems(storage, actions, AUDIT_ITEMS);
  }

  /** Lets it note, or read, when rights of people were taken away, and nothing else of the registry. */
  usesAccessItems(storage: Storage, actions: readonly ('GetItem' | 'PutItem')[]): void {
    this.usesItems(storage, actions, ACCESS_ITEMS);
  }

  private usesItems(
    { registry, key }: Storage,
    actions: readonly TableAction[],
    items: Readonly<Record<string, readonly string[]>>,
  ): void {
    this.environment(TABLE_VARIABLES.registry, registry.tableName);
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: named('dynamodb', actions),
        resources: [registry.tableArn],
        conditions: { 'ForAllValues:StringLike': items },
      }),
    );
    this.usesKey(key, 'dynamodb', ['Decrypt']);
  }

  /** Lets it read the audit, and nothing else of the registry. */
  readsAudit({ registry, key }: Storage): void {
    this.environment(TABLE_VARIABLES.registry, registry.tableName);
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [registry.tableArn],
        conditions: { 'ForAllValues:StringLike': AUDIT_ITEMS },
      }),
    );
    this.usesKey(key, 'dynamodb', ['Decrypt']);
  }

  /** Lets it ask an index of the registry. */
  usesIndex({ registry, key }: Storage, index: { readonly name: string }): void {
    this.environment(TABLE_VARIABLES.registry, registry.tableName);
    this.allow(['dynamodb:Query'], [`${registry.tableArn}/index/${index.name}`]);
    this.usesKey(key, 'dynamodb', ['Decrypt']);
  }

  /**
   * Lets it read or write objects in folders of the archive.
   * @param actions by folder
   */
  usesArchive(
    { archive, key }: Storage,
    actions: Readonly<Partial<Record<Folder, readonly ObjectAction[]>>>,
  ): void {
    this.environment('ARCHIVE_BUCKET', archive.bucketName);
    for (const [folder, given] of Object.entries(actions) as [Folder, readonly ObjectAction[]][]) {
      this.allowPattern(
        capitalized(folder),
        'The objects of a folder get their names while the application runs.',
        named('s3', given),
        [archive.objects(ARCHIVE_PREFIXES[folder])],
      );
      if (given.includes('GetObject')) this.usesKey(key, 's3', ['Decrypt']);
      if (given.includes('PutObject')) this.usesKey(key, 's3', ['GenerateDataKey']);
    }
  }

  /** Lets it list the archive; without this S3 does not tell whether an object is there. */
  listsArchive({ archive }: Storage): void {
    this.environment('ARCHIVE_BUCKET', archive.bucketName);
    this.allow(['s3:ListBucket'], [archive.bucketArn]);
  }

  /** Lets it write to the stream, or ask how the stream is. */
  usesStream({ stream, key }: Storage, actions: readonly ('PutRecord' | 'DescribeStreamSummary')[]): void {
    this.environment('STREAM_NAME', stream.streamName);
    this.allow(named('kinesis', actions), [stream.streamArn]);
    if (actions.includes('PutRecord')) this.usesKey(key, 'kinesis', ['GenerateDataKey']);
  }

  /** Lets it send messages to a queue. */
  sendsTo(queue: FunctionQueue, variable: EnvironmentName): void {
    this.environment(variable, queue.queueUrl);
    this.maySend(queue);
  }

  /** Lets Lambda send messages to a queue in its name. */
  maySend(queue: { readonly queueArn: string; readonly key: kms.IKey }): void {
    this.allow(['sqs:SendMessage'], [queue.queueArn]);
    this.usesKey(queue.key, 'sqs', ['GenerateDataKey', 'Decrypt']);
  }

  /**
   * Lets it publish to topics. The endpoint is that of the account, so there is nothing to tell.
   * @param topics with `*` for what is not known before
   */
  publishesTo(name: string, reason: string, topics: readonly string[]): void {
    const arns = topics.map((topic) => iotArn(this, 'topic', topic));
    this.allowPattern(name, reason, ['iot:Publish'], arns);
  }

  /** Lets it tell people over the live connection. @param topic with `*` for what is not known before */
  tellsPeople(topic: string): void {
    this.publishesTo('Live', 'People hear of each thing of their sites on its own topic.', [topic]);
  }

  /** Lets it have a service use a key, to read or write what that encrypts. */
  usesKey(key: kms.IKey, service: KeyService, actions: readonly KeyAction[]): void {
    // Each by itself, so that what was given before is not given again.
    for (const action of actions) this.role.addToPolicy(keyUse(this, key, service, [action]));
  }
}
