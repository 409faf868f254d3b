import { describe, expect, test } from 'vitest';
import {
  API_SCOPES,
  allowed,
  allowedSites,
  type Grant,
  groupOf,
  PERMISSIONS,
  type Permission,
  type Principal,
  parseGroup,
  parseRoleScope,
  permissionsOf,
  ROLES,
  roleScope,
} from '../../contracts/roles.ts';

const holding = (...grants: readonly Grant[]): Principal => ({
  subject: 's',
  name: 'somebody',
  kind: 'user',
  grants,
});
const permissions = Object.keys(PERMISSIONS) as Permission[];

describe('groups and scopes', () => {
  test.each([
    ['Operator', { role: 'Operator' }],
    ['Operator@lab-1', { role: 'Operator', site: 'lab-1' }],
    ['operator', undefined],
    ['Operator@', undefined],
    ['Operator@Lab 1', undefined],
    ['Root', undefined],
    ['', undefined],
  ])('group %j', (group, grant) => {
    expect(parseGroup(group)).toEqual(grant);
  });

  test('a grant has one group, which gives it back', () => {
    for (const role of ROLES)
      for (const grant of [{ role }, { role, site: 'lab-1' }])
        expect(parseGroup(groupOf(grant))).toEqual(grant);
  });

  test('each role has a scope, and no other scope is one', () => {
    for (const role of ROLES) expect(parseRoleScope(roleScope(role))).toEqual({ role });
    expect(parseRoleScope('labgate/api')).toBeUndefined();
    expect(API_SCOPES).toHaveLength(ROLES.length + 1);
  });
});

describe('the matrix', () => {
  test('Admin may everything, and Viewer may change nothing', () => {
    for (const permission of permissions) {
      expect(allowed(holding({ role: 'Admin' }), permission)).toBe(true);
      if (!permission.endsWith(':read')) expect(allowed(holding({ role: 'Viewer' }), permission)).toBe(false);
    }
  });

  test('nobody may anything', () => {
    for (const permission of permissions) {
      expect(allowed(holding(), permission)).toBe(false);
      expect(allowedSites(holding(), permission)).toEqual([]);
    }
  });

  test('tells every permission that is held, with its sites, and no other', () => {
    const local = holding({ role: 'Engineer', site: 'lab-1' }, { role: 'Viewer' });
    const told = permissionsOf(local);
    expect(told['devices:register']).toEqual(['lab-1']);
    expect(told['devices:read']).toBe('all');
    expect(told).not.toHaveProperty('people:manage');
    expect(Object.keys(permissionsOf(holding({ role: 'Admin' })))).toEqual(permissions);
  });

  test('a role at one site is worth nothing at another', () => {
    const local = holding({ role: 'Engineer', site: 'lab-1' }, { role: 'Viewer', site: 'lab-2' });
    expect(allowed(local, 'devices:register', 'lab-1')).toBe(true);
    expect(allowed(local, 'devices:register', 'lab-2')).toBe(false);
    expect(allowedSites(local, 'devices:read')).toEqual(['lab-1', 'lab-2']);
    expect(allowedSites(local, 'devices:register')).toEqual(['lab-1']);
    expect(allowedSites(holding({ role: 'Viewer' }), 'devices:read')).toBe('all');
  });
});
