/**
 * A small CDK application that has one of everything the gateway must read: synthesized by the real
 * `aws-cdk-lib`, so that what is tested is what CDK writes and not what we believe it writes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cdk from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as iot from 'aws-cdk-lib/aws-iot';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, S3OnFailureDestination } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';

/** Where a synthesized sample lies; `dispose` removes it. */
export interface Sample {
  readonly dir: string;
  dispose(): void;
}

/** Writes every event to its log; answers a batch as done, and a request with what it was. */
const HANDLER = `export const handler = async (event) => {
  console.log(JSON.stringify(event));
  return event.Records ? { batchItemFailures: [] } : { statusCode: 200, body: JSON.stringify(event) };
};
`;

class Storage extends cdk.Stack {
  readonly key: kms.Key;
  readonly stream: kinesis.Stream;
  readonly measurements: dynamodb.Table;
  readonly registry: dynamodb.TableV2;
  readonly archive: s3.Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id, { env: { region: 'us-east-1' } });
    this.key = new kms.Key(this, 'Key', { enableKeyRotation: true, alias: 'alias/sample' });
    this.stream = new kinesis.Stream(this, 'Stream', {
      shardCount: 2,
      encryption: kinesis.StreamEncryption.KMS,
      encryptionKey: this.key,
    });
    this.measurements = new dynamodb.Table(this, 'Measurements', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires',
    });
    this.registry = new dynamodb.TableV2(this, 'Registry', {
      partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
      encryption: dynamodb.TableEncryptionV2.customerManagedKey(this.key),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      globalSecondaryIndexes: [
        { indexName: 'bySite', partitionKey: { name: 'site', type: dynamodb.AttributeType.STRING } },
      ],
    });
    this.archive = new s3.Bucket(this, 'Archive', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [{ prefix: 'quarantine/', expiration: cdk.Duration.days(30) }],
    });
    const dead = new sqs.Queue(this, 'Dead', { enforceSSL: true });
    new sqs.Queue(this, 'Work', { deadLetterQueue: { queue: dead, maxReceiveCount: 3 } });
  }
}

class Processing extends cdk.Stack {
  constructor(scope: Construct, id: string, storage: Storage, bundle: string) {
    super(scope, id, { env: { region: 'us-east-1' } });
    const group = new logs.LogGroup(this, 'Logs', { retention: logs.RetentionDays.ONE_WEEK });
    const ingest = new lambda.Function(this, 'Ingest', {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(bundle),
      logGroup: group,
      tracing: lambda.Tracing.ACTIVE,
      environment: {
        MEASUREMENTS: storage.measurements.tableName,
        REGISTRY: storage.registry.tableName,
        ARCHIVE: storage.archive.bucketName,
      },
    });
    storage.measurements.grant(ingest, 'dynamodb:PutItem');
    storage.registry.grantReadData(ingest);
    storage.archive.grantPut(ingest, 'quarantine/*');
    ingest.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['iot:Publish'],
        resources: [
          this.formatArn({ service: 'iot', resource: 'topic', resourceName: 'lab/*/*/errors' }),
          this.formatArn({ service: 'iot', resource: 'topic', resourceName: 'lab/*/*/ack' }),
        ],
      }),
    );
    ingest.addEventSource(
      new KinesisEventSource(storage.stream, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON,
        batchSize: 1000,
        reportBatchItemFailures: true,
        onFailure: new S3OnFailureDestination(
          s3.Bucket.fromBucketArn(this, 'Failures', storage.archive.bucketArn),
        ),
      }),
    );
  }
}

class Devices extends cdk.Stack {
  constructor(scope: Construct, id: string, storage: Storage) {
    super(scope, id, { env: { region: 'us-east-1' } });
    const role = new iam.Role(this, 'RuleRole', { assumedBy: new iam.ServicePrincipal('iot.amazonaws.com') });
    storage.stream.grant(role, 'kinesis:PutRecord');
    storage.key.grant(role, 'kms:GenerateDataKey');
    new iot.CfnThingType(this, 'Type', { thingTypeName: 'instrument' });
    new iot.CfnPolicy(this, 'DevicePolicy', {
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'iot:Connect',
            Resource: `arn:${this.partition}:iot:${this.region}:${this.account}:client/\${iot:Connection.Thing.ThingName}`,
          },
          {
            Effect: 'Allow',
            Action: 'iot:Publish',
            Resource: `arn:${this.partition}:iot:${this.region}:${this.account}:topic/lab/\${iot:Connection.Thing.Attributes[site]}/\${iot:Connection.Thing.ThingName}/*`,
          },
        ],
      },
    });
    new iot.CfnTopicRule(this, 'Rule', {
      topicRulePayload: {
        sql: "SELECT * FROM 'lab/+/+/data'",
        awsIotSqlVersion: '2016-03-23',
        actions: [
          {
            kinesis: {
              streamName: storage.stream.streamName,
              partitionKey: `\${topic(2)}/\${topic(3)}`,
              roleArn: role.roleArn,
            },
          },
        ],
      },
    });
  }
}

class Api extends cdk.Stack {
  constructor(scope: Construct, id: string, storage: Storage, bundle: string) {
    super(scope, id, { env: { region: 'us-east-1' } });
    const pool = new cognito.UserPool(this, 'Pool', { selfSignUpEnabled: false });
    new cognito.CfnUserPoolGroup(this, 'Viewer', { userPoolId: pool.userPoolId, groupName: 'Viewer' });
    pool.addClient('People', {
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [cognito.OAuthScope.OPENID],
        callbackUrls: ['http://localhost:8765/callback'],
      },
    });
    const whole = new cognito.ResourceServerScope({ scopeName: 'api', scopeDescription: 'The whole API' });
    const server = pool.addResourceServer('Server', { identifier: 'sample', scopes: [whole] });
    pool.addClient('Program', {
      generateSecret: true,
      oAuth: {
        flows: { clientCredentials: true },
        scopes: [cognito.OAuthScope.resourceServer(server, whole)],
      },
    });
    pool.addDomain('Domain', { cognitoDomain: { domainPrefix: 'labgate-sample' } });
    const query = new lambda.Function(this, 'Query', {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(bundle),
      environment: { ISSUER: pool.userPoolProviderUrl, KEY: storage.key.keyArn },
    });
    storage.measurements.grantReadData(query);
    const api = new apigateway.RestApi(this, 'Api', {
      deployOptions: {
        stageName: 'live',
        throttlingRateLimit: 100,
        throttlingBurstLimit: 50,
        accessLogDestination: new apigateway.LogGroupLogDestination(new logs.LogGroup(this, 'AccessLogs')),
      },
      cloudWatchRole: true,
      defaultCorsPreflightOptions: { allowOrigins: ['http://localhost:5173'] },
    });
    const authorizer = new apigateway.CognitoUserPoolsAuthorizer(this, 'Authorizer', {
      cognitoUserPools: [pool],
    });
    api.root.addResource('v1').addProxy({
      anyMethod: true,
      defaultIntegration: new apigateway.LambdaIntegration(query),
      defaultMethodOptions: { authorizer, authorizationScopes: ['sample/api'] },
    });
    const visibilityConfig = {
      cloudWatchMetricsEnabled: true,
      sampledRequestsEnabled: true,
      metricName: 'sample',
    };
    const firewall = new wafv2.CfnWebACL(this, 'Firewall', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig,
    });
    new wafv2.CfnWebACLAssociation(this, 'Guards', {
      resourceArn: api.deploymentStage.stageArn,
      webAclArn: firewall.attrArn,
    });
    new cdk.CfnOutput(this, 'Url', { value: api.url });
  }
}

/** Synthesizes the sample with CDK into a new folder under the system's temporary folder. */
export function synthesizeSample(): Sample {
  const root = mkdtempSync(join(tmpdir(), 'labgate-sample-'));
  const bundle = mkdtempSync(join(root, 'bundle-'));
  writeFileSync(join(bundle, 'index.mjs'), HANDLER);
  const app = new cdk.App({ outdir: join(root, 'cdk.out'), analyticsReporting: false });
  const storage = new Storage(app, 'SampleStorage');
  new Processing(app, 'SampleProcessing', storage, bundle);
  new Devices(app, 'SampleDevices', storage);
  new Api(app, 'SampleApi', storage, bundle);
  app.synth();
  return { dir: join(root, 'cdk.out'), dispose: () => rmSync(root, { recursive: true, force: true }) };
}
