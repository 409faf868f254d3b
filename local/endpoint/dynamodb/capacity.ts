/**
 * Capacity units of writes, as DynamoDB counts them (Developer Guide: "DynamoDB Item sizes and formats",
 * "Write operations and read/write consumption", "Global secondary indexes: provisioned throughput"). dynalite
 * counts the table alone and UTF-16 units as bytes.
 */
export type AttributeValue = Readonly<Record<string, unknown>>;
export type Item = Readonly<Record<string, AttributeValue>>;

export interface IndexShape {
  readonly name: string;
  readonly global: boolean;
  readonly keys: readonly string[];
  /** Attributes copied besides the keys; all of them when absent. */
  readonly projected?: readonly string[];
}

export interface TableShape {
  readonly keys: readonly string[];
  /** Attribute that says when an item expires, in seconds since the epoch. */
  readonly timeToLive?: string;
  readonly indexes: readonly IndexShape[];
}

/** Bytes of an item: names and values. */
export function itemBytes(item: Item): number {
  let sum = 0;
  for (const [name, value] of Object.entries(item)) sum += Buffer.byteLength(name) + valueBytes(value);
  return sum;
}

function valueBytes(attribute: AttributeValue): number {
  const [type, value] = Object.entries(attribute)[0] ?? [];
  const strings = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  switch (type) {
    case 'S':
      return Buffer.byteLength(String(value));
    case 'B':
      return Buffer.byteLength(String(value), 'base64');
    case 'N':
      return numberBytes(String(value));
    case 'SS':
      return strings(value).reduce((sum, s) => sum + Buffer.byteLength(s), 0);
    case 'NS':
      return strings(value).reduce((sum, s) => sum + numberBytes(s), 0);
    case 'BS':
      return strings(value).reduce((sum, s) => sum + Buffer.byteLength(s, 'base64'), 0);
    case 'BOOL':
    case 'NULL':
      return 1;
    case 'L':
      return (value as AttributeValue[]).reduce((sum, v) => sum + 1 + valueBytes(v), 3);
    case 'M':
      return Object.entries(value as Item).reduce(
        (sum, [name, v]) => sum + 1 + Buffer.byteLength(name) + valueBytes(v),
        3,
      );
    default:
      throw new TypeError(`an attribute of type ${type} has no known size`);
  }
}

/** About one byte for two significant digits, one more, and one for the sign. */
function numberBytes(text: string): number {
  const digits = text
    .replace(/e.*$/i, '')
    .replace(/[-+.]/g, '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}

const writeUnitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));

export interface WriteUnits {
  readonly table: number;
  /** Units of each index that the write touched. */
  readonly indexes: ReadonlyMap<string, number>;
  readonly total: number;
}

/**
 * Units of one write.
 * @param before the item as it was, if it was
 * @param after the item as it is; `undefined` after a delete
 */
export function writeUnits(table: TableShape, before: Item | undefined, after: Item | undefined): WriteUnits {
  const tableUnits = writeUnitsOf(Math.max(before ? itemBytes(before) : 0, after ? itemBytes(after) : 0));
  const indexes = new Map<string, number>();
  let total = tableUnits;
  for (const index of table.indexes) {
    const units = indexUnits(table, index, before, after);
    if (units === 0) continue;
    indexes.set(index.name, units);
    total += units;
  }
  return { table: tableUnits, indexes, total };
}

function indexUnits(table: TableShape, index: IndexShape, before?: Item, after?: Item): number {
  const was = before && projection(table, index, before);
  const is = after && projection(table, index, after);
  if (!was && !is) return 0;
  if (!was || !is) return writeUnitsOf(itemBytes(was ?? is ?? {}));
  if (index.keys.some((key) => !same(was[key], is[key]))) {
    return writeUnitsOf(itemBytes(was)) + writeUnitsOf(itemBytes(is));
  }
  return same(was, is) ? 0 : writeUnitsOf(Math.max(itemBytes(was), itemBytes(is)));
}

/** What an index keeps of an item; nothing when the item lacks one of the index's keys. */
function projection(table: TableShape, index: IndexShape, item: Item): Item | undefined {
  if (index.keys.some((key) => item[key] === undefined)) return undefined;
  if (!index.projected) return item;
  const kept = new Set([...table.keys, ...index.keys, ...index.projected]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)));
}

/** Equal whatever the order of attributes. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)))
  );
}
