/**
 * Rule actions that call AWS APIs over HTTP as the rule's role: `s3` and `sqs`.
 */
import type { Assembly, Endpoint, Iam } from '../../types.ts';
import { compileTemplate } from '../sql/template.ts';
import type { Action, Done, Parameters } from './action.ts';
import { asError, Batcher } from './batcher.ts';

export interface SdkDependencies {
  readonly assembly: Assembly;
  readonly iam: Iam;
  readonly endpoint: Endpoint;
}

const clientConfig = ({ assembly, iam, endpoint }: SdkDependencies, role: string) => ({
  region: assembly.region,
  endpoint: endpoint.url,
  credentials: { ...iam.credentialsFor(role) },
  maxAttempts: 5,
});

/** The SDK's clients are loaded only when a rule needs them: each costs tens of milliseconds of start-up. */
export const s3Action = async (parameters: Parameters, dependencies: SdkDependencies): Promise<Action> => {
  const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const bucket = parameters.text('BucketName');
  const key = compileTemplate(parameters.text('Key'));
  const client = new S3Client({
    ...clientConfig(dependencies, parameters.text('RoleArn')),
    forcePathStyle: true,
  });
  return {
    type: 'S3Action',
    resource: bucket,
    run(message, payload, done) {
      client
        .send(new PutObjectCommand({ Bucket: bucket, Key: key(message), Body: payload }))
        .then(() => done(), done);
    },
  };
};

/** Bounds of SendMessageBatch. */
const SQS_LIMITS = { count: 10, bytes: 256 * 1024 } as const;

interface SqsEntry {
  readonly data: string;
  readonly done: Done;
}

/** AWS sends each message by itself; a batch needs the same permission and costs a tenth. */
export const sqsAction = async (parameters: Parameters, dependencies: SdkDependencies): Promise<Action> => {
  const { SendMessageBatchCommand, SQSClient } = await import('@aws-sdk/client-sqs');
  const queue = parameters.text('QueueUrl');
  const encoding = parameters.flag('UseBase64') ? 'base64' : 'utf8';
  const client = new SQSClient({
    ...clientConfig(dependencies, parameters.text('RoleArn')),
    useQueueUrlAsEndpoint: false,
  });
  const batches = new Batcher<SqsEntry>(SQS_LIMITS, async (batch) => {
    const Entries = batch.map(({ data }, index) => ({ Id: String(index), MessageBody: data }));
    try {
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }));
      return new Map(Failed.map(({ Id, Code, Message }) => [Number(Id), new Error(`${Code}: ${Message}`)]));
    } catch (error) {
      return asError(error);
    }
  });
  return {
    type: 'SqsAction',
    resource: queue,
    run(_message, payload, done) {
      batches.add({ data: payload.toString(encoding), done });
    },
  };
};
