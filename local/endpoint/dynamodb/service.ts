/** The DynamoDB API: which table or index a call touches, and the call itself in dynalite. */
import type { AccessRequest, Assembly, AwsRequest, AwsResponse, AwsService } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { resourceName } from '../arn.ts';
import type { Fields } from '../json.ts';
import { fields, list, parseBody, targetOperation, text } from '../json.ts';
import { keyUse } from '../kms.ts';
import type { DynamoEngine } from './engine.ts';
import type { Table } from './tables.ts';

type Scope = 'table' | 'index' | 'tables' | 'arn' | 'none';

/** What each operation names its resource by. What is not here is not run locally. */
const OPERATIONS: Readonly<Record<string, Scope>> = {
  GetItem: 'table',
  PutItem: 'table',
  UpdateItem: 'table',
  DeleteItem: 'table',
  Query: 'index',
  Scan: 'index',
  BatchGetItem: 'tables',
  BatchWriteItem: 'tables',
  DescribeTable: 'table',
  DescribeTimeToLive: 'table',
  ListTagsOfResource: 'arn',
  ListTables: 'none',
};
/** Operations that read or write items, and so need the table's key. */
const DATA = new Set([
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
]);

export class DynamoService implements AwsService {
  readonly #assembly: Assembly;
  readonly #engine: DynamoEngine;
  readonly #tables: ReadonlyMap<string, Table>;

  constructor(assembly: Assembly, engine: DynamoEngine, tables: ReadonlyMap<string, Table>) {
    this.#assembly = assembly;
    this.#engine = engine;
    this.#tables = tables;
  }

  access(request: AwsRequest): readonly AccessRequest[] {
    const operation = targetOperation(request.headers['x-amz-target']);
    const scope = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
    if (scope === undefined) {
      throw new AwsError('UnknownOperationException', `the local DynamoDB does not know ${operation}`);
    }
    const action = `dynamodb:${operation}`;
    if (scope === 'none') return [{ action, resource: '*' }];
    const input = parseBody(request.body);
    return tableNames(scope, input).flatMap((name) => {
      const table = this.#tables.get(name);
      const arn = table?.arn ?? this.#arn(name);
      const index = scope === 'index' ? text(input['IndexName']) : undefined;
      const own = {
        action,
        resource: index === undefined ? arn : `${arn}/index/${index}`,
        ...leadingKeys(operation, name, table?.shape.keys[0], input),
      };
      if (!DATA.has(operation)) return [own];
      return [own, ...keyUse(this.#assembly, table?.keyArn, 'dynamodb', ['Decrypt'])];
    });
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    const operation = targetOperation(request.headers['x-amz-target']);
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    if (operation === 'DescribeTimeToLive') {
      return { status: 200, headers, body: JSON.stringify(this.#timeToLive(request)) };
    }
    // So whoever watches over the tables learns of it.
    if (operation === 'DescribeTable' && this.#engine.failing)
      throw new AwsError('InternalServerError', 'the local store cannot write', 500);
    const reply = await this.#engine.call(operation, request.body.toString('utf8'));
    return { status: reply.status, headers, body: reply.body };
  }

  #timeToLive(request: AwsRequest): unknown {
    const name = text(parseBody(request.body)['TableName']) ?? '';
    const table = this.#tables.get(name);
    if (!table) {
      throw new AwsError(
        'ResourceNotFoundException',
        `Requested resource not found: Table: ${name} not found`,
      );
    }
    // Whoever reads filters, as with the real service: what has expired is deleted later.
    return {
      TimeToLiveDescription:
        table.timeToLive === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: table.timeToLive },
    };
  }

  #arn(name: string): string {
    return `arn:aws:dynamodb:${this.#assembly.region}:${this.#assembly.account}:table/${name}`;
  }
}

function tableNames(scope: Scope, input: Fields): string[] {
  if (scope === 'tables') return Object.keys(fields(input['RequestItems']));
  const name = text(scope === 'arn' ? input['ResourceArn'] : input['TableName']);
  if (name === undefined) throw new AwsError('ValidationException', 'the table is not named');
  return [scope === 'arn' ? resourceName(name) : name];
}

/**
 * The condition key `dynamodb:LeadingKeys`: partition keys of the items that are named one by one, and that of a question
 * to the table itself. Of indexes none is told.
 */
function leadingKeys(
  operation: string,
  table: string,
  key: string | undefined,
  input: Fields,
): Pick<AccessRequest, 'context'> {
  if (key === undefined || !DATA.has(operation)) return {};
  const named = itemsOf(operation, table, input).map((item) => item[key]);
  if (operation === 'Query' && input['IndexName'] === undefined) named.push(askedKey(key, input));
  const keys = named.map((value) => Object.values(fields(value)).join());
  return { context: { 'dynamodb:leadingkeys': keys.length === 0 ? ['?'] : keys } };
}

/** The value that the partition key is compared with in the expression of a question. */
function askedKey(key: string, input: Fields): Fields[string] {
  const aliases = Object.entries(fields(input['ExpressionAttributeNames']));
  const names = [key, ...aliases.filter(([, name]) => name === key).map(([alias]) => alias)];
  const comparison = /(#?\w+)\s*=\s*(:\w+)/g;
  const expression = text(input['KeyConditionExpression']) ?? '';
  const [, , value = ''] =
    [...expression.matchAll(comparison)].find(([, name = '']) => names.includes(name)) ?? [];
  return fields(input['ExpressionAttributeValues'])[value];
}

/** Items, or their keys, of a request. */
function itemsOf(operation: string, table: string, input: Fields): readonly Fields[] {
  const ofTable = fields(input['RequestItems'])[table];
  switch (operation) {
    case 'PutItem':
      return [fields(input['Item'])];
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return [fields(input['Key'])];
    case 'BatchGetItem':
      return list(fields(ofTable)['Keys']).map(fields);
    case 'BatchWriteItem':
      return list(ofTable).map((each) => {
        const { PutRequest, DeleteRequest } = fields(each);
        return fields(fields(PutRequest)['Item'] ?? fields(DeleteRequest)['Key']);
      });
    default:
      return [];
  }
}
