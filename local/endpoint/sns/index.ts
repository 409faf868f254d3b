/**
 * SNS of the assembly: `Publish` to topics whose subscriptions are queues of the assembly. What a person would
 * get by mail or text message is written to the log.
 */
import { randomUUID } from 'node:crypto';
import type { AccessRequest, Assembly, AwsRequest, AwsResponse, AwsService, Log } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { arnOf } from '../arn.ts';
import { flag, text } from '../json.ts';
import { customerKey, keyUse } from '../kms.ts';
import type { Queue } from '../sqs/queue.ts';
import { element, queryReply } from '../xml.ts';

interface Topic {
  readonly arn: string;
  readonly keyArn: string | undefined;
  readonly subscriptions: readonly Subscription[];
}

interface Subscription {
  readonly protocol: string;
  readonly endpoint: string;
  readonly raw: boolean;
}

/** @throws when a subscription filters, or goes to something that is not run here */
export function openSns(assembly: Assembly, queues: ReadonlyMap<string, Queue>, log: Log): AwsService {
  const topics = new Map(
    assembly.byType('AWS::SNS::Topic').map((resource): [string, Topic] => {
      const name = text(resource.properties['TopicName']) ?? resource.physicalId.split(':').at(-1) ?? '';
      const arn = arnOf(assembly, resource, 'sns', name);
      const keyArn = customerKey(assembly, resource.properties['KmsMasterKeyId']);
      return [arn, { arn, keyArn, subscriptions: subscriptionsOf(assembly, arn) }];
    }),
  );
  return new SnsService(assembly, topics, queues, log);
}

function subscriptionsOf(assembly: Assembly, topicArn: string): Subscription[] {
  return assembly
    .byType('AWS::SNS::Subscription')
    .filter(({ properties }) => properties['TopicArn'] === topicArn)
    .map(({ properties, logicalId }) => {
      const protocol = text(properties['Protocol']) ?? '';
      if (properties['FilterPolicy'] !== undefined) {
        throw new Error(`${logicalId}: filter policies of SNS subscriptions are not run locally`);
      }
      if (!['sqs', 'email', 'email-json', 'sms'].includes(protocol)) {
        throw new Error(`${logicalId}: SNS subscriptions by ${protocol} are not run locally`);
      }
      return {
        protocol,
        endpoint: text(properties['Endpoint']) ?? '',
        raw: flag(properties['RawMessageDelivery']),
      };
    });
}

class SnsService implements AwsService {
  readonly #assembly: Assembly;
  readonly #topics: ReadonlyMap<string, Topic>;
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #log: Log;

  constructor(
    assembly: Assembly,
    topics: ReadonlyMap<string, Topic>,
    queues: ReadonlyMap<string, Queue>,
    log: Log,
  ) {
    this.#assembly = assembly;
    this.#topics = topics;
    this.#queues = queues;
    this.#log = log;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const form = new URLSearchParams(request.body.toString('utf8'));
    if (form.get('Action') !== 'Publish') {
      throw new AwsError('InvalidAction', `the local SNS does not know ${form.get('Action')}`);
    }
    const topic = this.#topic(form);
    return [
      { action: 'sns:Publish', resource: topic.arn },
      ...keyUse(this.#assembly, topic.keyArn, 'sns', ['GenerateDataKey', 'Decrypt']),
    ];
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const topic = this.#topic(form);
    const id = randomUUID();
    const message = form.get('Message') ?? '';
    const subject = form.get('Subject') ?? undefined;
    for (const subscription of topic.subscriptions) {
      await this.#deliver(topic, subscription, id, message, subject);
    }
    return queryReply('Publish', 'http://sns.amazonaws.com/doc/2010-03-31/', element('MessageId', id));
  }

  async #deliver(
    topic: Topic,
    { protocol, endpoint, raw }: Subscription,
    id: string,
    message: string,
    subject: string | undefined,
  ): Promise<void> {
    if (protocol !== 'sqs') {
      this.#log('info', 'sns: a person would be told', {
        topic: topic.arn,
        protocol,
        endpoint,
        subject,
        message,
      });
      return;
    }
    const queue = [...this.#queues.values()].find((q) => q.options.arn === endpoint);
    if (!queue) throw new Error(`no queue of the assembly is ${endpoint}`);
    const envelope = {
      Type: 'Notification',
      MessageId: id,
      TopicArn: topic.arn,
      Subject: subject,
      Message: message,
      Timestamp: new Date().toISOString(),
    };
    await queue.send(raw ? message : JSON.stringify(envelope), {}, 'sns.amazonaws.com', Date.now());
  }

  #topic(form: URLSearchParams): Topic {
    const arn = form.get('TopicArn') ?? form.get('TargetArn') ?? '';
    const topic = this.#topics.get(arn);
    if (!topic) throw new AwsError('NotFound', `Topic does not exist: ${arn}`, 404);
    return topic;
  }
}
