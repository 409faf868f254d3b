/**
 * S3 of the assembly. Not fauxqs: it keeps bodies in memory only, so nothing survives a restart, it orders keys
 * by locale, which breaks paging, and it knows no conditional writes.
 */
import { join } from 'node:path';
import type { Assembly, AwsService, Iam, Log } from '../../types.ts';
import { fields, list, text } from '../json.ts';
import { customerKey } from '../kms.ts';
import type { Queue } from '../sqs/queue.ts';
import { Lifecycle, type LifecycleRule, lifecycleRules } from './lifecycle.ts';
import { retentionOf } from './lock.ts';
import { Uploads } from './multipart.ts';
import { notifying } from './notifications.ts';
import { S3Service } from './service.ts';
import { Bucket } from './store.ts';

const SWEEP = 60_000;

/**
 * @param dataDir folder whose content survives; in memory when absent
 * @param queues by name, for the notifications of buckets
 * @param sweepMs milliseconds between two searches for what the lifecycle rules end
 */
export async function openS3(
  assembly: Assembly,
  iam: Iam,
  dataDir: string | undefined,
  queues: ReadonlyMap<string, Queue>,
  log: Log,
  sweepMs = SWEEP,
): Promise<{
  readonly service: AwsService;
  readonly buckets: ReadonlyMap<string, Bucket>;
  close(): Promise<void>;
}> {
  const buckets = new Map<string, Bucket>();
  const expiring: [Bucket, readonly LifecycleRule[]][] = [];
  for (const resource of assembly.byType('AWS::S3::Bucket')) {
    const name = text(resource.properties['BucketName']) ?? resource.physicalId;
    const rules = list(fields(resource.properties['BucketEncryption'])['ServerSideEncryptionConfiguration']);
    const byDefault = fields(fields(rules[0])['ServerSideEncryptionByDefault']);
    const dir = dataDir === undefined ? undefined : join(dataDir, 's3', name);
    const bucket = await Bucket.open(name, customerKey(assembly, byDefault['KMSMasterKeyID']), dir, log);
    bucket.retention = retentionOf(resource);
    buckets.set(name, bucket);
    expiring.push([bucket, lifecycleRules(resource)]);
  }
  const uploads = new Uploads();
  const lifecycle = new Lifecycle(expiring, uploads, log);
  let sweeping = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping
      .then(() => lifecycle.sweep(Date.now()))
      .catch((error: unknown) => log('error', 's3: lifecycle rules failed', { error: String(error) }));
  }, sweepMs).unref();
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await sweeping;
  };
  const service = new S3Service(assembly, iam, buckets, uploads);
  return { service: notifying(service, assembly, iam, buckets, queues), buckets, close };
}
