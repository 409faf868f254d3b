/** Keeps a connection within the quotas of AWS IoT Core, which discards or delays what goes beyond. */

/** How much a connection may publish. */
export interface RateLimits {
  /** Publishes a second; AWS discards those beyond 100, counting both directions. */
  readonly messagesPerSecond: number;
  /** Bytes a second; AWS delays those beyond 512 KiB. */
  readonly bytesPerSecond: number;
  /** Publishes at once after a pause; in no second are there more than this and the rate together. */
  readonly burst: number;
}

/** Room is left for the acknowledgements that come the other way. */
export const AWS_RATE: RateLimits = { messagesPerSecond: 80, bytesPerSecond: 448 * 1024, burst: 10 };

/** Two leaky buckets, of messages and of bytes. Times are milliseconds of any steady clock. */
export class RateLimit {
  private readonly limits: RateLimits;
  private messagesFreeAt = Number.NEGATIVE_INFINITY;
  private bytesFreeAt = Number.NEGATIVE_INFINITY;

  constructor(limits: RateLimits) {
    this.limits = limits;
  }

  /** How long to wait from `now` until the next publish; 0: none. */
  wait(now: number): number {
    const ahead = ((this.limits.burst - 1) * 1000) / this.limits.messagesPerSecond;
    return Math.max(0, this.messagesFreeAt - ahead - now, this.bytesFreeAt - now);
  }

  /** Counts a publish. */
  count(bytes: number, now: number): void {
    const { messagesPerSecond, bytesPerSecond } = this.limits;
    this.messagesFreeAt = Math.max(this.messagesFreeAt, now) + 1000 / messagesPerSecond;
    this.bytesFreeAt = Math.max(this.bytesFreeAt, now) + (bytes * 1000) / bytesPerSecond;
  }
}

/**
 * Exponential backoff with full jitter: any wait up to the bound is as likely, so that a fleet that lost its
 * connection together does not come back together.
 * @param attempt from 0
 * @param random from 0 to below 1
 * @returns milliseconds
 */
export const backoff = (attempt: number, baseMs: number, maxMs: number, random: number): number =>
  random * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
