import { expect, test } from 'vitest';
import type { Command } from '../../web/src/api/gen/index.ts';
import { commandsForward, withCommandEvent } from '../../web/src/live/command-events.ts';

const command = (more: Partial<Command> = {}): Command => ({
  id: '01jt2q0v5s8kx3m9d6w4a7c1ef',
  device: 'oven-1',
  site: 'lab-1',
  type: 'oven',
  typeVersion: 1,
  timeout: 60,
  attempts: 0,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  command: 'heat',
  parameters: { target: 37 },
  dryRun: false,
  state: 'queued',
  version: 2,
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: { subject: 'ann', name: 'Ann', kind: 'user' },
  updatedAt: '2026-01-01T00:00:01.000Z',
  expiresAt: '2026-01-01T01:00:00.000Z',
  ...more,
});

const event = (more: Partial<Command>) => {
  const { parameters: _kept, ...summary } = command(more);
  return { v: 1, command: summary };
};

test('a list goes on, and keeps what an event does not say', () => {
  const { data, incomplete } = withCommandEvent(
    { items: [command()], next: null },
    event({ state: 'running', version: 4 }),
  );
  expect(incomplete).toBe(false);
  expect(data.items).toMatchObject([{ state: 'running', version: 4, parameters: { target: 37 } }]);
});

test('so do the pages of a list', () => {
  const before = { pages: [{ items: [] }, { items: [command()] }] };
  const { data } = withCommandEvent(before, event({ state: 'sent', version: 3 }));
  expect(data.pages[1]?.items).toMatchObject([{ state: 'sent' }]);
});

test('an event that comes late changes nothing', () => {
  const before = { items: [command({ version: 5, state: 'running' })] };
  expect(withCommandEvent(before, event({ version: 4, state: 'accepted' }))).toEqual({
    data: before,
    incomplete: false,
  });
});

test('a command that ended, one that is new and one of a later version are read again', () => {
  const known = { items: [command()] };
  expect(withCommandEvent(known, event({ state: 'succeeded', version: 6 })).incomplete).toBe(true);
  expect(withCommandEvent({ items: [] }, event({})).incomplete).toBe(true);
  expect(withCommandEvent(known, { v: 2 }).incomplete).toBe(true);
});

test('an answer that is older than what was heard does not turn a command back', () => {
  const heard = { items: [command({ state: 'running', version: 4 })] };
  expect(commandsForward(heard, { items: [command()] })).toMatchObject({ items: [{ state: 'running' }] });
  const newer = { items: [command({ state: 'failed', version: 5 })] };
  expect(commandsForward(heard, newer)).toEqual(newer);
});
