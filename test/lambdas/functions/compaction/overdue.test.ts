/** Days that wait for the archive under other settings than their blocks were written with. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import { it } from './it.ts';
import { column, HOUR } from './points.ts';

const LONGER = { hotDays: 3650, rollupYears: 10, archiveDays: null };
it.override('environment', { RETENTION: JSON.stringify({ default: LONGER, sites: {} }) });

it('keeps blocks that were to go sooner before the hot days were made more', async ({ world, device }) => {
  await world.add({ device, columns: [column('temp', [[HOUR + 1, 1]])], first: 1 });
  world.watch = (call) => (call.action.includes('.parquet') ? 'die' : undefined);
  await world.run().catch(() => undefined);
  const headOf = async () => (await world.items(device)).find(({ sk }) => sk?.S?.endsWith('#h'));
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
