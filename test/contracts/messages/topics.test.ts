import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  basicIngest,
  downstream,
  originOfTopic,
  parsePartitionKey,
  partitionKey,
  slug,
  upstream,
} from '../../../contracts/messages/topics.ts';

const anySlug = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

describe('topics', () => {
  it('stay within the limits of AWS IoT Core for the longest identifiers', () => {
    const origin = { site: 's'.repeat(63), device: 'd'.repeat(63) };
    for (const topic of [upstream.data(origin), downstream.ack(origin), downstream.errors(origin)]) {
      expect(topic.split('/').length - 1).toBeLessThanOrEqual(7);
      expect(Buffer.byteLength(topic)).toBeLessThanOrEqual(256);
    }
  });

  it('give back the origin from a partition key', () => {
    fc.assert(
      fc.property(anySlug, anySlug, (site, device) => {
        expect(parsePartitionKey(partitionKey({ site, device }))).toEqual({ site, device });
        expect(basicIngest('r', upstream.data({ site, device }))).toBe(
          `$aws/rules/r/lab/${site}/${device}/data`,
        );
        const topic = upstream.data({ site, device });
        expect(originOfTopic(topic)).toEqual({ site, device });
        expect(originOfTopic(basicIngest('r', topic))).toEqual({ site, device });
      }),
    );
  });

  it.each(['', '/', 'a', 'a/', '/b', 'a/b/c', 'A/b', 'a/+', 'a/#', '-a/b', `a/${'b'.repeat(64)}`])(
    'refuse the partition key %j',
    (key) => expect(parsePartitionKey(key)).toBeUndefined(),
  );

  it.each([
    'lab/a/b',
    'lab/a/b/ack',
    'lab/a/b/data/x',
    'other/a/b/data',
    'lab/A/b/data',
    '$aws/rules/lab/a/b/data',
  ])('name no origin: %j', (topic) => expect(originOfTopic(topic)).toBeUndefined());

  it.each(['+', '#', 'a b', 'Ä', 'a_b', 'a-'])('refuse the identifier %j', (id) => {
    expect(slug.safeParse(id).success).toBe(false);
  });
});
