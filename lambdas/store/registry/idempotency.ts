/** Answers to requests with an Idempotency-Key, kept for a day. */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Item, marshal, unmarshal } from '../dynamodb/attributes.ts';
import { conditionally, isWritten } from '../dynamodb/conditions.ts';
import { ITEM_FORMAT, idempotencyKey, META, type Registry } from './keys.ts';
import { readItem } from './single.ts';

/** Who asks for what under which key. */
export interface Attempt {
  readonly subject: string;
  readonly key: string;
  /** Digest of the request. */
  readonly requestHash: string;
  readonly now: Date;
}

const answer = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
/** An answer as it went out. */
export type Answer = z.infer<typeof answer>;

const record = z.object({ requestHash: z.string(), expiresAt: z.number(), answer: answer.optional() });

const KEPT_SECONDS = 24 * 3600;

const secondsOf = (now: Date): number => Math.floor(now.getTime() / 1000);

const itemOf = (attempt: Attempt, given: Answer | undefined): Item =>
  marshal({
    pk: idempotencyKey(attempt.subject, attempt.key),
    sk: META,
    format: ITEM_FORMAT,
    requestHash: attempt.requestHash,
    expiresAt: secondsOf(attempt.now) + KEPT_SECONDS,
    answer: given,
  });

/**
 * Takes a key for a request.
 * @returns `proceed`: do it, it may be half done; the answer it was given before; or `conflict` when the key
 * belongs to another request
 */
export const takeKey = async (
  registry: Registry,
  attempt: Attempt,
): Promise<'proceed' | 'conflict' | Answer> => {
  const put = new PutItemCommand({
    TableName: registry.table,
    Item: itemOf(attempt, undefined),
    // An item past its time is as good as gone: nobody waits for TTL to take it.
    ConditionExpression: 'attribute_not_exists(pk) OR expiresAt <= :now',
    ExpressionAttributeValues: marshal({ ':now': secondsOf(attempt.now) }),
  });
  if (await isWritten(registry.client.send(put))) return 'proceed';
  const item = await readItem(registry, idempotencyKey(attempt.subject, attempt.key), META);
  if (item === undefined) return 'proceed';
  const found = record.parse(unmarshal(item));
  if (found.requestHash !== attempt.requestHash) return 'conflict';
  return found.answer ?? 'proceed';
};

/**
 * Keeps the answer that a request was given.
 * @throws {ConditionFailed} when the key belongs to another request by now
 */
export const keepAnswer = async (registry: Registry, attempt: Attempt, given: Answer): Promise<void> => {
  await conditionally(
    registry.client.send(
      new PutItemCommand({
        TableName: registry.table,
        Item: itemOf(attempt, given),
        ConditionExpression: 'attribute_not_exists(pk) OR requestHash = :hash',
        ExpressionAttributeValues: marshal({ ':hash': attempt.requestHash }),
      }),
    ),
  );
};
