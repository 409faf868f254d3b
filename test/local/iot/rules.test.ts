import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../local/types.ts';
import { AwsError } from '../../../local/types.ts';
import {
  ACCOUNT,
  arn,
  devicePolicy,
  dollar,
  ingestRule,
  kinesis,
  ROLE,
  resource,
  rule,
  startWorld,
  until,
  type World,
} from '../../support/iot.ts';

const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:hook`;
const permission = (source: string): ReturnType<typeof resource> =>
  resource('AWS::Lambda::Permission', 'permission', {
    FunctionName: FUNCTION,
    Principal: 'iot.amazonaws.com',
    Action: 'lambda:InvokeFunction',
    SourceArn: source,
  });
const worldOf = (...resources: readonly ReturnType<typeof resource>[]): Promise<World> =>
  startWorld({ resources: [devicePolicy, ...resources] });

const json = (data: Buffer | undefined): unknown => JSON.parse(data?.toString() ?? '');

describe('a rule', () => {
  it('gets what its filter and WHERE let through, transformed', async () => {
    await using world = await worldOf(
      rule('hot', "SELECT value AS v, topic(2) AS site FROM 'lab/+/+/data' WHERE value > 30", {
        Actions: [kinesis('hot', dollar('topic(3)'))],
      }),
    );
    await world.iot.publish('lab/berlin/ph-1/data', Buffer.from('{"value":31}'));
    await world.iot.publish('lab/berlin/ph-1/data', Buffer.from('{"value":30}'));
    await world.iot.publish('lab/berlin/ph-1/other', Buffer.from('{"value":99}'));
    await world.iot.flush();
    expect(world.puts).toHaveLength(1);
    expect(world.puts[0]).toMatchObject({ stream: 'hot', partitionKey: 'ph-1' });
    expect(json(world.puts[0]?.data)).toEqual({ v: 31, site: 'berlin' });
  });

  it('is reached through Basic Ingest under the topic without the prefix; an unknown one is logged', async () => {
    await using world = await worldOf(ingestRule);
    const device = await world.device('ph-1');
    const client = await world.connect(device);
    await client.publishAsync('$aws/rules/ingest/lab/berlin/ph-1/data', 'x', { qos: 1 });
    await client.publishAsync('$aws/rules/nothing/lab/berlin/ph-1/data', 'y', { qos: 1 });
    await world.iot.flush();
    expect(world.puts).toEqual([
      { stream: 'measurements', partitionKey: 'berlin/ph-1', data: Buffer.from('x') },
    ]);
    expect(world.iot.stats()).toMatchObject({ ruleNotFound: 1 });
    expect(world.logs).toContainEqual(expect.objectContaining({ level: 'error', message: 'RuleNotFound' }));
  });

  it('that is disabled does nothing', async () => {
    await using world = await worldOf(
      rule('off', "SELECT * FROM '#'", { RuleDisabled: true, Actions: [kinesis()] }),
    );
    await world.iot.publish('a', Buffer.from('1'));
    await world.iot.flush();
    expect(world.puts).toEqual([]);
  });

  it('whose statement fails on a message is logged and counted, and runs no action', async () => {
    await using world = await worldOf(rule('odd', "SELECT *, 1 AS one FROM 'a'", { Actions: [kinesis()] }));
    await world.iot.publish('a', Buffer.from('not json'));
    await world.iot.flush();
    expect(world.puts).toEqual([]);
    expect(world.iot.stats()).toMatchObject({ sqlErrors: 1, lost: 0 });
  });
});

describe('a payload that is nested without end', () => {
  it('fails the rule and not the broker', async () => {
    const deep = Buffer.from('['.repeat(60_000) + ']'.repeat(60_000));
    await using world = await worldOf(
      rule('sql', "SELECT VALUE get(*, 0) FROM 'a'", { Actions: [kinesis()] }),
      rule('value', "SELECT get(*, 0) AS x FROM 'a'", { Actions: [kinesis()] }),
      rule('key', "SELECT * FROM 'a'", { Actions: [kinesis('s', dollar('encode(get(*, 0), "base64")'))] }),
    );
    await world.iot.publish('a', deep);
    await world.iot.publish('a', Buffer.from('[1]'));
    await world.iot.flush();
    const { sqlErrors, failed, pendingBytes } = world.iot.stats();
    expect({ errors: sqlErrors + failed, pendingBytes }).toEqual({ errors: 3, pendingBytes: 0 });
    expect(world.puts).toHaveLength(3);
  });
});

describe('a stream', () => {
  it('gets the messages of each device in order, through throttling', async () => {
    await using world = await worldOf(ingestRule);
    const device = await world.device('ph-1');
    let calls = 0;
    world.beforePut = () => {
      if (calls++ % 2 === 0) throw new AwsError('ProvisionedThroughputExceededException', 'slow down');
    };
    const client = await world.connect(device);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        client.publishAsync('lab/berlin/ph-1/data', String(index), { qos: 1 }),
      ),
    );
    await world.iot.flush();
    expect(world.puts.map(({ data }) => Number(data.toString()))).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(world.iot.stats()).toMatchObject({ failed: 0, pendingBytes: 0 });
  });

  it('that takes nothing holds acknowledgements back, so that what waits stays bounded', async () => {
    await using world = await worldOf(ingestRule);
    let open = false;
    world.beforePut = () => {
      if (!open) throw new AwsError('ProvisionedThroughputExceededException', 'full');
    };
    // One alone may not publish as much in a second.
    const names = ['ph-1', 'ph-2', 'ph-3', 'ph-4'];
    const clients = await Promise.all(
      names.map(async (name) => ({ name, client: await world.connect(await world.device(name)) })),
    );
    const payload = Buffer.alloc(128 * 1024);
    let acknowledged = 0;
    const sent = Array.from({ length: 50 }, () => clients).flatMap((each) =>
      each.map(({ name, client }) =>
        client.publishAsync(`lab/berlin/${name}/data`, payload, { qos: 1 }).then(() => acknowledged++),
      ),
    );
    await until(() => world.iot.stats().pendingBytes >= 16 * 1024 * 1024, 'a full queue');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(acknowledged).toBeLessThanOrEqual(129);
    expect(world.iot.stats().pendingBytes).toBeLessThan(20 * 1024 * 1024);
    open = true;
    await Promise.all(sent);
    await world.iot.flush();
    expect(world.puts).toHaveLength(200);
  });
});

describe('a failed action', () => {
  it('goes to the error action in the documented shape, once a message', async () => {
    await using world = await startWorld({
      resources: [
        devicePolicy,
        rule('ingest', "SELECT * FROM 'lab/#'", {
          Actions: [kinesis('a'), kinesis('b')],
          ErrorAction: kinesis('errors', dollar('topic(3)')),
        }),
      ],
    });
    world.beforePut = (stream) => {
      if (stream !== 'errors') throw new AwsError('ResourceNotFoundException', `no stream ${stream}`);
    };
    await world.iot.publish('lab/berlin/ph-1/data', Buffer.from('hello'));
    await world.iot.flush();
    expect(world.puts).toHaveLength(1);
    expect(world.puts[0]?.partitionKey).toBe('ph-1');
    expect(json(world.puts[0]?.data)).toEqual({
      ruleName: 'ingest',
      topic: 'lab/berlin/ph-1/data',
      cloudwatchTraceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientId: 'n/a',
      base64OriginalPayload: 'aGVsbG8=',
      failures: [
        {
          failedAction: 'KinesisAction',
          failedResource: 'a',
          errorMessage: expect.stringContaining('no stream a'),
        },
        {
          failedAction: 'KinesisAction',
          failedResource: 'b',
          errorMessage: expect.stringContaining('no stream b'),
        },
      ],
    });
    expect(world.iot.stats()).toMatchObject({ failed: 2, lost: 0 });
  });

  it('without an error action, or with one that fails too, is counted as lost and logged', async () => {
    await using world = await startWorld({
      resources: [
        rule('plain', "SELECT * FROM 'a'", { Actions: [kinesis()] }),
        rule('doubled', "SELECT * FROM 'b'", { Actions: [kinesis()], ErrorAction: kinesis('errors') }),
      ],
      forbidden: ['kinesis:PutRecord'],
    });
    await world.iot.publish('a', Buffer.from('1'));
    await world.iot.publish('b', Buffer.from('2'));
    await world.iot.flush();
    expect(world.iot.stats()).toMatchObject({ failed: 2, lost: 2, pendingBytes: 0 });
    expect(world.denials[0]).toMatchObject({ principal: ROLE, action: 'kinesis:PutRecord' });
    expect(world.logs.filter(({ level }) => level === 'error')).toHaveLength(2);
  });
});

describe('the lambda action', () => {
  const hook = rule('hook', "SELECT *, topic() AS topic FROM 'a'", {
    Actions: [{ Lambda: { FunctionArn: FUNCTION } }],
  });

  it('invokes the function that permits this rule', async () => {
    await using world = await worldOf(hook, permission(arn('rule/hook')));
    await world.iot.publish('a', Buffer.from('{"x":1}'));
    await world.iot.flush();
    expect(world.invocations).toEqual([{ functionArn: FUNCTION, event: { x: 1, topic: 'a' } }]);
  });

  it('does not invoke one that permits another rule only', async () => {
    await using world = await worldOf(hook, permission(arn('rule/other')));
    await world.iot.publish('a', Buffer.from('{"x":1}'));
    await world.iot.flush();
    expect(world.invocations).toEqual([]);
    expect(world.iot.stats()).toMatchObject({ lost: 1 });
  });
});

describe('the republish action', () => {
  const again: JsonObject = { Republish: { RoleArn: ROLE, Topic: `copy/${dollar('topic()')}`, Qos: 1 } };

  it('publishes the result under another topic, where other rules see it', async () => {
    await using world = await worldOf(
      rule('again', "SELECT x FROM 'a'", { Actions: [again] }),
      rule('copies', "SELECT * FROM 'copy/#'", { Actions: [kinesis('copies', 'k')] }),
    );
    await world.iot.publish('a', Buffer.from('{"x":1,"y":2}'));
    await world.iot.flush();
    expect(world.puts.map(({ data }) => data.toString())).toEqual(['{"x":1}']);
  });

  it('needs iot:Publish on the topic', async () => {
    await using world = await startWorld({
      resources: [rule('again', "SELECT x FROM 'a'", { Actions: [again] })],
      forbidden: ['iot:Publish'],
    });
    await world.iot.publish('a', Buffer.from('{}'));
    await world.iot.flush();
    expect(world.denials).toEqual([
      { principal: ROLE, action: 'iot:Publish', resource: arn('topic/copy/a') },
    ]);
  });

  it('into itself ends', async () => {
    await using world = await worldOf(
      rule('circle', "SELECT * FROM '#'", { Actions: [{ Republish: { RoleArn: ROLE, Topic: 'a' } }] }),
    );
    await world.iot.publish('a', Buffer.from('{}'));
    await world.iot.flush();
    expect(world.iot.stats()).toMatchObject({ failed: 1 });
    expect(world.logs.at(-1)?.fields).toMatchObject({
      failures: [{ errorMessage: expect.stringContaining('republished more than') }],
    });
  });
});

describe('what is refused at start, by name', () => {
  it.each([
    [
      rule('r', "SELECT * FROM 'a'", { Actions: [{ Firehose: { RoleArn: ROLE } }] }),
      /rule r: the action Firehose/,
    ],
    [
      rule('r', "SELECT * FROM 'a'", { Actions: [{ Kinesis: { RoleArn: ROLE } }] }),
      /rule r, action Kinesis has no StreamName/,
    ],
    [
      rule('r', "SELECT * FROM 'a'", {
        Actions: [{ S3: { RoleArn: ROLE, BucketName: 'b', Key: 'k', CannedAcl: 'private' } }],
      }),
      /rule r, action S3: CannedAcl/,
    ],
    [rule('r', "SELECT nope() AS a FROM 'a'", {}), /nope\(\)/],
    [rule('r', "SELECT * FROM 'a/#/b'", {}), /not a topic filter/],
    [rule('r', "SELECT * FROM 'a'", { AwsIotSqlVersion: '2015-10-08' }), /version 2015-10-08/],
    [rule('r', "SELECT * FROM 'a'", { Actions: [kinesis('s', dollar('open(1)'))] }), /open\(\)/],
  ])('%#', async (odd, reason) => {
    await expect(worldOf(odd)).rejects.toThrow(reason);
  });
});
