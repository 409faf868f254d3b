/** What kinds of items write units went to, each told from its key. */
import { type Item, itemBytes } from '../../../local/endpoint/dynamodb/capacity.ts';

/** Kinds of items by what their keys look like: partition and sort key with a blank between them. */
const KINDS: readonly (readonly [kind: string, key: RegExp])[] = [
  ['tasks', /^tasks#\d+ /],
  ['rollups of minutes', /#r1m /],
  ['rollups of hours', /#r1h /],
  ['days in the archive', /#a /],
  ['states', / latest#/],
  ['chunks', / \S+#c#/],
  ['blocks', / \S+#(h$|p#)/],
];

const kindOf = (key: string): string => KINDS.find(([, pattern]) => pattern.test(key))?.[0] ?? 'others';

interface Write {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}

interface Body {
  readonly Item?: Item;
  readonly Key?: Item;
  readonly RequestItems?: Readonly<Record<string, readonly Write[]>>;
}

const keyOf = (item: Item): string => `${String(item['pk']?.['S'])} ${String(item['sk']?.['S'])}`;
const unitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));

/** Divides what calls consumed among kinds of items, such as `chunks deleted`. */
export class Parts {
  #units = new Map<string, number>();
  /** Of what batches have put, to know what it costs to put it anew or to delete it. */
  readonly #sizes = new Map<string, number>();

  /**
   * Counts a call that writes.
   * @param consumed units as the service counts them
   * @throws {Error} when the parts of a batch do not come to what the service counts
   */
  count(operation: string, text: string, consumed: number): void {
    const body = JSON.parse(text) as Body;
    if (body.RequestItems !== undefined) {
      this.#countBatch(Object.values(body.RequestItems).flat(), consumed);
      return;
    }
    const key = keyOf(body.Item ?? body.Key ?? {});
    if (body.Item !== undefined) this.#sizes.set(key, itemBytes(body.Item));
    this.#add(key, operation.startsWith('Delete'), consumed);
  }

  #countBatch(writes: readonly Write[], consumed: number): void {
    let sum = 0;
    for (const { PutRequest, DeleteRequest } of writes) {
      const key = keyOf(PutRequest?.Item ?? DeleteRequest?.Key ?? {});
      const before = this.#sizes.get(key) ?? 0;
      const after = PutRequest === undefined ? 0 : itemBytes(PutRequest.Item);
      if (PutRequest === undefined) this.#sizes.delete(key);
      else this.#sizes.set(key, after);
      const units = unitsOf(Math.max(before, after));
      this.#add(key, PutRequest === undefined, units);
      sum += units;
    }
    if (sum !== consumed) throw new Error(`a batch consumed ${consumed} write units, its parts ${sum}`);
  }

  #add(key: string, deleted: boolean, units: number): void {
    const part = `${kindOf(key)} ${deleted ? 'deleted' : 'written'}`;
    this.#units.set(part, (this.#units.get(part) ?? 0) + units);
  }

  /** Units by part since the last call. */
  read(): ReadonlyMap<string, number> {
    const units = this.#units;
    this.#units = new Map();
    return units;
  }
}
