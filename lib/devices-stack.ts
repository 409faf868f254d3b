/** How devices reach the platform: what they are, what each may do, and where their messages go. */
import { ArnFormat, Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as iot from 'aws-cdk-lib/aws-iot';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { basicIngest, downstream, type Origin, TOPIC_ROOT, upstream } from '../contracts/messages/topics.ts';
import { substitution, TopicRule } from './constructs/topic-rule.ts';
import type { StorageStack } from './storage-stack.ts';

export interface DevicesStackProps extends StackProps {
  readonly storage: StorageStack;
  /** Time limit of the function that reads the lifecycle queue. */
  readonly presenceTimeout: Duration;
}

/** A device's own place in the topics, as a policy variable: it can be no other device. */
const SELF: Origin = {
  site: substitution('iot:Connection.Thing.Attributes[site]'),
  device: substitution('iot:Connection.Thing.ThingName'),
};

export class DevicesStack extends Stack {
  readonly thingType: iot.CfnThingType;
  readonly policy: iot.CfnPolicy;
  /** Connections and disconnections of devices. */
  readonly lifecycle: sqs.Queue;

  constructor(scope: Construct, id: string, props: DevicesStackProps) {
    super(scope, id, props);
    const { storage } = props;
    const { key, stream } = storage;

    this.thingType = new iot.CfnThingType(this, 'Instrument', {
      thingTypeProperties: {
        thingTypeDescription: 'A laboratory instrument',
        searchableAttributes: ['site', 'type'],
      },
    });

    const data = new TopicRule(this, 'Data', {
      description: 'Measurements, untouched, to the stream in the order of each device',
      sql: `SELECT * FROM '${upstream.data({ site: '+', device: '+' })}'`,
      action: (roleArn) => ({
        kinesis: {
          streamName: stream.streamName,
          partitionKey: `${substitution('topic(2)')}/${substitution('topic(3)')}`,
          roleArn,
        },
      }),
      statements: [
        new iam.PolicyStatement({ actions: ['kinesis:PutRecord'], resources: [stream.streamArn] }),
        new iam.PolicyStatement({ actions: ['kms:GenerateDataKey'], resources: [key.keyArn] }),
      ],
      storage,
      errorPrefix: 'rule-errors/data',
    });

    const deadLetters = new sqs.Queue(this, 'LifecycleDeadLetters', {
      encryption: sqs.QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.lifecycle = new sqs.Queue(this, 'Lifecycle', {
      encryption: sqs.QueueEncryption.KMS,
      encryptionMasterKey: key,
      enforceSSL: true,
      // Six times the function's time limit, as Lambda advises for a queue that it reads.
      visibilityTimeout: Duration.seconds(props.presenceTimeout.toSeconds() * 6),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    new TopicRule(this, 'Presence', {
      description: 'Connections and disconnections to the queue of the presence function',
      // Refused connections tell of themselves on the same topics; they change nobody's presence.
      sql: "SELECT * FROM '$aws/events/presence/+/+' WHERE eventType = 'connected' OR eventType = 'disconnected'",
      action: (roleArn) => ({
        sqs: { queueUrl: this.lifecycle.queueUrl, useBase64: false, roleArn },
      }),
      statements: [
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.lifecycle.queueArn] }),
        new iam.PolicyStatement({
          actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
          resources: [key.keyArn],
        }),
      ],
      storage,
      errorPrefix: 'rule-errors/presence',
    });

    this.policy = new iot.CfnPolicy(this, 'DevicePolicy', {
      policyDocument: this.devicePolicy(data.rule.ref),
    });

    for (const id of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) {
      Validations.of(deadLetters).acknowledge({ id, reason: 'This queue is itself the dead-letter queue.' });
    }
  }

  /** What a certificate of a device may do: connect as its thing, speak on its own topics, hear its own. */
  private devicePolicy(dataRule: string): object {
    const arn = (resource: string, resourceName: string): string =>
      this.formatArn({
        service: 'iot',
        resource,
        resourceName,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    const up = upstream.data(SELF);
    const down = [downstream.ack(SELF), downstream.errors(SELF)];
    return {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'iot:Connect',
          Resource: arn('client', SELF.device),
          Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
        },
        {
          Effect: 'Allow',
          Action: 'iot:Publish',
          Resource: [arn('topic', up), arn('topic', basicIngest(dataRule, up))],
        },
        {
          Effect: 'Allow',
          Action: 'iot:Subscribe',
          Resource: down.map((topic) => arn('topicfilter', topic)),
        },
        { Effect: 'Allow', Action: 'iot:Receive', Resource: down.map((topic) => arn('topic', topic)) },
      ],
    };
  }
}

/** ARNs of a family of topics, for functions that publish. */
export const topicArn = (stack: Stack, ...levels: readonly string[]): string =>
  stack.formatArn({
    service: 'iot',
    resource: 'topic',
    resourceName: [TOPIC_ROOT, ...levels].join('/'),
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
