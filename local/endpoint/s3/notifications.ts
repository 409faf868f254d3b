/**
 * Event notifications of buckets: what S3 sends to queues when an object is created. Only these are run: any other
 * kind of event or destination is refused by name.
 * Source of the message: "Event message structure", Amazon S3 user guide.
 */
import { randomUUID } from 'node:crypto';
import type { Assembly, AwsRequest, AwsResponse, AwsService, Iam, Resource } from '../../types.ts';
import { fields, list, text } from '../json.ts';
import type { Queue } from '../sqs/queue.ts';
import type { S3Operation } from './request.ts';
import { parseS3 } from './request.ts';
import type { Bucket } from './store.ts';

/** Where objects of a bucket are told of whose keys begin so. */
interface Subscription {
  readonly id: string;
  readonly prefix: string;
  readonly queue: Queue;
}

const SERVICE = 's3.amazonaws.com';
const CREATED = 's3:ObjectCreated:*';

const EVENT_NAMES: Readonly<Partial<Record<S3Operation, string>>> = {
  PutObject: 'ObjectCreated:Put',
  CopyObject: 'ObjectCreated:Copy',
  CompleteMultipartUpload: 'ObjectCreated:CompleteMultipartUpload',
};

/** As S3 writes a key in an event: form encoding, in which a slash stays. */
const encodeKey = (key: string): string =>
  encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');

const prefixOf = (configuration: unknown, where: string): string => {
  const { Event, Filter, Queue: _, ...others } = fields(configuration);
  const rules = list(fields(fields(Filter)['S3Key'])['Rules']).map(fields);
  const strange =
    Object.keys(others)[0] ??
    (Event === CREATED ? undefined : `the event ${String(Event)}`) ??
    rules.map(({ Name }) => String(Name)).find((name) => name !== 'prefix');
  if (strange !== undefined) throw new Error(`${where}: ${strange} is not run locally`);
  return text(rules[0]?.['Value']) ?? '';
};

/** S3 tries its permissions when it is given a destination, and refuses one that it may not use. */
const assertMaySend = (assembly: Assembly, iam: Iam, bucket: string, queue: Queue, where: string): void => {
  const { arn, keyArn } = queue.options;
  const context = { 'aws:sourcearn': `arn:aws:s3:::${bucket}`, 'aws:sourceaccount': assembly.account };
  const needed = [
    { action: 'sqs:SendMessage', resource: arn, context },
    ...(keyArn === undefined
      ? []
      : ['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => ({ action, resource: keyArn, context }))),
  ];
  for (const request of needed) {
    if (iam.serviceMay(SERVICE, request)) continue;
    throw new Error(
      `${where}: Unable to validate the following destination configurations: the policy of ${request.resource} does not let ${SERVICE} do ${request.action}`,
    );
  }
};

const subscriptionsOf = (
  assembly: Assembly,
  iam: Iam,
  resource: Resource,
  name: string,
  queues: ReadonlyMap<string, Queue>,
): readonly Subscription[] => {
  const where = `${resource.logicalId}.NotificationConfiguration`;
  const { QueueConfigurations, ...others } = fields(resource.properties['NotificationConfiguration']);
  const [strange] = Object.keys(others);
  if (strange !== undefined) throw new Error(`${where}: ${strange} is not run locally`);
  const found: Subscription[] = [];
  for (const configuration of list(QueueConfigurations)) {
    const prefix = prefixOf(configuration, where);
    const other = found.find((each) => each.prefix.startsWith(prefix) || prefix.startsWith(each.prefix));
    if (other !== undefined)
      throw new Error(`${where}: Configurations overlap: ${other.prefix} and ${prefix}`);
    const arn = text(fields(configuration)['Queue']);
    const queue = [...queues.values()].find(({ options }) => options.arn === arn);
    if (queue === undefined) throw new Error(`${where}: no queue of the assembly is ${arn}`);
    assertMaySend(assembly, iam, name, queue, where);
    found.push({ id: randomUUID(), prefix, queue });
  }
  return found;
};

/** S3 that tells queues of what it has taken, before it answers. */
class NotifyingS3 implements AwsService {
  readonly #inner: AwsService;
  readonly #region: string;
  readonly #buckets: ReadonlyMap<string, Bucket>;
  readonly #subscriptions: ReadonlyMap<string, readonly Subscription[]>;

  constructor(
    inner: AwsService,
    region: string,
    buckets: ReadonlyMap<string, Bucket>,
    subscriptions: ReadonlyMap<string, readonly Subscription[]>,
  ) {
    this.#inner = inner;
    this.#region = region;
    this.#buckets = buckets;
    this.#subscriptions = subscriptions;
  }

  access(request: AwsRequest) {
    return this.#inner.access(request);
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const response = await this.#inner.handle(request);
    const { operation, bucket, key } = parseS3(request.method, request.url, request.headers);
    const eventName = EVENT_NAMES[operation];
    if (eventName !== undefined) await this.#tell(bucket, key, eventName, request.caller);
    return response;
  }

  async #tell(bucket: string, key: string, eventName: string, principalId: string): Promise<void> {
    for (const { id, prefix, queue } of this.#subscriptions.get(bucket) ?? []) {
      if (!key.startsWith(prefix)) continue;
      const head = this.#buckets.get(bucket)?.head(key);
      const record = {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: this.#region,
        eventTime: new Date(head?.modified ?? Date.now()).toISOString(),
        eventName,
        userIdentity: { principalId },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': randomUUID() },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: id,
          bucket: { name: bucket, ownerIdentity: { principalId }, arn: `arn:aws:s3:::${bucket}` },
          object: {
            key: encodeKey(key),
            size: head?.size ?? 0,
            eTag: head?.etag.replaceAll('"', ''),
            sequencer: (head?.modified ?? 0).toString(16).toUpperCase().padStart(18, '0'),
          },
        },
      };
      await queue.send(JSON.stringify({ Records: [record] }), {}, SERVICE, Date.now());
    }
  }
}

/**
 * Lets S3 tell of created objects, where a bucket of the assembly says so.
 * @param buckets by name
 * @param queues by name
 * @throws when a notification is of a kind that is not run here, or may not reach its queue
 */
export const notifying = (
  s3: AwsService,
  assembly: Assembly,
  iam: Iam,
  buckets: ReadonlyMap<string, Bucket>,
  queues: ReadonlyMap<string, Queue>,
): AwsService => {
  const subscriptions = new Map<string, readonly Subscription[]>();
  for (const resource of assembly.byType('AWS::S3::Bucket')) {
    const name = text(resource.properties['BucketName']) ?? resource.physicalId;
    const found = subscriptionsOf(assembly, iam, resource, name, queues);
    if (found.length > 0) subscriptions.set(name, found);
  }
  return subscriptions.size === 0 ? s3 : new NotifyingS3(s3, assembly.region, buckets, subscriptions);
};
