import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { readFirewall, type WebRequest } from '../../../local/api/firewall/index.ts';
import type { JsonObject, Resource } from '../../../local/types.ts';
import { apiResources, assemblyOf, method, newLog, resource } from '../../support/hand-made-assembly.ts';
import { newHarness, tree } from './harness.ts';

const { start, close } = newHarness();
afterEach(close);

const ACL = 'arn:aws:wafv2:us-east-1:000000000000:regional/webacl/acl/1';
const AS_SENT = [{ Priority: 0, Type: 'NONE' }];

const firewall = (rules: readonly JsonObject[], more: JsonObject = {}): Resource[] => [
  resource(
    'AWS::WAFv2::WebACL',
    'acl',
    {
      Scope: 'REGIONAL',
      DefaultAction: { Allow: {} },
      Rules: rules.map((rule, index) => ({ Name: `rule-${index}`, Priority: index, ...rule })),
      ...more,
    },
    ACL,
  ),
  resource('AWS::WAFv2::WebACLAssociation', 'tie', {
    ResourceArn: 'arn:aws:apigateway:us-east-1::/restapis/api/stages/prod',
    WebACLArn: ACL,
  }),
];

const group = (Name: string, counted: readonly string[] = []): JsonObject => ({
  OverrideAction: { None: {} },
  Statement: {
    ManagedRuleGroupStatement: {
      VendorName: 'AWS',
      Name,
      RuleActionOverrides: counted.map((rule) => ({ Name: rule, ActionToUse: { Count: {} } })),
    },
  },
});
const COMMON = 'AWSManagedRulesCommonRuleSet';

const REQUEST: WebRequest = {
  method: 'POST',
  path: '/prod/v1/devices',
  query: '',
  headers: { 'user-agent': 'test' },
  body: Buffer.alloc(0),
  address: '127.0.0.1',
};

/** The rule that blocks a request. */
const blocker = (rules: readonly JsonObject[], more: Partial<WebRequest>, acl: JsonObject = {}) =>
  readFirewall(
    assemblyOf(firewall(rules, acl)),
    'api/stages/prod',
    () => undefined,
  )?.({ ...REQUEST, ...more });

const size = (FieldToMatch: JsonObject, Size: number, ComparisonOperator = 'GT'): JsonObject => ({
  SizeConstraintStatement: { FieldToMatch, Size, ComparisonOperator, TextTransformations: AS_SENT },
});
const block = (Statement: JsonObject): JsonObject => ({ Action: { Block: {} }, Statement });

describe('the common rules', () => {
  it.each([
    ['a body above 8 KB', { body: Buffer.alloc(8193) }, 'SizeRestrictions_BODY'],
    ['a query above 2 KB', { query: 'x'.repeat(2049) }, 'SizeRestrictions_QUERYSTRING'],
    ['a path above 1 KB', { path: `/${'x'.repeat(1024)}` }, 'SizeRestrictions_URIPATH'],
    [
      'cookies above 10 KB',
      { headers: { 'user-agent': 'x', cookie: 'x'.repeat(10_241) } },
      'SizeRestrictions_Cookie_HEADER',
    ],
    ['an empty User-Agent', { headers: { 'user-agent': '' } }, 'NoUserAgent_HEADER'],
  ])('block %s', (_, more, rule) => {
    expect(blocker([group(COMMON)], more)).toBe(`${COMMON}/${rule}`);
    expect(blocker([group(COMMON, [rule])], more)).toBeUndefined();
    expect(blocker([{ ...group(COMMON), OverrideAction: { Count: {} } }], more)).toBeUndefined();
  });

  it('let pass what is just short enough', () => {
    expect(blocker([group(COMMON)], { body: Buffer.alloc(8192), query: 'x'.repeat(2048) })).toBeUndefined();
  });

  it('say once which of them are not evaluated here', () => {
    const { log, lines } = newLog();
    readFirewall(assemblyOf(firewall([group(COMMON)])), 'api/stages/prod', log);
    expect(lines).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/CrossSiteScripting_BODY/) }),
    ]);
    expect(lines[0]?.message).not.toMatch(/SizeRestrictions/);
  });
});

describe('a rule of its own', () => {
  const types = {
    RegexMatchStatement: {
      FieldToMatch: { UriPath: {} },
      RegexString: '^(/[^/]+)?/v1/types$',
      TextTransformations: AS_SENT,
    },
  };
  const rule = block({
    AndStatement: {
      Statements: [
        size({ Body: { OversizeHandling: 'MATCH' } }, 20_000),
        { NotStatement: { Statement: types } },
      ],
    },
  });

  it('holds a size on all routes but one', () => {
    const body = Buffer.alloc(20_001);
    expect(blocker([rule], { body })).toBe('rule-0');
    expect(blocker([rule], { body, path: '/prod/v1/types' })).toBeUndefined();
    expect(blocker([rule], { body, path: '/v1/types' })).toBeUndefined();
  });

  it('sees of a body no more than the 16 KB that API Gateway hands on, or what the web ACL asks for', () => {
    const wide = {
      AssociationConfig: { RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit: 'KB_32' } } },
    };
    const cut = block(size({ Body: {} }, 20_000));
    expect(blocker([cut], { body: Buffer.alloc(30_000) })).toBeUndefined();
    expect(blocker([cut], { body: Buffer.alloc(30_000) }, wide)).toBe('rule-0');
    expect(blocker([rule], { body: Buffer.alloc(17_000) })).toBe('rule-0');
    expect(blocker([rule], { body: Buffer.alloc(17_000) }, wide)).toBeUndefined();
  });

  it('ends with the first that blocks or allows, by priority', () => {
    const allow = { Action: { Allow: {} }, Statement: size({ QueryString: {} }, 1) };
    const deny = block(size({ QueryString: {} }, 0));
    expect(blocker([allow, deny], { query: 'xx' })).toBeUndefined();
    expect(blocker([{ ...allow, Priority: 9 }, deny], { query: 'xx' })).toBe('rule-1');
    expect(blocker([{ ...deny, Action: { Count: {} } }], { query: 'xx' })).toBeUndefined();
  });

  it('counts the requests of an address within five minutes', () => {
    let now = 0;
    const limit = block({ RateBasedStatement: { AggregateKeyType: 'IP', Limit: 10 } });
    const look = readFirewall(
      assemblyOf(firewall([limit])),
      'api/stages/prod',
      () => undefined,
      () => now,
    );
    const asked = (address: string) => look?.({ ...REQUEST, address });
    for (let count = 0; count < 10; count++) expect(asked('10.0.0.1')).toBeUndefined();
    expect(asked('10.0.0.1')).toBe('rule-0');
    expect(asked('10.0.0.2')).toBeUndefined();
    now = 301_000;
    expect(asked('10.0.0.1')).toBeUndefined();
  });

  it.each([
    [block({ GeoMatchStatement: { CountryCodes: ['DE'] } }), /Rules\.0\.Statement\.GeoMatchStatement is not/],
    [{ Action: { Captcha: {} }, Statement: size({ QueryString: {} }, 1) }, /Rules\.0\.Action/],
    [group('AWSManagedRulesSQLiRuleSet'), /the group AWSManagedRulesSQLiRuleSet of AWS is not known here/],
    [group(COMMON, ['SizeRestriction_BODY']), /has no rule SizeRestriction_BODY/],
    [block({}), /without a statement/],
  ])('is refused when it is not known: %j', (rule, message) => {
    expect(() => blocker([rule], {})).toThrow(message);
  });
});

describe('in front of the API', () => {
  it('it answers before the token is looked at, by the gateway response of its type', async () => {
    const { url, get, events, lines } = await start([
      ...apiResources([...tree, method('devices', 'POST')]),
      ...firewall([group(COMMON)]),
      resource('AWS::ApiGateway::GatewayResponse', 'filtered', {
        RestApiId: 'api',
        ResponseType: 'WAF_FILTERED',
        StatusCode: '403',
        ResponseTemplates: { 'application/json': '{"code":"filtered"}' },
      }),
    ]);
    const post = (body: string) => get('/v1/devices', { method: 'POST', body });
    expect((await post('x'.repeat(8192))).status).toBe(200);
    const refused = await post('x'.repeat(8193));
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({ code: 'filtered' });
    expect(lines).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ rule: `${COMMON}/SizeRestrictions_BODY` }),
      }),
    );
    const bare = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${url}/v1/devices`, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.once('error', reject);
      request.end();
    });
    expect(bare).toBe(403);
    expect(events).toHaveLength(1);
    expect(events[0]?.body).toHaveLength(8192);
  });
});
