/** Lifecycle rules of buckets: objects that go some days after they were put, and uploads that nobody completes. */
import type { Log, Resource } from '../../types.ts';
import { fields, list, number, text } from '../json.ts';
import { isLocked } from './lock.ts';
import type { Uploads } from './multipart.ts';
import type { Bucket } from './store.ts';

export interface LifecycleRule {
  readonly prefix: string;
  readonly expireDays: number | undefined;
  readonly abortUploadsDays: number | undefined;
}

/** Versions are not kept here, so their rules have nothing to do. */
const KNOWN = new Set([
  'Id',
  'Status',
  'Prefix',
  'ExpirationInDays',
  'AbortIncompleteMultipartUpload',
  'NoncurrentVersionExpiration',
]);
const DAY = 86_400_000;
/** Objects that one sweep of a bucket deletes, at most. */
const MOST = 1_000;

/**
 * Rules of a bucket that are enabled.
 * @throws {Error} naming what a rule says that is not run here
 */
export function lifecycleRules({ logicalId, properties }: Resource): readonly LifecycleRule[] {
  return list(fields(properties['LifecycleConfiguration'])['Rules'])
    .map(fields)
    .filter((rule) => rule['Status'] === 'Enabled')
    .map((rule) => {
      const unknown = Object.keys(rule).find((name) => !KNOWN.has(name));
      if (unknown !== undefined)
        throw new Error(
          `${logicalId}: the lifecycle rule ${text(rule['Id']) ?? ''} has ${unknown}, which is not run locally`,
        );
      return {
        prefix: text(rule['Prefix']) ?? '',
        expireDays: number(rule['ExpirationInDays']),
        abortUploadsDays: number(fields(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation']),
      };
    });
}

/** Days are whole: what was put at noon goes at the midnight (UTC) after its last day. */
const endsAt = (put: number, days: number): number => Math.ceil((put + days * DAY) / DAY) * DAY;

/** Buckets with their rules, looked through from time to time: keys and times of all objects are in memory. */
export class Lifecycle {
  readonly #buckets: readonly (readonly [Bucket, readonly LifecycleRule[]])[];
  readonly #uploads: Uploads;
  readonly #log: Log;

  constructor(buckets: readonly (readonly [Bucket, readonly LifecycleRule[]])[], uploads: Uploads, log: Log) {
    this.#buckets = buckets;
    this.#uploads = uploads;
    this.#log = log;
  }

  /** @param now milliseconds since the epoch */
  async sweep(now: number): Promise<void> {
    for (const [bucket, rules] of this.#buckets) {
      const isOver = (rule: LifecycleRule, key: string, days: number | undefined, since: number): boolean =>
        days !== undefined && key.startsWith(rule.prefix) && endsAt(since, days) <= now;
      this.#uploads.abortAll(bucket.name, (key, started) =>
        rules.some((rule) => isOver(rule, key, rule.abortUploadsDays, started)),
      );
      let gone = 0;
      for (const head of bucket.list()) {
        const { key, modified } = head;
        if (gone === MOST) break;
        if (isLocked(head) || !rules.some((rule) => isOver(rule, key, rule.expireDays, modified))) continue;
        // It may have been put anew since.
        await bucket.delete(key, (head) => head.modified === modified);
        gone += 1;
      }
      if (gone > 0) this.#log('debug', 's3: objects have expired', { bucket: bucket.name, objects: gone });
    }
  }
}
