/** What functions, rules and devices may do: exactly this. */
import { describe, expect, test } from 'vitest';
import { substitution } from '../../lib/constructs/topic-rule.ts';
import { grantsOf, named, ofType, synthesize } from './synthesize.ts';

const dev = synthesize('dev');

describe('what each function may do is exactly this', () => {
  const shared = (logs: string) => [
    `logs:CreateLogStream on {${logs}}`,
    `logs:PutLogEvents on {${logs}}`,
    'xray:PutTelemetryRecords on *',
    'xray:PutTraceSegments on *',
  ];
  const iot = 'arn:{AWS::Partition}:iot:us-east-1:{AWS::AccountId}:';

  test('ingest', () => {
    expect(grantsOf(dev.processing, 'IngestRole')).toEqual(
      [
        ...shared('IngestLogs'),
        'dynamodb:BatchGetItem on {Measurements}',
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:BatchWriteItem on {Measurements}',
        'dynamodb:UpdateItem on {Registry}',
        `iot:Publish on ${iot}topic/lab/*/*/ack`,
        `iot:Publish on ${iot}topic/lab/*/*/errors`,
        'kinesis:DescribeStream on {Stream}',
        'kinesis:DescribeStreamSummary on {Stream}',
        'kinesis:GetRecords on {Stream}',
        'kinesis:GetShardIterator on {Stream}',
        'kinesis:ListShards on {Stream}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via kinesis',
        'kms:Decrypt on {Key} via s3',
        'kms:GenerateDataKey on {Key} via s3',
        's3:GetObject on {Archive}/quarantine/*',
        's3:ListBucket on {Archive}',
        's3:PutObject on {Archive}/aws/lambda/*',
        's3:PutObject on {Archive}/quarantine/*',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:SendMessage on {AlertsQueue}',
      ].sort(),
    );
  });

  test('alerts, and who calls it', () => {
    expect(grantsOf(dev.processing, 'AlertsRole')).toEqual(
      [
        ...shared('AlertsLogs'),
        'dynamodb:BatchGetItem on {Measurements}',
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DeleteItem on {Registry}',
        'never dynamodb:DeleteItem on {Registry} of AUDIT*',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Registry}',
        'dynamodb:Query on {Registry}/index/listing',
        'dynamodb:UpdateItem on {Registry}',
        `iot:Publish on ${iot}topic/live/*/alerts/*/*`,
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:DeleteMessage on {AlertsQueue}',
        'sqs:GetQueueAttributes on {AlertsQueue}',
        'sqs:ReceiveMessage on {AlertsQueue}',
        'sqs:SendMessage on {AlertsFailures}',
        'sqs:SendMessage on {AlertsQueue}',
      ].sort(),
    );
    expect(grantsOf(dev.processing, 'AlertsScheduleRole')).toEqual([
      'lambda:InvokeFunction on {AlertsFunction}',
    ]);
  });

  test('alerts-api, which announces nothing itself', () => {
    expect(grantsOf(dev.api, 'AlertsApiRole')).toEqual(
      [
        ...shared('AlertsApiLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DeleteItem on {Registry}',
        'never dynamodb:DeleteItem on {Registry} of AUDIT*',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Registry}',
        'dynamodb:Query on {Registry}/index/listing',
        'dynamodb:UpdateItem on {Registry}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:SendMessage on {AlertsQueue}',
      ].sort(),
    );
  });

  test('deliveries', () => {
    expect(grantsOf(dev.processing, 'DeliveriesRole')).toEqual(
      [
        ...shared('DeliveriesLogs'),
        'kms:Decrypt on {Key} via s3',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via s3',
        's3:GetObject on {Archive}/aws/lambda/*',
        's3:GetObject on {Archive}/rule-errors/data/*',
        's3:PutObject on {Archive}/quarantine/*',
        'sqs:DeleteMessage on {Undelivered}',
        'sqs:GetQueueAttributes on {Undelivered}',
        'sqs:ReceiveMessage on {Undelivered}',
      ].sort(),
    );
  });

  test('presence', () => {
    expect(grantsOf(dev.processing, 'PresenceRole')).toEqual(
      [
        ...shared('PresenceLogs'),
        'dynamodb:GetItem on {Registry}',
        'dynamodb:UpdateItem on {Registry}',
        `iot:Publish on ${iot}topic/live/*/presence/*`,
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:DeleteMessage on {LifecycleQueue}',
        'sqs:GetQueueAttributes on {LifecycleQueue}',
        'sqs:ReceiveMessage on {LifecycleQueue}',
        'sqs:SendMessage on {CommandsQueue}',
      ].sort(),
    );
  });

  test('commands', () => {
    expect(grantsOf(dev.processing, 'CommandsRole')).toEqual(
      [
        ...shared('CommandsLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:UpdateItem on {Registry}',
        `iot:Publish on ${iot}topic/lab/*/*/commands/*`,
        `iot:Publish on ${iot}topic/live/*/commands/*/*`,
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:DeleteMessage on {CommandsQueue}',
        'sqs:GetQueueAttributes on {CommandsQueue}',
        'sqs:ReceiveMessage on {CommandsQueue}',
        'sqs:SendMessage on {CommandsQueue}',
      ].sort(),
    );
  });

  test('commands-api, which sends nothing to devices itself', () => {
    expect(grantsOf(dev.api, 'CommandsApiRole')).toEqual(
      [
        ...shared('CommandsApiLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DeleteItem on {Registry}',
        'never dynamodb:DeleteItem on {Registry} of AUDIT*',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:Query on {Registry}',
        'dynamodb:Query on {Registry}/index/listing',
        'dynamodb:UpdateItem on {Registry}',
        `iot:Publish on ${iot}topic/live/*/commands/*/*`,
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via sqs',
        'sqs:SendMessage on {CommandsQueue}',
      ].sort(),
    );
  });

  test('live-authorizer, which AWS IoT alone may invoke', () => {
    expect(grantsOf(dev.api, 'LiveRole')).toEqual(
      [
        ...shared('LiveLogs'),
        'dynamodb:GetItem on {Registry} of ACCESS#*',
        'kms:Decrypt on {Key} via dynamodb',
      ].sort(),
    );
    const permissions = ofType(dev.api, 'AWS::Lambda::Permission').filter(
      ([, { Properties }]) => Properties['Principal'] === 'iot.amazonaws.com',
    );
    expect(permissions).toHaveLength(1);
    expect(permissions[0]?.[1].Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [expect.stringMatching(/^LiveFunction/), 'Arn'] },
      Principal: 'iot.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [expect.stringMatching(/^LiveAuthorizer/), 'Arn'] },
    });
  });

  test('what CDK asks AWS with while deploying asks for the address of the broker alone', () => {
    expect(grantsOf(dev.api, 'AWS679f53fac002430cb0da5b7982bd2287')).toEqual(['iot:DescribeEndpoint on *']);
  });

  test('compaction, and who calls it', () => {
    expect(grantsOf(dev.processing, 'CompactionRole')).toEqual(
      [
        ...shared('CompactionLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:BatchWriteItem on {Measurements}',
        'dynamodb:DeleteItem on {Measurements}',
        'dynamodb:PutItem on {Measurements}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:UpdateItem on {Measurements}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via s3',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via s3',
        'kms:GenerateDataKey on {Key} via sqs',
        's3:GetObject on {Archive}/archive/*',
        's3:ListBucket on {Archive}',
        's3:PutObject on {Archive}/archive-manifests/*',
        's3:PutObject on {Archive}/archive/*',
        'sqs:SendMessage on {CompactionFailures}',
      ].sort(),
    );
    expect(grantsOf(dev.processing, 'CompactionScheduleRole')).toEqual([
      'lambda:InvokeFunction on {CompactionFunction}',
    ]);
  });

  test('audit-roots reads the audit alone, and can neither delete nor lock', () => {
    expect(grantsOf(dev.processing, 'AuditRootsRole')).toEqual(
      [
        ...shared('AuditRootsLogs'),
        'dynamodb:Query on {Registry} of AUDIT*',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via s3',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via s3',
        'kms:GenerateDataKey on {Key} via sqs',
        's3:GetObject on {AuditRoots}/audit-roots/*',
        's3:ListBucket on {AuditRoots}',
        's3:PutObject on {AuditRoots}/audit-roots/*',
        'sqs:SendMessage on {AuditRootsFailures}',
      ].sort(),
    );
    expect(grantsOf(dev.processing, 'AuditRootsScheduleRole')).toEqual([
      'lambda:InvokeFunction on {AuditRootsFunction}',
    ]);
  });

  test('control-api', () => {
    expect(grantsOf(dev.api, 'ControlApiRole')).toEqual(
      [
        ...shared('ControlApiLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DeleteItem on {Registry}',
        'never dynamodb:DeleteItem on {Registry} of AUDIT*',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:UpdateItem on {Registry} of AUDIT*',
        'dynamodb:Query on {Registry}',
        'dynamodb:Query on {Registry}/index/listing',
        `iot:AttachPolicy on ${iot}cert/*`,
        `iot:AttachThingPrincipal on ${iot}cert/*`,
        `iot:DeleteCertificate on ${iot}cert/*`,
        `iot:DetachPolicy on ${iot}cert/*`,
        `iot:DetachThingPrincipal on ${iot}cert/*`,
        'iot:CreateCertificateFromCsr on *',
        `iot:CreateThing on ${iot}thing/*`,
        `iot:CreateThing on ${iot}thingtype/{DeviceType}`,
        `iot:DeleteConnection on ${iot}client/*`,
        `iot:DeleteThing on ${iot}thing/*`,
        `iot:UpdateThing on ${iot}thing/*`,
        'iot:DescribeEndpoint on *',
        `iot:UpdateCertificate on ${iot}cert/*`,
        'kms:Decrypt on {Key} via dynamodb',
      ].sort(),
    );
  });

  test('people-api, which deletes nobody and reads nothing of the laboratory', () => {
    const actions = [
      'AdminAddUserToGroup',
      'AdminCreateUser',
      'AdminDisableUser',
      'AdminEnableUser',
      'AdminGetUser',
      'AdminListGroupsForUser',
      'AdminRemoveUserFromGroup',
      'AdminUserGlobalSignOut',
      'CreateGroup',
      'ListUsers',
      'ListUsersInGroup',
    ];
    expect(grantsOf(dev.api, 'PeopleApiRole')).toEqual(
      [
        ...shared('PeopleApiLogs'),
        'dynamodb:GetItem on {Registry} of AUDIT*',
        'dynamodb:PutItem on {Registry} of ACCESS#*',
        'dynamodb:PutItem on {Registry} of AUDIT*',
        'dynamodb:UpdateItem on {Registry} of AUDIT*',
        'kms:Decrypt on {Key} via dynamodb',
        ...actions.map((action) => `cognito-idp:${action} on {SignInUsers}`),
      ].sort(),
    );
  });

  test('metrics-api reads what is remembered of devices, and no points', () => {
    expect(grantsOf(dev.api, 'MetricsApiRole')).toEqual(
      [
        ...shared('MetricsApiLogs'),
        'dynamodb:BatchGetItem on {Measurements}',
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DescribeTable on {Measurements}',
        'dynamodb:DescribeTable on {Registry}',
        'dynamodb:GetItem on {Registry} of AUDIT*',
        'dynamodb:PutItem on {Registry} of AUDIT*',
        'dynamodb:Query on {Registry}/index/listing',
        'dynamodb:UpdateItem on {Registry} of AUDIT*',
        'kms:Decrypt on {Key} via dynamodb',
      ].sort(),
    );
  });

  test('query-api reads, and writes of the audit alone', () => {
    expect(grantsOf(dev.api, 'QueryApiRole')).toEqual(
      [
        ...shared('QueryApiLogs'),
        'dynamodb:BatchGetItem on {Measurements}',
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:DescribeTable on {Measurements}',
        'dynamodb:GetItem on {Registry} of AUDIT*',
        'dynamodb:PutItem on {Registry} of AUDIT*',
        'dynamodb:UpdateItem on {Registry} of AUDIT*',
        'dynamodb:DescribeTable on {Registry}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:Query on {Registry}/index/listing',
        'kinesis:DescribeStreamSummary on {Stream}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via s3',
        's3:GetObject on {Archive}/archive/*',
        's3:ListBucket on {Archive}',
      ].sort(),
    );
  });

  test('nobody deletes of the audit: who may delete of the registry may not of that', () => {
    const roles = [dev.processing, dev.devices, dev.api].flatMap((template) =>
      ofType(template, 'AWS::IAM::Role').map(([id]) => grantsOf(template, id)),
    );
    const removing = roles.filter((grants) =>
      grants.some((grant) => /^dynamodb:(DeleteItem|BatchWriteItem|\*).* on \{Registry\}/.test(grant)),
    );
    expect(removing).toHaveLength(4);
    for (const grants of removing)
      expect(grants).toContain('never dynamodb:DeleteItem on {Registry} of AUDIT*');
  });

  test('API Gateway may write logs, which it asks for the whole account', () => {
    const logs = [
      'CreateLogGroup',
      'CreateLogStream',
      'DescribeLogGroups',
      'DescribeLogStreams',
      'FilterLogEvents',
    ];
    expect(grantsOf(dev.api, 'HttpLogsRole')).toEqual(
      [...logs, 'GetLogEvents', 'PutLogEvents'].map((action) => `logs:${action} on *`),
    );
  });

  test('records-api', () => {
    expect(grantsOf(dev.api, 'RecordsApiRole')).toEqual(
      [
        ...shared('RecordsApiLogs'),
        'dynamodb:BatchGetItem on {Registry}',
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:UpdateItem on {Registry} of AUDIT*',
        'dynamodb:Query on {Registry}',
        'kinesis:PutRecord on {Stream}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via s3',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via kinesis',
        'kms:GenerateDataKey on {Key} via sqs',
        's3:GetObject on {Archive}/archive/*',
        's3:GetObject on {Archive}/quarantine/*',
        's3:ListBucket on {Archive}',
        'sqs:SendMessage on {ExportsQueue}',
        'sts:AssumeRole on {RecordsApiExportLinksRole}',
      ].sort(),
    );
  });

  test('links to files of exports read these and nothing else, and only records-api may sign them', () => {
    expect(grantsOf(dev.api, 'RecordsApiExportLinksRole')).toEqual([
      'kms:Decrypt on {Key} via s3',
      's3:GetObject on {Archive}/exports/*',
    ]);
    const [, role] =
      ofType(dev.api, 'AWS::IAM::Role').find(([id]) => id.startsWith('RecordsApiExportLinks')) ?? [];
    const { Statement } = (role?.Properties['AssumeRolePolicyDocument'] ?? {}) as { Statement?: object[] };
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: expect.anything() },
        Condition: { ArnEquals: { 'aws:PrincipalArn': expect.anything() } },
      },
    ]);
    expect(JSON.stringify(Statement)).toMatch(/"Fn::GetAtt":\["RecordsApiRole\w+","Arn"\].*:root"/);
  });

  test('exports', () => {
    expect(grantsOf(dev.processing, 'ExportsWorkerRole')).toEqual(
      [
        ...shared('ExportsWorkerLogs'),
        'dynamodb:GetItem on {Registry}',
        'dynamodb:PutItem on {Registry}',
        'dynamodb:Query on {Measurements}',
        'dynamodb:Query on {Registry}',
        'kms:Decrypt on {Key} via dynamodb',
        'kms:Decrypt on {Key} via s3',
        'kms:Decrypt on {Key} via sqs',
        'kms:GenerateDataKey on {Key} via s3',
        'kms:GenerateDataKey on {Key} via sqs',
        's3:GetObject on {Archive}/archive/*',
        's3:PutObject on {Archive}/exports/*',
        'sqs:DeleteMessage on {ExportsQueue}',
        'sqs:GetQueueAttributes on {ExportsQueue}',
        'sqs:ReceiveMessage on {ExportsQueue}',
        'sqs:SendMessage on {ExportsQueue}',
      ].sort(),
    );
  });

  test('the rules: one action each, and their error roles only keep what failed', () => {
    expect(grantsOf(dev.devices, 'DataRole')).toEqual([
      'kinesis:PutRecord on {Stream}',
      'kms:GenerateDataKey on {Key} via kinesis',
    ]);
    expect(grantsOf(dev.devices, 'LifecycleEventsRole')).toEqual([
      'kms:Decrypt on {Key} via sqs',
      'kms:GenerateDataKey on {Key} via sqs',
      'sqs:SendMessage on {LifecycleQueue}',
    ]);
    expect(grantsOf(dev.devices, 'CommandsRepliesRole')).toEqual([
      'kms:Decrypt on {Key} via sqs',
      'kms:GenerateDataKey on {Key} via sqs',
      'sqs:SendMessage on {CommandsQueue}',
    ]);
    expect(grantsOf(dev.devices, 'CommandsRepliesErrorRole')).toEqual([
      'kms:GenerateDataKey on {Key} via s3',
      's3:PutObject on {Archive}/rule-errors/commands/*',
    ]);
    expect(grantsOf(dev.devices, 'DataErrorRole')).toEqual([
      'kms:GenerateDataKey on {Key} via s3',
      's3:PutObject on {Archive}/rule-errors/data/*',
    ]);
    expect(grantsOf(dev.devices, 'LifecycleEventsErrorRole')).toEqual([
      'kms:GenerateDataKey on {Key} via s3',
      's3:PutObject on {Archive}/rule-errors/presence/*',
    ]);
  });
});

describe('a device', () => {
  const [[, policy] = []] = ofType(dev.devices, 'AWS::IoT::Policy');
  const document = policy?.Properties['PolicyDocument'] as {
    Statement: { Effect: string; Action: string; Resource: unknown; Condition?: object }[];
  };
  const resources = (action: string): string[] =>
    document.Statement.filter((statement) => statement.Action === action).flatMap(({ Resource }) =>
      [Resource].flat().map(named),
    );
  const thing = substitution('iot:Connection.Thing.ThingName');
  const own = `lab/${substitution('iot:Connection.Thing.Attributes[site]')}/${thing}`;

  test('connects only as the thing that its certificate is attached to', () => {
    expect(resources('iot:Connect')).toEqual([
      expect.stringMatching(/:client\/\$\{iot:Connection\.Thing\.ThingName\}$/),
    ]);
    expect(document.Statement.find(({ Action }) => Action === 'iot:Connect')?.Condition).toEqual({
      Bool: { 'iot:Connection.Thing.IsAttached': 'true' },
    });
  });

  test('publishes only on its own data topic, watched or not, and its own replies', () => {
    expect(resources('iot:Publish').map((arn) => arn.split(':topic/')[1])).toEqual([
      `${own}/data`,
      `$aws/rules/labgate_dev_data/${own}/data`,
      ...['accepted', 'rejected', 'progress', 'result'].map((kind) => `${own}/commands/*/${kind}`),
    ]);
  });

  test('hears only its own answers and commands', () => {
    const notes = [`${own}/ack`, `${own}/errors`];
    expect(resources('iot:Subscribe').map((arn) => arn.split(':topicfilter/')[1])).toEqual([
      ...notes,
      `${own}/commands/+`,
    ]);
    expect(resources('iot:Receive').map((arn) => arn.split(':topic/')[1])).toEqual([
      ...notes,
      `${own}/commands/*`,
    ]);
  });

  test('may do nothing else', () => {
    expect(document.Statement.map(({ Effect, Action }) => `${Effect} ${Action}`)).toEqual([
      'Allow iot:Connect',
      'Allow iot:Publish',
      'Allow iot:Subscribe',
      'Allow iot:Receive',
    ]);
  });
});
