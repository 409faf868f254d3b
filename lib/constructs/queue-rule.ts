/** A topic rule that puts what it selects into a queue. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { FunctionQueue } from './function-queue.ts';
import { keyUse } from './key-use.ts';
import { TopicRule, type TopicRuleProps } from './topic-rule.ts';

export interface QueueRuleProps extends Omit<TopicRuleProps, 'action' | 'statements'> {
  readonly queue: FunctionQueue;
}

/** The rule, whose role may send to that queue alone. */
export class QueueRule extends TopicRule {
  constructor(scope: Construct, id: string, { queue, ...props }: QueueRuleProps) {
    const { queueArn, queueUrl, key } = queue;
    super(scope, id, {
      ...props,
      action: (roleArn) => ({ sqs: { queueUrl, useBase64: false, roleArn } }),
      statements: [
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] }),
        keyUse(scope, key, 'sqs', ['GenerateDataKey', 'Decrypt']),
      ],
    });
  }
}
