/** Days that wait for the archive under other settings than their blocks were written with. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { column, HOUR, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  const longer = { hotDays: 3650, rollupYears: 10, archiveDays: null };
  world = await startWorld({ RETENTION: JSON.stringify({ default: longer, sites: {} }) });
});
afterAll(() => world.close());

it('keeps blocks that were to go sooner before the hot days were made more', async () => {
  await world.addDevice('early');
  await world.add({ device: 'early', columns: [column('temp', [[HOUR + 1, 1]])], first: 1 });
  world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
  await world.run().catch(() => undefined);
  const headOf = async () => (await world.items('early')).find(({ sk }) => sk?.S?.endsWith('#h'));
  const { pk, sk } = (await headOf()) ?? {};
  if (pk === undefined || sk === undefined) throw new Error('there is no block');
  const seconds = Math.floor(Date.now() / 1000);
  await world.aws.dynamo.send(
    new UpdateItemCommand({
      TableName: world.aws.measurementsTable,
      Key: { pk, sk },
      UpdateExpression: 'SET expiresAt = :soon',
      ExpressionAttributeValues: { ':soon': { N: String(seconds + 86_400) } },
    }),
  );
  await world.run().catch(() => undefined);
  expect(Number((await headOf())?.['expiresAt']?.N)).toBeGreaterThan(seconds + 13 * 86_400);
});
