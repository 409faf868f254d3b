import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ROUTES } from '../../contracts/routes/index.ts';
import { substitution } from '../../lib/constructs/topic-rule.ts';
import { readSettings } from '../../lib/settings.ts';
import { StorageStack } from '../../lib/storage-stack.ts';
import { integration } from '../../local/api/properties.ts';
import { readIntegration } from '../../local/api/read-integration.ts';
import { PARQUET_COLUMNS } from '../../series/formats/parquet-archive.ts';
import { SETTINGS_FOLDER } from './settings-folder.ts';
import { named, ofType, ownFunctions, synthesize } from './synthesize.ts';

const dev = synthesize('dev');
const prod = synthesize('prod');

describe('nothing is dropped', () => {
  test('every topic rule speaks the current SQL and keeps what its action refuses', () => {
    const rules = ofType(dev.devices, 'AWS::IoT::TopicRule');
    expect(rules.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'CommandsRepliesRule',
      'DataRule',
      'LifecycleEventsRule',
    ]);
    for (const [, { Properties }] of rules) {
      expect(Properties).toMatchObject({
        TopicRulePayload: {
          AwsIotSqlVersion: '2016-03-23',
          ErrorAction: {
            S3: {
              Key: expect.stringMatching(/^rule-errors\/\w+\/\$\{timestamp\(\)\}-\$\{newuuid\(\)\}\.json$/),
            },
          },
        },
      });
    }
  });

  test('measurements keep the order of each device', () => {
    dev.devices.hasResourceProperties('AWS::IoT::TopicRule', {
      TopicRulePayload: {
        Sql: "SELECT * FROM 'lab/+/+/data'",
        Actions: [
          {
            Kinesis: Match.objectLike({
              PartitionKey: `${substitution('topic(2)')}/${substitution('topic(3)')}`,
            }),
          },
        ],
      },
    });
  });

  test('ingest retries for most of what the stream remembers, and then keeps whole batches', () => {
    dev.processing.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 72_000,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  test('what the stream refuses and what Lambda gives up is told of', () => {
    const told = {
      Event: 's3:ObjectCreated:*',
      Queue: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Undelivered'), 'Arn'] },
    };
    const below = (Value: string) => ({
      ...told,
      Filter: { S3Key: { Rules: [{ Name: 'prefix', Value }] } },
    });
    dev.storage.hasResource('AWS::S3::Bucket', {
      Properties: {
        NotificationConfiguration: {
          QueueConfigurations: [below('rule-errors/data/'), below('aws/lambda/')],
        },
      },
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^UndeliveredPolicy')]),
    });
    dev.devices.hasResourceProperties('AWS::IoT::TopicRule', {
      TopicRulePayload: {
        Sql: "SELECT * FROM 'lab/+/+/data'",
        ErrorAction: { S3: Match.objectLike({ Key: Match.stringLikeRegexp('^rule-errors/data/') }) },
      },
    });
  });

  test('lifecycle events that fail five times are kept', () => {
    dev.devices.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: Match.objectLike({ maxReceiveCount: 5 }),
      VisibilityTimeout: 180,
    });
  });

  test('production keeps tables, bucket, key and users when a stack goes', () => {
    for (const type of ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Kinesis::Stream']) {
      for (const [, { DeletionPolicy, UpdateReplacePolicy }] of ofType(prod.storage, type)) {
        // What a first deployment that fails has made goes again.
        expect(DeletionPolicy).toBe('RetainExceptOnCreate');
        expect(UpdateReplacePolicy).toBe('Retain');
      }
    }
    prod.storage.allResourcesProperties('AWS::DynamoDB::Table', {
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    prod.api.hasResourceProperties('AWS::Cognito::UserPool', { DeletionProtection: 'ACTIVE' });
  });
});

test('roots of the audit are locked where the settings say so, and each failure is kept', () => {
  const buckets = (template: Template) =>
    ofType(template, 'AWS::S3::Bucket').find(([id]) => id.startsWith('AuditRoots'))?.[1].Properties;
  expect(buckets(prod.storage)).toMatchObject({
    ObjectLockEnabled: true,
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 3650 } } },
    VersioningConfiguration: { Status: 'Enabled' },
  });
  expect(buckets(dev.storage)).not.toHaveProperty('ObjectLockEnabled');
  dev.processing.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: Match.stringLikeRegexp('^AuditRootsFunction') },
    MaximumRetryAttempts: 2,
    DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
  });
});

describe('the archive', () => {
  test('is a table of the catalog whose partitions need no upkeep', () => {
    dev.storage.hasResourceProperties('AWS::Glue::Table', {
      TableInput: Match.objectLike({
        PartitionKeys: [Match.objectLike({ Name: 'site' }), Match.objectLike({ Name: 'date' })],
        Parameters: Match.objectLike({ 'projection.enabled': 'true', classification: 'parquet' }),
      }),
    });
    const [parameters] = ofType(dev.storage, 'AWS::Glue::Table').map(
      ([, { Properties }]) =>
        z.object({ Parameters: z.record(z.string(), z.unknown()) }).parse(Properties['TableInput'])
          .Parameters,
    );
    const place = `site=${substitution('site')}/date=${substitution('date')}/`;
    expect(named(parameters?.['storage.location.template'])).toBe(`s3://{Archive}/archive/${place}`);
  });

  test('has the columns that its files have', () => {
    const [columns] = ofType(dev.storage, 'AWS::Glue::Table').map(
      ([, { Properties }]) =>
        z
          .object({ StorageDescriptor: z.object({ Columns: z.array(z.object({ Name: z.string() })) }) })
          .parse(Properties['TableInput']).StorageDescriptor.Columns,
    );
    expect(columns?.map(({ Name }) => Name)).toEqual(PARQUET_COLUMNS.map(({ name }) => name));
  });

  test('ends where a class says so, by folder of the site', () => {
    const settings = readSettings('dev', SETTINGS_FOLDER);
    const period = { hotDays: 30, rollupYears: 1 };
    const retention = {
      default: { ...period, archiveDays: 'forever' as const },
      sites: { berlin: { ...period, archiveDays: 400 } },
    };
    const app = new App({ analyticsReporting: false });
    const template = Template.fromStack(
      new StorageStack(app, 'Storage', { settings: { ...settings, retention } }),
    );
    const ends = (folder: string) =>
      Match.objectLike({ Prefix: `${folder}/site=berlin/`, ExpirationInDays: 400, Status: 'Enabled' });
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: Match.arrayWith([ends('archive'), ends('archive-manifests')]) },
    });
    // The others are those of exports and of what was not delivered.
    expect(JSON.stringify(template.toJSON()).match(/"ExpirationInDays"/g)).toHaveLength(5);
  });
});

describe('at rest', () => {
  test('stream, tables, bucket and queues are encrypted with the one key', () => {
    const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
    dev.storage.hasResourceProperties('AWS::Kinesis::Stream', {
      StreamEncryption: { EncryptionType: 'KMS', KeyId: key },
    });
    dev.storage.allResourcesProperties('AWS::DynamoDB::Table', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: key },
    });
    dev.storage.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    dev.devices.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
  });
});

describe('the API', () => {
  const methods = ofType(dev.api, 'AWS::ApiGateway::Method');

  test('has a method for each route of the contract and no other', () => {
    const paths = new Map(ofType(dev.api, 'AWS::ApiGateway::Resource').map(([id, r]) => [id, r.Properties]));
    const pathOf = (reference: unknown): string => {
      const resource = paths.get(String((reference as { Ref?: string }).Ref));
      return resource === undefined ? '' : `${pathOf(resource['ParentId'])}/${String(resource['PathPart'])}`;
    };
    expect(
      methods.map(([, { Properties: p }]) => `${String(p['HttpMethod'])} ${pathOf(p['ResourceId'])}`).sort(),
    ).toEqual(
      Object.values(ROUTES)
        .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
        .sort(),
    );
  });

  test('every method but liveness needs a token with a scope of ours', () => {
    const open = methods.filter(([, { Properties }]) => Properties['AuthorizationType'] === 'NONE');
    expect(open.map(([id]) => id)).toEqual([expect.stringMatching(/healthlive/)]);
    for (const [, { Properties }] of methods) {
      if (Properties['AuthorizationType'] === 'NONE') continue;
      expect(Properties).toMatchObject({
        AuthorizationType: 'COGNITO_USER_POOLS',
        AuthorizationScopes: expect.arrayContaining(['labgate/api', 'labgate/viewer']),
      });
    }
  });

  test('series stream; commands answer at once', () => {
    const modes = new Set(
      methods.map(([, { Properties }]) => {
        const { ResponseTransferMode: mode, Uri: uri } = Properties['Integration'] as {
          ResponseTransferMode?: string;
          Uri: unknown;
        };
        return `${mode} ${/(response-streaming-invocations|invocations)"/.exec(JSON.stringify(uri))?.[1]}`;
      }),
    );
    expect([...modes].sort()).toEqual(['BUFFERED invocations', 'STREAM response-streaming-invocations']);
  });

  test('what API Gateway itself answers is a problem of the contract', () => {
    for (const [, { Properties }] of ofType(dev.api, 'AWS::ApiGateway::GatewayResponse')) {
      const [body] = Object.values(Properties['ResponseTemplates'] as Record<string, string>);
      expect(JSON.parse(body ?? '')).toMatchObject({
        type: expect.stringMatching(/^\/v1\/problems\//),
        status: Number(Properties['StatusCode']),
        requestId: '$context.requestId',
      });
    }
  });

  test('pages of other origins call it where settings name them, and never with credentials', () => {
    const settings = readSettings('dev', SETTINGS_FOLDER);
    const allowedOrigins = ['https://one.example', 'http://localhost:5173'];
    const { api: template } = synthesize('dev', { api: { ...settings.api, allowedOrigins } });
    const preflights = ofType(template, 'AWS::ApiGateway::Method')
      .map(([, { Properties }]) => Properties)
      .filter(({ HttpMethod }) => HttpMethod === 'OPTIONS');
    expect(preflights).toHaveLength(new Set(Object.values(ROUTES).map(({ path }) => path)).size);
    expect(JSON.stringify(preflights)).not.toMatch(/Allow-Credentials|'\*'/);
    for (const preflight of preflights)
      expect(preflight).toMatchObject({ AuthorizationType: 'NONE', Integration: { Type: 'MOCK' } });
    template.allResourcesProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseParameters: Match.objectLike({
        'gatewayresponse.header.access-control-allow-origin': "'https://one.example'",
      }),
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ ALLOWED_ORIGINS: JSON.stringify(allowedOrigins) }) },
    });
    expect(ofType(dev.api, 'AWS::ApiGateway::Method').map(([id]) => id)).not.toContainEqual(
      expect.stringMatching(/OPTIONS/),
    );
    // What CDK writes for the second origin is what the local API reads.
    const integrationOf = (properties: Record<string, unknown>) =>
      readIntegration(
        undefined as never,
        { type: 'AWS::ApiGateway::Method', stack: 'api', logicalId: 'x' } as never,
        integration.parse(properties['Integration']),
      );
    for (const preflight of preflights)
      expect(integrationOf(preflight)).toMatchObject({
        body: '',
        headers: { 'Access-Control-Allow-Origin': 'https://one.example', Vary: 'Origin' },
        otherOrigins: new Set(['http://localhost:5173']),
      });
  });

  test('what API Gateway itself answers has the headers of every answer', () => {
    for (const [, { Properties }] of ofType(dev.api, 'AWS::ApiGateway::GatewayResponse'))
      expect(Properties['ResponseParameters']).toMatchObject({
        'gatewayresponse.header.strict-transport-security': expect.stringMatching(/^'max-age=63072000/),
        'gatewayresponse.header.x-content-type-options': "'nosniff'",
        'gatewayresponse.header.cache-control': "'no-store'",
        'gatewayresponse.header.content-security-policy': "'sandbox'",
        'gatewayresponse.header.x-frame-options': "'DENY'",
      });
  });

  test('access logs hold no token', () => {
    const [stage] = ofType(dev.api, 'AWS::ApiGateway::Stage').map(([, { Properties }]) => Properties);
    const { Format } = z.object({ Format: z.string() }).parse(stage?.['AccessLogSetting']);
    expect(Object.keys(JSON.parse(Format) as object)).toContain('subject');
    expect(Format).not.toMatch(/authorization|header/i);
  });

  test('production stands behind the firewall and asks for a second factor', () => {
    prod.api.hasResourceProperties('AWS::WAFv2::WebACLAssociation', { ResourceArn: Match.anyValue() });
    prod.api.hasResourceProperties('AWS::Cognito::UserPool', { MfaConfiguration: 'ON' });
  });

  test('nobody signs up by themselves', () => {
    dev.api.hasResourceProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    });
  });
});

describe('every function', () => {
  test.each(['processing', 'api'] as const)(
    'of %s runs on Node.js 24, arm64, traced, with JSON logs that end',
    (stack) => {
      for (const [, { Properties }] of ownFunctions(dev[stack]))
        expect(Properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          TracingConfig: { Mode: 'Active' },
          LoggingConfig: { LogFormat: 'JSON', LogGroup: expect.anything() },
        });
      dev[stack].allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
    },
  );
});
