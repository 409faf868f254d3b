/** BatchWriteItem and BatchGetItem as JSON of our own making, see runtime/dynamo.ts. */
import type { AttributeValue, DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb';
import { callDynamo } from '../runtime/dynamo.ts';
import type { Item } from './attributes.ts';

const BEYOND_ASCII = /[\u007f-\uffff]/g;

/** A text as JSON in ASCII, so that its length in bytes is its length. */
const quote = (text: string): string =>
  JSON.stringify(text).replace(
    BEYOND_ASCII,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

const writeValue = (value: AttributeValue): string => {
  if (value.S !== undefined) return `{"S":${quote(value.S)}}`;
  if (value.N !== undefined) return `{"N":"${value.N}"}`;
  if (value.B !== undefined) return `{"B":"${base64(value.B)}"}`;
  if (value.BOOL !== undefined) return `{"BOOL":${value.BOOL}}`;
  if (value.NULL !== undefined) return '{"NULL":true}';
  if (value.L !== undefined) return `{"L":[${value.L.map(writeValue).join()}]}`;
  if (value.M !== undefined) return `{"M":${writeItem(value.M)}}`;
  throw new TypeError(`no way to write an attribute of ${Object.keys(value).join()}`);
};

const writeItem = (item: Item): string => {
  let text = '';
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) text += `${text === '' ? '' : ','}${quote(name)}:${writeValue(value)}`;
  }
  return `{${text}}`;
};

const writeRequest = ({ PutRequest, DeleteRequest }: WriteRequest): string =>
  PutRequest === undefined
    ? `{"DeleteRequest":{"Key":${writeItem(DeleteRequest?.Key ?? {})}}}`
    : `{"PutRequest":{"Item":${writeItem(PutRequest.Item ?? {})}}}`;

/** Attributes as JSON has them: bytes are base64. */
type Wired = { readonly [name: string]: WiredValue };
interface WiredValue extends Omit<AttributeValue, 'B' | 'L' | 'M'> {
  readonly B?: string;
  readonly L?: readonly WiredValue[];
  readonly M?: Wired;
}

const readValue = (value: WiredValue): AttributeValue => {
  const { B, L, M, ...rest } = value;
  if (B !== undefined) return { B: Buffer.from(B, 'base64') };
  if (L !== undefined) return { L: L.map(readValue) };
  return (M === undefined ? rest : { M: readItem(M) }) as AttributeValue;
};

const readItem = (wired: Wired): Item =>
  Object.fromEntries(Object.entries(wired).map(([name, value]) => [name, readValue(value)]));

/**
 * Writes and deletes items, at most 25.
 * @returns what DynamoDB left undone
 * @throws {CallRefused}, or what the connection says
 */
export const batchWrite = async (
  client: DynamoDBClient,
  table: string,
  requests: readonly WriteRequest[],
  signal: AbortSignal,
): Promise<WriteRequest[]> => {
  const body = `{"RequestItems":{${quote(table)}:[${requests.map(writeRequest).join()}]}}`;
  const { UnprocessedItems } = (await callDynamo(client, 'BatchWriteItem', body, signal)) as {
    readonly UnprocessedItems?: Readonly<
      Record<
        string,
        readonly {
          readonly PutRequest?: { readonly Item: Wired };
          readonly DeleteRequest?: { readonly Key: Wired };
        }[]
      >
    >;
  };
  return (UnprocessedItems?.[table] ?? []).map(({ PutRequest, DeleteRequest }) =>
    PutRequest === undefined
      ? { DeleteRequest: { Key: readItem(DeleteRequest?.Key ?? {}) } }
      : { PutRequest: { Item: readItem(PutRequest.Item) } },
  );
};

/**
 * Reads items by key, at most 100, as they are now.
 * @returns what there is, and the keys that DynamoDB left unread
 * @throws {CallRefused}, or what the connection says
 */
export const batchRead = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  signal: AbortSignal,
): Promise<{ readonly items: Item[]; readonly unread: Item[] }> => {
  const request = `{"Keys":[${keys.map(writeItem).join()}],"ConsistentRead":true}`;
  const body = `{"RequestItems":{${quote(table)}:${request}}}`;
  const { Responses, UnprocessedKeys } = (await callDynamo(client, 'BatchGetItem', body, signal)) as {
    readonly Responses?: Readonly<Record<string, readonly Wired[]>>;
    readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Wired[] }>>;
  };
  return {
    items: (Responses?.[table] ?? []).map(readItem),
    unread: (UnprocessedKeys?.[table]?.Keys ?? []).map(readItem),
  };
};
