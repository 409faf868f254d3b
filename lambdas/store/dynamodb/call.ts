/**
 * Calls of DynamoDB with bodies of our own making, over the connections of a client. Reading and writing many items
 * through the SDK's serializers takes ten times as long as signing and sending them.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CallRefused } from '../../runtime/calls.ts';
import { sign } from '../../runtime/sign.ts';

const VERSION = 'DynamoDB_20120810';
const CONTENT_TYPE = 'application/x-amz-json-1.0';

const toBytes = (pieces: readonly string[]): Buffer => {
  const bytes = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) end += bytes.write(piece, end, 'latin1');
  return bytes;
};

/** Where a client sends to, taken apart once: addresses are slow to read. */
interface Address {
  /** The environment's word, which it was found by. */
  readonly told: string | undefined;
  readonly region: string;
  readonly url: URL;
  readonly host: string;
  readonly parts: {
    readonly protocol: string;
    readonly hostname: string;
    readonly port: number | undefined;
    readonly path: string;
  };
}

const findAddress = async ({ config }: DynamoDBClient, told: string | undefined): Promise<Address> => {
  const region = await config.region();
  const given = await config.endpoint?.();
  const url =
    given === undefined
      ? new URL('/', told ?? `https://dynamodb.${region}.amazonaws.com`)
      : new URL(`${given.protocol}//${given.hostname}:${given.port ?? ''}${given.path}`);
  const { host, protocol, hostname, port, pathname: path } = url;
  return {
    told,
    region,
    url,
    host,
    parts: { protocol, hostname, port: port === '' ? undefined : Number(port), path },
  };
};

const addresses = new WeakMap<DynamoDBClient, Address>();

const addressOf = async (client: DynamoDBClient): Promise<Address> => {
  const { AWS_ENDPOINT_URL: told } = process.env;
  const known = addresses.get(client);
  if (known !== undefined && known.told === told) return known;
  const found = await findAddress(client, told);
  addresses.set(client, found);
  return found;
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
  const [{ region, url, host, parts }, credentials] = await Promise.all([
    addressOf(client),
    config.credentials(),
  ]);
  const bytes = toBytes(body);
  const target = `${VERSION}.${operation}`;
  const headers = await sign(
    { method: 'POST', url, headers: { 'content-type': CONTENT_TYPE, 'x-amz-target': target }, body: bytes },
    { credentials, region, service: 'dynamodb', at: new Date() },
  );
  const { response } = await config.requestHandler.handle(
    {
      method: 'POST',
      ...parts,
      query: {},
      headers: { ...headers, ...traceOf(), host, 'content-length': String(bytes.length) },
      body: bytes,
    },
    { abortSignal: signal },
  );
  const text = await collect(response.body);
  if (response.statusCode === 200) return JSON.parse(text);
  throw refusalOf(response.statusCode, text, target);
};
