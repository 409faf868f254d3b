import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AWS_RATE, backoff, RateLimit } from '../../device/rate-limit.ts';

describe('the rateLimit of a connection', () => {
  it('keeps any second within the quotas of AWS IoT Core', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(128 * 1024), fc.nat(200)), { minLength: 50, maxLength: 400 }),
        (sends) => {
          const rateLimit = new RateLimit(AWS_RATE);
          const published: { readonly at: number; readonly bytes: number }[] = [];
          let now = 0;
          for (const [bytes, pause] of sends) {
            now += pause;
            now += rateLimit.wait(now);
            expect(rateLimit.wait(now)).toBeLessThan(1e-6);
            rateLimit.count(bytes, now);
            published.push({ at: now, bytes });
          }
          for (const { at } of published) {
            const second = published.filter((other) => other.at >= at && other.at < at + 1000);
            expect(second.length).toBeLessThanOrEqual(100);
            // One message may begin just before the budget ends.
            const bytes = second.reduce((sum, message) => sum + message.bytes, 0);
            expect(bytes).toBeLessThanOrEqual(AWS_RATE.bytesPerSecond + 128 * 1024);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the wait before connecting again', () => {
  it('is any up to a bound that doubles, and ends', () => {
    expect(backoff(0, 1000, 60_000, 0.5)).toBe(500);
    expect(backoff(3, 1000, 60_000, 0.5)).toBe(4000);
    expect(backoff(10_000, 1000, 60_000, 0.999)).toBeLessThan(60_000);
    expect(backoff(5, 1000, 60_000, 0)).toBe(0);
  });
});
