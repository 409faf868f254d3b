/** Commands: nobody gives, approves, cancels or answers what is not his, and nothing that is sent makes a 5xx. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { commandDeclarations } from '../../contracts/resources/command-declarations.ts';
import type { Command } from '../../contracts/resources/commands.ts';
import { METER } from '../support/lab.ts';
import { openPeopleLab, type PeopleLab } from './people.ts';

let lab: PeopleLab;
let operator: string;
let waiting: Command;
const TYPE = { ...METER, commands: commandDeclarations.parse({ zero: {}, burn: { approval: true } }) };

beforeAll(async () => {
  lab = await openPeopleLab(inject('assembly'));
  await lab.createType(TYPE);
  await lab.register('here', 'lab-1');
  await lab.register('there', 'lab-2');
  ({ access_token: operator } = await lab.signIn('operator-1'));
  waiting = await lab.json<Command>('/v1/devices/there/commands', {
    method: 'POST',
    body: JSON.stringify({ command: 'burn' }),
  });
});
afterAll(() => lab[Symbol.asyncDispose]());

const send = async (path: string, body?: unknown, token = operator, headers: Record<string, string> = {}) => {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await lab.call(path, { ...init, token, headers });
  const { code } = (await response.json()) as { code?: string };
  return [response.status, code];
};

describe('at another site', () => {
  test.each([
    ['/v1/devices/there/commands', { command: 'zero' }],
    ['/v1/devices/there/commands', undefined],
    ['/v1/devices/there/lease', undefined],
    ['/v1/commands/ID', undefined],
    ['/v1/commands/ID/history', undefined],
    ['/v1/commands/ID/cancel', { reason: 'x' }],
  ])('%s is not found', async (path, body) => {
    expect(await send(path.replace('ID', waiting.id), body)).toEqual([404, 'not-found']);
  });

  test('its list is empty', async () => {
    const response = await lab.call('/v1/commands?site=lab-2', { token: operator });
    expect(await response.json()).toEqual({ items: [], next: null });
  });
});

describe('who may not approve', () => {
  test.each(['approve', 'refuse'])('may not %s', async (action) => {
    expect(await send(`/v1/commands/${waiting.id}/${action}`, { reason: 'x' })).toEqual([403, 'forbidden']);
  });

  test('a program approves nothing, its own least of all', async () => {
    const token = await lab.token();
    expect(await send(`/v1/commands/${waiting.id}/approve`, { reason: 'x' }, token)).toEqual([
      409,
      'own-command',
    ]);
  });

  test('a viewer gives no command', async () => {
    const token = await lab.token('analysis');
    expect(await send('/v1/devices/here/commands', { command: 'zero' }, token)).toEqual([403, 'forbidden']);
  });
});

describe('what is sent is refused with a code of its own', () => {
  test.each<[string, unknown, number, string]>([
    ['no body', '', 400, 'invalid-request'],
    ['no JSON', '{', 400, 'invalid-request'],
    ['a list', [], 400, 'invalid-request'],
    ['an unknown member', { command: 'zero', state: 'succeeded' }, 400, 'invalid-request'],
    [
      'an identifier of one’s own',
      { command: 'zero', id: '01jt2q0v5s8kx3m9d6w4a7c1ef' },
      400,
      'invalid-request',
    ],
    ['another requester', { command: 'zero', createdBy: { kind: 'user' } }, 400, 'invalid-request'],
    ['parameters that nobody declared', { command: 'zero', parameters: { x: 1 } }, 400, 'invalid-request'],
    ['the parent of all', { command: 'zero', parameters: { constructor: 1 } }, 400, 'invalid-request'],
    ['a prototype', '{"command":"zero","parameters":{"__proto__":{"x":1}}}', 400, 'invalid-request'],
    ['a name of every object', { command: 'constructor' }, 422, 'unknown-command'],
    ['a topic as name', { command: '../zero' }, 400, 'invalid-request'],
    ['a wildcard as name', { command: '#' }, 400, 'invalid-request'],
    [
      'deep parameters',
      { command: 'zero', parameters: { x: JSON.parse('['.repeat(500) + ']'.repeat(500)) } },
      400,
      'invalid-request',
    ],
    ['a long reason', { command: 'zero', reason: 'x'.repeat(1001) }, 400, 'invalid-request'],
    ['a dry run that is none', { command: 'zero', dryRun: 'yes' }, 400, 'invalid-request'],
    ['a past expiry', { command: 'zero', expiresAfter: -1 }, 400, 'invalid-request'],
    ['an endless expiry', { command: 'zero', expiresAfter: 1e12 }, 400, 'invalid-request'],
  ])('%s', async (_, body, status, code) => {
    expect(await send('/v1/devices/here/commands', body)).toEqual([status, code]);
  });

  test.each([
    [{ prefer: 'wait=9999' }],
    [{ prefer: 'wait=-1' }],
    [{ traceparent: '00-zz-zz-01' }],
    [{ 'idempotency-key': 'short' }],
  ])('headers %j', async (headers) => {
    expect(await send('/v1/devices/here/commands', { command: 'zero' }, operator, headers)).toEqual([
      400,
      'invalid-request',
    ]);
  });

  test.each([
    '..',
    '%2e%2e',
    'x',
    '01JT2Q0V5S8KX3M9D6W4A7C1EF',
    "01jt2q0v5s8kx3m9d6w4a7c1e'",
    '*',
    '81jt2q0v5s8kx3m9d6w4a7c1ef',
  ])('the identifier %s', async (id) => {
    const [status] = await send(`/v1/commands/${id}`);
    expect([400, 404]).toContain(status);
  });

  test('an identifier that nobody has is not found', async () => {
    expect(await send('/v1/commands/01jt2q0v5s8kx3m9d6w4a7c1ef')).toEqual([404, 'not-found']);
  });

  test('the key of another is one’s own', async () => {
    const headers = { 'idempotency-key': 'shared-key-1' };
    const give = async (token: string): Promise<string> => {
      const body = JSON.stringify({ command: 'zero' });
      return (await lab.json<Command>('/v1/devices/here/commands', { method: 'POST', body, headers, token }))
        .id;
    };
    const [mine, theirs] = [await give(operator), await give(await lab.token())];
    expect(mine).not.toBe(theirs);
    expect(await give(operator)).toBe(mine);
  });
});

test('no more than twenty commands wait for a device', async () => {
  await lab.register('busy', 'lab-1');
  const body = { command: 'zero' };
  for (let given = 0; given < 20; given += 1)
    expect((await send('/v1/devices/busy/commands', body))[0]).toBe(202);
  expect(await send('/v1/devices/busy/commands', body)).toEqual([429, 'too-many-commands']);
});
