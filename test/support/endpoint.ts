/** A hand-made assembly and identities for the endpoint's tests. */
import type { Table } from '../../local/endpoint/dynamodb/tables.ts';
import { randomCredentials } from '../../local/iam/credentials.ts';
import type {
  AccessKey,
  AccessRequest,
  Assembly,
  Credentials,
  Denial,
  Iam,
  JsonObject,
  Resource,
} from '../../local/types.ts';
import { AccessDenied } from '../../local/types.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;
export const OPERATOR = `arn:aws:iam::${ACCOUNT}:user/operator`;
export const arn = (service: string, path: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${path}`;
export const KEY_ARN = arn('kms', 'key/k1');

export function resource(
  type: string,
  physicalId: string,
  properties: JsonObject = {},
  resourceArn?: string,
): Resource {
  return { stack: 'Test', logicalId: physicalId, type, properties, physicalId, arn: resourceArn };
}

export function assembly(resources: readonly Resource[]): Assembly {
  return {
    account: ACCOUNT,
    region: REGION,
    resources,
    byType: (type) => resources.filter((r) => r.type === type),
    find: (id) => resources.find((r) => r.arn === id || r.physicalId === id),
    assetPath: () => {
      throw new Error('no assets here');
    },
    outputs: new Map(),
  };
}

const newKey = (principal: string, session = 'local'): AccessKey => ({
  ...randomCredentials(),
  principal,
  session,
});

/** One role that may do what `grants` say (action and resource, `*` at the end of either), and the operator. */
export class SmallIam implements Iam {
  readonly operator = newKey(OPERATOR);
  readonly role = newKey(ROLE);
  readonly denials: Denial[] = [];
  readonly asked: AccessRequest[] = [];
  grants: readonly (readonly [action: string, resource: string])[] = [];
  readonly #assumed = new Map<string, AccessKey>();

  credentialsFor(): Credentials {
    return this.role;
  }

  accessKey(id: string): AccessKey | undefined {
    return [this.operator, this.role].find((key) => key.accessKeyId === id) ?? this.#assumed.get(id);
  }

  assume(roleArn: string, session: string, seconds: number): AccessKey & { readonly expires: number } {
    const key = { ...newKey(roleArn, session), expires: Date.now() + seconds * 1000 };
    this.#assumed.set(key.accessKeyId, key);
    return key;
  }

  assumableBy(): boolean {
    return true;
  }

  serviceMay(): boolean {
    return true;
  }

  authorize(principal: string, request: AccessRequest): void {
    this.asked.push(request);
    if (principal === OPERATOR) return;
    const matches = (pattern: string, value: string) =>
      pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : pattern === value;
    if (this.grants.some(([a, r]) => matches(a, request.action) && matches(r, request.resource))) return;
    const denial = { principal, action: request.action, resource: request.resource };
    this.denials.push(denial);
    throw new AccessDenied(denial);
  }
}

export const STREAM = resource(
  'AWS::Kinesis::Stream',
  'telemetry',
  { ShardCount: 1 },
  arn('kinesis', 'stream/telemetry'),
);

export const TABLE = resource(
  'AWS::DynamoDB::GlobalTable',
  'registry',
  {
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'site', AttributeType: 'S' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      {
        IndexName: 'bySite',
        KeySchema: [{ AttributeName: 'site', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' },
  },
  arn('dynamodb', 'table/registry'),
);

/** A table of items by one key, as the engine takes it. */
export const ITEMS: Table = {
  name: 'items',
  arn: arn('dynamodb', 'table/items'),
  keyArn: undefined,
  shape: { keys: ['pk'], indexes: [] },
  timeToLive: 'expires',
  definition: {
    TableName: 'items',
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  },
};

export const silent = () => undefined;
