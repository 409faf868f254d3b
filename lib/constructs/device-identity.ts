/** What a device is to AWS IoT, and what its certificate may do. */
import * as iot from 'aws-cdk-lib/aws-iot';
import { Construct } from 'constructs';
import {
  basicIngest,
  downstream,
  type Origin,
  REPLY_KINDS,
  upstream,
} from '../../contracts/messages/topics.ts';
import { iotArn } from './iot-arn.ts';
import { substitution } from './topic-rule.ts';

export interface DeviceIdentityProps {
  /** Name of the rule that takes measurements; devices may send to it past the broker. */
  readonly dataRule: string;
}

/** A device's own place in the topics, as a policy variable: it can be no other device. */
const SELF: Origin = {
  site: substitution('iot:Connection.Thing.Attributes[site]'),
  device: substitution('iot:Connection.Thing.ThingName'),
};

/** The thing type of instruments, and the policy that every certificate gets. */
export class DeviceIdentity extends Construct {
  readonly thingType: iot.CfnThingType;
  readonly policy: iot.CfnPolicy;
  /** Name of the rule that takes measurements. */
  readonly dataRule: string;

  constructor(scope: Construct, id: string, { dataRule }: DeviceIdentityProps) {
    super(scope, id);
    this.dataRule = dataRule;
    this.thingType = new iot.CfnThingType(this, 'Type', {
      thingTypeProperties: {
        thingTypeDescription: 'A laboratory instrument',
        searchableAttributes: ['site', 'type'],
      },
    });
    this.policy = new iot.CfnPolicy(this, 'Policy', { policyDocument: this.policyDocument(dataRule) });
  }

  /** A device connects as its thing, speaks on its own topics, and hears its own. */
  private policyDocument(dataRule: string): object {
    const up = upstream.data(SELF);
    const replies = REPLY_KINDS.map((kind) => upstream.reply(SELF, '*', kind));
    const notes = [downstream.ack(SELF), downstream.errors(SELF)];
    // A filter is compared as it is written, a topic by the pattern.
    const filters = [...notes, downstream.command(SELF, '+')];
    const down = [...notes, downstream.command(SELF, '*')];
    const arn = (resource: 'client' | 'topic' | 'topicfilter', name: string): string =>
      iotArn(this, resource, name);
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
          Resource: [up, basicIngest(dataRule, up), ...replies].map((topic) => arn('topic', topic)),
        },
        {
          Effect: 'Allow',
          Action: 'iot:Subscribe',
          Resource: filters.map((topic) => arn('topicfilter', topic)),
        },
        { Effect: 'Allow', Action: 'iot:Receive', Resource: down.map((topic) => arn('topic', topic)) },
      ],
    };
  }
}
