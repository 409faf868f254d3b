import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Item } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { batchGet, ItemsUnread } from '../../../../lambdas/store/dynamodb/batch-get.ts';

const TABLE = 'things';
const keyOf = (at: number): Item => ({ pk: { S: `thing-${at}` }, sk: { S: 'META' } });

interface Asked {
  readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly object[] }>>;
}

/** A DynamoDB that answers as many keys of a call as it likes, with the key as the item, or with an error. */
const clientThat = (gives: (keys: number) => number | string) => {
  const asked: number[] = [];
  const bodies: unknown[] = [];
  const answer = (body: Uint8Array): { readonly statusCode: number; readonly said: object } => {
    const request: Asked = JSON.parse(Buffer.from(body).toString());
    const { Keys = [] } = request.RequestItems[TABLE] ?? {};
    asked.push(Keys.length);
    bodies.push(request);
    const count = gives(Keys.length);
    if (typeof count === 'string') return { statusCode: 400, said: { __type: `x#${count}`, message: 'no' } };
    const rest = Keys.slice(count);
    const UnprocessedKeys = rest.length === 0 ? {} : { [TABLE]: { Keys: rest } };
    return { statusCode: 200, said: { Responses: { [TABLE]: Keys.slice(0, count) }, UnprocessedKeys } };
  };
  const handle = async (
    { body }: { readonly body: Uint8Array },
    { abortSignal }: { abortSignal: AbortSignal },
  ) => {
    abortSignal.throwIfAborted();
    const { statusCode, said } = answer(body);
    return {
      response: { statusCode, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(said))]) },
    };
  };
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    requestHandler: { handle } as never,
  });
  return { client, asked, bodies };
};

/** Pauses take no time, and are counted. */
const paused = vi.hoisted(() => ({ millis: [] as number[] }));
vi.mock('node:timers/promises', () => ({
  setTimeout: async (millis: number, _: unknown, { signal }: { readonly signal: AbortSignal }) => {
    signal.throwIfAborted();
    paused.millis.push(millis);
  },
}));

describe('many items by key', () => {
  it('come whole, each once, however many an answer holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 350 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 5 }),
        async (count, answers) => {
          let call = 0;
          // Some answers of any size, then at least one item each.
          const { client, asked } = clientThat((keys) => Math.min(keys, answers[call++] ?? 40));
          const keys = Array.from({ length: count }, (_, at) => keyOf(at));
          const items = await batchGet(client, TABLE, keys, { consistent: false });
          expect(items.map(({ pk }) => pk?.S).toSorted()).toEqual(keys.map(({ pk }) => pk?.S).toSorted());
          expect(Math.max(0, ...asked)).toBeLessThanOrEqual(100);
        },
      ),
    );
  });

  it('take one call for each hundred', async () => {
    const { client, asked } = clientThat((keys) => keys);
    await batchGet(
      client,
      TABLE,
      Array.from({ length: 201 }, (_, at) => keyOf(at)),
      { consistent: true },
    );
    expect(asked).toEqual([100, 100, 1]);
  });

  it('are given up after six answers in a row without any, with growing pauses between', async () => {
    const { client, asked } = clientThat(() => 0);
    paused.millis = [];
    await expect(batchGet(client, TABLE, [keyOf(1), keyOf(2)], { consistent: false })).rejects.toThrow(
      new ItemsUnread('2 keys of things unread after 6 tries'),
    );
    expect(asked).toHaveLength(6);
    for (const [at, millis] of paused.millis.entries()) {
      expect(millis).toBeGreaterThanOrEqual(50 * 2 ** at);
      expect(millis).toBeLessThanOrEqual(100 * 2 ** at);
    }
  });

  it('are asked for again while the service says that it may work later, four times in all', async () => {
    const answers: (number | string)[] = ['ThrottlingException', 'ProvisionedThroughputExceededException', 1];
    const { client, asked } = clientThat(() => answers.shift() ?? 'ThrottlingException');
    expect(await batchGet(client, TABLE, [keyOf(1)], { consistent: false })).toEqual([keyOf(1)]);
    expect(asked).toHaveLength(3);
    const reading = batchGet(client, TABLE, [keyOf(1)], { consistent: false });
    await expect(reading).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(asked).toHaveLength(7);
  });

  it('are not asked for again when that would end the same', async () => {
    const { client, asked } = clientThat(() => 'AccessDeniedException');
    const reading = batchGet(client, TABLE, [keyOf(1)], { consistent: false });
    await expect(reading).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(asked).toHaveLength(1);
  });

  it('are read as told: consistently, and only some of them', async () => {
    const { client, bodies } = clientThat((keys) => keys);
    await batchGet(client, TABLE, [keyOf(1)], { consistent: false });
    await batchGet(client, TABLE, [keyOf(1)], { consistent: true, attributes: ['pk', 'b1'] });
    expect(bodies).toEqual([
      { RequestItems: { [TABLE]: { Keys: [keyOf(1)], ConsistentRead: false } } },
      {
        RequestItems: { [TABLE]: { Keys: [keyOf(1)], ConsistentRead: true, ProjectionExpression: 'pk,b1' } },
      },
    ]);
  });

  it('are not waited for longer than told', async () => {
    const { client } = clientThat(() => 0);
    const signal = AbortSignal.abort(new Error('enough'));
    const reading = batchGet(client, TABLE, [keyOf(1)], { consistent: false, signal });
    await expect(reading).rejects.toThrow('enough');
  });
});
