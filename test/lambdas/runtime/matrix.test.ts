/** The permission matrix, cell by cell, through the exported handlers: every route, every role, every scope. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertRule } from '../../../contracts/resources/alert-rules.ts';
import type { AuditEntry } from '../../../contracts/resources/audit.ts';
import type { Actor, Command } from '../../../contracts/resources/commands.ts';
import { PERMISSIONS, ROLES, type Role } from '../../../contracts/roles.ts';
import { ROUTES, type RouteName } from '../../../contracts/routes/index.ts';
import { alertIdOf } from '../../../lambdas/domain/alerts/alert-id.ts';
import { commentAlert, hasRoom, type KeptAlert, raiseAlert } from '../../../lambdas/domain/alerts/life.ts';
import { raised } from '../../../lambdas/domain/alerts/transitions.ts';
import { watchedRules } from '../../../lambdas/domain/alerts/watch.ts';
import { writeRules } from '../../../lambdas/store/registry/alert-rules.ts';
import { createAlert } from '../../../lambdas/store/registry/alerts.ts';
import { listEntries } from '../../../lambdas/store/registry/audit-list.ts';
import { createCommand as storeCommand } from '../../../lambdas/store/registry/commands.ts';
import { createExport, type StoredExport } from '../../../lambdas/store/registry/exports.ts';
import { takeLease } from '../../../lambdas/store/registry/leases.ts';
import { lambdaContext, person, program, proxyEvent, type Sent } from '../../support/http-events.ts';
import { startWorld, TYPE, type World } from '../../support/query-api.ts';

const SITE = 'lab';
const OTHER_SITE = 'elsewhere';

let world: World;
type Buffered = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
let alerts: Buffered;
let control: Buffered;
let commands: Buffered;
let people: Buffered;
let records: Buffered;
let metrics: Buffered;
beforeAll(async () => {
  world = await startWorld();
  await world.addDevice('matrix-1', SITE);
  ({ handler: control } = await import('../../../lambdas/functions/control-api/handler.ts'));
  await createExport({ client: world.aws.dynamo, table: world.aws.registryTable }, EXPORT);
  const always = { left: Number.POSITIVE_INFINITY };
  world.aws.fail(`s3:GET /archive/quarantine/${SITE}/matrix-1/2026-03-01/1.json`, {
    ...always,
    answer: KEPT,
  });
  world.aws.fail('kinesis:PutRecord', { ...always, answer: { SequenceNumber: '2' } });
  await world.addDevice('matrix-3', SITE);
  const registry = { client: world.aws.dynamo, table: world.aws.registryTable };
  const kept = { command: COMMAND, transitions: [], withoutEffect: [], withoutEffectCount: 0 };
  await storeCommand(registry, kept);
  const now = new Date();
  const until = new Date(now.getTime() + 3_600_000).toISOString();
  const lease = { device: 'matrix-1', holder: SOMEBODY, takenAt: now.toISOString(), until };
  await takeLease(registry, lease, now);
  ({ handler: commands } = await import('../../../lambdas/functions/commands-api/handler.ts'));
  for (const [operation, answer] of Object.entries(COGNITO))
    world.aws.fail(`cognito-idp:${operation}`, { ...always, answer });
  world.aws.fail('cognito-idp:AdminCreateUser', { ...always, code: 'UsernameExistsException' });
  ({ handler: people } = await import('../../../lambdas/functions/people-api/handler.ts'));
  await createAlert(registry, await fullAlert(), false);
  await writeRules(registry, { type: TYPE.id, version: 0, rules: [RULE], unread: [] });
  world.aws.fail('sqs:SendMessage', { ...always, answer: {} });
  ({ handler: alerts } = await import('../../../lambdas/functions/alerts-api/handler.ts'));
  ({ handler: metrics } = await import('../../../lambdas/functions/metrics-api/handler.ts'));
  ({ handler: records } = await import('../../../lambdas/functions/records-api/handler.ts'));
}, 30_000);
afterAll(() => world.close());

const status = async (name: RouteName, sent: Sent): Promise<number> => {
  const { service } = ROUTES[name];
  if (service === 'query-api') return (await world.send(sent)).status;
  const handler = {
    'alerts-api': alerts,
    'control-api': control,
    'commands-api': commands,
    'people-api': people,
    'metrics-api': metrics,
    'records-api': records,
  }[service];
  return (await handler(proxyEvent(sent), lambdaContext)).statusCode;
};

const ENTRY = `/v1/quarantine/${SITE}/matrix-1/2026-03-01/1`;
const KEPT = {
  format: 1,
  site: SITE,
  device: 'matrix-1',
  partitionKey: `${SITE}/matrix-1`,
  stream: 'stream',
  shard: 'shardId-000000000000',
  sequence: '1',
  arrived: '2026-03-01T00:00:00.000Z',
  notes: [],
  bytes: '',
};
const EXPORT: StoredExport = {
  id: 'matrix-export',
  state: 'failed',
  version: 1,
  query: {
    devices: ['matrix-1'],
    channels: null,
    from: '2026-03-01T00:00:00.000Z',
    to: '2026-03-02T00:00:00.000Z',
    format: 'csv',
  },
  requestHash: '',
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'ada',
  expiresAt: Math.floor(Date.now() / 1000) + 3600,
  sites: [SITE],
  files: 0,
  rows: 0,
  bytes: 0,
  place: { device: 0 },
};
/** A command that is over, so that nobody changes it. */
const COMMAND_ID = '01jt2q0v5s8kx3m9d6w4a7c1ef';
const SOMEBODY: Actor = { kind: 'user', subject: 'somebody', name: 'somebody' };
const COMMAND: Command = {
  id: COMMAND_ID,
  device: 'matrix-1',
  site: SITE,
  type: TYPE.id,
  typeVersion: 1,
  command: 'none',
  parameters: {},
  dryRun: false,
  state: 'succeeded',
  version: 5,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: SOMEBODY,
  updatedAt: '2026-03-01T00:00:00.000Z',
  expiresAt: '2026-03-01T01:00:00.000Z',
  timeout: 60,
  attempts: 1,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const decision = (action: string): Sent => ({
  method: 'POST',
  path: `/v1/commands/${COMMAND_ID}/${action}`,
  body: { reason: 'because' },
});
const RULE_INPUT = {
  id: 'silent',
  type: TYPE.id,
  name: 'Silent',
  site: SITE,
  condition: { kind: 'no-data', after: 600 },
};
const { id: _id, type: _type, ...RULE_SAID } = RULE_INPUT;
const RULE = alertRule.parse({
  ...RULE_INPUT,
  version: 1,
  createdAt: '2026-03-01T00:00:00.000Z',
  createdBy: 'somebody',
  updatedAt: '2026-03-01T00:00:00.000Z',
  updatedBy: 'somebody',
});
const ALERT_ID = alertIdOf(TYPE.id, RULE.id, 'matrix-1', 1_772_359_200_000_000);
/** An alert whose history is full, so that nobody changes it. */
const fullAlert = async (): Promise<KeptAlert> => {
  const [one] = watchedRules([RULE], TYPE);
  if (one === undefined) throw new Error('the rule is none');
  const watched = { type: TYPE.id, site: SITE, device: 'matrix-1' };
  const now = new Date();
  let kept = raiseAlert(raised(watched, one, 1_772_359_200_000_000), now, { flood: false });
  while (hasRoom(kept)) kept = commentAlert(kept, { by: SOMEBODY, now, comment: 'more' });
  return kept;
};
const onAlert = (action: string, body: object = { reason: 'because' }): Sent => ({
  method: 'POST',
  path: `/v1/alerts/${ALERT_ID}/${action}`,
  body,
});
const onRule = (method: string, path: string, body: object): Sent => ({
  method,
  path: `/v1/alert-rules/${TYPE.id}/silent${path}`,
  body: { ...body, reason: 'because' },
});
/** Somebody who holds a role at the site, for whom all that is asked is so already. */
const PERSON = {
  Username: 'grace',
  Enabled: true,
  UserStatus: 'CONFIRMED',
  UserCreateDate: 1.7e9,
  UserLastModifiedDate: 1.7e9,
};
const COGNITO = {
  AdminGetUser: { ...PERSON, UserAttributes: [{ Name: 'sub', Value: 'sub-of-grace' }] },
  AdminListGroupsForUser: { Groups: [{ GroupName: `Viewer@${SITE}` }] },
  AdminDisableUser: {},
  AdminEnableUser: {},
  AdminUserGlobalSignOut: {},
  CreateGroup: {},
  ListUsers: { Users: [] },
};
const aboutGrace = (action: string): Sent => ({
  method: 'POST',
  path: `/v1/people/grace/${action}`,
  body: { reason: 'because' },
});
const csr = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----';

/**
 * For each route a request that is valid and changes nothing, what it answers to who is permitted, and how it is
 * bound to a site: `device` by the device it names, `hidden` by a thing that Viewers do not see, `body` by the site it names, `filter` by giving less, `all` by
 * asking for the permission at every site, `none` not at all.
 */
const CASES: {
  readonly [N in RouteName]: {
    readonly sent: Sent;
    readonly permitted: number;
    readonly bound: 'device' | 'hidden' | 'body' | 'filter' | 'all' | 'none';
  };
} = {
  registerDevice: {
    sent: {
      method: 'POST',
      path: '/v1/devices',
      body: { id: 'matrix-2', site: SITE, type: TYPE.id, csr },
    },
    permitted: 422,
    bound: 'body',
  },
  listDevices: { sent: { path: '/v1/devices' }, permitted: 200, bound: 'filter' },
  readDevice: { sent: { path: '/v1/devices/matrix-1' }, permitted: 200, bound: 'device' },
  updateDevice: {
    sent: { method: 'PATCH', path: '/v1/devices/matrix-1', body: { name: 'x' } },
    permitted: 428,
    bound: 'device',
  },
  moveDevice: {
    sent: { method: 'POST', path: '/v1/devices/matrix-3/move', body: { site: SITE, reason: 'because' } },
    permitted: 200,
    bound: 'device',
  },
  retireDevice: {
    sent: { method: 'DELETE', path: '/v1/devices/matrix-1', body: { reason: 'because' } },
    permitted: 428,
    bound: 'device',
  },
  listCertificates: { sent: { path: '/v1/devices/matrix-1/certificates' }, permitted: 200, bound: 'device' },
  issueCertificate: {
    sent: { method: 'POST', path: '/v1/devices/matrix-1/certificates', body: { csr } },
    permitted: 422,
    bound: 'device',
  },
  revokeCertificate: {
    sent: {
      method: 'DELETE',
      path: `/v1/devices/matrix-1/certificates/${'0'.repeat(64)}`,
      body: { reason: 'because' },
    },
    permitted: 404,
    bound: 'device',
  },
  listSites: { sent: { path: '/v1/sites' }, permitted: 200, bound: 'filter' },
  readSite: { sent: { path: `/v1/sites/${SITE}` }, permitted: 200, bound: 'device' },
  describeSite: {
    sent: {
      method: 'PUT',
      path: `/v1/sites/${SITE}`,
      body: { name: 'Lab', timeZone: 'UTC', reason: 'because' },
      headers: { 'If-Match': '"7"' },
    },
    permitted: 412,
    bound: 'device',
  },
  removeSite: {
    sent: { method: 'DELETE', path: `/v1/sites/${SITE}`, body: { reason: 'because' } },
    permitted: 428,
    bound: 'device',
  },
  createType: {
    sent: {
      method: 'POST',
      path: '/v1/types',
      body: { id: TYPE.id, name: 'Other', channels: { a: { unit: '1' } } },
    },
    permitted: 409,
    bound: 'all',
  },
  createCommand: {
    sent: { method: 'POST', path: '/v1/devices/matrix-1/commands', body: { command: 'none' } },
    permitted: 422,
    bound: 'device',
  },
  listDeviceCommands: { sent: { path: '/v1/devices/matrix-1/commands' }, permitted: 200, bound: 'device' },
  listCommands: { sent: { path: `/v1/commands?site=${SITE}` }, permitted: 200, bound: 'filter' },
  readCommand: { sent: { path: `/v1/commands/${COMMAND_ID}` }, permitted: 200, bound: 'device' },
  readCommandHistory: {
    sent: { path: `/v1/commands/${COMMAND_ID}/history` },
    permitted: 200,
    bound: 'device',
  },
  approveCommand: { sent: decision('approve'), permitted: 409, bound: 'device' },
  refuseCommand: { sent: decision('refuse'), permitted: 409, bound: 'device' },
  cancelCommand: { sent: decision('cancel'), permitted: 409, bound: 'device' },
  takeLease: {
    sent: { method: 'PUT', path: '/v1/devices/matrix-1/lease', body: { seconds: 60 } },
    permitted: 409,
    bound: 'device',
  },
  readLease: { sent: { path: '/v1/devices/matrix-1/lease' }, permitted: 200, bound: 'device' },
  releaseLease: {
    sent: { method: 'DELETE', path: '/v1/devices/matrix-3/lease' },
    permitted: 200,
    bound: 'device',
  },
  createAlertRule: {
    sent: { method: 'POST', path: '/v1/alert-rules', body: { ...RULE_INPUT, reason: 'because' } },
    permitted: 409,
    bound: 'body',
  },
  listAlertRules: { sent: { path: '/v1/alert-rules' }, permitted: 200, bound: 'none' },
  readAlertRule: { sent: { path: `/v1/alert-rules/${TYPE.id}/silent` }, permitted: 200, bound: 'none' },
  replaceAlertRule: { sent: onRule('PUT', '', RULE_SAID), permitted: 428, bound: 'body' },
  removeAlertRule: { sent: onRule('POST', '/remove', {}), permitted: 428, bound: 'body' },
  previewAlertRule: {
    sent: {
      method: 'POST',
      path: '/v1/alert-rules/preview',
      body: {
        rule: RULE_INPUT,
        device: 'matrix-1',
        from: '2026-03-01T00:00:00Z',
        to: '2026-03-02T00:00:00Z',
      },
    },
    permitted: 200,
    bound: 'device',
  },
  listAlerts: { sent: { path: `/v1/alerts?site=${SITE}` }, permitted: 200, bound: 'filter' },
  readAlert: { sent: { path: `/v1/alerts/${ALERT_ID}` }, permitted: 200, bound: 'device' },
  readAlertHistory: { sent: { path: `/v1/alerts/${ALERT_ID}/history` }, permitted: 200, bound: 'device' },
  acknowledgeAlert: { sent: onAlert('acknowledge', {}), permitted: 409, bound: 'device' },
  commentAlert: { sent: onAlert('comment', { comment: 'x' }), permitted: 409, bound: 'device' },
  assignAlert: { sent: onAlert('assign', { subject: 'sub' }), permitted: 409, bound: 'device' },
  resetAlert: { sent: onAlert('reset'), permitted: 409, bound: 'device' },
  shelveAlert: { sent: onAlert('shelve', { seconds: 60, reason: 'x' }), permitted: 409, bound: 'device' },
  unshelveAlert: { sent: onAlert('unshelve'), permitted: 409, bound: 'device' },
  readAlertReport: {
    sent: { path: `/v1/alert-report?site=${SITE}&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z` },
    permitted: 200,
    bound: 'device',
  },
  listTypes: { sent: { path: '/v1/types' }, permitted: 200, bound: 'none' },
  readType: { sent: { path: `/v1/types/${TYPE.id}` }, permitted: 200, bound: 'none' },
  replaceType: {
    sent: {
      method: 'PUT',
      path: `/v1/types/${TYPE.id}`,
      body: { name: 'Other', channels: { a: { unit: '1' } }, reason: 'because' },
    },
    permitted: 428,
    bound: 'all',
  },
  readSeries: {
    sent: { path: '/v1/devices/matrix-1/series?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z' },
    permitted: 200,
    bound: 'device',
  },
  readManySeries: {
    sent: { path: '/v1/series?devices=matrix-1&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z' },
    permitted: 200,
    bound: 'device',
  },
  readSnapshot: { sent: { path: '/v1/snapshot?devices=matrix-1' }, permitted: 200, bound: 'device' },
  readLatest: { sent: { path: '/v1/devices/matrix-1/latest' }, permitted: 200, bound: 'device' },
  readMetrics: { sent: { path: '/v1/metrics' }, permitted: 200, bound: 'filter' },
  readCompleteness: {
    sent: { path: '/v1/devices/matrix-1/completeness?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z' },
    permitted: 200,
    bound: 'device',
  },
  readPresence: { sent: { path: '/v1/devices/matrix-1/presence' }, permitted: 200, bound: 'device' },
  listSessions: { sent: { path: '/v1/devices/matrix-1/sessions' }, permitted: 200, bound: 'device' },
  listQuarantine: { sent: { path: '/v1/quarantine' }, permitted: 200, bound: 'filter' },
  readQuarantined: { sent: { path: ENTRY }, permitted: 200, bound: 'hidden' },
  replayQuarantined: { sent: { method: 'POST', path: `${ENTRY}/replay` }, permitted: 202, bound: 'hidden' },
  createExport: {
    sent: {
      method: 'POST',
      path: '/v1/exports',
      body: { devices: ['matrix-1'], from: '2026-03-01T00:00:00Z' },
    },
    permitted: 202,
    bound: 'device',
  },
  readExport: { sent: { path: `/v1/exports/${EXPORT.id}` }, permitted: 200, bound: 'hidden' },
  listExportFiles: { sent: { path: `/v1/exports/${EXPORT.id}/files` }, permitted: 200, bound: 'hidden' },
  cancelExport: {
    sent: { method: 'POST', path: `/v1/exports/${EXPORT.id}/cancel` },
    permitted: 200,
    bound: 'hidden',
  },
  listAudit: { sent: { path: `/v1/audit?site=${SITE}` }, permitted: 200, bound: 'hidden' },
  readMe: { sent: { path: '/v1/me' }, permitted: 200, bound: 'none' },
  listPeople: { sent: { path: '/v1/people' }, permitted: 200, bound: 'filter' },
  addPerson: {
    sent: {
      method: 'POST',
      path: '/v1/people',
      body: { email: 'grace@example.org', grants: [{ role: 'Viewer', site: SITE }], reason: 'because' },
    },
    permitted: 409,
    bound: 'body',
  },
  readPerson: { sent: { path: '/v1/people/grace' }, permitted: 200, bound: 'hidden' },
  replaceGrants: {
    sent: {
      method: 'PUT',
      path: '/v1/people/grace/grants',
      body: { grants: [{ role: 'Viewer', site: SITE }], reason: 'because' },
    },
    permitted: 200,
    bound: 'hidden',
  },
  disablePerson: { sent: aboutGrace('disable'), permitted: 200, bound: 'hidden' },
  enablePerson: { sent: aboutGrace('enable'), permitted: 200, bound: 'hidden' },
  signOutPerson: { sent: aboutGrace('sign-out'), permitted: 200, bound: 'hidden' },
  invitePerson: { sent: aboutGrace('invite'), permitted: 409, bound: 'hidden' },
  health: { sent: { path: '/v1/health' }, permitted: 200, bound: 'none' },
  live: { sent: { path: '/v1/health/live' }, permitted: 200, bound: 'none' },
  ready: { sent: { path: '/v1/health/ready' }, permitted: 200, bound: 'none' },
  services: { sent: { path: '/v1/health/services' }, permitted: 200, bound: 'none' },
  openapi: { sent: { path: '/v1/openapi.json' }, permitted: 200, bound: 'none' },
  explainProblem: { sent: { path: '/v1/problems/not-found' }, permitted: 200, bound: 'none' },
};

/** What every role may do with a device that it sees. */
const READ_BY_ALL: ReadonlySet<RouteName> = new Set([
  'readDevice',
  'listCertificates',
  'readSite',
  'readPresence',
  'listSessions',
  'listDeviceCommands',
  'readCommand',
  'readCommandHistory',
  'readLease',
  'readSeries',
  'readManySeries',
  'readSnapshot',
  'readLatest',
  'readCompleteness',
  'previewAlertRule',
  'readAlert',
  'readAlertHistory',
  'readAlertReport',
]);

const holds = (name: RouteName, role: Role): boolean => {
  const { permission } = ROUTES[name];
  const roles: readonly Role[] = permission === 'open' ? ROLES : PERMISSIONS[permission];
  return roles.includes(role);
};
const sees = (role: Role): boolean => (PERMISSIONS['devices:read'] as readonly Role[]).includes(role);

/** What the audit has of a subject, at the site and at none. */
const auditOf = async (subject: string): Promise<readonly AuditEntry[]> => {
  const registry = { client: world.aws.dynamo, table: world.aws.registryTable };
  const range = { after: '0', before: '~', subject, descending: false, limit: 100 };
  const lists = [SITE, null].map((site) => listEntries(registry, { ...range, site }));
  return (await Promise.all(lists)).flatMap(({ entries }) => entries);
};

describe.each(Object.keys(ROUTES) as RouteName[])('%s', (name) => {
  const { sent, permitted, bound } = CASES[name];
  const open = ROUTES[name].permission === 'open';

  it('is in the audit of its site when it may change something', async () => {
    const sub = `admin-${name}`;
    const headers = { ...sent.headers, 'User-Agent': 'x'.repeat(300) };
    expect(await status(name, { ...sent, headers, claims: { ...person('Admin'), sub } })).toBe(permitted);
    const found = await auditOf(sub);
    if (ROUTES[name].method === 'get') {
      expect(found).toEqual([]);
      return;
    }
    expect(found).toEqual([
      expect.objectContaining({
        action: name,
        outcome: permitted < 300 ? 'done' : 'refused',
        site: bound === 'all' ? null : SITE,
        actor: { kind: 'user', subject: sub, name: 'ada', grants: ['Admin'] },
        requestId: expect.stringMatching(/^request-/),
        address: '192.0.2.1',
        userAgent: 'x'.repeat(200),
      }),
    ]);
  });

  it.skipIf(open)('is in the audit when it is denied, or hidden', async () => {
    const sub = `nobody-${name}`;
    await status(name, { ...sent, claims: { ...person(), sub } });
    const away = `away-${name}`;
    const answered = await status(name, {
      ...sent,
      claims: { ...person(`Admin@${OTHER_SITE}`), sub: away },
    });
    const denied = { action: name, outcome: 'denied' };
    expect(await auditOf(sub)).toEqual([
      expect.objectContaining({ ...denied, code: 'forbidden', site: null }),
    ]);
    const hidden = { ...denied, code: answered === 404 ? 'not-found' : 'forbidden' };
    expect(await auditOf(away)).toEqual(
      answered === 403 || answered === 404 ? [expect.objectContaining(hidden)] : [],
    );
  });

  it.each(ROLES)('%s everywhere', async (role) => {
    const expected = holds(name, role) ? permitted : 403;
    expect(await status(name, { ...sent, claims: person(role) })).toBe(expected);
  });

  it.each(ROLES)('%s at the site', async (role) => {
    const expected = open || (holds(name, role) && bound !== 'all') ? permitted : 403;
    expect(await status(name, { ...sent, claims: person(`${role}@${SITE}`) })).toBe(expected);
  });

  it.each(ROLES)('%s at another site', async (role) => {
    // Who holds the permission nowhere is told so; who holds it elsewhere does not learn what is here.
    const elsewhere = { device: 404, hidden: 404, body: 403, filter: permitted, all: 403, none: permitted }[
      bound
    ];
    const expected = holds(name, role) ? elsewhere : 403;
    expect(await status(name, { ...sent, claims: person(`${role}@${OTHER_SITE}`) })).toBe(expected);
  });

  it.each(ROLES)('%s at another site, Viewer here', async (role) => {
    const visible = {
      device: role === 'Viewer' || READ_BY_ALL.has(name) ? permitted : 403,
      hidden: 404,
      body: 403,
      filter: permitted,
      all: 403,
      none: permitted,
    }[bound];
    const expected = holds(name, role) ? visible : 403;
    expect(sees('Viewer')).toBe(true);
    const claims = person(`${role}@${OTHER_SITE}`, `Viewer@${SITE}`);
    expect(await status(name, { ...sent, claims })).toBe(expected);
  });

  it.each(ROLES)('a program with the scope of %s', async (role) => {
    const expected = holds(name, role) ? permitted : 403;
    expect(await status(name, { ...sent, claims: program(role) })).toBe(expected);
  });

  it.each([
    ['a person without a group', person()],
    ['a person in groups that are none of ours', person('admin', 'Root', 'Admin@', 'Admin@Not A Site')],
    ['a person without the scope of the API', { ...person('Admin'), scope: 'openid' }],
    ['a person with the scope of a role alone', { ...person(), scope: 'labgate/api labgate/admin' }],
    ['a program without a role', program()],
    ['a program with the scope of people', { ...program(), scope: 'labgate/api' }],
  ])('%s', async (_, claims) => {
    expect(await status(name, { ...sent, claims })).toBe(open ? 200 : 403);
  });

  it.each([
    ['no token', undefined],
    ['an identity token', { ...person('Admin'), token_use: 'id' }],
    ['a token without a subject', { ...person('Admin'), sub: '' }],
    ['a program that claims a group', { ...program('Admin'), 'cognito:groups': 'Admin' }],
  ])('%s', async (_, claims) => {
    expect(await status(name, { ...sent, claims })).toBe(open ? 200 : 401);
  });
});
