/**
 * Writes `docs/permissions.md` from the permission matrix and the routes, or with `--check` fails when the page is not
 * what they give.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PERMISSIONS, type Permission, ROLES, type Role } from './roles.ts';
import { ROUTES } from './routes/index.ts';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const calls = (permission: Permission | 'open'): string =>
  Object.values(ROUTES)
    .filter((route) => route.permission === permission)
    .map(({ method, path }) => `\`${method.toUpperCase()} ${path}\``)
    .join('<br>');

const matrixRow = (permission: Permission): string => {
  const holders: readonly Role[] = PERMISSIONS[permission];
  return row([
    `\`${permission}\``,
    ...ROLES.map((role) => (holders.includes(role) ? 'yes' : '')),
    calls(permission),
  ]);
};

/** The page, as Markdown. */
export const permissionsPage = (): string =>
  `${[
    '# Who may do what',
    '',
    'Written from `contracts/roles.ts` by `npm run generate:permissions`; `test/lambdas/runtime/matrix.test.ts` tries each cell.',
    'A role counts everywhere, or at one site where the Cognito group is `Role@site`. What a caller may not see is 404.',
    '',
    row(['permission', ...ROLES, 'calls']),
    row(['---', ...ROLES.map(() => ':-:'), '---']),
    ...(Object.keys(PERMISSIONS) as Permission[]).map(matrixRow),
    '',
    `Without a token: ${calls('open').replaceAll('<br>', ', ')}.`,
  ].join('\n')}\n`;

const FILE = fileURLToPath(new URL('../docs/permissions.md', import.meta.url));

if (import.meta.main) {
  const text = permissionsPage();
  if (!process.argv.includes('--check')) writeFileSync(FILE, text);
  else if (readFileSync(FILE, 'utf8') !== text) {
    console.error('docs/permissions.md is not what the matrix gives: run `npm run generate:permissions`');
    process.exitCode = 1;
  }
}
