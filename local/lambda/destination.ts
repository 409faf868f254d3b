/**
 * Failure destinations: the queue or bucket to which Lambda sends a record of an event that it gave up. It does so with
 * the credentials of the function's role.
 */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { AccessRequest, PartOptions } from '../types.ts';

export interface Destination {
  /** @param key of the object in a bucket; a queue needs none */
  deliver(record: string, key: string): Promise<void>;
  close(): void;
}

/** Whether an ARN is of a kind of destination that this gateway has. */
export const isDestination = (arn: unknown): arn is string =>
  typeof arn === 'string' && /^arn:[^:]+:(s3|sqs):/.test(arn);

const isBucket = (arn: string): boolean => arn.split(':')[2] === 's3';

/**
 * Permissions that the role needs on a destination. Lambda checks them when the destination is configured, not when the
 * first record is sent. Those on the encryption key of the destination are not among them.
 * @param prefix start of the keys of objects in a bucket
 */
export const accessOf = (arn: string, prefix: string): readonly AccessRequest[] =>
  isBucket(arn)
    ? [
        { action: 's3:ListBucket', resource: arn },
        { action: 's3:PutObject', resource: `${arn}/${prefix}` },
      ]
    : [{ action: 'sqs:SendMessage', resource: arn }];

/** The end of the key of a record in a bucket: `2026/03/01/2026-03-01T10.00.00-{id}`. */
export const timeKey = (now: Date, id: string): string => {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '.');
  return `${time.slice(0, 10).replaceAll('-', '/')}/${time}-${id}`;
};

/** Makes the client that sends records to a destination. */
export const openDestination = (
  arn: string,
  roleArn: string,
  { assembly, endpoint, iam }: Pick<PartOptions, 'assembly' | 'endpoint' | 'iam'>,
): Destination => {
  const config = {
    region: assembly.region,
    endpoint: endpoint.url,
    credentials: iam.credentialsFor(roleArn),
  };
  if (isBucket(arn)) {
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const Bucket = arn.split(':::')[1] ?? '';
    return {
      deliver: async (record, key) => {
        const put = { Bucket, Key: key, Body: record, ContentType: 'application/json' };
        await s3.send(new PutObjectCommand(put));
      },
      close: () => s3.destroy(),
    };
  }
  const sqs = new SQSClient(config);
  const QueueUrl = assembly.find(arn)?.physicalId ?? arn;
  return {
    deliver: async (record) => {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: record }));
    },
    close: () => sqs.destroy(),
  };
};
