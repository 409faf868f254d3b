import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  counterOf,
  hashRange,
  sequenceNumber,
  sequencePrefix,
  shardOfHash,
} from '../../../local/endpoint/kinesis/sequence.ts';
import { Stream } from '../../../local/endpoint/kinesis/stream.ts';
import { readShard } from '../../../local/endpoint/kinesis/streams.ts';
import { silent } from '../../support/endpoint.ts';

const SHARD = 'shardId-000000000000';
const MAX_BYTES = 9 * 1024 * 1024;

describe('a stream', () => {
  /** Sizes of the records of one put, a restart, or a release of the first so many of all records. */
  const steps = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 12 }),
      },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
      { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
    { maxLength: 25 },
  );

  it('loses nothing that was taken and not released, whatever the order of puts, restarts and releases', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const dir = await mkdtemp(join(tmpdir(), 'labgate-'));
        const options = {
          name: 's',
          arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
          shards: 1,
          mode: 'PROVISIONED' as const,
          retentionHours: 24,
          keyArn: undefined,
          maxBytes: MAX_BYTES,
          maxRecordBytes: 1024 * 1024,
        };
        const open = () => Stream.open(options, dir, silent);
        let stream = await open();
        try {
          const taken: { sequence: string; size: number; mark: number }[] = [];
          let released = 0;
          let mark = 0;
          for (const step of plan) {
            if (step === 'restart') {
              await stream.close();
              stream = await open();
            } else if (typeof step === 'number') {
              released = Math.max(released, Math.floor(step * taken.length));
              const last = taken[released - 1];
              if (last) stream.shard(SHARD).shard.release('c', stream.counter(SHARD, last.sequence) + 1);
            } else {
              mark = (mark + 1) % 256;
              const entries = step.map((size) => ({
                partitionKey: `k${mark}`,
                data: Buffer.alloc(size, mark),
              }));
              const places = await stream.put(entries, Date.now()).catch((error: { code?: string }) => {
                expect(error.code).toBe('ProvisionedThroughputExceededException');
                return [];
              });
              for (const [n, place] of places.entries()) {
                taken.push({ sequence: place.sequenceNumber, size: step[n] ?? -1, mark });
              }
            }
          }
          const sequences = taken.map((t) => t.sequence);
          expect(sequences).toEqual([...new Set(sequences)].sort());
          expect(stream.bytes).toBeLessThanOrEqual(MAX_BYTES);
          // From what was released on, everything is there, once, in order, however small the steps of reading.
          const expected = taken.slice(released);
          const before = taken[released - 1];
          let counter = before
            ? stream.counter(SHARD, before.sequence) + 1
            : stream.shard(SHARD).shard.horizon;
          const read: typeof taken = [];
          for (;;) {
            const batch = readShard(stream, SHARD, counter, 7, Date.now());
            for (const record of batch.records) {
              const data = Buffer.from(record.data, 'base64');
              read.push({
                sequence: record.sequenceNumber,
                size: data.length,
                mark: Number(record.partitionKey.slice(1)),
              });
              expect(data.every((byte) => record.partitionKey === `k${byte}`)).toBe(true);
            }
            counter = stream.counter(SHARD, batch.next) + 1;
            if (batch.records.length === 0) break;
          }
          expect(read).toEqual(expected);
        } finally {
          await stream.close();
          await rm(dir, { recursive: true });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('cuts the hash space into parts that leave nothing out', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        (shards, hash) => {
          const owner = shardOfHash(hash, shards);
          const { start, end } = hashRange(owner, shards);
          expect(start <= hash && hash <= end).toBe(true);
        },
      ),
    );
  });

  it('numbers records so that text order is their order', () => {
    const prefix = sequencePrefix(Date.parse('2026-01-01'), 3);
    const counter = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(counter, counter, (a, b) => {
        const [first, second] = [sequenceNumber(prefix, a), sequenceNumber(prefix, b)];
        expect(first < second).toBe(a < b);
        expect(first).toHaveLength(56);
        expect(counterOf(prefix, first)).toBe(a);
      }),
    );
    expect(counterOf(sequencePrefix(0, 0), sequenceNumber(prefix, 1))).toBeUndefined();
  });
});
