/** What AWS does by itself, and what the templates say against it. */
import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { addApplication } from '../../lib/application.ts';
import { parseSettings, type Settings } from '../../lib/settings.ts';
import { PAGE_FOLDER } from '../support/page-folder.ts';
import { SETTINGS_FOLDER } from './settings-folder.ts';
import { named, ofType, synthesize } from './synthesize.ts';

const prod = synthesize('prod');
const dev = synthesize('dev');

/** Templates of dev with other settings. */
const synthesizeWith = (more: Partial<Settings>) => {
  const input = JSON.parse(readFileSync(new URL('dev.json', SETTINGS_FOLDER), 'utf8'));
  const app = new App({ analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': [] } });
  const stacks = addApplication(app, parseSettings('dev', { ...input, ...more }), PAGE_FOLDER);
  return { processing: Template.fromStack(stacks.processing), api: Template.fromStack(stacks.api) };
};

const functionOf = (template: Template, id: string) =>
  ofType(template, 'AWS::Lambda::Function').find(([logicalId]) => logicalId.startsWith(id))?.[1].Properties;

describe('asynchronous calls', () => {
  test('of compaction are not tried again, and what fails is kept', () => {
    prod.processing.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('^CompactionFunction') },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 300,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^CompactionFailures'), 'Arn'] } },
      },
    });
    prod.processing.hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: Match.objectLike({ RetryPolicy: Match.objectLike({ MaximumRetryAttempts: 0 }) }),
    });
  });

  test('that feed themselves are no loop', () => {
    expect(functionOf(prod.processing, 'ExportsWorker')).toMatchObject({ RecursiveLoop: 'Allow' });
  });
});

describe('concurrency', () => {
  test('is reserved for ingest and bounded for queries, where the settings say so', () => {
    expect(functionOf(prod.processing, 'IngestFunction')).toMatchObject({
      ReservedConcurrentExecutions: 100,
    });
    expect(functionOf(prod.api, 'QueryApiFunction')).toMatchObject({ ReservedConcurrentExecutions: 100 });
    expect(functionOf(dev.processing, 'IngestFunction')).not.toHaveProperty('ReservedConcurrentExecutions');
  });
});

describe('roles are taken for nobody else', () => {
  const trustOf = (template: Template, id: string) => {
    const role = ofType(template, 'AWS::IAM::Role').find(([logicalId]) => logicalId.startsWith(id))?.[1];
    const document = role?.Properties['AssumeRolePolicyDocument'] as { Statement: { Condition?: object }[] };
    return document.Statement[0]?.Condition;
  };
  const account = { Ref: 'AWS::AccountId' };

  test('by the scheduler: for the group of this account', () => {
    const condition = trustOf(prod.processing, 'CompactionScheduleRole') as {
      StringEquals: Record<string, unknown>;
    };
    expect(condition.StringEquals['aws:SourceAccount']).toEqual(account);
    expect(named(condition.StringEquals['aws:SourceArn'])).toBe(
      'arn:{AWS::Partition}:scheduler:us-east-1:{AWS::AccountId}:schedule-group/default',
    );
  });

  test('by the rules engine: for the rule', () => {
    const condition = trustOf(prod.devices, 'DataRole') as { ArnLike: Record<string, unknown> };
    expect(named(condition.ArnLike['aws:SourceArn'])).toMatch(/:rule\/labgate_prod_data$/);
  });

  test('by Lambda: for functions of this account', () => {
    for (const [id, { Properties }] of ofType(prod.processing, 'AWS::IAM::Role')) {
      if (!JSON.stringify(Properties).includes('lambda.amazonaws.com')) continue;
      expect(trustOf(prod.processing, id)).toMatchObject({ StringEquals: { 'aws:SourceAccount': account } });
    }
  });

  test('what failed is kept in a bucket of this account alone', () => {
    const kept = [...ofType(prod.processing, 'AWS::IAM::Policy'), ...ofType(prod.devices, 'AWS::IAM::Policy')]
      .filter(([id]) => id.includes('KeepFailed'))
      .map(([, { Properties }]) => Properties['PolicyDocument'] as { Statement: { Condition?: object }[] });
    expect(kept).toHaveLength(4);
    for (const { Statement } of kept)
      expect(Statement[0]?.Condition).toEqual({ StringEquals: { 'aws:ResourceAccount': account } });
  });

  test('the key is used through services alone', () => {
    for (const template of Object.values(prod))
      for (const [, { Properties }] of ofType(template, 'AWS::IAM::Policy'))
        for (const statement of (Properties['PolicyDocument'] as { Statement: Record<string, unknown>[] })
          .Statement)
          if (JSON.stringify(statement['Action']).includes('kms:'))
            expect(JSON.stringify(statement['Condition'])).toMatch(/kms:ViaService/);
  });
});

describe('the API', () => {
  test('takes TLS 1.2 and 1.3 alone', () => {
    prod.api.hasResourceProperties('AWS::ApiGateway::RestApi', {
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'BASIC',
    });
  });

  test('says when to come again, where it throttles', () => {
    for (const ResponseType of ['THROTTLED', 'QUOTA_EXCEEDED'])
      dev.api.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
        ResponseType,
        ResponseParameters: Match.objectLike({ 'gatewayresponse.header.Retry-After': "'1'" }),
      });
  });

  test('leaves the logging role of the account alone where somebody else manages it', () => {
    const { api } = JSON.parse(readFileSync(new URL('dev.json', SETTINGS_FOLDER), 'utf8')) as Settings;
    dev.api.resourceCountIs('AWS::ApiGateway::Account', 1);
    const other = synthesizeWith({ api: { ...api, accountLogs: 'existing' } });
    other.api.resourceCountIs('AWS::ApiGateway::Account', 0);
    other.api.hasResourceProperties('AWS::ApiGateway::Stage', { AccessLogSetting: Match.anyValue() });
  });
});

describe('logs', () => {
  test.each([
    ['DEBUG', 'DEBUG'],
    ['INFO', 'INFO'],
    ['WARN', 'INFO'],
    ['ERROR', 'INFO'],
  ] as const)(
    'of level %s: Lambda lets pass from %s on, for lines of metrics count as INFO',
    (level, filter) => {
      const { processing } = synthesizeWith({ logs: { level, retentionDays: 7 } });
      processing.allResourcesProperties('AWS::Lambda::Function', {
        LoggingConfig: Match.objectLike({ ApplicationLogLevel: filter }),
        Environment: { Variables: Match.objectLike({ LOG_LEVEL: level }) },
      });
    },
  );
});

test('an environment that Lambda would refuse stops the synthesis', () => {
  const period = { hotDays: 30, rollupYears: 1, archiveDays: 100 };
  const sites = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`site-${index}`, period]));
  const retention = (count: number) => ({
    default: { ...period, archiveDays: 'forever' as const },
    sites: sites(count),
  });
  synthesizeWith({ retention: retention(20) });
  expect(() => synthesizeWith({ retention: retention(60) })).toThrow(
    /environment of compaction takes \d+ bytes, and Lambda allows 4096: RETENTION takes/,
  );
});

test('stacks go where the settings say, and only where everything is', () => {
  const input = JSON.parse(readFileSync(new URL('dev.json', SETTINGS_FOLDER), 'utf8'));
  const app = new App({ analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': [] } });
  const { storage } = addApplication(
    app,
    parseSettings('dev', { ...input, region: 'eu-central-1' }),
    PAGE_FOLDER,
  );
  expect(storage.region).toBe('eu-central-1');
  expect(() => parseSettings('dev', { ...input, region: 'af-south-1' })).toThrow(
    /^settings\/dev\.json: region: /,
  );
});
