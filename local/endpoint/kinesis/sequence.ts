/** Sequence numbers, shard ids and hash ranges, as they look in Kinesis. */
import { createHash } from 'node:crypto';

const HASH_SPACE = 1n << 128n;

/** `shardId-000000000003` */
export const shardId = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

/**
 * What all sequence numbers of one shard begin with: 28 digits out of the time the stream was made and the
 * shard's index, so that those of a stream made again are greater than the old ones.
 */
export const sequencePrefix = (createdAt: number, index: number): string =>
  `49${String(createdAt).padStart(14, '0')}${String(index).padStart(12, '0')}`;

/** 56 decimal digits; greater counters give greater strings. */
export const sequenceNumber = (prefix: string, counter: number): string =>
  prefix + String(counter).padStart(28, '0');

/** Counter of a sequence number, or `undefined` when it is not one of this shard. */
export function counterOf(prefix: string, sequence: string): number | undefined {
  if (!/^\d{56}$/.test(sequence) || !sequence.startsWith(prefix)) return undefined;
  const counter = Number(sequence.slice(28));
  return Number.isSafeInteger(counter) ? counter : undefined;
}

/** First and last hash key of a shard: the space of MD5, cut into equal parts. */
export function hashRange(index: number, shards: number): { start: bigint; end: bigint } {
  const part = HASH_SPACE / BigInt(shards);
  const start = part * BigInt(index);
  return { start, end: index === shards - 1 ? HASH_SPACE - 1n : start + part - 1n };
}

/** Index of the shard that owns a hash key. */
export function shardOfHash(hash: bigint, shards: number): number {
  return Math.min(Number(hash / (HASH_SPACE / BigInt(shards))), shards - 1);
}

/** MD5 of the partition key as a number, which is how Kinesis spreads records. */
export const hashKey = (partitionKey: string): bigint =>
  BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
