/**
 * Calls of DynamoDB with bodies of our own making, over the connections of a client. Reading and writing many items
 * through the SDK's serializers takes ten times as long as signing and sending them.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CallRefused } from './calls.ts';
import { sign } from './sign.ts';

const VERSION = 'DynamoDB_20120810';
const CONTENT_TYPE = 'application/x-amz-json-1.0';

const toBytes = (pieces: readonly string[]): Buffer => {
  const bytes = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) end += bytes.write(piece, end, 'latin1');
  return bytes;
};

/** Where a client sends to. */
const addressOf = async ({ config }: DynamoDBClient, region: string): Promise<URL> => {
  const given = await config.endpoint?.();
  if (given !== undefined)
    return new URL(`${given.protocol}//${given.hostname}:${given.port ?? ''}${given.path}`);
  return new URL('/', process.env['AWS_ENDPOINT_URL'] ?? `https://dynamodb.${region}.amazonaws.com`);
};

const collect = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/** Lambda's trace goes on in the call, as with the SDK. */
const traceOf = ({ AWS_LAMBDA_FUNCTION_NAME: name, _X_AMZN_TRACE_ID: trace } = process.env): object =>
  name === undefined || trace === undefined ? {} : { 'x-amzn-trace-id': trace };

/** An error as DynamoDB gives it: `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"…"}`. */
const refusalOf = (status: number, text: string, target: string): CallRefused => {
  let answer: { readonly __type?: string; readonly message?: string; readonly Message?: string } = {};
  try {
    answer = JSON.parse(text);
  } catch {
    // What stands between us and DynamoDB answered in its place: the status says what there is to say.
  }
  const { __type: type = 'UnknownError', message = answer.Message } = answer;
  return new CallRefused(type.replace(/^.*#/, ''), status, target, message);
};

/**
 * Calls an operation once.
 * @param body JSON in ASCII, in pieces: to put them together as text first would copy them twice
 * @returns its answer as it stands
 * @throws {CallRefused}, or what the connection says
 */
export const callDynamo = async (
  client: DynamoDBClient,
  operation: string,
  body: readonly string[],
  signal: AbortSignal,
): Promise<unknown> => {
  const { config } = client;
  const [region, credentials] = await Promise.all([config.region(), config.credentials()]);
  const url = await addressOf(client, region);
  const bytes = toBytes(body);
  const target = `${VERSION}.${operation}`;
  const headers = sign(
    { method: 'POST', url, headers: { 'content-type': CONTENT_TYPE, 'x-amz-target': target }, body: bytes },
    { credentials, region, service: 'dynamodb', at: new Date() },
  );
  const { response } = await config.requestHandler.handle(
    {
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      port: url.port === '' ? undefined : Number(url.port),
      path: url.pathname,
      query: {},
      headers: { ...headers, ...traceOf(), host: url.host, 'content-length': String(bytes.length) },
      body: bytes,
    },
    { abortSignal: signal },
  );
  const text = await collect(response.body);
  if (response.statusCode === 200) return JSON.parse(text);
  throw refusalOf(response.statusCode, text, target);
};
