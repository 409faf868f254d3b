import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { permissionsPage } from '../../contracts/generate-permissions.ts';
import { PERMISSIONS, ROLES } from '../../contracts/roles.ts';
import { ROUTES } from '../../contracts/routes/index.ts';

const page = permissionsPage();

it('docs/permissions.md is what the matrix gives', () => {
  expect(readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8')).toBe(page);
});

it('has a row for each permission, a yes for each role that holds it, and every call once', () => {
  for (const [name, holders] of Object.entries(PERMISSIONS)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    expect(ROLES.filter((_, at) => cells[at + 2] === 'yes')).toEqual(
      ROLES.filter((role) => (holders as readonly string[]).includes(role)),
    );
  }
  for (const { method, path } of Object.values(ROUTES))
    expect(page.split(`\`${method.toUpperCase()} ${path}\``)).toHaveLength(2);
});
