/** SQS of the assembly. Not fauxqs: it forgets all messages at a restart. Only standard queues. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../contracts/json.ts';
import { refuseDamage } from '../../checked-file.ts';
import type { OnDamage } from '../../damage.ts';
import type { Assembly, AwsService, Log, Resource } from '../../types.ts';
import { arnOf } from '../arn.ts';
import { DiskWatch } from '../disk-watch.ts';
import { fields, flag, number, text } from '../json.ts';
import { customerKey } from '../kms.ts';
import { Journal } from './journal.ts';
import type { QueueOptions } from './queue.ts';
import { Queue } from './queue.ts';
import { SqsService } from './service.ts';

/**
 * @param dataDir folder whose content survives; in memory when absent
 * @throws when the assembly has a FIFO queue, or a redrive policy to a queue that it does not have
 */
export async function openSqs(
  assembly: Assembly,
  dataDir: string | undefined,
  log: Log,
  onDamage: OnDamage = refuseDamage,
): Promise<{ service: AwsService; queues: ReadonlyMap<string, Queue>; close(): Promise<void> }> {
  const dir = dataDir === undefined ? undefined : join(dataDir, 'sqs');
  if (dir !== undefined) await mkdir(dir, { recursive: true });
  const queues = new Map<string, Queue>();
  for (const resource of assembly.byType('AWS::SQS::Queue')) {
    const options = queueOptions(assembly, resource);
    const opened =
      dir === undefined ? undefined : await Journal.open(join(dir, `${options.name}.jsonl`), onDamage);
    const disk = new DiskWatch(`queue ${options.name}`, log);
    queues.set(options.name, new Queue(options, disk, opened?.journal, opened?.entries ?? []));
  }
  for (const queue of queues.values()) {
    const { redrive, name } = queue.options;
    if (!redrive) continue;
    const target = [...queues.values()].find((q) => q.options.arn === redrive.targetArn);
    if (!target)
      throw new Error(`queue ${name} redrives to ${redrive.targetArn}, which the assembly does not have`);
    queue.redriveTo = target;
  }
  return {
    service: new SqsService(assembly, queues),
    queues,
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function queueOptions(assembly: Assembly, resource: Resource): QueueOptions {
  const p = resource.properties;
  if (flag(p['FifoQueue'])) throw new Error(`${resource.logicalId}: FIFO queues are not run locally`);
  // `Ref` of a queue is its URL.
  const name =
    text(p['QueueName']) ?? resource.arn?.split(':').at(-1) ?? resource.physicalId.split('/').at(-1) ?? '';
  const policy = text(p['RedrivePolicy']);
  const redrive = isObject(p['RedrivePolicy']) ? p['RedrivePolicy'] : fields(policy && JSON.parse(policy));
  const targetArn = text(redrive['deadLetterTargetArn']);
  return {
    name,
    arn: arnOf(assembly, resource, 'sqs', name),
    keyArn: customerKey(assembly, p['KmsMasterKeyId']),
    visibilitySeconds: number(p['VisibilityTimeout']) ?? 30,
    delaySeconds: number(p['DelaySeconds']) ?? 0,
    waitSeconds: number(p['ReceiveMessageWaitTimeSeconds']) ?? 0,
    retentionSeconds: number(p['MessageRetentionPeriod']) ?? 345_600,
    maxBytes: number(p['MaximumMessageSize']) ?? 1_048_576,
    redrive:
      targetArn === undefined
        ? undefined
        : { targetArn, maxReceiveCount: number(redrive['maxReceiveCount']) ?? 10 },
  };
}
