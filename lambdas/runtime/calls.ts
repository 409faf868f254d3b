/**
 * Single calls of AWS services by requests of our own: a client of the SDK for one call would make a bundle 60 KB larger.
 */
import { defaultProvider } from './credentials.ts';
import { tryAgain } from './retry.ts';
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

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
}

/**
 * Posts a signed body to a service.
 * @param called what is called, for faults
 * @throws {NoAnswer}
 */
const post = async (
  service: string,
  called: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal = AbortSignal.timeout(REQUEST_MILLIS),
): Promise<Answer> => {
  const { AWS_REGION: region = 'us-east-1', AWS_ENDPOINT_URL: endpoint } = process.env;
  const url = new URL('/', endpoint ?? `https://${service}.${region}.amazonaws.com`);
  const signed = await sign(
    { method: 'POST', url, headers, body },
    { credentials: await credentials(), region, service, at: new Date() },
  );
  try {
    const response = await fetch(url, { method: 'POST', headers: signed, body, signal });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw new NoAnswer(`${called} had no answer`, { cause: error });
  }
};

/** The services that speak JSON: version of it, and prefix of operations. */
const SERVICES = {
  'cognito-idp': ['1.1', 'AWSCognitoIdentityProviderService'],
  kinesis: ['1.1', 'Kinesis_20131202'],
  sqs: ['1.0', 'AmazonSQS'],
} as const;

/**
 * Calls an operation of a service that speaks JSON, once.
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
  const [version, prefix] = SERVICES[service];
  const target = `${prefix}.${operation}`;
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
  const request = { headers, body: JSON.stringify(input) };
  const { ok, status, text } = await post(service, target, request, signal);
  const answer: unknown = text === '' ? {} : JSON.parse(text);
  if (ok) return answer;
  const { __type: type = 'UnknownError', message } = answer as {
    readonly __type?: string;
    readonly message?: string;
  };
  throw new CallRefused(type.replace(/^.*#/, ''), status, target, message);
};

/**
 * Calls an action of a service that takes a form and answers in XML; tries again what may work later.
 * @param version of the service's API, e.g. `2011-06-15`
 * @returns its answer as it stands
 * @throws {CallRefused} or {NoAnswer}
 */
export const callQuery = async (
  service: string,
  version: string,
  action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> => {
  const form = new URLSearchParams({ Action: action, Version: version, ...parameters });
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const called = `${service}:${action}`;
  return await tryAgain(async () => {
    const { ok, status, text } = await post(service, called, { headers, body: form.toString() });
    if (ok) return text;
    const [, code = 'UnknownError'] = /<Code>([^<]+)<\/Code>/.exec(text) ?? [];
    throw new CallRefused(code, status, called);
  });
};

/** Puts a record on a stream. @returns its sequence number */
export const putRecord = async (stream: string, partitionKey: string, data: Uint8Array): Promise<string> => {
  const input = {
    StreamName: stream,
    PartitionKey: partitionKey,
    Data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  };
  const answer = await tryAgain(() => callService('kinesis', 'PutRecord', input));
  const { SequenceNumber: sequence } = answer as { readonly SequenceNumber?: string };
  if (sequence === undefined) throw new Error('Kinesis answered without a sequence number');
  return sequence;
};

/**
 * Puts a message into a queue.
 * @param delaySeconds before anybody gets it, up to 900
 */
export const sendMessage = async (queueUrl: string, body: string, delaySeconds = 0): Promise<void> => {
  const delay = delaySeconds === 0 ? {} : { DelaySeconds: delaySeconds };
  const message = { QueueUrl: queueUrl, MessageBody: body, ...delay };
  await tryAgain(() => callService('sqs', 'SendMessage', message));
};
