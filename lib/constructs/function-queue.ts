/** A queue that one function reads, and its dead-letter queue for messages that the function failed on. */
import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { SERVICES, type ServiceName } from '../../contracts/routes/services.ts';
import { DeadLetters, encryptedBy } from './dead-letters.ts';

/** So many time limits of its function a message stays hidden that was given out: what Lambda advises. */
export const VISIBILITY_TIMES = 6;

export interface FunctionQueueProps {
  readonly key: kms.IKey;
  /** The function that reads it. */
  readonly reader: ServiceName;
  /** How often a message is given out before it goes to the dead letters. */
  readonly maxReceiveCount: number;
  /** How long a message waits at most; four days when absent. Dead letters stay for 14. */
  readonly retention?: Duration;
}

/** An encrypted queue with dead letters. */
export class FunctionQueue extends sqs.Queue {
  /** Encrypts its messages. */
  readonly key: kms.IKey;
  /** What the function could not do. */
  readonly deadLetters: DeadLetters;
  /** The function that reads it. */
  readonly reader: ServiceName;

  constructor(scope: Construct, id: string, props: FunctionQueueProps) {
    const deadLetters = new DeadLetters(scope, `${id}DeadLetters`, { key: props.key });
    super(scope, id, {
      ...encryptedBy(props.key),
      ...(props.retention === undefined ? {} : { retentionPeriod: props.retention }),
      visibilityTimeout: Duration.seconds(SERVICES[props.reader].timeoutSeconds * VISIBILITY_TIMES),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
    this.key = props.key;
    this.reader = props.reader;
    this.deadLetters = deadLetters;
  }
}
