/** Who is told of alarms. */
import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

export interface AlarmTopicProps {
  readonly key: kms.IKey;
  /** Addresses that get a mail; SNS asks each once whether it wants them. */
  readonly mails: readonly string[];
}

/** An encrypted topic that the alarms of this account publish to. */
export class AlarmTopic extends sns.Topic {
  constructor(scope: Construct, id: string, { key, mails }: AlarmTopicProps) {
    super(scope, id, { masterKey: key, enforceSSL: true });
    const { account } = Stack.of(this);
    const byAlarms = {
      principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    };
    // A policy of our own takes the place of that by which the account's own services might publish.
    this.addToResourcePolicy(
      new iam.PolicyStatement({ ...byAlarms, actions: ['sns:Publish'], resources: [this.topicArn] }),
    );
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        ...byAlarms,
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    for (const mail of mails)
      Validations.of(this.addSubscription(new EmailSubscription(mail))).acknowledge({
        id: 'Serverless-SNSRedrivePolicy',
        reason: 'SNS hands mails to a mail server: what bounces later comes to no dead letters.',
      });
  }
}
