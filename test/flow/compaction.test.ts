/** Hours that are over become blocks, and nobody who reads them sees a difference. */
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { InvokeResult } from '../../local/types.ts';
import { type Instrument, type Lab, openLab } from './lab.ts';

let lab: Lab;
let device: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  device = await lab.register('compacted');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
/** Start of an hour that was over long ago. */
const start = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;

const publish = async (times: readonly number[], value: number): Promise<void> => {
  const client = await lab.connect(device);
  const data = times.flatMap((t) => [
    { n: 'temp', t, v: value },
    { n: 'door', t, v: value > 20 },
  ]);
  await client.publishAsync(device.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
  await client.endAsync();
  await lab.gateway.drain();
};

const run = (): Promise<InvokeResult> => lab.gateway.schedules.runNow('CompactingSchedule');

const keys = async (): Promise<string[]> => {
  const client = new DynamoDBClient({
    region: lab.gateway.assembly.region,
    endpoint: lab.gateway.addresses.aws,
    credentials: lab.gateway.iam.operator,
  });
  const table = lab.gateway.assembly
    .byType('AWS::DynamoDB::Table')
    .find(({ logicalId }) => logicalId.startsWith('Measurements'));
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: table?.physicalId,
      KeyConditionExpression: 'pk = :pk AND sk < :latest',
      ExpressionAttributeValues: { ':pk': { S: device.clientId }, ':latest': { S: 'latest' } },
    }),
  );
  client.destroy();
  return Items.map(({ sk }) => sk?.S ?? '');
};

const series = async (): Promise<unknown> => {
  const range = `from=${new Date(start).toISOString()}&to=${new Date(start + 3 * HOUR).toISOString()}`;
  const { items } = await lab.json<{ items: unknown[] }>(
    `/v1/devices/${device.clientId}/series?${range}&limit=1000`,
  );
  return items;
};

describe('compaction', () => {
  test('is called on its schedule and merges what is closed', async () => {
    await publish([start, start + 1000, start + HOUR], 20);
    await publish([start + 500, start + HOUR + 500], 21);
    const before = await series();
    expect((await keys()).filter((key) => key.includes('#c#')).length).toBeGreaterThan(2);
    expect(await run()).toMatchObject({ ok: true, payload: { failed: 0, done: true } });
    expect(await series()).toStrictEqual(before);
    const closed = (key: string): boolean => key < new Date(start + 3 * HOUR).toISOString();
    const kinds = (await keys()).filter(closed).map((key) => key.slice(13));
    expect(kinds).toStrictEqual(['#h', '#h']);
  });

  test('takes what comes late into the hour', async () => {
    await publish([start + 500, start + 700], 22);
    const before = await series();
    expect(await run()).toMatchObject({ ok: true, payload: { chunks: 1, done: true } });
    expect(await series()).toStrictEqual(before);
  });

  test('is denied by name when the schedule may not call it', async () => {
    const grant = lab.gateway.iam
      .grants()
      .find(({ roleLogicalId }) => roleLogicalId.includes('ScheduleRole'));
    if (grant === undefined) throw new Error('the schedule has no grant');
    using _without = lab.gateway.iam.without(grant);
    await expect(run()).rejects.toThrow(/lambda:InvokeFunction/);
  });
});
