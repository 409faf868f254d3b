import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAssembly } from '../../../local/assembly/index.ts';
import { Keyring } from '../../../local/iam/credentials.ts';
import { createIam, type Iam } from '../../../local/iam/index.ts';
import { matcher } from '../../../local/iam/wildcard.ts';
import {
  AccessDenied,
  type Assembly,
  type Json,
  type JsonObject,
  type Resource,
} from '../../../local/types.ts';
import { type Sample, synthesizeSample } from '../assembly/sample.ts';

const ROLE = 'arn:aws:iam::000000000000:role/role';
const KEY = 'arn:aws:kms:us-east-1:000000000000:key/k';
const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/t';

function resource(type: string, id: string, properties: JsonObject, arn?: string): Resource {
  return { stack: 'S', logicalId: id, type, properties, physicalId: id, arn };
}

function assemblyOf(...resources: readonly Resource[]): Assembly {
  return {
    account: '000000000000',
    region: 'us-east-1',
    resources,
    byType: (type) => resources.filter((entry) => entry.type === type),
    find: (id) => resources.find((entry) => entry.arn === id || entry.physicalId === id),
    assetPath: (key) => {
      throw new Error(key);
    },
    outputs: new Map(),
  };
}

const trust = (statement: JsonObject = {}): JsonObject => ({
  Statement: [
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'lambda.amazonaws.com' },
      ...statement,
    },
  ],
});

function role(statements: Json, properties: JsonObject = {}): Resource {
  return resource(
    'AWS::IAM::Role',
    'role',
    {
      AssumeRolePolicyDocument: trust(),
      Policies: [{ PolicyName: 'p', PolicyDocument: { Statement: statements } }],
      ...properties,
    },
    ROLE,
  );
}

function allows(iam: Iam, action: string, on: string, context?: Record<string, string | string[]>): boolean {
  try {
    iam.authorize(ROLE, { action, resource: on, ...(context === undefined ? {} : { context }) });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(AccessDenied);
    return false;
  }
}

describe('identity policies', () => {
  it('allows what a statement names and nothing else', () => {
    const iam = createIam(
      assemblyOf(role([{ Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: TABLE }])),
    );
    expect(allows(iam, 'dynamodb:PutItem', TABLE)).toBe(true);
    expect(allows(iam, 'dynamodb:putitem', TABLE)).toBe(true);
    expect(allows(iam, 'dynamodb:Query', TABLE)).toBe(false);
    expect(allows(iam, 'dynamodb:PutItem', `${TABLE}2`)).toBe(false);
  });

  it('names action, resource and role in a denial, and keeps it', () => {
    const iam = createIam(assemblyOf(role([{ Effect: 'Allow', Action: 's3:*', Resource: '*' }])));
    expect(() => iam.authorize(ROLE, { action: 'kms:Decrypt', resource: KEY })).toThrow(
      `User: ${ROLE} is not authorized to perform: kms:Decrypt on resource: ${KEY}`,
    );
    expect(iam.denials).toEqual([{ principal: ROLE, action: 'kms:Decrypt', resource: KEY }]);
  });

  it('lets an explicit deny win over any allow', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }), (order) => {
        const statements: readonly JsonObject[] = [
          { Effect: 'Allow', Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: 's3:Delete*', Resource: 'arn:aws:s3:::keep/*' },
          { Effect: 'Allow', Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::keep/*' },
        ];
        const iam = createIam(assemblyOf(role(order.map((index) => statements[index] ?? {}))));
        expect(allows(iam, 's3:DeleteObject', 'arn:aws:s3:::keep/a/b')).toBe(false);
        expect(iam.denials[0]?.explicit).toBe(true);
        expect(allows(iam, 's3:DeleteObject', 'arn:aws:s3:::other/a')).toBe(true);
      }),
    );
  });

  it('knows NotAction and NotResource', () => {
    const iam = createIam(
      assemblyOf(role([{ Effect: 'Allow', NotAction: 'iam:*', NotResource: [`${TABLE}/*`, KEY] }])),
    );
    expect(allows(iam, 'dynamodb:PutItem', TABLE)).toBe(true);
    expect(allows(iam, 'dynamodb:Query', `${TABLE}/index/i`)).toBe(false);
    expect(allows(iam, 'iam:PassRole', TABLE)).toBe(false);
  });

  it('does not let a wildcard reach over the colon of an ARN', () => {
    const iam = createIam(
      assemblyOf(role([{ Effect: 'Allow', Action: 'sqs:*', Resource: 'arn:aws:sqs:us-*:000000000000:q' }])),
    );
    expect(allows(iam, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:000000000000:q')).toBe(true);
    expect(allows(iam, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:1:000000000000:q')).toBe(false);
  });

  it.each([
    ['an unknown condition operator', { Condition: { StringSounds: { a: 'b' } } }, 'operator StringSounds'],
    ['an unknown element', { NotPrincipal: { AWS: '*' } }, 'element NotPrincipal'],
    ['a policy variable', { Resource: `arn:aws:s3:::\${aws:username}` }, 'policy variables'],
    ['an unknown effect', { Effect: 'Perhaps' }, 'Effect must be Allow or Deny'],
  ])('refuses %s when it is read', (_name, part, message) => {
    const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*', ...part };
    expect(() => createIam(assemblyOf(role([statement])))).toThrow(message);
  });

  it('refuses an unknown managed policy and a permissions boundary', () => {
    const arn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    expect(() => createIam(assemblyOf(role([], { ManagedPolicyArns: [arn] })))).toThrow(arn);
    expect(() => createIam(assemblyOf(role([], { PermissionsBoundary: arn })))).toThrow('boundaries');
  });
});

describe('conditions', () => {
  const cases: readonly (readonly [string, JsonObject, Record<string, string | string[]>, boolean])[] = [
    ['StringEquals', { 'kms:ViaService': ['a', 'b'] }, { 'kms:viaservice': 'b' }, true],
    ['StringEquals', { 'kms:ViaService': 'a' }, { 'kms:viaservice': 'b' }, false],
    ['StringEquals', { 'kms:ViaService': 'a' }, {}, false],
    ['StringEqualsIfExists', { 'kms:ViaService': 'a' }, {}, true],
    ['StringNotEquals', { x: ['a', 'b'] }, { x: 'a' }, false],
    ['StringNotEquals', { x: 'a' }, {}, true],
    ['StringLike', { x: 'lab/*' }, { x: 'lab/1/2' }, true],
    ['StringNotLike', { x: 'lab/*' }, { x: 'lab/1' }, false],
    ['ArnLike', { x: 'arn:aws:iot:*:*:rule/a*' }, { x: 'arn:aws:iot:eu-west-1:1:rule/ab' }, true],
    ['Bool', { 'aws:SecureTransport': 'true' }, {}, true],
    ['Bool', { 'aws:SecureTransport': false }, {}, false],
    ['Null', { x: 'true' }, {}, true],
    ['Null', { x: 'false' }, { x: 'there' }, true],
    ['NumericLessThanEquals', { x: 10 }, { x: '10' }, true],
    ['DateGreaterThan', { x: '2026-01-01T00:00:00Z' }, { x: '2026-06-01T00:00:00Z' }, true],
    ['ForAllValues:StringEquals', { x: ['a', 'b'] }, { x: ['a', 'b'] }, true],
    ['ForAllValues:StringEquals', { x: ['a', 'b'] }, { x: ['a', 'c'] }, false],
    ['ForAllValues:StringEquals', { x: ['a'] }, {}, true],
    ['ForAnyValue:StringLike', { x: ['a*'] }, { x: ['c', 'ab'] }, true],
    ['ForAnyValue:StringEquals', { x: ['a'] }, {}, false],
  ];
  it.each(cases)('%s %j of %j is %s', (operator, keys, context, expected) => {
    const statement = { Effect: 'Allow', Action: '*', Resource: '*', Condition: { [operator]: keys } };
    expect(allows(createIam(assemblyOf(role([statement]))), 'a:B', '*', context)).toBe(expected);
  });
});

describe('policies of resources', () => {
  const all: JsonObject = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };
  const key = (principal: Json): Resource =>
    resource('AWS::KMS::Key', 'k', { KeyPolicy: { Statement: [{ ...all, Principal: principal }] } }, KEY);

  it('lets identity policies open a key only when its own policy trusts the account', () => {
    const account = { AWS: 'arn:aws:iam::000000000000:root' };
    expect(allows(createIam(assemblyOf(role([all]), key(account))), 'kms:Decrypt', KEY)).toBe(true);
    expect(allows(createIam(assemblyOf(role([]), key(account))), 'kms:Decrypt', KEY)).toBe(false);
    const service = { Service: 'logs.amazonaws.com' };
    expect(allows(createIam(assemblyOf(role([all]), key(service))), 'kms:Decrypt', KEY)).toBe(false);
    expect(allows(createIam(assemblyOf(role([]), key({ AWS: ROLE }))), 'kms:Decrypt', KEY)).toBe(true);
  });

  it('lets the policy of a bucket deny what a role may do', () => {
    const bucket = resource('AWS::S3::Bucket', 'b', {}, 'arn:aws:s3:::b');
    const policy = (condition: JsonObject): Resource =>
      resource('AWS::S3::BucketPolicy', 'bp', {
        Bucket: 'b',
        PolicyDocument: {
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: 'arn:aws:s3:::b/*',
              Condition: condition,
            },
          ],
        },
      });
    const may = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }];
    const plain = { Bool: { 'aws:SecureTransport': 'false' } };
    const unsigned = { StringNotEquals: { 's3:signatureversion': 'x' } };
    expect(
      allows(createIam(assemblyOf(role(may), bucket, policy(plain))), 's3:GetObject', 'arn:aws:s3:::b/k'),
    ).toBe(true);
    expect(
      allows(createIam(assemblyOf(role(may), bucket, policy(unsigned))), 's3:GetObject', 'arn:aws:s3:::b/k'),
    ).toBe(false);
  });
});

describe('trust', () => {
  it('lets only the named service take a role', () => {
    const iam = createIam(assemblyOf(role([])));
    expect(iam.assumableBy(ROLE, 'lambda.amazonaws.com')).toBe(true);
    expect(iam.assumableBy(ROLE, 'iot.amazonaws.com')).toBe(false);
  });

  it('knows the guards against a confused deputy', () => {
    const condition = {
      StringEquals: { 'aws:SourceAccount': '000000000000' },
      ArnLike: { 'aws:SourceArn': 'arn:aws:iot:us-east-1:000000000000:rule/*' },
    };
    const guarded = role([], { AssumeRolePolicyDocument: trust({ Condition: condition }) });
    const iam = createIam(assemblyOf(guarded));
    const source = { 'aws:sourcearn': 'arn:aws:iot:us-east-1:000000000000:rule/r' };
    expect(iam.assumableBy(ROLE, 'lambda.amazonaws.com', source)).toBe(true);
    expect(iam.assumableBy(ROLE, 'lambda.amazonaws.com')).toBe(false);
  });
});

describe('a role that another principal takes', () => {
  const OTHER = 'arn:aws:iam::000000000000:role/other';
  const OPERATOR = 'arn:aws:iam::000000000000:user/operator';
  const may: Json = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: OTHER }];
  const root = { AWS: 'arn:aws:iam::000000000000:root' };
  const isRole = { ArnEquals: { 'aws:PrincipalArn': ROLE } };
  const takes = (own: Json, statement: JsonObject, caller = ROLE): boolean => {
    const other = { AssumeRolePolicyDocument: trust(statement) };
    const iam = createIam(assemblyOf(role(own), resource('AWS::IAM::Role', 'other', other, OTHER)));
    try {
      iam.authorize(caller, { action: 'sts:AssumeRole', resource: OTHER });
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(AccessDenied);
      return false;
    }
  };

  it.each<[string, boolean, Json, JsonObject]>([
    ['trusts its account, and the caller may', true, may, { Principal: root }],
    ['trusts its account, and the caller may not', false, [], { Principal: root }],
    ['trusts the caller of its account, who may', true, may, { Principal: root, Condition: isRole }],
    ['trusts the caller of its account, who may not', false, [], { Principal: root, Condition: isRole }],
    ['names the caller', true, [], { Principal: { AWS: ROLE } }],
    ['trusts a service', false, may, {}],
    ['trusts another', false, may, { Principal: { AWS: `${ROLE}2` } }],
    ['denies the caller', false, may, { Principal: root, Effect: 'Deny' }],
  ])('that %s: %s', (_, expected, own, statement) => {
    expect(takes(own, statement)).toBe(expected);
  });

  it('has to trust the operator as well, who may everything else', () => {
    expect(takes(may, { Principal: root, Condition: isRole }, OPERATOR)).toBe(false);
    expect(takes(may, {}, OPERATOR)).toBe(false);
    expect(takes(may, { Principal: root }, OPERATOR)).toBe(true);
  });

  it('is there', () => {
    const iam = createIam(assemblyOf(role([{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }])));
    for (const caller of [ROLE, OPERATOR])
      expect(() => iam.authorize(caller, { action: 'sts:AssumeRole', resource: OTHER })).toThrow(
        AccessDenied,
      );
  });
});

describe('credentials', () => {
  const iam = createIam(assemblyOf(role([])));

  it('are the same as long as the gateway lives, and are found by their key', () => {
    const credentials = iam.credentialsFor(ROLE);
    expect(iam.credentialsFor(ROLE)).toEqual(credentials);
    expect(iam.accessKey(credentials.accessKeyId)).toMatchObject({ ...credentials, principal: ROLE });
    expect(iam.accessKey('ASIAAAAAAAAAAAAAAAAA')).toBeUndefined();
    expect(() => iam.credentialsFor('arn:aws:iam::000000000000:role/ghost')).toThrow('not a role');
  });

  it('of a session end, and are forgotten after a while', () => {
    const keyring = new Keyring();
    const session = keyring.issue(ROLE, 'session', 900, 0);
    expect(session).toMatchObject({ principal: ROLE, session: 'session', expires: 900_000 });
    keyring.issue(ROLE, 'another', 900, 3_000_000);
    expect(keyring.find(session.accessKeyId)).toBe(session);
    const last = keyring.issue(ROLE, 'another', 900, 4_600_000);
    expect(keyring.find(session.accessKeyId)).toBeUndefined();
    expect(keyring.find(last.accessKeyId)).toBe(last);
  });

  it('lets the operator do everything and a stranger nothing', () => {
    const operator = iam.accessKey(iam.operator.accessKeyId)?.principal;
    expect(operator).toBe('arn:aws:iam::000000000000:user/operator');
    expect(() => iam.authorize(operator ?? '', { action: 's3:PutObject', resource: '*' })).not.toThrow();
    expect(() => iam.authorize('arn:stranger', { action: 's3:PutObject', resource: '*' })).toThrow(
      AccessDenied,
    );
  });
});

describe('grants of a synthesized application', () => {
  let sample: Sample;
  let assembly: Assembly;
  beforeAll(() => {
    sample = synthesizeSample();
    assembly = loadAssembly(sample.dir);
  }, 60_000);
  afterAll(() => sample.dispose());

  function roleOf(logicalId: string): string {
    return assembly.byType('AWS::IAM::Role').find((r) => r.logicalId.startsWith(logicalId))?.arn ?? '';
  }

  it('reads default policies, inline ones and those of AWS', () => {
    const iam = createIam(assembly);
    const ingest = roleOf('IngestServiceRole');
    const [table] = assembly.byType('AWS::DynamoDB::Table');
    const [registry] = assembly.byType('AWS::DynamoDB::GlobalTable');
    iam.authorize(ingest, {
      action: 'logs:PutLogEvents',
      resource: 'arn:aws:logs:us-east-1:000000000000:log-group:x',
    });
    iam.authorize(ingest, { action: 'dynamodb:PutItem', resource: table?.arn ?? '' });
    iam.authorize(ingest, { action: 'dynamodb:Query', resource: `${registry?.arn}/index/bySite` });
    expect(() =>
      iam.authorize(ingest, { action: 'dynamodb:PutItem', resource: registry?.arn ?? '' }),
    ).toThrow(AccessDenied);
    expect(iam.usedGrants().map((grant) => grant.action)).toEqual(
      expect.arrayContaining(['logs:PutLogEvents', 'dynamodb:PutItem', 'dynamodb:Query']),
    );
    expect(iam.assumableBy(roleOf('RuleRole'), 'iot.amazonaws.com')).toBe(true);
  });

  it('takes one grant away, and gives it back', () => {
    const iam = createIam(assembly);
    const ingest = roleOf('IngestServiceRole');
    const key = assembly.byType('AWS::KMS::Key')[0]?.arn ?? '';
    const decrypt = { action: 'kms:Decrypt', resource: key };
    // CDK writes this grant twice, once for the table and once for the stream: it is one grant.
    const [grant, ...more] = iam
      .grants()
      .filter((g) => g.roleArn === ingest && g.action === 'kms:Decrypt' && g.resource === key);
    expect(more).toEqual([]);
    if (grant === undefined) {
      throw new Error('the sample has no such grant');
    }
    iam.authorize(ingest, decrypt);
    {
      using _without = iam.without(grant);
      expect(() => iam.authorize(ingest, decrypt)).toThrow('not authorized to perform: kms:Decrypt');
    }
    expect(() => iam.authorize(ingest, decrypt)).not.toThrow();
    expect(iam.usedGrants()).toEqual([grant]);
  });
});

it('matches wildcards as a plain search would', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.', '/'), maxLength: 8 });
  const slow = (pattern: string, text: string): boolean => {
    if (pattern === '') {
      return text === '';
    }
    if (pattern[0] === '*') {
      return slow(pattern.slice(1), text) || (text !== '' && slow(pattern, text.slice(1)));
    }
    return (
      text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && slow(pattern.slice(1), text.slice(1))
    );
  };
  fc.assert(fc.property(letters, letters, (p, t) => matcher(p)(t) === slow(p, t)));
});
