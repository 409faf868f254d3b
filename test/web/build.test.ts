import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPage } from '../../web/build.ts';

let root: string;
const put = (path: string, text: string): void => writeFileSync(join(root, path), text);
/** What is in the folder of builds. */
const builds = (): string[] => readdirSync(join(root, 'web/dist')).sort();

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'labgate-page-'));
  for (const folder of ['web', 'contracts', 'payload', 'series/units', 'series/points'])
    mkdirSync(join(root, folder), { recursive: true });
  put('package.json', '{"type":"module"}');
  put('package-lock.json', '{}');
  put('tsconfig.json', '{}');
  put('contracts/word.ts', "export const word = 'first';\n");
  put('web/vite.config.ts', 'export default {};\n');
  put('web/index.html', '<!doctype html><script type="module" src="/main.ts"></script>\n');
  put('web/main.ts', "import { word } from '../contracts/word.ts';\ndocument.title = word;\n");
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The script of a build. */
const scriptIn = (folder: string): string => {
  const [name = ''] = readdirSync(join(folder, 'assets'));
  return readFileSync(join(folder, 'assets', name), 'utf8');
};

test('two builds at once end in one folder that is whole, and a third has nothing to do', async () => {
  const [one, two] = await Promise.all([buildPage(root), buildPage(root)]);
  expect(two).toBe(one);
  expect(scriptIn(one)).toContain('first');
  expect(builds()).toHaveLength(1);
  const { birthtimeMs } = statSync(join(one, 'index.html'));
  expect(await buildPage(root)).toBe(one);
  expect(statSync(join(one, 'index.html')).birthtimeMs).toBe(birthtimeMs);
});

test('what has changed is built anew, beside what others may be reading', async () => {
  const before = await buildPage(root);
  put('contracts/word.ts', "export const word = 'second';\n");
  const after = await buildPage(root);
  expect(scriptIn(after)).toContain('second');
  expect(scriptIn(before)).toContain('first');
});

test('a build that fails leaves nothing', async () => {
  const before = builds();
  put('web/main.ts', "import { nothing } from './nowhere.ts';\nnothing();\n");
  await expect(buildPage(root)).rejects.toThrow(/nowhere/);
  expect(builds()).toEqual(before);
});
