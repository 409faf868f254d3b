import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { EMPTY_ACCOUNT } from '../../../../lambdas/domain/ledger/hour-account.ts';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import { toBlockItems } from '../../../../lambdas/store/measurements/block-item.ts';
import { readAccounts } from '../../../../lambdas/store/measurements/index.ts';

const HOUR = Date.parse('2026-03-01T10:00:00Z') * 1000;

it('is never told by a replica that knows that chunks are gone, and not yet what has taken their place', async () => {
  const ledger = { ...EMPTY_LEDGER, messages: 3, received: 5, stored: 5 };
  const account = { ...EMPTY_ACCOUNT, ledger };
  const expires = HOUR + 30 * 24 * MICROS_PER_HOUR;
  const { head } = toBlockItems('d', HOUR, { version: 1, columns: [], reach: {}, account, expires });
  const wired = Object.fromEntries(
    Object.entries(head).map(([name, { B, ...other }]) => [
      name,
      B === undefined ? other : { B: Buffer.from(B).toString('base64') },
    ]),
  );
  const handle = async ({ body }: { readonly body: string | Uint8Array }) => {
    const input = JSON.parse(Buffer.from(body).toString());
    // Pages may come from different replicas: only a consistent read is sure of the head.
    const found = input.ConsistentRead === true && input.ExpressionAttributeValues[':pk'].S === 'd';
    const items = JSON.stringify({ Items: found ? [wired] : [] });
    return { response: { statusCode: 200, headers: {}, body: Readable.from([Buffer.from(items)]) } };
  };
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    requestHandler: { handle } as never,
  });
  const told = await Array.fromAsync(
    readAccounts({ client, table: 'measurements' }, 'd', HOUR, HOUR + MICROS_PER_HOUR),
  );
  expect(told.map((each) => each.ledger)).toEqual([ledger]);
});
