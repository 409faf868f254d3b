/**
 * The reads that are asked for most, answered out of the store of dynalite: items stay the text that they are stored
 * as. dynalite takes each item through promises, checks and JSON, some 30 µs of it. In `npm run bench query` the newest
 * values of 100 devices take 1.8 times as long without this file, days 1.3 times, the day of 100 devices 1.3 times.
 *
 * Only what dynalite has answered before in the same form, and answers whole: BatchGetItem, and Query of a table by its
 * key, of at most a page. All else, and whatever looks wrong, is left to it.
 */

import { hash } from 'node:crypto';
import { isObject } from '../../../contracts/json.ts';
import type { Fields } from '../json.ts';
import { fields, list } from '../json.ts';
import { project } from './project.ts';

/** A table as dynalite keeps it, as far as it is looked at here. */
export interface TableDefinition {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
}

interface Range {
  readonly gte: string;
  readonly lt?: string;
  readonly lte?: string;
}
interface AsText {
  readonly keyEncoding: 'utf8';
  readonly valueEncoding: 'utf8';
}
const AS_TEXT: AsText = { keyEncoding: 'utf8', valueEncoding: 'utf8' };

/** The level store of dynalite; values are items as JSON. */
export interface ItemStore {
  getSync(key: string, options: AsText): string | undefined;
  values(options: Range & AsText): { nextv(most: number): Promise<string[]>; close(): Promise<void> };
}

/** An answer, and what it has in common with others that dynalite would give as well. */
export interface QuickRead {
  /** Operation, table and expressions: what dynalite refuses of them it refuses every time. */
  readonly form: string;
  /** @returns the body of the answer; `undefined` when it is not to be told here */
  answer(): Promise<string | undefined> | string | undefined;
}

/** Well below the megabyte of text after which dynalite goes on in another page of a query. */
const MOST_QUERIED = 600_000;
/** Well below the 16 MB of items after which it leaves keys of a batch unread. */
const MOST_GOT = 12_000_000;
const ITEMS_AT_ONCE = 64;
const MOST_KEYS = 100;
const MOST_KEY_CHARACTERS = 300;
const MOST_REMEMBERED = 20_000;
const NAMES = /^[A-Za-z]\w*(?:,[A-Za-z]\w*)*$/;
const CONDITION =
  /^(?<pk>\w+) = (?<is>:\w+)(?: AND (?:(?<sk>\w+) BETWEEN (?<from>:\w+) AND (?<to>:\w+)|begins_with\((?<begins>\w+), (?<prefix>:\w+)\)))?$/;

/** Keeps what was told of a text: the same keys are asked for again and again. */
const remembering = (of: (text: string) => string): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    const told = known.get(text) ?? of(text);
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(text, told);
    return told;
  };
};

const hex = remembering((text) => Buffer.from(text, 'utf8').toString('hex'));

/** What the keys of a partition begin with (dynalite's `hashPrefix` and `createKey`). */
const partitionKey = remembering((pk) => `${hash('md5', `Outliers${pk}`).slice(0, 6)}/${hex(pk)}/`);

const isOnly = (asked: Fields, ...names: readonly string[]): boolean => {
  for (const name in asked) if (!names.includes(name)) return false;
  return true;
};

/** The text of an attribute that is nothing else, and no longer than any key of ours. */
const textOf = (value: unknown): string | undefined => {
  if (!isObject(value) || !isOnly(value, 'S')) return undefined;
  const { S: text } = value;
  return typeof text === 'string' && text !== '' && text.length <= MOST_KEY_CHARACTERS ? text : undefined;
};

const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean';

/** Gives items those attributes alone that are asked for. @returns `undefined` for what is no list of names */
const projector = (expression: unknown): ((item: string) => string) | undefined => {
  if (expression === undefined) return (item) => item;
  if (typeof expression !== 'string' || !NAMES.test(expression)) return undefined;
  const names = new Set(expression.split(','));
  return (item) => project(item, names);
};

const charactersOf = (items: readonly string[]): number => items.reduce((sum, { length }) => sum + length, 0);

/** Names of the partition and sort key; `undefined` when they are not both text. */
const keysOf = (table: TableDefinition | undefined): readonly [string, string] | undefined => {
  const types = new Map(table?.AttributeDefinitions.map((a) => [a.AttributeName, a.AttributeType]));
  const [pk, sk, ...more] = table?.KeySchema.map(({ AttributeName }) => AttributeName) ?? [];
  if (pk === undefined || sk === undefined || more.length > 0) return undefined;
  return types.get(pk) === 'S' && types.get(sk) === 'S' ? [pk, sk] : undefined;
};

const shuffled = <T>(items: readonly T[]): T[] => {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    const [one, two] = [mixed[at], mixed[other]];
    if (one !== undefined && two !== undefined) [mixed[at], mixed[other]] = [two, one];
  }
  return mixed;
};

export class QuickReads {
  readonly #store: ItemStore;
  readonly #tableOf: (name: string) => TableDefinition | undefined;

  /** @param tableOf tables that are known; another is not read here */
  constructor(store: ItemStore, tableOf: (name: string) => TableDefinition | undefined) {
    this.#store = store;
    this.#tableOf = tableOf;
  }

  /** @returns `undefined` for what dynalite has to do itself */
  read(operation: string, body: string): QuickRead | undefined {
    if (operation !== 'BatchGetItem' && operation !== 'Query') return undefined;
    let input: unknown;
    try {
      input = JSON.parse(body);
    } catch {
      return undefined;
    }
    if (!isObject(input)) return undefined;
    return operation === 'Query' ? this.#query(input) : this.#batchGet(input);
  }

  /** A batch of keys of one table. */
  #batchGet(input: Fields): QuickRead | undefined {
    const [asked, ...more] = Object.entries(fields(input['RequestItems']));
    if (asked === undefined || more.length > 0 || !isOnly(input, 'RequestItems')) return undefined;
    const [table, request] = asked;
    if (!isObject(request) || !isOnly(request, 'Keys', 'ConsistentRead', 'ProjectionExpression'))
      return undefined;
    const toWanted = projector(request['ProjectionExpression']);
    const names = keysOf(this.#tableOf(table));
    const wanted = list(request['Keys']);
    if (toWanted === undefined || names === undefined || !isFlag(request['ConsistentRead'])) return undefined;
    const [pkName, skName] = names;
    const keys = new Set<string>();
    for (const key of wanted) {
      if (!isObject(key) || !isOnly(key, pkName, skName)) return undefined;
      const [pk, sk] = [textOf(key[pkName]), textOf(key[skName])];
      if (pk === undefined || sk === undefined) return undefined;
      keys.add(`item-${table}~${partitionKey(pk)}${hex(sk)}/`);
    }
    // None, too many, or one twice: dynalite says what is wrong.
    if (keys.size === 0 || keys.size > MOST_KEYS || keys.size < wanted.length) return undefined;
    return {
      form: `BatchGetItem ${table} ${String(request['ProjectionExpression'])}`,
      answer: () => {
        const items = [...keys].flatMap((key) => this.#store.getSync(key, AS_TEXT) ?? []);
        if (charactersOf(items) > MOST_GOT) return undefined;
        const found = shuffled(items).map(toWanted).join();
        return `{"Responses":{${JSON.stringify(table)}:[${found}]},"UnprocessedKeys":{}}`;
      },
    };
  }

  /** A partition of a table, or a range of it. */
  #query(input: Fields): QuickRead | undefined {
    const { TableName: table, KeyConditionExpression: condition, ProjectionExpression: projection } = input;
    const { groups } = typeof condition === 'string' ? (CONDITION.exec(condition) ?? {}) : {};
    const names = typeof table === 'string' ? keysOf(this.#tableOf(table)) : undefined;
    const toWanted = projector(projection);
    if (groups === undefined || names === undefined || toWanted === undefined) return undefined;
    const known = ['TableName', 'KeyConditionExpression', 'ExpressionAttributeValues'] as const;
    if (!isOnly(input, ...known, 'ConsistentRead', 'ProjectionExpression')) return undefined;
    const { pk, is = '', sk, from, to, begins, prefix } = groups;
    if (pk !== names[0] || (sk ?? begins ?? names[1]) !== names[1]) return undefined;
    const values = fields(input['ExpressionAttributeValues']);
    const used = [is, from, to, prefix].flatMap((name) => name ?? []);
    const hexOf = (name: string | undefined): string => hex(textOf(values[name ?? '']) ?? '');
    const isUnused = new Set(used).size < used.length || Object.keys(values).length !== used.length;
    if (isUnused || used.some((name) => hexOf(name) === '') || !isFlag(input['ConsistentRead']))
      return undefined;
    const start = `item-${String(table)}~${partitionKey(textOf(values[is]) ?? '')}`;
    const [low, high, first] = [hexOf(from), hexOf(to), hexOf(prefix)];
    if (low > high) return undefined;
    const range =
      from !== undefined
        ? { gte: `${start}${low}/`, lte: `${start}${high}/~` }
        : { gte: `${start}${first}`, lt: `${start}${first}~` };
    return {
      form: `Query ${String(table)} ${String(condition)} ${String(projection)}`,
      answer: async () => {
        const items = await this.#within(range);
        if (items === undefined) return undefined;
        const { length } = items;
        return `{"Items":[${items.map(toWanted).join()}],"Count":${length},"ScannedCount":${length}}`;
      },
    };
  }

  /** Items of a range, in order; `undefined` when they are more than are given at once. */
  async #within(range: Range): Promise<string[] | undefined> {
    const values = this.#store.values({ ...range, ...AS_TEXT });
    try {
      const items: string[] = [];
      for (let characters = 0; characters <= MOST_QUERIED; ) {
        const some = await values.nextv(ITEMS_AT_ONCE);
        if (some.length === 0) return items;
        items.push(...some);
        characters += charactersOf(some);
      }
      return undefined;
    } finally {
      await values.close();
    }
  }
}
