/**
 * S3 of the assembly. Not fauxqs: it keeps bodies in memory only, so nothing survives a restart, it orders keys
 * by locale, which breaks paging, and it knows no conditional writes.
 */
import { join } from 'node:path';
import type { Assembly, AwsService, Iam, Log } from '../../types.ts';
import { fields, list, text } from '../json.ts';
import { customerKey } from '../keys.ts';
import type { Queue } from '../sqs/queue.ts';
import { notifying } from './notifications.ts';
import { S3Service } from './service.ts';
import { Bucket } from './store.ts';

/**
 * @param dataDir folder whose content survives; in memory when absent
 * @param queues by name, for the notifications of buckets
 */
export async function openS3(
  assembly: Assembly,
  iam: Iam,
  dataDir: string | undefined,
  queues: ReadonlyMap<string, Queue>,
  log: Log,
): Promise<AwsService> {
  const buckets = new Map<string, Bucket>();
  for (const resource of assembly.byType('AWS::S3::Bucket')) {
    const name = text(resource.properties['BucketName']) ?? resource.physicalId;
    const rules = list(fields(resource.properties['BucketEncryption'])['ServerSideEncryptionConfiguration']);
    const byDefault = fields(fields(rules[0])['ServerSideEncryptionByDefault']);
    const dir = dataDir === undefined ? undefined : join(dataDir, 's3', name);
    buckets.set(name, await Bucket.open(name, customerKey(assembly, byDefault['KMSMasterKeyID']), dir, log));
  }
  return notifying(new S3Service(assembly, iam, buckets), assembly, iam, buckets, queues);
}
