/** The platform watches itself: each alarm reads what is really published, says what to do, and is quiet at first. */
import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { METRICS } from '../../contracts/deployment/metrics.ts';
import { SERVICES } from '../../contracts/routes/services.ts';
import { parseSettings, readSettings } from '../../lib/settings.ts';
import { SETTINGS_FOLDER } from './settings-folder.ts';
import { ofType, ownFunctions, synthesize } from './synthesize.ts';

const prod = synthesize('prod');
const services = Object.keys(SERVICES);

const metricSchema = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })).default([]),
});
const alarmSchema = z.object({
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.unknown()),
  OKActions: z.undefined().optional(),
  InsufficientDataActions: z.array(z.unknown()).optional(),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  Threshold: z.number(),
  TreatMissingData: z.enum(['missing', 'notBreaching']),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: metricSchema.shape.Dimensions,
  Metrics: z
    .array(
      z.object({
        Expression: z.unknown().optional(),
        Period: z.number().optional(),
        MetricStat: z.object({ Metric: metricSchema }).optional(),
      }),
    )
    .optional(),
});
type Alarm = z.infer<typeof alarmSchema>;
type Metric = z.infer<typeof metricSchema>;

const alarms = ofType(prod.operations, 'AWS::CloudWatch::Alarm').map(
  ([id, { Properties }]) => [id, alarmSchema.parse(Properties)] as const,
);

/** Logical id and type of a resource of another stack. */
const importedFrom = (value: unknown): readonly [id: string, type: string] => {
  const { 'Fn::ImportValue': name } = z.object({ 'Fn::ImportValue': z.string() }).parse(value);
  const [, stack = '', output = ''] = /^labgate-prod-(\w+):(\w+)$/.exec(name) ?? [];
  const template = z
    .object({
      Resources: z.record(z.string(), z.object({ Type: z.string() })),
      Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
    })
    .parse(prod[stack as keyof typeof prod].toJSON());
  const exported = JSON.stringify(template.Outputs[output]?.Value);
  const [id = ''] = Object.keys(template.Resources).filter((each) => exported.includes(`"${each}"`));
  return [id, template.Resources[id]?.Type ?? ''];
};

/** What AWS publishes: metrics by namespace, with the resource that each dimension names. Source: the user guide of each service. */
const PUBLISHED: Readonly<
  Record<string, { readonly metrics: readonly string[]; readonly of: Readonly<Record<string, string>> }>
> = {
  'AWS/Lambda': {
    metrics: ['Errors', 'Throttles', 'Duration', 'IteratorAge', 'Invocations'],
    of: { FunctionName: 'AWS::Lambda::Function' },
  },
  'AWS/SQS': {
    metrics: ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible'],
    of: { QueueName: 'AWS::SQS::Queue' },
  },
  'AWS/Kinesis': {
    metrics: ['WriteProvisionedThroughputExceeded', 'IncomingRecords'],
    of: { StreamName: 'AWS::Kinesis::Stream' },
  },
  'AWS/DynamoDB': {
    metrics: ['ReadThrottleEvents', 'WriteThrottleEvents'],
    of: { TableName: 'AWS::DynamoDB::Table' },
  },
};

const expectPublished = ({ Namespace, MetricName, Dimensions }: Metric): void => {
  if (Namespace === 'labgate/prod') {
    const [dimension, ...others] = Dimensions;
    expect([dimension?.Name, others]).toEqual(['service', []]);
    expect((METRICS as Record<string, readonly string[]>)[String(dimension?.Value)]).toContain(MetricName);
  } else if (Namespace === 'AWS/ApiGateway') {
    expect(['5XXError', 'Latency']).toContain(MetricName);
    const [api] = ofType(prod.api, 'AWS::ApiGateway::RestApi');
    expect(Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]))).toEqual({
      ApiName: api?.[1].Properties['Name'],
      Stage: expect.objectContaining({ 'Fn::ImportValue': expect.stringMatching(/DeploymentStage/) }),
    });
  } else {
    const { metrics, of } = PUBLISHED[Namespace] ?? { metrics: [], of: {} };
    expect(metrics, Namespace).toContain(MetricName);
    for (const { Name, Value } of Dimensions)
      if (Name === 'GlobalSecondaryIndexName') expect(Value).toBe('listing');
      else expect(importedFrom(Value)[1]).toBe(of[Name] ?? 'a dimension that is published');
    expect(Dimensions.map(({ Name }) => Name)).toEqual(expect.arrayContaining(Object.keys(of)));
  }
};

const metricsOf = (alarm: Alarm): Metric[] =>
  alarm.Metrics === undefined
    ? [metricSchema.parse(alarm)]
    : alarm.Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []);

/** A rule that an expression asks for. */
const ruleOf = (expression: unknown): string => {
  const text = JSON.stringify(expression);
  expect(text).toMatch(
    /SELECT SUM\(\\"(?:Failure|ErrorActionFailure)\\"\) FROM \\"AWS\/IoT\\" WHERE RuleName = /,
  );
  const [name] = /labgate-prod-devices:\w+/.exec(text) ?? [];
  const [id, type] = importedFrom({ 'Fn::ImportValue': name });
  expect(type).toBe('AWS::IoT::TopicRule');
  return id;
};

describe('an alarm', () => {
  test.each(alarms)('%s reads what is published', (_, alarm) => {
    const metrics = metricsOf(alarm);
    const asked = (alarm.Metrics ?? []).filter(({ Period }) => Period !== undefined);
    expect(metrics.length + asked.length).toBeGreaterThan(0);
    for (const metric of metrics) expectPublished(metric);
    for (const { Expression } of asked) ruleOf(Expression);
  });

  test('is quiet in a healthy deployment that has just begun, with no value and with nothing but zeros', () => {
    for (const [id, { Threshold, TreatMissingData, InsufficientDataActions = [] }] of alarms) {
      expect(Threshold, id).toBeGreaterThan(0);
      // A new alarm is without data: it does not enter that state, and so tells nobody.
      expect([id, InsufficientDataActions.length]).toEqual([id, TreatMissingData === 'missing' ? 1 : 0]);
    }
    expect(
      alarms.filter(([, { TreatMissingData }]) => TreatMissingData === 'missing').map(([id]) => id),
    ).toEqual([
      expect.stringMatching(/^Alarmscompactionlate/),
      expect.stringMatching(/^Alarmsalertsidle/),
      expect.stringMatching(/^Alarmsauditrootsidle/),
    ]);
  });

  test('tells the topic when it is raised, and nobody that a new one is fine', () => {
    const [[topic] = []] = ofType(prod.operations, 'AWS::SNS::Topic');
    for (const [, { AlarmActions }] of alarms) expect(AlarmActions).toEqual([{ Ref: topic }]);
  });

  test('is not there twice', () => {
    const read = alarms.map(([, alarm]) =>
      JSON.stringify([metricsOf(alarm), alarm.Metrics?.map(({ Expression }) => Expression)]),
    );
    expect(read.filter((each, index) => read.indexOf(each) !== index)).toEqual([]);
    for (const template of [prod.storage, prod.devices, prod.processing, prod.api, prod.web])
      expect(ofType(template, 'AWS::CloudWatch::Alarm')).toEqual([]);
  });

  test('says in one sentence what it means, and where the runbook has more', () => {
    const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
    const [, entries = ''] = runbook.split('\n## Alarms\n');
    const found = [...entries.matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
    const named = alarms.map(([, { AlarmDescription }]) => {
      const [, entry] = /^[A-Z][^.]+\. See docs\/runbook\.md#([\w-]+)$/.exec(AlarmDescription) ?? [];
      expect(entry, AlarmDescription).toBeDefined();
      return entry;
    });
    expect([...new Set(named)].sort()).toEqual(found.sort());
    for (const entry of entries.split('\n### ').slice(1))
      for (const part of ['**Means.**', '**See.**', '**Do.**']) expect(entry).toContain(part);
  });
});

describe('everything is watched', () => {
  const readBy = (name: string): string[] =>
    alarms.flatMap(([, alarm]) =>
      (alarm.Metrics === undefined ? metricsOf(alarm) : [])
        .filter(({ MetricName, Namespace }) => MetricName === name && Namespace.startsWith('AWS/'))
        .flatMap(({ Dimensions }) => Dimensions.map(({ Value }) => importedFrom(Value)[0])),
    );
  const ids = (type: string): string[] =>
    Object.values(prod).flatMap((template) => ofType(template, type).map(([id]) => id));

  test('each function, by errors, throttles and duration', () => {
    const functions = [prod.processing, prod.api].flatMap((template) =>
      ownFunctions(template).map(([id]) => id),
    );
    expect(functions).toHaveLength(services.length);
    for (const name of ['Errors', 'Throttles', 'Duration'])
      expect(readBy(name).sort()).toEqual(functions.sort());
  });

  test('each queue, by its age or its length', () => {
    const queues = [
      ...readBy('ApproximateAgeOfOldestMessage'),
      ...readBy('ApproximateNumberOfMessagesVisible'),
    ];
    expect(queues.sort()).toEqual(ids('AWS::SQS::Queue').sort());
  });

  test('each rule, by what is lost', () => {
    const lost = alarms
      .filter(([id]) => /lost/.test(id))
      .flatMap(([, { Metrics = [] }]) => Metrics.map(({ Expression }) => ruleOf(Expression)));
    expect(lost.sort()).toEqual(ids('AWS::IoT::TopicRule').sort());
  });

  test('functions before they are cut off', () => {
    // The time limit of ingest in prod is 120 s.
    for (const [id, { Threshold }] of alarms.filter(([id]) => /^Alarmsingestduration/.test(id)))
      expect([id, Threshold]).toEqual([id, 108_000]);
  });
});

test('the topic is encrypted, and takes messages of alarms of this account alone', () => {
  prod.operations.hasResourceProperties('AWS::SNS::Topic', {
    KmsMasterKeyId: { 'Fn::ImportValue': Match.stringLikeRegexp('^labgate-prod-storage:.*Key') },
  });
  const byAlarms = {
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
  };
  const allowing = (...actions: string[]) =>
    Match.objectLike({
      Statement: Match.arrayWith([
        Match.objectLike({ ...byAlarms, Action: actions.length === 1 ? actions[0] : actions }),
      ]),
    });
  prod.operations.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: allowing('sns:Publish'),
  });
  prod.storage.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: allowing('kms:Decrypt', 'kms:GenerateDataKey*'),
  });
});

test('the dashboard is one, and shows metrics that functions write', () => {
  const [[, dashboard] = [], ...others] = ofType(prod.operations, 'AWS::CloudWatch::Dashboard');
  expect(others).toEqual([]);
  const body = JSON.stringify(dashboard?.Properties['DashboardBody']);
  const read = [...body.matchAll(/\[\\"labgate\/prod\\",\\"(\w+)\\",\\"service\\",\\"([\w-]+)\\"/g)];
  expect(read.length).toBeGreaterThan(20);
  for (const [, name, service] of read)
    expect((METRICS as Record<string, readonly string[]>)[String(service)]).toContain(name);
});

test('questions to the logs reach every function and the requests', () => {
  const queries = ofType(prod.operations, 'AWS::Logs::QueryDefinition').map(([, { Properties }]) =>
    z
      .object({ Name: z.string(), QueryString: z.string(), LogGroupNames: z.array(z.unknown()) })
      .parse(Properties),
  );
  expect(queries.map(({ Name, LogGroupNames }) => [Name, LogGroupNames.length])).toEqual([
    ['labgate/prod/errors', services.length],
    ['labgate/prod/errors-by-kind', services.length],
    ['labgate/prod/slowest-calls', services.length],
    ['labgate/prod/failed-requests', 1],
    ['labgate/prod/requests-by-route', 1],
  ]);
  for (const { LogGroupNames } of queries)
    for (const group of LogGroupNames) expect(importedFrom(group)[1]).toBe('AWS::Logs::LogGroup');
});

describe('settings', () => {
  const dev = JSON.parse(readFileSync(new URL('dev.json', SETTINGS_FOLDER), 'utf8')) as object;

  test('name nobody by themselves, and ask for no budget', () => {
    for (const stage of ['dev', 'prod'])
      expect(readSettings(stage, SETTINGS_FOLDER).operations).toEqual({ mails: [] });
    expect(ofType(prod.operations, 'AWS::SNS::Subscription')).toEqual([]);
    expect(ofType(prod.operations, 'AWS::Budgets::Budget')).toEqual([]);
  });

  test('bring a mail for each address, and a budget that tells the same people', () => {
    const operations = { mails: ['lab@example.org'], monthlyBudgetDollars: 200 };
    const more = synthesize('dev', { operations });
    more.operations.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'lab@example.org',
    });
    const [[, budget] = []] = ofType(more.operations, 'AWS::Budgets::Budget');
    expect(budget?.Properties).toMatchObject({
      Budget: { BudgetLimit: { Amount: 200, Unit: 'USD' }, TimeUnit: 'MONTHLY' },
    });
    expect(JSON.stringify(budget?.Properties).match(/lab@example\.org/g)).toHaveLength(3);
  });

  test('refuse a budget of which nobody is told', () => {
    expect(() => parseSettings('dev', { ...dev, operations: { monthlyBudgetDollars: 200 } })).toThrow(
      /operations\.mails: must name somebody/,
    );
  });
});

test('functions write their metrics under the namespace of their own stage', () => {
  for (const template of [prod.processing, prod.api])
    for (const [, { Properties }] of ownFunctions(template))
      expect(Properties).toMatchObject({
        Environment: { Variables: { POWERTOOLS_METRICS_NAMESPACE: 'labgate/prod' } },
      });
});
