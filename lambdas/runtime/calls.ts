/**
 * Single calls of AWS services that speak JSON, by requests of our own: a client of the SDK for one call would make
 * a bundle 60 KB larger.
 */
import { defaultProvider } from './credentials.ts';
import { sign } from './sign.ts';

/** A service refused a call; `name` is the code that it gave, e.g. `ThrottlingException`. */
export class CallRefused extends Error {
  readonly $fault: 'client' | 'server';
  /** @param said what the service says of it, e.g. which action of which role is denied */
  constructor(code: string, status: number, target: string, said?: string) {
    super(`${target} was refused: ${status} ${code}${said === undefined ? '' : `: ${said}`}`);
    this.name = code;
    this.$fault = status < 500 ? 'client' : 'server';
  }
}

/** A service gave no answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const REQUEST_MILLIS = 5000;
const credentials = defaultProvider();

/** The services that are called so: signing name, version of JSON, and prefix of operations. */
const SERVICES = {
  kinesis: ['1.1', 'Kinesis_20131202'],
  sqs: ['1.0', 'AmazonSQS'],
} as const;

/**
 * Calls an operation.
 * @param signal ends the waiting; otherwise that is 5 seconds
 * @returns its answer
 * @throws {CallRefused} or {NoAnswer}
 */
export const callService = async (
  service: keyof typeof SERVICES,
  operation: string,
  input: unknown,
  signal?: AbortSignal,
): Promise<unknown> => {
  const { AWS_REGION: region = 'us-east-1', AWS_ENDPOINT_URL: endpoint } = process.env;
  const [version, prefix] = SERVICES[service];
  const url = new URL('/', endpoint ?? `https://${service}.${region}.amazonaws.com`);
  const body = JSON.stringify(input);
  const target = `${prefix}.${operation}`;
  const headers = await sign(
    {
      method: 'POST',
      url,
      headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
      body,
    },
    { credentials: await credentials(), region, service, at: new Date() },
  );
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      signal: signal ?? AbortSignal.timeout(REQUEST_MILLIS),
    });
    text = await response.text();
  } catch (error) {
    throw new NoAnswer(`${target} had no answer`, { cause: error });
  }
  const answer: unknown = text === '' ? {} : JSON.parse(text);
  if (response.ok) return answer;
  const { __type: type = 'UnknownError' } = answer as { readonly __type?: string };
  throw new CallRefused(type.replace(/^.*#/, ''), response.status, target);
};

/** Puts a record on a stream. @returns its sequence number */
export const putRecord = async (stream: string, partitionKey: string, data: Uint8Array): Promise<string> => {
  const answer = await callService('kinesis', 'PutRecord', {
    StreamName: stream,
    PartitionKey: partitionKey,
    Data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  });
  const { SequenceNumber: sequence } = answer as { readonly SequenceNumber?: string };
  if (sequence === undefined) throw new Error('Kinesis answered without a sequence number');
  return sequence;
};

/** Puts a message into a queue. */
export const sendMessage = async (queueUrl: string, body: string): Promise<void> => {
  await callService('sqs', 'SendMessage', { QueueUrl: queueUrl, MessageBody: body });
};
