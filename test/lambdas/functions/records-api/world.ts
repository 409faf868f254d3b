/** `records-api` as API Gateway calls it, on the local gateway's own DynamoDB, S3, Kinesis and SQS. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type {
  APIGatewayProxyEvent,
  APIGatewayProxyResult,
  Context,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import type { Device } from '../../../../contracts/resources/devices.ts';
import { type InstrumentType, instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { parseTime } from '../../../../contracts/time.ts';
import { marshal } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { type PackedRun, toChunkItems } from '../../../../lambdas/store/measurements/index.ts';
import { recordConnection } from '../../../../lambdas/store/registry/connections.ts';
import { deviceToItem, typeToItem } from '../../../../lambdas/store/registry/items.ts';
import { type Faults, startEndpoint } from '../../../../local/endpoint/index.ts';
import { arn, assembly, ROLE, resource, SmallIam, silent } from '../../../support/endpoint.ts';
import { lambdaContext, proxyEvent, type Sent } from '../../../support/http-events.ts';

export const NOW = new Date('2026-03-02T12:00:00.000Z');
export const micros = (text: string): number => {
  const time = parseTime(text);
  if (time === undefined) throw new RangeError(text);
  return time;
};

export const TYPE: InstrumentType = instrumentType.parse({
  id: 'incubator',
  name: 'Incubator',
  channels: {
    temp: { unit: 'Cel', interval: 60 },
    door: { unit: '1', type: 'boolean', kind: 'step' },
  },
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'ada',
});

const table = (name: string) =>
  resource(
    'AWS::DynamoDB::Table',
    name,
    {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk', ...(name === 'registry' ? ['kind', 'listKey'] : [])].map(
        (AttributeName) => ({ AttributeName, AttributeType: 'S' }),
      ),
      BillingMode: 'PAY_PER_REQUEST',
      ...(name === 'registry'
        ? {
            GlobalSecondaryIndexes: [
              {
                IndexName: 'listing',
                KeySchema: [
                  { AttributeName: 'kind', KeyType: 'HASH' },
                  { AttributeName: 'listKey', KeyType: 'RANGE' },
                ],
                Projection: { ProjectionType: 'ALL' },
              },
            ],
          }
        : {}),
    },
    arn('dynamodb', `table/${name}`),
  );

const RESOURCES = [
  table('registry'),
  table('measurements'),
  resource('AWS::S3::Bucket', 'archive', {}, 'arn:aws:s3:::archive'),
  resource('AWS::Kinesis::Stream', 'stream', { ShardCount: 1 }, arn('kinesis', 'stream/stream')),
  resource('AWS::SQS::Queue', 'exports', { QueueName: 'exports' }, arn('sqs', 'exports')),
];

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

export interface World {
  readonly faults: Faults;
  readonly dynamo: DynamoDBClient;
  readonly registry: { readonly client: DynamoDBClient; readonly table: string };
  readonly measurements: { readonly client: DynamoDBClient; readonly table: string };
  send(sent: Sent): Promise<Answered>;
  put(table: 'registry' | 'measurements', item: Parameters<typeof marshal>[0]): Promise<void>;
  addType(type: InstrumentType): Promise<void>;
  addDevice(id: string, more?: Partial<Device>): Promise<void>;
  /** When the broker saw the device arrive. */
  addConnection(id: string, at: string): Promise<void>;
  addRun(run: PackedRun): Promise<void>;
  /** All records of the stream. */
  records(): Promise<{ readonly key: string; readonly sequence: string; readonly data: Uint8Array }[]>;
  /** Lets the worker take what is in its queue now. @returns what it answered to each */
  work(options?: { readonly tries?: number; readonly millis?: number }): Promise<SQSBatchResponse[]>;
  close(): Promise<void>;
}

export const startWorld = async (): Promise<World> => {
  const iam = new SmallIam();
  iam.grants = [['s3:GetObject', 'arn:aws:s3:::archive/exports/*']];
  const resources = assembly(RESOURCES);
  const endpoint = await startEndpoint({ assembly: resources, iam, log: silent, host: '127.0.0.1', port: 0 });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: iam.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: iam.operator.secretAccessKey,
    AWS_SESSION_TOKEN: iam.operator.sessionToken,
    REGISTRY_TABLE: 'registry',
    MEASUREMENTS_TABLE: 'measurements',
    ARCHIVE_BUCKET: 'archive',
    STREAM_NAME: 'stream',
    ALLOWED_ORIGINS: '[]',
    EXPORT_LINKS_ROLE: ROLE,
    EXPORTS_QUEUE_URL: `${endpoint.url}/000000000000/exports`,
    POWERTOOLS_SERVICE_NAME: 'test',
    POWERTOOLS_METRICS_NAMESPACE: 'labgate',
    LOG_LEVEL: 'SILENT',
  });
  const {
    handler,
  }: { handler: (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult> } =
    await import('../../../../lambdas/functions/records-api/handler.ts');
  const { handler: worker }: { handler: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> } =
    await import('../../../../lambdas/functions/exports/handler.ts');
  const dynamo = new DynamoDBClient({});
  const sqs = new SQSClient({});
  // Named, because it would take HTTP/2, which a plain-text endpoint does not speak.
  const kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  const put = async (TableName: string, Item: ReturnType<typeof marshal>): Promise<void> => {
    await dynamo.send(new PutItemCommand({ TableName, Item }));
  };
  const registry = { client: dynamo, table: 'registry' };
  return {
    faults: endpoint.faults,
    dynamo,
    registry,
    measurements: { client: dynamo, table: 'measurements' },
    send: async (sent) => {
      const { statusCode, headers = {}, body } = await handler(proxyEvent(sent), lambdaContext);
      return { status: statusCode, headers: headers as Record<string, string>, body: JSON.parse(body) };
    },
    put: (name, item) => put(name, marshal(item)),
    addType: (type) => put('registry', typeToItem(type)),
    addDevice: async (id, more = {}) => {
      const at = '2026-01-01T00:00:00.000Z';
      const device: Device = {
        id,
        site: 'berlin',
        type: TYPE.id,
        state: 'active',
        createdAt: at,
        createdBy: 'ada',
        updatedAt: at,
        version: 1,
        ...more,
      };
      const enrolment = {
        M: { requestHash: { S: 'h' }, certificateArn: { S: 'a' }, certificatePem: { S: 'p' } },
      };
      await put('registry', { ...deviceToItem(device), enrolment });
    },
    addConnection: (device, at) => {
      const unsaid = { session: undefined, address: undefined, reason: undefined };
      return recordConnection(registry, {
        device,
        state: 'online',
        at: Date.parse(at),
        order: 2,
        ...unsaid,
      });
    },
    addRun: async (run) => {
      for (const item of toChunkItems(run)) await put('measurements', item);
    },
    records: async () => {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({
          StreamName: 'stream',
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ PartitionKey: key = '', SequenceNumber: sequence = '', Data: data }) => ({
        key,
        sequence,
        data: data ?? new Uint8Array(),
      }));
    },
    work: async ({ tries = 1, millis = 60_000 } = {}) => {
      const context = { ...lambdaContext, getRemainingTimeInMillis: () => millis };
      const QueueUrl = process.env['EXPORTS_QUEUE_URL'];
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      const answers: SQSBatchResponse[] = [];
      for (const { Body: body, MessageId: messageId, ReceiptHandle } of Messages) {
        const attributes = { ApproximateReceiveCount: String(tries) };
        const event = { Records: [{ body, messageId, attributes }] } as unknown as SQSEvent;
        answers.push(await worker(event, context));
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return answers;
    },
    close: async () => {
      sqs.destroy();
      kinesis.destroy();
      dynamo.destroy();
      await endpoint.close();
    },
  };
};
