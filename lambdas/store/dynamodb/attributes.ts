/**
 * Items of DynamoDB as plain objects. A few lines instead of `@aws-sdk/util-dynamodb`, which every bundle
 * would carry whole.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isStorable } from '../../../contracts/numbers.ts';

/** What an attribute may hold; `undefined` members of an object are left out. */
export type Attribute =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly Attribute[]
  | { readonly [name: string]: Attribute | undefined };

export type Item = Record<string, AttributeValue>;

/**
 * One value as DynamoDB writes it.
 * @throws {RangeError} for a number that DynamoDB does not keep: NaN, infinity, one too small or too great
 */
export const marshalValue = (value: Attribute): AttributeValue => {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'number') {
    if (!isStorable(value)) throw new RangeError(`DynamoDB holds no number ${value}`);
    return { N: String(value) };
  }
  if (value instanceof Uint8Array) return { B: value };
  if (isList(value)) return { L: value.map(marshalValue) };
  return { M: marshal(value) };
};

const isList = (value: object): value is readonly Attribute[] => Array.isArray(value);

/** An object as an item. */
export const marshal = (object: { readonly [name: string]: Attribute | undefined }): Item =>
  // Not by assignment: that would lose a member called `__proto__`.
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, marshalValue(value)]],
    ),
  );

/**
 * One value as it was before it was written. Sets come back as arrays.
 * @throws {TypeError} for an attribute of no known type
 */
export const unmarshalValue = (value: AttributeValue): Attribute => {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.B !== undefined) return value.B;
  if (value.L !== undefined) return value.L.map(unmarshalValue);
  if (value.M !== undefined) return unmarshal(value.M);
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS.map(Number);
  if (value.BS !== undefined) return value.BS;
  throw new TypeError(`unknown attribute type ${Object.keys(value).join()}`);
};

/** An item as an object. */
export const unmarshal = (item: Item): { [name: string]: Attribute } =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, unmarshalValue(value)]));
