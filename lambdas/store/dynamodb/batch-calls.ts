/** BatchWriteItem, BatchGetItem and Query as JSON of our own making, see call.ts. */
import type { AttributeValue, DynamoDBClient, WriteRequest } from '@aws-sdk/client-dynamodb';
import type { Item } from './attributes.ts';
import { callDynamo } from './call.ts';

/** What JSON and ASCII both write as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
const BEYOND_ASCII = /[\u007f-\uffff]/;
const ALL_BEYOND_ASCII = /[\u007f-\uffff]/g;

/** A text as JSON in ASCII, so that its length in bytes is its length. */
const quote = (text: string): string => {
  if (PLAIN.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text);
  if (!BEYOND_ASCII.test(quoted)) return quoted;
  return quoted.replace(ALL_BEYOND_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
};

/** A body in the making: pieces of ASCII, of which bytes in base64 are one each. */
class Body {
  private readonly pieces: string[] = [];
  private text = '';

  add(text: string): this {
    this.text += text;
    return this;
  }

  /** Adds all with commas between them. */
  all<T>(list: Iterable<T>, add: (one: T) => void): this {
    let first = true;
    for (const one of list) {
      if (!first) this.text += ',';
      first = false;
      add(one);
    }
    return this;
  }

  private bytes({ buffer, byteOffset, byteLength }: Uint8Array): void {
    this.pieces.push(this.text, Buffer.from(buffer, byteOffset, byteLength).toString('base64'));
    this.text = '';
  }

  private value(value: AttributeValue): void {
    if (value.S !== undefined) this.add(`{"S":${quote(value.S)}}`);
    else if (value.N !== undefined) this.add(`{"N":${quote(value.N)}}`);
    else if (value.B !== undefined) {
      this.add('{"B":"').bytes(value.B);
      this.add('"}');
    } else if (value.BOOL !== undefined) this.add(`{"BOOL":${value.BOOL}}`);
    else if (value.NULL !== undefined) this.add('{"NULL":true}');
    else if (value.L !== undefined)
      this.add('{"L":[')
        .all(value.L, (one) => this.value(one))
        .add(']}');
    else if (value.M !== undefined) this.add('{"M":').item(value.M).add('}');
    else throw new TypeError(`no way to write an attribute of ${Object.keys(value).join()}`);
  }

  item(item: Item): this {
    return this.add('{')
      .all(Object.entries(item), ([name, value]) => {
        this.add(`${quote(name)}:`).value(value);
      })
      .add('}');
  }

  /** All pieces. */
  end(): readonly string[] {
    return [...this.pieces, this.text];
  }
}

const addRequest = (body: Body, { PutRequest, DeleteRequest }: WriteRequest): void => {
  if (PutRequest === undefined)
    body
      .add('{"DeleteRequest":{"Key":')
      .item(DeleteRequest?.Key ?? {})
      .add('}}');
  else
    body
      .add('{"PutRequest":{"Item":')
      .item(PutRequest.Item ?? {})
      .add('}}');
};

/** Attributes as JSON has them: bytes are base64. */
type Wired = { readonly [name: string]: WiredValue };
interface WiredValue {
  B?: string | Buffer;
  readonly L?: readonly WiredValue[];
  readonly M?: Wired;
}

const readValue = (value: WiredValue): void => {
  if (typeof value.B === 'string') value.B = Buffer.from(value.B, 'base64');
  else if (value.M !== undefined) readItem(value.M);
  else if (value.L !== undefined) for (const one of value.L) readValue(one);
};

/** Makes what JSON gave an item, in its place: most attributes are as they should be, and items are many. */
const readItem = (wired: Wired): Item => {
  for (const name of Object.keys(wired)) readValue(wired[name] ?? {});
  return wired as Item;
};

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
  const body = new Body();
  body
    .add(`{"RequestItems":{${quote(table)}:[`)
    .all(requests, (request) => addRequest(body, request))
    .add(']}}');
  const { UnprocessedItems } = (await callDynamo(client, 'BatchWriteItem', body.end(), signal)) as {
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

/** How items are read. */
export interface Reading {
  /** As they are now, for twice the price; else they may be as they were a second ago. */
  readonly consistent: boolean;
  /** Only these of each item; all when absent. */
  readonly attributes?: readonly string[] | undefined;
}

/**
 * Reads items by key, at most 100.
 * @returns what there is, and the keys that DynamoDB left unread
 * @throws {CallRefused}, or what the connection says
 */
export const batchRead = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
  signal: AbortSignal,
  { consistent, attributes }: Reading = { consistent: true },
): Promise<{ readonly items: Item[]; readonly unread: Item[] }> => {
  const body = new Body();
  body
    .add(`{"RequestItems":{${quote(table)}:{"Keys":[`)
    .all(keys, (key) => body.item(key))
    .add(`],"ConsistentRead":${consistent}`);
  if (attributes !== undefined) body.add(`,"ProjectionExpression":${quote(attributes.join())}`);
  body.add('}}}');
  const { Responses, UnprocessedKeys } = (await callDynamo(client, 'BatchGetItem', body.end(), signal)) as {
    readonly Responses?: Readonly<Record<string, readonly Wired[]>>;
    readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Wired[] }>>;
  };
  return {
    items: (Responses?.[table] ?? []).map(readItem),
    unread: (UnprocessedKeys?.[table]?.Keys ?? []).map(readItem),
  };
};

/** Items of a table that are asked for by a condition on their keys. */
export interface Question {
  /** The index whose keys these are; the table's own when absent. */
  readonly index?: string | undefined;
  readonly condition: string;
  /** By their names in the condition and the filter. */
  readonly values: Item;
  /** Attributes by what they are called here: some words DynamoDB keeps to itself. */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** Items for which this does not hold are read and paid, and left out. */
  readonly filter?: string | undefined;
  /** Items of a page at most, before the filter; as many as fit when absent. */
  readonly limit?: number | undefined;
  /** The greatest key first. */
  readonly descending?: boolean | undefined;
}

/** Some of the items that are asked for. */
export interface Page {
  readonly items: Item[];
  /** The key that it ends with; absent at the end of all. */
  readonly next: Item | undefined;
}

/**
 * Reads a page of items in the order of their keys.
 * @param start the key that the page before ended with
 * @throws {CallRefused}, or what the connection says
 */
export const queryPage = async (
  client: DynamoDBClient,
  table: string,
  { index, condition, values, names, filter, limit, descending, consistent, attributes }: Question & Reading,
  start: Item | undefined,
  signal: AbortSignal,
): Promise<Page> => {
  const body = new Body();
  body
    .add(`{"TableName":${quote(table)},"KeyConditionExpression":${quote(condition)}`)
    .add(`,"ConsistentRead":${consistent},"ExpressionAttributeValues":`)
    .item(values);
  if (index !== undefined) body.add(`,"IndexName":${quote(index)}`);
  if (names !== undefined) body.add(`,"ExpressionAttributeNames":${JSON.stringify(names)}`);
  if (filter !== undefined) body.add(`,"FilterExpression":${quote(filter)}`);
  if (attributes !== undefined) body.add(`,"ProjectionExpression":${quote(attributes.join())}`);
  if (limit !== undefined) body.add(`,"Limit":${limit}`);
  if (descending === true) body.add(',"ScanIndexForward":false');
  if (start !== undefined) body.add(',"ExclusiveStartKey":').item(start);
  body.add('}');
  const { Items, LastEvaluatedKey } = (await callDynamo(client, 'Query', body.end(), signal)) as {
    readonly Items?: readonly Wired[];
    readonly LastEvaluatedKey?: Wired;
  };
  return {
    items: (Items ?? []).map(readItem),
    next: LastEvaluatedKey === undefined ? undefined : readItem(LastEvaluatedKey),
  };
};
