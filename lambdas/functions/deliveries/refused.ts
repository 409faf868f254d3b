/** What the error action of the data rule keeps: a message that the stream refused, in a report of the rules engine. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { originOfTopic, partitionKey } from '../../../contracts/messages/topics.ts';
import type { QuarantineEntry } from '../../store/objects/quarantine.ts';
import { entryOf } from './entry.ts';

/** Source: "Error action message format", AWS IoT Core developer guide. */
const report = z.object({
  topic: z.string(),
  base64OriginalPayload: z.base64(),
  failures: z.array(z.object({ failedResource: z.string().catch(''), errorMessage: z.string().catch('') })),
});

/** A number for what has none on the stream: the same for the same object, and in the order of arrival. */
export const sequenceOf = (key: string, millis: number): string => {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return `${String(millis).padStart(13, '0')}${BigInt(`0x${digest}`).toString().padStart(39, '0')}`;
};

/** When the rules engine had the message: the key begins with it. */
export const millisOf = (key: string, eventTime: string): number => {
  const [, millis] = /\/(\d{13})-[^/]*$/.exec(key) ?? [];
  return millis === undefined ? Date.parse(eventTime) : Number(millis);
};

/**
 * The message of a report.
 * @param eventTime when S3 took the object, RFC 3339
 * @throws {z.ZodError} or {@link SyntaxError} for what is no report
 */
export const refusedEntry = (text: string, key: string, eventTime: string): QuarantineEntry => {
  const { topic, base64OriginalPayload, failures } = report.parse(JSON.parse(text));
  const origin = originOfTopic(topic);
  const millis = millisOf(key, eventTime);
  return entryOf(
    {
      origin,
      partitionKey: origin === undefined ? topic : partitionKey(origin),
      stream: failures[0]?.failedResource ?? '',
      shard: '',
      sequence: sequenceOf(key, millis),
      arrived: millis * 1000,
      bytes: Buffer.from(base64OriginalPayload, 'base64'),
    },
    'stream-refused',
    failures.map(({ errorMessage }) => errorMessage).join(' '),
  );
};
