/** Tables of the assembly: what they look like, what they need, and making them. */
import type { Assembly, Resource } from '../../types.ts';
import { arnOf } from '../arn.ts';
import type { Fields } from '../json.ts';
import { fields, flag, list, text } from '../json.ts';
import { customerKey } from '../kms.ts';
import type { IndexShape, TableShape } from './capacity.ts';
import type { DynamoEngine } from './engine.ts';

export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly keyArn: string | undefined;
  readonly shape: TableShape;
  /** Attribute that holds the time to live, when it is enabled. */
  readonly timeToLive: string | undefined;
  /** Input of CreateTable. */
  readonly definition: Fields;
}

/** All tables of the assembly by name. */
export function tablesOf(assembly: Assembly): ReadonlyMap<string, Table> {
  const resources = [
    ...assembly.byType('AWS::DynamoDB::Table'),
    ...assembly.byType('AWS::DynamoDB::GlobalTable'),
  ];
  return new Map(
    resources.map((resource) => tableOf(assembly, resource)).map((table) => [table.name, table]),
  );
}

function tableOf(assembly: Assembly, resource: Resource): Table {
  const p = resource.properties;
  const name = text(p['TableName']) ?? resource.physicalId;
  const timeToLive = fields(p['TimeToLiveSpecification']);
  const expires = flag(timeToLive['Enabled']) ? text(timeToLive['AttributeName']) : undefined;
  const indexes = (property: string) =>
    list(p[property]).map((index) => {
      const { IndexName, KeySchema, Projection } = fields(index);
      return { IndexName, KeySchema, Projection };
    });
  const global = indexes('GlobalSecondaryIndexes');
  const local = indexes('LocalSecondaryIndexes');
  return {
    name,
    arn: arnOf(assembly, resource, 'dynamodb', `table/${name}`),
    keyArn: customerKey(assembly, tableKey(assembly, p)),
    timeToLive: expires,
    shape: {
      keys: keyNames(p['KeySchema']),
      ...(expires === undefined ? {} : { timeToLive: expires }),
      indexes: [...global.map((index) => indexShape(index, true)), ...local.map((i) => indexShape(i, false))],
    },
    definition: {
      TableName: name,
      AttributeDefinitions: p['AttributeDefinitions'],
      KeySchema: p['KeySchema'],
      BillingMode: 'PAY_PER_REQUEST',
      ...(global.length > 0 ? { GlobalSecondaryIndexes: global } : {}),
      ...(local.length > 0 ? { LocalSecondaryIndexes: local } : {}),
    },
  };
}

/** A global table names the key for each replica, a table once. */
function tableKey(assembly: Assembly, properties: Fields): unknown {
  const replica = list(properties['Replicas'])
    .map(fields)
    .find((r) => r['Region'] === assembly.region);
  return (
    fields(replica?.['SSESpecification'])['KMSMasterKeyId'] ??
    fields(properties['SSESpecification'])['KMSMasterKeyId']
  );
}

const keyNames = (schema: unknown): string[] =>
  list(schema).map((key) => text(fields(key)['AttributeName']) ?? '');

function indexShape(index: Fields, global: boolean): IndexShape {
  const projection = fields(index['Projection']);
  const shape = { name: text(index['IndexName']) ?? '', global, keys: keyNames(index['KeySchema']) };
  if (projection['ProjectionType'] === 'ALL') return shape;
  return { ...shape, projected: list(projection['NonKeyAttributes']).map(String) };
}

/**
 * Makes a table, or finds it in the store.
 * @throws when the store holds a table of that name with other keys or indexes
 */
export async function provisionTable(engine: DynamoEngine, table: Table): Promise<void> {
  const call = (operation: string, input: Fields) => engine.call(operation, JSON.stringify(input));
  const created = await call('CreateTable', table.definition);
  if (created.status !== 200) {
    const error = fields(JSON.parse(created.body.toString()));
    if (!String(error['__type']).endsWith('#ResourceInUseException')) {
      throw new Error(
        `dynamodb: cannot make table ${table.name}: ${text(error['message']) ?? created.body.toString()}`,
      );
    }
  }
  for (;;) {
    const reply = await call('DescribeTable', { TableName: table.name });
    const found = fields(fields(JSON.parse(reply.body.toString()))['Table']);
    if (found['TableStatus'] !== 'ACTIVE') continue;
    if (layout(found) !== layout(table.definition)) {
      throw new Error(
        `the data folder holds table ${table.name} with other keys or indexes than the template: start with another folder`,
      );
    }
    return;
  }
}

/** Keys and indexes in one comparable text. */
function layout(table: Fields): string {
  const indexes = (property: string) =>
    list(table[property])
      .map(fields)
      .map((index) => `${text(index['IndexName'])}:${keyNames(index['KeySchema']).join('/')}`)
      .sort()
      .join(',');
  return [
    keyNames(table['KeySchema']).join('/'),
    indexes('GlobalSecondaryIndexes'),
    indexes('LocalSecondaryIndexes'),
  ].join(' ');
}
