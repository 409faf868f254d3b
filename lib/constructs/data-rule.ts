/** From the broker to the stream: every measurement, untouched, in the order of each device. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { upstream } from '../../contracts/messages/topics.ts';
import type { Settings } from '../settings.ts';
import { keyUse } from './key-use.ts';
import type { Storage } from './storage.ts';
import { substitution, TopicRule } from './topic-rule.ts';

export interface DataRuleProps {
  readonly settings: Settings;
  readonly storage: Storage;
}

/** Name of the rule: devices keep it, for Basic Ingest, and it stays the same when the rule is made anew. */
export const dataRuleName = ({ stage }: Settings): string => `labgate_${stage.replaceAll('-', '_')}_data`;

/** The rule of the topic `data`. Its partition key, taken from the topic, proves where a message came from. */
export class DataRule extends TopicRule {
  constructor(scope: Construct, id: string, { settings, storage }: DataRuleProps) {
    const { stream, key } = storage;
    super(scope, id, {
      name: dataRuleName(settings),
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
        keyUse(scope, key, 'kinesis', ['GenerateDataKey']),
      ],
      storage,
      errorFolder: 'data',
    });
  }
}
