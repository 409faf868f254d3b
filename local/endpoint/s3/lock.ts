/**
 * Object Lock by the default retention of a bucket. AWS refuses to delete a version before its time, and lets a newer one
 * hide it; here an object has one version, so that nobody may replace it either. Of modes the stricter runs here:
 * nobody may pass by governance.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError, type Resource } from '../../types.ts';
import { fields, number, text } from '../json.ts';

/** What of an object may be locked. */
interface Lockable {
  /** Until when it may not be deleted or replaced, in milliseconds since the epoch. */
  readonly lockedUntil?: number;
}

/** Retention that a bucket gives to what is put into it. */
export interface Retention {
  readonly mode: string;
  readonly days: number;
}

const DAY = 86_400_000;

/** Properties of a bucket that are read here, or that change nothing of what functions see. */
const KNOWN = new Set([
  'BucketEncryption',
  'BucketName',
  'LifecycleConfiguration',
  'NotificationConfiguration',
  'ObjectLockConfiguration',
  'ObjectLockEnabled',
  'OwnershipControls',
  'PublicAccessBlockConfiguration',
  'Tags',
  'VersioningConfiguration',
]);

/**
 * The default retention of a bucket; `undefined` when it locks nothing.
 * @throws {Error} naming what a template says of a bucket or its lock that is not run here
 */
export function retentionOf({ logicalId, properties }: Resource): Retention | undefined {
  const refuse = (what: string): Error => new Error(`AWS::S3::Bucket ${logicalId}: ${what}`);
  for (const name of Object.keys(properties)) if (!KNOWN.has(name)) throw refuse(`${name} is not run here`);
  const lock = fields(properties['ObjectLockConfiguration']);
  if (Object.keys(lock).length === 0) return undefined;
  if (properties['ObjectLockEnabled'] !== true)
    throw refuse('ObjectLockConfiguration needs ObjectLockEnabled');
  if (fields(properties['VersioningConfiguration'])['Status'] !== 'Enabled')
    throw refuse('Object Lock needs versioning');
  const rule = fields(fields(lock['Rule'])['DefaultRetention']);
  const [mode, days] = [text(rule['Mode']), number(rule['Days'])];
  const unknown = Object.keys(rule).find((name) => name !== 'Mode' && name !== 'Days');
  if (unknown !== undefined) throw refuse(`DefaultRetention.${unknown} is not run here`);
  if ((mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE') || days === undefined)
    throw refuse('DefaultRetention needs Mode and Days');
  return { mode, days };
}

/**
 * What a bucket with a retention adds to what is put into it.
 * @throws {AwsError} `InvalidRequest` when no checksum came with it, which S3 asks for ("Object Lock considerations")
 */
export function locked<
  T extends Lockable & {
    readonly modified: number;
    readonly checksum?: unknown;
    readonly headers: Readonly<Record<string, string>>;
  },
>(retention: Retention | undefined, headers: IncomingHttpHeaders, head: T): T {
  if (retention === undefined) return head;
  if (headers['content-md5'] === undefined && head.checksum === undefined)
    throw new AwsError(
      'InvalidRequest',
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  const until = head.modified + retention.days * DAY;
  return {
    ...head,
    lockedUntil: until,
    headers: {
      ...head.headers,
      'x-amz-object-lock-mode': retention.mode,
      'x-amz-object-lock-retain-until-date': new Date(until).toISOString(),
    },
  };
}

/** Whether an object may not go yet. */
export const isLocked = (head: Lockable | undefined): boolean =>
  head?.lockedUntil !== undefined && head.lockedUntil > Date.now();

/** @throws {AwsError} `AccessDenied` for an object that may not go yet */
export function checkLock(head: Lockable | undefined): void {
  if (isLocked(head))
    throw new AwsError('AccessDenied', 'Access Denied because object protected by object lock.', 403);
}
