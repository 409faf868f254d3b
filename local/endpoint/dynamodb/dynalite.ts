/**
 * dynalite without its server, put right where it leaks, counts wrongly or repeats itself. It never listens.
 *
 * Measured from an SDK client in another process, items of 3 KB, CPU of this process: 550 µs a PutItem, 140 an
 * item of BatchWriteItem(25), 80 an item of BatchGetItem(100), 160 an item of a Query. 600 writes and 600 reads a
 * second in batches take 0.13 of a core: enough, so no store of our own.
 */
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { Item, TableShape } from './capacity.ts';
import { writeUnits } from './capacity.ts';
import { durable, type LevelClass, type WriteFailed } from './durable-level.ts';
import type { ItemWalk } from './expiry.ts';
import type { ItemStore, TableDefinition } from './quick-reads.ts';

export interface DynaliteOptions {
  readonly tables: ReadonlyMap<string, TableShape>;
  /** Folder of the level store; in memory when absent. */
  readonly path?: string;
}

/** Reads from a level store, until it is closed. */
interface LevelIterator {
  close(): Promise<void>;
  return?: () => Promise<void>;
}

/** The level store of dynalite. */
export interface LevelStore extends ItemStore, ItemWalk {
  keys(options: object): LevelIterator;
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

export interface Dynalite {
  readonly db: LevelStore;
  /** Runs an operation. */
  run(operation: string, body: string): Promise<Answer>;
  /** A table that has been used since tables were last changed. */
  tableOf(name: string): TableDefinition | undefined;
}

type TableCallback = (error: unknown, table?: TableDefinition) => void;

interface Store {
  readonly db: LevelStore;
  getTable(name: string, ...rest: [TableCallback] | [checkStatus: boolean, TableCallback]): void;
}

interface CapacityRequest {
  readonly TableName: string;
  readonly ReturnConsumedCapacity?: string;
}

type QueryCallback = (error: unknown, result?: { ConsumedCapacity?: { CapacityUnits: number } }) => void;

/** The parts of dynalite's `db` module that are seen or put right here; its actions look them up at each call. */
interface DbModule {
  create(options: object): Store;
  addConsumedCapacity(data: CapacityRequest, isRead: boolean, before?: Item, after?: Item): unknown;
  queryTable(...args: unknown[]): void;
}

/** dynalite asks for these but does not look at them; who calls has been established before. */
const HEADERS = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-date': '20200101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
};

/** As much of a request as dynalite uses. Bodies stay text all the way: it parses and prints JSON itself. */
class Request extends EventEmitter {
  readonly method = 'POST';
  readonly url = '/';
  readonly headers: Readonly<Record<string, string>>;

  constructor(operation: string) {
    super();
    this.headers = { ...HEADERS, 'x-amz-target': `DynamoDB_20120810.${operation}` };
  }
}

/** As much of a response as dynalite uses. */
class Response {
  statusCode = 200;
  readonly #answer: (status: number, body: string) => void;

  constructor(answer: (status: number, body: string) => void) {
    this.#answer = answer;
  }

  setHeader(): this {
    return this;
  }

  end(body = ''): this {
    this.#answer(this.statusCode, body);
    return this;
  }
}

/** Counts indexes and bytes as DynamoDB does, and half a unit for a query that finds nothing. */
function countCapacityRight(db: DbModule, tables: ReadonlyMap<string, TableShape>): void {
  const original = db.addConsumedCapacity;
  db.addConsumedCapacity = (data, isRead, before, after) => {
    const table = tables.get(data.TableName);
    const how = data.ReturnConsumedCapacity;
    if (isRead || !table || (how !== 'TOTAL' && how !== 'INDEXES'))
      return original(data, isRead, before, after);
    const units = writeUnits(table, before, after);
    const byKind = (global: boolean) => {
      const own = table.indexes.filter((index) => index.global === global && units.indexes.has(index.name));
      if (own.length === 0) return undefined;
      return Object.fromEntries(own.map(({ name }) => [name, { CapacityUnits: units.indexes.get(name) }]));
    };
    return {
      TableName: data.TableName,
      CapacityUnits: units.total,
      ...(how === 'INDEXES'
        ? {
            Table: { CapacityUnits: units.table },
            GlobalSecondaryIndexes: byKind(true),
            LocalSecondaryIndexes: byKind(false),
          }
        : {}),
    };
  };
  const queryTable = db.queryTable;
  db.queryTable = (...args) => {
    const request = args[2] as { readonly ConsistentRead?: boolean };
    const done = args.pop() as QueryCallback;
    const counted: QueryCallback = (error, result) => {
      if (result?.ConsumedCapacity?.CapacityUnits === 0) {
        result.ConsumedCapacity.CapacityUnits = request.ConsistentRead ? 1 : 0.5;
      }
      done(error, result);
    };
    queryTable(...args, counted);
  };
}

/** Operations that only ask what a table looks like. The others change tables, or show them with more in them. */
const USES_TABLES = /^(?:Batch)?(?:Get|Put|Update|Delete|Write)Item$|^Query$|^Scan$/;

interface RememberedTables {
  /** To be called with each operation, before it is run. */
  prepare(operation: string): void;
  /** A table that is remembered. */
  tableOf(name: string): TableDefinition | undefined;
}

/**
 * dynalite reads and parses the definition of a table for every item. It is remembered from one operation on
 * items to the next.
 */
function rememberTables(store: Store): RememberedTables {
  const known = new Map<string, TableDefinition>();
  const getTable = store.getTable.bind(store);
  store.getTable = (name, ...rest) => {
    if (rest.length === 2) {
      getTable(name, ...rest);
      return;
    }
    const [done] = rest;
    if (known.has(name)) {
      done(null, known.get(name));
      return;
    }
    getTable(name, (error, table) => {
      if (!error && table !== undefined) known.set(name, table);
      done(error, table);
    });
  };
  return {
    prepare: (operation) => {
      if (!USES_TABLES.test(operation)) known.clear();
    },
    tableOf: (name) => known.get(name),
  };
}

/**
 * dynalite ends a stream of its store by `return()` of the iterator behind it, which iterators of abstract-level do not
 * have: each Query and Scan would leave one open, and with it all that LevelDB has overwritten or deleted since.
 */
function closeIterators(db: LevelStore): void {
  const closing = <T extends LevelIterator>(iterator: T): T => {
    iterator.return = () => iterator.close();
    return iterator;
  };
  const keys = db.keys.bind(db);
  db.keys = (options) => closing(keys(options));
  const values = db.values.bind(db);
  db.values = (options) => closing(values(options));
}

type StoreOptions = Readonly<Record<string, unknown>>;
type StoreClass = new (options: StoreOptions) => object;

/**
 * The store in memory keeps text as text. As buffers, which is its way when nothing is said, each entry costs an
 * object outside the heap beside its bytes, and is written and read through the encoder. Keys are hexadecimal, so
 * their order stays the same. To be called before dynalite is loaded.
 */
function keepText(memory: { MemoryLevel: StoreClass }): void {
  memory.MemoryLevel = class extends memory.MemoryLevel {
    constructor(options: StoreOptions) {
      super({ ...options, storeEncoding: 'utf8' });
    }
  };
}

/** Has what dynalite writes flushed before it goes on. To be called before dynalite is loaded. */
function keepDurable(level: { Level: LevelClass }, failed: WriteFailed): void {
  level.Level = durable(level.Level, failed);
}

/**
 * Opens the store. Once in a thread: the modules of dynalite are put right in place.
 * @param failed told of each write to the folder that fails
 * @throws {Error} when another process holds the folder, or its files are broken
 */
export async function openDynalite(options: DynaliteOptions, failed: WriteFailed): Promise<Dynalite> {
  const require = createRequire(import.meta.url);
  const ofDynalite = createRequire(require.resolve('dynalite'));
  keepText(ofDynalite('memory-level') as { MemoryLevel: StoreClass });
  keepDurable(ofDynalite('level') as { Level: LevelClass }, failed);
  const module = require('dynalite/db') as DbModule;
  countCapacityRight(module, options.tables);
  // dynalite keeps its store to itself, but it has to be closed.
  const create = module.create;
  let store: Store | undefined;
  module.create = (settings) => {
    store = create(settings);
    return store;
  };
  const dynalite = require('dynalite') as (settings: object) => Server;
  const server = dynalite({
    ...(options.path === undefined ? {} : { path: options.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  if (!store) throw new Error('dynalite has not made its store through its db module');
  const { db } = store;
  await db.open().catch((error: Error) => {
    // The reason (a lock held by another process, a broken file) is in the cause, which does not cross threads.
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`cannot open ${options.path}: ${reason}`);
  });
  closeIterators(db);
  const { prepare, tableOf } = rememberTables(store);
  return {
    db,
    tableOf,
    run: (operation, body) => {
      prepare(operation);
      return new Promise((resolve) => {
        const request = new Request(operation);
        const response = new Response((status, reply) => resolve({ status, body: reply }));
        server.emit('request', request, response);
        request.emit('data', body);
        request.emit('end');
      });
    },
  };
}
