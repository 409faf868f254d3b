/** The SQS API (JSON protocol). */
import type { AccessRequest, Assembly, AwsRequest, AwsResponse, AwsService } from '../../types.ts';
import { AwsError } from '../../types.ts';
import type { Fields } from '../json.ts';
import { fields, list, number, parseBody, targetOperation, text } from '../json.ts';
import type { KeyAction } from '../kms.ts';
import { keyUse } from '../kms.ts';
import { md5, md5OfAttributes, messageAttributes, receivedMessage } from './message.ts';
import type { Queue } from './queue.ts';

interface Call {
  readonly queue: Queue;
  readonly input: Fields;
  readonly request: AwsRequest;
}

interface Operation {
  /** The IAM action: a batch is allowed by the permission for one. */
  readonly action: string;
  readonly key: readonly KeyAction[];
  run(call: Call): unknown;
}

const SENDING: readonly KeyAction[] = ['GenerateDataKey', 'Decrypt'];

const operation = (action: string, run: Operation['run'], key: readonly KeyAction[] = []): Operation => ({
  action: `sqs:${action}`,
  key,
  run,
});

const OPERATIONS: Readonly<Record<string, Operation>> = {
  SendMessage: operation('SendMessage', ({ queue, input, request }) => send(queue, input, request), SENDING),
  SendMessageBatch: operation(
    'SendMessage',
    ({ queue, input, request }) => batch(input, (entry) => send(queue, entry, request)),
    SENDING,
  ),
  ReceiveMessage: operation('ReceiveMessage', receive, ['Decrypt']),
  DeleteMessage: operation('DeleteMessage', ({ queue, input }) => remove(queue, input)),
  DeleteMessageBatch: operation('DeleteMessage', ({ queue, input }) =>
    batch(input, (entry) => remove(queue, entry)),
  ),
  ChangeMessageVisibility: operation('ChangeMessageVisibility', ({ queue, input }) =>
    visibility(queue, input),
  ),
  ChangeMessageVisibilityBatch: operation('ChangeMessageVisibility', ({ queue, input }) =>
    batch(input, async (entry) => visibility(queue, entry)),
  ),
  GetQueueUrl: operation('GetQueueUrl', ({ queue, request }) => ({ QueueUrl: queueUrl(queue, request) })),
  GetQueueAttributes: operation('GetQueueAttributes', queueAttributes),
  PurgeQueue: operation('PurgeQueue', ({ queue }) => queue.purge()),
};

export class SqsService implements AwsService {
  readonly #assembly: Assembly;
  readonly #queues: ReadonlyMap<string, Queue>;

  constructor(assembly: Assembly, queues: ReadonlyMap<string, Queue>) {
    this.#assembly = assembly;
    this.#queues = queues;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const name = targetOperation(request.headers['x-amz-target']);
    if (name === 'ListQueues') return [{ action: 'sqs:ListQueues', resource: '*' }];
    const asked = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
    if (!asked) throw new AwsError('UnknownOperationException', `the local SQS does not know ${name}`);
    const { arn, keyArn } = this.#queue(parseBody(request.body)).options;
    return [{ action: asked.action, resource: arn }, ...keyUse(this.#assembly, keyArn, 'sqs', asked.key)];
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const name = targetOperation(request.headers['x-amz-target']);
    const input = parseBody(request.body);
    const output =
      name === 'ListQueues'
        ? { QueueUrls: [...this.#queues.values()].map((queue) => queueUrl(queue, request)) }
        : await OPERATIONS[name]?.run({ queue: this.#queue(input), input, request });
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify(output ?? {}),
    };
  }

  /** A queue's URL is known by its last part: which host it names does not matter. */
  #queue(input: Fields): Queue {
    const name = text(input['QueueName']) ?? text(input['QueueUrl'])?.split('/').at(-1) ?? '';
    const queue = this.#queues.get(name);
    if (!queue) throw new AwsError('QueueDoesNotExist', `The specified queue does not exist: ${name}`);
    return queue;
  }
}

const queueUrl = (queue: Queue, request: AwsRequest): string =>
  `http://${request.headers.host ?? String(request.headers[':authority'])}/${queue.options.arn.split(':')[4]}/${queue.options.name}`;

async function send(queue: Queue, input: Fields, request: AwsRequest) {
  const body = text(input['MessageBody']) ?? '';
  if (body === '')
    throw new AwsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (Buffer.byteLength(body) > queue.options.maxBytes) {
    throw new AwsError('InvalidParameterValue', `the message is longer than ${queue.options.maxBytes} bytes`);
  }
  const attributes = messageAttributes(input['MessageAttributes']);
  const delay = number(input['DelaySeconds']);
  const message = await queue.send(body, attributes, request.caller, Date.now(), delay);
  return {
    MessageId: message.id,
    MD5OfMessageBody: md5(body),
    ...(Object.keys(attributes).length > 0 ? { MD5OfMessageAttributes: md5OfAttributes(attributes) } : {}),
  };
}

async function receive({ queue, input }: Call) {
  const max = number(input['MaxNumberOfMessages']) ?? 1;
  if (max < 1 || max > 10) throw new AwsError('InvalidParameterValue', 'MaxNumberOfMessages must be 1 to 10');
  const wait = number(input['WaitTimeSeconds']) ?? queue.options.waitSeconds;
  if (wait < 0 || wait > 20) throw new AwsError('InvalidParameterValue', 'WaitTimeSeconds must be 0 to 20');
  const visible = number(input['VisibilityTimeout']) ?? queue.options.visibilitySeconds;
  const taken = await queue.receive(max, visible, wait * 1000, Date.now);
  return { Messages: taken.map(({ message, receipt }) => receivedMessage(message, receipt, input)) };
}

async function remove(queue: Queue, input: Fields): Promise<object> {
  // A receipt that is not known any more belongs to a message that is gone already: that is a success.
  await queue.delete(text(input['ReceiptHandle']) ?? '');
  return {};
}

function visibility(queue: Queue, input: Fields): object {
  const seconds = number(input['VisibilityTimeout']);
  if (seconds === undefined || seconds < 0 || seconds > 43_200) {
    throw new AwsError('InvalidParameterValue', 'VisibilityTimeout must be 0 to 43200');
  }
  if (!queue.changeVisibility(text(input['ReceiptHandle']) ?? '', seconds, Date.now())) {
    throw new AwsError('MessageNotInflight', 'The message is not in flight.');
  }
  return {};
}

/** Runs each entry by itself; one that fails does not stop the others. */
async function batch(input: Fields, run: (entry: Fields) => Promise<object>) {
  const entries = list(input['Entries']).map(fields);
  const ids = entries.map((entry) => text(entry['Id']) ?? '');
  if (entries.length === 0) throw new AwsError('EmptyBatchRequest', 'There are no entries.');
  if (entries.length > 10)
    throw new AwsError('TooManyEntriesInBatchRequest', 'There are more than 10 entries.');
  if (new Set(ids).size < ids.length) throw new AwsError('BatchEntryIdsNotDistinct', 'An Id is there twice.');
  const successful: object[] = [];
  const failed: object[] = [];
  for (const entry of entries) {
    try {
      successful.push({ Id: entry['Id'], ...(await run(entry)) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      failed.push({
        Id: entry['Id'],
        Code: error.code,
        Message: error.message,
        SenderFault: error.status < 500,
      });
    }
  }
  return { Successful: successful, Failed: failed };
}

function queueAttributes({ queue, input }: Call) {
  const { options } = queue;
  const counts = queue.counts(Date.now());
  const all: Record<string, string> = {
    QueueArn: options.arn,
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    VisibilityTimeout: String(options.visibilitySeconds),
    DelaySeconds: String(options.delaySeconds),
    ReceiveMessageWaitTimeSeconds: String(options.waitSeconds),
    MessageRetentionPeriod: String(options.retentionSeconds),
    MaximumMessageSize: String(options.maxBytes),
    ...(options.keyArn === undefined ? {} : { KmsMasterKeyId: options.keyArn }),
    ...(options.redrive === undefined
      ? {}
      : {
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: options.redrive.targetArn,
            maxReceiveCount: options.redrive.maxReceiveCount,
          }),
        }),
  };
  const names = list(input['AttributeNames']);
  return {
    Attributes: Object.fromEntries(
      Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name)),
    ),
  };
}
