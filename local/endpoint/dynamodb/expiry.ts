/**
 * Deletes items that have expired, as DynamoDB's TTL does: some time after, by a walk through the items of a table in
 * small steps, so that no call waits for it. An index of expiries would have to be kept up at every write, for what
 * happens once.
 */
import type { TableShape } from './capacity.ts';

/** Items, and characters of them, that a step looks at. */
const MOST_ITEMS = 500;
const MOST_CHARACTERS = 2_000_000;
/** What expired longer ago is left alone: the attribute means something else ("Time to Live", developer guide). */
const FIVE_YEARS = 5 * 365 * 86_400;

interface Range {
  readonly gt: string;
  readonly lt: string;
  readonly keyEncoding: 'utf8';
  readonly valueEncoding: 'utf8';
}

/** The level store of dynalite: items as JSON, by table and key. */
export interface ItemWalk {
  iterator(range: Range): {
    nextv(most: number): Promise<readonly (readonly [key: string, value: string])[]>;
    close(): Promise<void>;
  };
}

interface Expiring {
  readonly name: string;
  readonly keys: readonly string[];
  readonly attribute: string;
  /** Finds the attribute in an item, perhaps in a map of it too: a quotation mark in a text is escaped. */
  readonly pattern: RegExp;
}

export interface ExpiryOptions {
  readonly store: ItemWalk;
  readonly tables: ReadonlyMap<string, TableShape>;
  /** Milliseconds from the begin of a walk to the next, at least. */
  readonly rest: number;
  /** Runs an operation of DynamoDB. */
  readonly run: (operation: 'DeleteItem', body: string) => Promise<unknown>;
}

export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #tables: readonly Expiring[];
  /** Table that the walk is in, and the key that it has come to. */
  #table = 0;
  #key = '';
  #begun = Number.NEGATIVE_INFINITY;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#tables = [...options.tables].flatMap(([name, { keys, timeToLive: attribute }]) =>
      attribute === undefined
        ? []
        : [{ name, keys, attribute, pattern: new RegExp(`"${RegExp.escape(attribute)}":\\{"N":"(\\d+)"`) }],
    );
  }

  /**
   * Takes a step.
   * @param now milliseconds since the epoch
   */
  async step(now: number): Promise<void> {
    const table = this.#tables[this.#table];
    if (table === undefined) return;
    if (this.#table === 0 && this.#key === '') {
      if (now - this.#begun < this.#options.rest) return;
      this.#begun = now;
    }
    const prefix = `item-${table.name}~`;
    const range = { gt: prefix + this.#key, lt: `${prefix}~` };
    const seconds = Math.floor(now / 1000);
    const entries = this.#options.store.iterator({ ...range, keyEncoding: 'utf8', valueEncoding: 'utf8' });
    const expired: string[] = [];
    let isOver = false;
    try {
      let items = 0;
      let characters = 0;
      while (!isOver && items < MOST_ITEMS && characters < MOST_CHARACTERS) {
        const some = await entries.nextv(50);
        isOver = some.length === 0;
        items += some.length;
        for (const [key, item] of some) {
          characters += item.length;
          this.#key = key.slice(prefix.length);
          const at = Number(table.pattern.exec(item)?.[1] ?? Number.POSITIVE_INFINITY);
          if (at <= seconds && at > seconds - FIVE_YEARS) expired.push(item);
        }
      }
    } finally {
      await entries.close();
    }
    if (isOver) {
      this.#table = (this.#table + 1) % this.#tables.length;
      this.#key = '';
    }
    await Promise.all(expired.map((item) => this.#remove(table, JSON.parse(item), seconds)));
  }

  /** On the condition that it has expired: it may have been written anew since it was looked at. */
  async #remove(
    { name, keys, attribute }: Expiring,
    item: Record<string, unknown>,
    now: number,
  ): Promise<void> {
    const body = {
      TableName: name,
      Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
      ConditionExpression: '#at <= :now',
      ExpressionAttributeNames: { '#at': attribute },
      ExpressionAttributeValues: { ':now': { N: String(now) } },
    };
    await this.#options.run('DeleteItem', JSON.stringify(body));
  }
}
