/** Requests of our own making beside those of the SDK: both have to say the same and understand the same. */
import { Readable } from 'node:stream';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { mayWorkLater } from '../../../../lambdas/runtime/retry.ts';
import type { Item } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { batchRead, batchWrite } from '../../../../lambdas/store/dynamodb/batch-calls.ts';

interface Sent {
  readonly hostname: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A client whose requests are kept and answered by what it is told. */
const standIn = (status = 200, answer: () => string = () => '{}') => {
  const sent: Sent[] = [];
  const handle = async (request: Sent) => {
    sent.push(request);
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    return { response: { statusCode: status, headers, body: Readable.from([Buffer.from(answer())]) } };
  };
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' },
    maxAttempts: 1,
    requestHandler: { handle } as never,
  });
  const bodyOf = (at: number): unknown => JSON.parse(Buffer.from(sent[at]?.body ?? '').toString());
  return { client, sent, bodyOf };
};

const { signal } = new AbortController();
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ maxLength: 12 }));
const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text.map((S) => ({ S })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => ({ N: String(number) })),
    fc.uint8Array({ maxLength: 40 }).map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true as const }),
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
  ),
}));
const item: fc.Arbitrary<Item> = fc
  .dictionary(text, value, { maxKeys: 5 })
  // The SDK loses such a member.
  .filter((one) => !JSON.stringify(one).includes('__proto__'));
const request: fc.Arbitrary<WriteRequest> = fc.oneof(
  item.map((Item) => ({ PutRequest: { Item } })),
  item.map((Key) => ({ DeleteRequest: { Key } })),
);
const table = fc.constantFrom('measurements', 'lab-Measurements_1.x');

afterEach(() => vi.unstubAllEnvs());

describe('requests', () => {
  it('to write say what those of the SDK say, and what is left undone is understood as by the SDK', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.array(request, { minLength: 1, maxLength: 5 }), async (name, requests) => {
        const undone = standIn(200, () => {
          const { RequestItems } = undone.bodyOf(undone.sent.length - 1) as {
            readonly RequestItems: unknown;
          };
          return JSON.stringify({ UnprocessedItems: RequestItems });
        });
        const theirs = await undone.client.send(
          new BatchWriteItemCommand({ RequestItems: { [name]: requests } }),
        );
        const ours = await batchWrite(undone.client, name, requests, signal);
        expect(undone.bodyOf(1)).toStrictEqual(undone.bodyOf(0));
        expect(plain(ours)).toStrictEqual(plain(theirs.UnprocessedItems?.[name]));
      }),
    );
  });

  it('to read say what those of the SDK say, and what comes is understood as by the SDK', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.array(item, { minLength: 1, maxLength: 5 }), async (name, keys) => {
        const both = standIn(200, () => {
          const { RequestItems } = both.bodyOf(both.sent.length - 1) as {
            readonly RequestItems: Readonly<Record<string, { readonly Keys: unknown }>>;
          };
          return JSON.stringify({
            Responses: { [name]: RequestItems[name]?.Keys },
            UnprocessedKeys: RequestItems,
          });
        });
        const asked = { [name]: { Keys: keys, ConsistentRead: true } };
        const theirs = await both.client.send(new BatchGetItemCommand({ RequestItems: asked }));
        const { items, unread } = await batchRead(both.client, name, keys, signal);
        expect(both.bodyOf(1)).toStrictEqual(both.bodyOf(0));
        expect(plain(items)).toStrictEqual(plain(theirs.Responses?.[name]));
        expect(plain(unread)).toStrictEqual(plain(theirs.UnprocessedKeys?.[name]?.Keys));
      }),
    );
  });

  it('go where those of the SDK go, signed for the role, with the trace of the invocation', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'ingest');
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793');
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    const { client, sent } = standIn();
    await client.send(new BatchGetItemCommand({ RequestItems: { t: { Keys: [{ pk: { S: 'ä' } }] } } }));
    await batchRead(client, 't', [{ pk: { S: 'ä' } }], signal);
    const [theirs, ours] = sent;
    expect(ours?.hostname).toBe(theirs?.hostname);
    for (const name of ['host', 'x-amz-target', 'content-type', 'x-amz-security-token'])
      expect(ours?.headers[name], name).toBe(theirs?.headers[name]);
    expect(ours?.headers['x-amzn-trace-id']).toBe('Root=1-5759e988-bd862e3fe1be46a994272793');
    expect(ours?.headers['content-length']).toBe(String(ours?.body.length));
    expect(ours?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/dynamodb\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/,
    );
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4566');
    await batchRead(client, 't', [{ pk: { S: 'a' } }], signal);
    expect(sent[2]).toMatchObject({ protocol: 'http:', hostname: '127.0.0.1', port: 4566, path: '/' });
  });
});

describe('refusals', () => {
  const refused = async (status: number, answer: string): Promise<unknown> =>
    batchRead(standIn(status, () => answer).client, 't', [], signal).catch((error: unknown) => error);

  it.each([
    [400, 'ProvisionedThroughputExceededException', true],
    [400, 'ThrottlingException', true],
    [400, 'RequestLimitExceeded', true],
    [500, 'InternalServerError', true],
    [503, 'ServiceUnavailable', true],
    [400, 'ValidationException', false],
    [400, 'ResourceNotFoundException', false],
    [400, 'ExpiredTokenException', false],
  ])('%i %s are known by name', async (status, code, later) => {
    const error = await refused(
      status,
      `{"__type":"com.amazonaws.dynamodb.v20120810#${code}","message":"why"}`,
    );
    expect(error).toMatchObject({ name: code, $fault: status < 500 ? 'client' : 'server' });
    expect(String(error)).toContain('why');
    expect(mayWorkLater(error)).toBe(later);
  });

  it('of a missing permission name the action and the role', async () => {
    const said =
      'User: arn:aws:sts::1:assumed-role/ingest/x is not authorized to perform: dynamodb:BatchGetItem';
    const error = await refused(
      400,
      JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', Message: said }),
    );
    expect(error).toMatchObject({ name: 'AccessDeniedException' });
    expect(String(error)).toContain(said);
    expect(mayWorkLater(error)).toBe(false);
  });

  it('by something in between are told by their status', async () => {
    const error = await refused(502, '<html>Bad Gateway</html>');
    expect(String(error)).toContain('502');
    expect(mayWorkLater(error)).toBe(true);
  });

  it('that are no answer at all may work later', async () => {
    expect(mayWorkLater(await refused(200, '{"Responses":'))).toBe(true);
    expect(mayWorkLater(await refused(200, ''))).toBe(true);
  });
});

/** Bytes of any class as a list, so that only what they hold is compared. */
const plain = (given: unknown): unknown => {
  if (given instanceof Uint8Array) return [...given];
  if (Array.isArray(given)) return given.map(plain);
  if (typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, plain(one)]));
};
