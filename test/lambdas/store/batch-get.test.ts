import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Item } from '../../../lambdas/store/attributes.ts';
import { batchGet, ItemsUnread } from '../../../lambdas/store/batch-get.ts';

const TABLE = 'things';
const keyOf = (at: number): Item => ({ pk: { S: `thing-${at}` }, sk: { S: 'META' } });

interface Asked {
  readonly RequestItems: Readonly<Record<string, { Keys: Item[]; ConsistentRead: boolean }>>;
}

/** A DynamoDB that answers as many keys of a call as it likes, with the key as the item. */
const clientThat = (gives: (keys: number) => number) => {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  const asked: number[] = [];
  vi.spyOn(client, 'send').mockImplementation(async ({ input }) => {
    const { Keys } = (input as Asked).RequestItems[TABLE] ?? { Keys: [] };
    asked.push(Keys.length);
    const count = gives(Keys.length);
    const rest = Keys.slice(count);
    return {
      Responses: { [TABLE]: Keys.slice(0, count) },
      UnprocessedKeys: rest.length === 0 ? {} : { [TABLE]: { Keys: rest } },
    };
  });
  return { client, asked };
};

/** Pauses take no time, and are counted. */
const paused = vi.hoisted(() => ({ millis: [] as number[] }));
vi.mock('node:timers/promises', () => ({
  setTimeout: async (millis: number, _: unknown, options: { readonly signal?: AbortSignal }) => {
    options.signal?.throwIfAborted();
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
          expect(new Set(items)).toEqual(new Set(keys));
          expect(items).toHaveLength(count);
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

  it('are not waited for longer than told', async () => {
    const { client } = clientThat(() => 0);
    const signal = AbortSignal.abort(new Error('enough'));
    const reading = batchGet(client, TABLE, [keyOf(1)], { consistent: false, signal });
    await expect(reading).rejects.toThrow('enough');
  });
});
