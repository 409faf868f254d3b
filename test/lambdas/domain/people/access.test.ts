import { describe, expect, test } from 'vitest';
import { type Grant, type Principal, ROLES } from '../../../../contracts/roles.ts';
import {
  grantChange,
  isFullAdmin,
  managesPerson,
  mayGive,
  mayTake,
  seenGrants,
  seesPerson,
} from '../../../../lambdas/domain/people/access.ts';

const holding = (...grants: readonly Grant[]): Principal => ({
  subject: 's',
  name: 'somebody',
  kind: 'user',
  grants,
});
const admin = holding({ role: 'Admin' });
const local = holding({ role: 'Admin', site: 'lab-1' });
const here: Grant = { role: 'Viewer', site: 'lab-1' };
const there: Grant = { role: 'Viewer', site: 'lab-2' };
const everywhere: Grant = { role: 'Viewer' };

describe('who gives what', () => {
  test.each(ROLES)('%s: an Admin of every site anywhere, an Admin of a site there', (role) => {
    for (const site of [undefined, 'lab-1', 'lab-2']) {
      const grant: Grant = site === undefined ? { role } : { role, site };
      expect([mayGive(admin, grant), mayTake(admin, grant)]).toEqual([true, true]);
      const isHere = site === 'lab-1';
      expect([mayGive(local, grant), mayTake(local, grant)]).toEqual([isHere, isHere]);
    }
  });

  test.each(ROLES.filter((role) => role !== 'Admin'))('%s gives nothing, not even what they hold', (role) => {
    const principal = holding({ role }, { role, site: 'lab-1' });
    for (const grant of [{ role }, { role, site: 'lab-1' }]) {
      expect(mayGive(principal, grant)).toBe(false);
      expect(mayTake(principal, grant)).toBe(false);
    }
  });

  test('being Admin of one site gives nothing at another where one holds a smaller role', () => {
    const both = holding({ role: 'Admin', site: 'lab-1' }, { role: 'Engineer', site: 'lab-2' });
    expect(mayGive(both, there)).toBe(false);
    expect(mayGive(both, here)).toBe(true);
  });
});

test('an Admin of a site sees what is held there, and manages who holds nothing elsewhere', () => {
  expect(seenGrants(local, [here, there, everywhere])).toEqual([here]);
  expect(seenGrants(admin, [here, there, everywhere])).toEqual([here, there, everywhere]);
  expect([[here, there], [there], [everywhere], []].map((grants) => seesPerson(local, grants))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(seesPerson(admin, [])).toBe(true);
  expect(managesPerson(local, [here])).toBe(true);
  for (const other of [there, everywhere]) expect(managesPerson(local, [here, other])).toBe(false);
  expect(managesPerson(admin, [here, there])).toBe(true);
});

test('a change names what is new and what goes', () => {
  expect(grantChange([here, there], [there, everywhere])).toEqual({ added: [everywhere], removed: [here] });
  expect(grantChange([here], [here])).toEqual({ added: [], removed: [] });
});

test('a full Admin is one of every site', () => {
  expect(
    [{ role: 'Admin' }, { role: 'Admin', site: 'lab-1' }, { role: 'Engineer' }].map((g) =>
      isFullAdmin(g as Grant),
    ),
  ).toEqual([true, false, false]);
});
