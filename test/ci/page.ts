/**
 * The page in Debian's Chromium: every `test/web/browser/*.page.ts`, one after another, in one world. Run with the folder of an
 * assembly that was synthesized with the built page, and with parts of file names to run only those.
 */
import { readdirSync } from 'node:fs';
import { openPageWorld, type PageWorld } from '../support/page-world.ts';

const [assembly, ...only] = process.argv.slice(2);
if (assembly === undefined) throw new Error('name the folder of the assembly');

/** What a `*.page.ts` exports by default: its name is that of the file. */
export type PageTest = (world: PageWorld, expectEqual: ExpectEqual) => Promise<void>;
export type ExpectEqual = (what: string, got: unknown, wanted: unknown) => void;

const expectEqual: ExpectEqual = (what, got, wanted) => {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(`${same ? 'ok' : 'NOT OK'}  ${what}: ${JSON.stringify(got)}`);
  if (!same) process.exitCode = 1;
};

const FOLDER = new URL('../web/browser/', import.meta.url);
const tests = readdirSync(FOLDER)
  .filter(
    (name) => name.endsWith('.page.ts') && (only.length === 0 || only.some((part) => name.includes(part))),
  )
  .sort();

await using world = await openPageWorld(assembly);
for (const name of tests) {
  console.log(`--  ${name}`);
  const { default: run } = (await import(new URL(name, FOLDER).href)) as { readonly default: PageTest };
  try {
    await run(world, expectEqual);
  } catch (error) {
    console.log(`NOT OK  ${name}: ${error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = 1;
  }
  for (const context of world.browser.contexts()) await context.close();
  expectEqual(`${name}: what the browser complained of`, world.faults.splice(0), []);
}
