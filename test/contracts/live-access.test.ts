import { describe, expect, test } from 'vitest';
import { liveAccess, liveUsername } from '../../contracts/live-access.ts';
import { liveTopics, parseLiveTopic } from '../../contracts/messages/live.ts';
import { slug } from '../../contracts/messages/topics.ts';
import { type Grant, PERMISSIONS, type Principal, ROLES } from '../../contracts/roles.ts';

const subject = '0d5a4a4c-5ef1-4c51-8c4d-2a1f6a0b9c11';
const person = (...grants: Grant[]): Principal => ({ subject, name: 'ada', kind: 'user', grants });

describe('what a principal may do', () => {
  test('by role and site', () => {
    const access = liveAccess(person({ role: 'Operator', site: 'lab-1' }, { role: 'Viewer', site: 'lab-2' }));
    expect(access).toEqual({
      principalId: '0d5a4a4c5ef14c518c4d2a1f6a0b9c11',
      clientPrefix: 'person.0d5a4a4c5ef14c518c4d2a1f6a0b9c11.',
      subscribe: ['lab/lab-1/+/data', 'lab/lab-2/+/data', 'live/lab-1/#', 'live/lab-2/#'],
      publish: [`live/lab-1/rooms/+/${subject}`],
    });
  });

  test.each(ROLES)('%s, cell by cell', (role) => {
    const access = liveAccess(person({ role }));
    const holds = (permission: 'series:read' | 'live:read' | 'live:post'): boolean =>
      (PERMISSIONS[permission] as readonly string[]).includes(role);
    expect(access?.subscribe).toEqual([
      ...(holds('series:read') ? ['lab/+/+/data'] : []),
      ...(holds('live:read') ? ['live/+/#'] : []),
    ]);
    expect(access?.publish).toEqual(holds('live:post') ? [`live/+/rooms/+/${subject}`] : []);
  });

  test('of a program, of somebody without a role, and of a subject that is none: nothing', () => {
    expect(liveAccess({ ...person({ role: 'Admin' }), kind: 'program' })).toBeUndefined();
    expect(liveAccess(person())).toBeUndefined();
    for (const odd of ['', '---', 'a/b', 'a+', '#', '*', '$x', 'a b'])
      expect(liveAccess({ ...person({ role: 'Admin' }), subject: odd })).toBeUndefined();
  });

  test('no device can be called as a person is', () => {
    expect(slug.safeParse(`${liveAccess(person({ role: 'Viewer' }))?.clientPrefix}x`).success).toBe(false);
  });
});

test('topics are read as they are written, and no others', () => {
  const origin = { site: 'lab-1', device: 'meter-1' };
  const command = '01jt2q0v5s8kx3m9d6w4a7c1ef';
  expect(parseLiveTopic(liveTopics.presence(origin))).toEqual({ kind: 'presence', ...origin });
  expect(parseLiveTopic(liveTopics.command(origin, command))).toEqual({
    kind: 'command',
    ...origin,
    command,
  });
  const alert = '064bf38887c800-9d5db4a97c3acaf4edc3';
  expect(parseLiveTopic(liveTopics.alert(origin, alert))).toEqual({ kind: 'alert', ...origin, alert });
  expect(parseLiveTopic(liveTopics.room('lab-1', 'talk', subject))).toEqual({
    kind: 'room',
    site: 'lab-1',
    room: 'talk',
    subject,
  });
  for (const topic of [
    'lab/lab-1/meter-1/data',
    'live/lab-1/presence/meter-1/x',
    'live/lab-1/rooms/talk',
    `live/lab-1/rooms/talk/x/${subject}`,
    'live/lab-1/commands/rooms/talk/x',
    'live//presence/meter-1',
    'live/LAB/presence/meter-1',
    'live/lab-1/later/meter-1',
  ])
    expect(parseLiveTopic(topic)).toBeUndefined();
});

test('the name of an authorizer stands in the user name', () => {
  const username = liveUsername('stack-Live=1@x,y');
  expect(username).toBe('labgate?x-amz-customauthorizer-name=stack-Live%3D1%40x%2Cy');
  expect(new URLSearchParams(username.split('?')[1]).get('x-amz-customauthorizer-name')).toBe(
    'stack-Live=1@x,y',
  );
});
