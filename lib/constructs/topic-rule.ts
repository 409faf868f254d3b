/** One topic rule: what it selects, where it goes, and where a message goes that cannot go there. */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as iot from 'aws-cdk-lib/aws-iot';
import { Construct } from 'constructs';
import { ARCHIVE_PREFIXES } from '../../contracts/deployment/archive-prefixes.ts';
import { iotArn } from './iot-arn.ts';
import { keyUse } from './key-use.ts';
import { allowPattern } from './pattern-policy.ts';
import type { Storage } from './storage.ts';

/** A substitution template of a topic rule, e.g. `topic(2)`: filled in by IoT Core for each message. */
export const substitution = (expression: string): string => `\${${expression}}`;

export interface TopicRuleProps {
  /** Given where others have to know it; else CloudFormation makes one. */
  readonly name?: string;
  readonly description: string;
  /** SQL of version 2016-03-23. */
  readonly sql: string;
  /** The action, given the role that it acts as. */
  readonly action: (roleArn: string) => iot.CfnTopicRule.ActionProperty;
  /** What the action's role may do. */
  readonly statements: readonly iam.PolicyStatement[];
  /** Where failed messages are kept. */
  readonly storage: Storage;
  /** Folder of failed messages, below that of all rules in the archive. */
  readonly errorFolder: string;
}

/** A topic rule with an error action: no message that the rule has taken is dropped. */
export class TopicRule extends Construct {
  readonly rule: iot.CfnTopicRule;

  constructor(scope: Construct, id: string, props: TopicRuleProps) {
    super(scope, id);
    const { storage } = props;
    const failed = `${ARCHIVE_PREFIXES.ruleErrors}${props.errorFolder}/` as const;
    const { account } = Stack.of(this);
    const assumedBy = new iam.ServicePrincipal('iot.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': iotArn(this, 'rule', props.name ?? '*') },
      },
    });
    const role = new iam.Role(this, 'Role', { assumedBy });
    for (const statement of props.statements) role.addToPolicy(statement);
    const errorRole = new iam.Role(this, 'ErrorRole', { assumedBy });
    const keep = allowPattern(
      this,
      'KeepFailed',
      errorRole,
      'Each failed message is an object of its own, named by time and chance.',
      ['s3:PutObject'],
      [storage.archive.objects(failed)],
      // Another account may own a bucket of this name one day.
      { StringEquals: { 'aws:ResourceAccount': account } },
    );
    errorRole.addToPolicy(keyUse(this, storage.key, 's3', ['GenerateDataKey']));
    this.rule = new iot.CfnTopicRule(this, 'Rule', {
      ...(props.name === undefined ? {} : { ruleName: props.name }),
      topicRulePayload: {
        description: props.description,
        awsIotSqlVersion: '2016-03-23',
        sql: props.sql,
        actions: [props.action(role.roleArn)],
        errorAction: {
          s3: {
            bucketName: storage.archive.bucketName,
            key: `${failed}${substitution('timestamp()')}-${substitution('newuuid()')}.json`,
            roleArn: errorRole.roleArn,
          },
        },
      },
    });
    // A rule that starts before its role may act drops what it takes.
    this.rule.node.addDependency(
      role.node.findChild('DefaultPolicy'),
      errorRole.node.findChild('DefaultPolicy'),
      keep,
    );
  }
}
