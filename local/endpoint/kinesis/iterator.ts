/** Shard iterators: opaque to clients, valid five minutes. What they give access to is checked at each use. */
import { AwsError } from '../../types.ts';

const LIFE_MS = 5 * 60 * 1000;

export interface Position {
  readonly stream: string;
  readonly shardId: string;
  /** Counter of the next record to read. */
  readonly counter: number;
}

/**
 * Writes a position as an iterator.
 * @param now when its five minutes begin, in milliseconds since the epoch
 */
export const encodeIterator = ({ stream, shardId, counter }: Position, now = Date.now()): string =>
  Buffer.from(JSON.stringify([stream, shardId, counter, now])).toString('base64url');

/**
 * Reads an iterator.
 * @param now when given, an iterator older than five minutes is refused
 * @throws {AwsError} `InvalidArgumentException`, `ExpiredIteratorException`
 */
export function decodeIterator(iterator: string, now?: number): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(iterator, 'base64url').toString('utf8'));
  } catch {
    throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.');
  }
  const [stream, shardId, counter, issued] = Array.isArray(parts) ? parts : [];
  if (
    typeof stream !== 'string' ||
    typeof shardId !== 'string' ||
    typeof issued !== 'number' ||
    !Number.isSafeInteger(counter)
  ) {
    throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.');
  }
  if (now !== undefined && now - issued > LIFE_MS) {
    throw new AwsError('ExpiredIteratorException', 'Iterator expired. Iterators are valid for five minutes.');
  }
  return { stream, shardId, counter };
}
