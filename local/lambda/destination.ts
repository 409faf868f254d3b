/** Where Lambda leaves records of what failed: a queue or a bucket, in the name of the function's role. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { AccessRequest, PartOptions } from '../types.ts';

export interface Destination {
  /** @param key of the object, where it is a bucket */
  deliver(record: string, key: string): Promise<void>;
  close(): void;
}

/** Whether records can be left at an ARN here. */
export const isDestination = (arn: unknown): arn is string =>
  typeof arn === 'string' && /^arn:[^:]+:(s3|sqs):/.test(arn);

const isBucket = (arn: string): boolean => arn.split(':')[2] === 's3';

/** What the role needs for a destination, beside its key: Lambda asks for it when it is configured. */
export const accessOf = (arn: string, prefix: string): readonly AccessRequest[] =>
  isBucket(arn)
    ? [
        { action: 's3:ListBucket', resource: arn },
        { action: 's3:PutObject', resource: `${arn}/${prefix}` },
      ]
    : [{ action: 'sqs:SendMessage', resource: arn }];

/** `2026/03/01/2026-03-01T10.00.00-{id}`, the end of the key of a record. */
export const timeKey = (now: Date, id: string): string => {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '.');
  return `${time.slice(0, 10).replaceAll('-', '/')}/${time}-${id}`;
};

/** Opens the way to a destination. */
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
