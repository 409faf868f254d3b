/** `labgate audit verify FILE`, without the platform: what was done to an export, and where. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { AuditEnd, linesOf } from '../../../../bin/cli/output/audit-file.ts';
import { ChainVerifier } from '../../../../contracts/audit-chain.ts';
import { type AuditRoot, rootOf } from '../../../../contracts/audit-roots.ts';
import { canonicalHash } from '../../../../contracts/audit-seal.ts';
import { canonicalJson } from '../../../../contracts/canonical-json.ts';
import type { AuditEntry } from '../../../../contracts/resources/audit.ts';
import { chainsOf } from '../../../support/audit.ts';
import { newPerson } from '../../../support/cli.ts';

const person = newPerson();
afterAll(() => person[Symbol.dispose]());

const SCOPE = { site: 'lab-1', from: null, to: '2026-03-03T00:00:00Z' };
const entries = chainsOf([0, 0, 1, 0, 1, 0]);
const exported = async (list: readonly AuditEntry[]): Promise<{ lines: string[]; root: string }> => {
  const verifier = new ChainVerifier(canonicalHash);
  const given = (async function* () {
    yield* list;
  })();
  const lines = await Array.fromAsync(linesOf(given, verifier, SCOPE));
  return { lines, root: AuditEnd.of(verifier, SCOPE).root };
};
const verify = async (lines: readonly string[], ...args: string[]) => {
  writeFileSync(join(person.folder, 'audit.ndjson'), lines.join(''));
  return await person.run(['audit', 'verify', 'audit.ndjson', ...args]);
};
const { lines, root } = await exported(entries);
const at = (index: number): string => lines[index] ?? '';

it('says what holds together, and under which root', async () => {
  const { code, stdout, stderr } = await verify(lines, '--root', root);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n')).toEqual([
    '6 entries hold together',
    `chain 0: entries 1 to 4, ${entries[5]?.hash}`,
    `chain 1: entries 1 to 2, ${entries[4]?.hash}`,
    `root ${root}`,
    '',
  ]);
});

it.each<[what: string, lines: readonly string[], message: string]>([
  ['altered', lines.with(1, at(1).replace('ada', 'eve')), 'entry 2: altered: '],
  [
    'removed from the middle',
    lines.toSpliced(1, 1),
    'entry 3: removed: before entry 3 of chain 0, 1 entries',
  ],
  ['removed from the beginning', lines.toSpliced(0, 1), 'entry 6: removed: the entries are not those'],
  ['removed from the end', lines.toSpliced(5, 1), 'entry 6: removed: the entries are not those'],
  ['inserted', lines.toSpliced(3, 0, at(1)), 'entry 4: moved: entry 2 of chain 0 comes after entry 2'],
  ['put behind the end', [...lines, at(0)], 'entry 7: inserted: there is more behind the end'],
  ['swapped within a chain', lines.with(0, at(1)).with(1, at(0)), 'entry 2: moved: entry 1 of chain 0'],
  [
    'swapped between chains',
    lines.with(1, at(2)).with(2, at(1)),
    'entry 3: moved: entry 2 of chain 0 is earlier',
  ],
  ['without an end', lines.slice(0, -1), 'entry 7: removed: the end of the export is missing'],
  ['cut off in a line', [...lines.slice(0, 2), at(2).slice(0, 50)], 'entry 3: altered: it is no JSON'],
])('finds what was %s', async (_what, changed, message) => {
  const { code, stderr } = await verify(changed);
  expect(stderr).toContain(message);
  expect(code).toBe(8);
});

it('tells an export that was made anew from the one whose root was kept', async () => {
  const forged = await exported(chainsOf([0, 0, 1, 0, 1]));
  expect(await verify(forged.lines)).toMatchObject({ code: 0 });
  expect(await verify(forged.lines, '--root', root)).toMatchObject({ code: 8 });
  const { stdout } = await verify(forged.lines.toSpliced(1, 1), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, kind: 'removed', place: 3 });
});

/** Roots as they are downloaded: of the day of the entries, and of the day after. */
const download = (roots: readonly AuditRoot[]): string => {
  const folder = join(person.folder, 'roots');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const root of roots) writeFileSync(join(folder, `${root.day}.json`), canonicalJson(root));
  return folder;
};
const endsOf = (list: readonly AuditEntry[]) =>
  [...new Map(list.map((entry) => [entry.lane, entry])).values()].map(({ site, lane, seq, hash }) => {
    return { site, lane, seq, hash };
  });
const first = rootOf('2026-03-01', undefined, endsOf(entries));
const roots = [first, rootOf('2026-03-02', first, [])];

it('agrees with the roots of the days', async () => {
  const folder = download(roots);
  const { code, stdout } = await verify(lines, '--roots', folder);
  expect(stdout).toContain('as the roots of 2026-03-01 to 2026-03-02 say: 2 ends of chains\n');
  expect(code).toBe(0);
});

/** Chains that somebody made anew from the beginning, so that they hold together. */
const forged = chainsOf([0, 0, 1, 0, 1, 0], { reason: 'none' });
it.each<[what: string, list: readonly AuditEntry[], message: string]>([
  ['cut off', entries.slice(0, 5), 'entry 5: removed: the root of 2026-03-01 tells of entry 4 of chain 0'],
  ['taken away whole', [], 'entry 0: removed: the root of 2026-03-01 tells of entry'],
  ['made anew', forged, 'altered: entry 2 of chain 1 is not the one that the root of 2026-03-01 was made of'],
  ['made longer', chainsOf([0, 0, 1, 0, 1, 0, 0]), 'inserted: entry 5 of chain 0 came to be after the root'],
])('tells by the roots of chains that were %s, and hold together', async (_what, list, message) => {
  const folder = download(roots);
  const changed = await exported(list);
  expect(await verify(changed.lines)).toMatchObject({ code: 0 });
  const { code, stderr } = await verify(changed.lines, '--roots', folder);
  expect(stderr).toContain(message);
  expect(code).toBe(8);
});

it('tells of roots that are missing, or that somebody made', async () => {
  const { day, previous } = first;
  const third = rootOf('2026-03-03', roots[1], []);
  expect(await verify(lines, '--roots', download([first, third]))).toMatchObject({
    code: 8,
    stderr: expect.stringContaining('between the roots of 2026-03-01 and 2026-03-03'),
  });
  const made = download([{ day, previous, chains: endsOf(forged) }, ...roots.slice(1)]);
  expect(await verify(lines, '--roots', made)).toMatchObject({
    code: 8,
    stderr: expect.stringContaining('is not the one that the root of 2026-03-02 follows on'),
  });
  expect(await verify(lines, '--roots', download([]))).toMatchObject({ code: 2 });
});
