/** The stream of messages from devices. */
import { Duration, Validations } from 'aws-cdk-lib';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import type { Construct } from 'constructs';
import type { EncryptedDataProps } from './data-key.ts';
import { removalPolicy } from './removal.ts';

/** A Kinesis stream with as many shards, or none to count, as the settings say. */
export class MessageStream extends kinesis.Stream {
  constructor(scope: Construct, id: string, { settings, key }: EncryptedDataProps) {
    super(scope, id, {
      encryption: kinesis.StreamEncryption.KMS,
      encryptionKey: key,
      retentionPeriod: Duration.hours(settings.streamRetentionHours),
      removalPolicy: removalPolicy(settings),
      ...(settings.stream.mode === 'on-demand'
        ? { streamMode: kinesis.StreamMode.ON_DEMAND }
        : { streamMode: kinesis.StreamMode.PROVISIONED, shardCount: settings.stream.shards }),
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-KDS3',
      reason:
        'One key of our own encrypts everything that holds measurements, so that one key policy guards them.',
    });
  }
}
