/**
 * Writes `expected.tsv`: what two libraries of UCUM say of some 770 codes, all atoms and what clinical laboratories make
 * of them. The libraries are fetched with npm into a folder of the system's temporary files: the tests need neither.
 *
 * `node test/series/units/write-expected.ts`
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ATOMS } from '../../../series/units/atoms.ts';
import { type Expected, toLine } from './expected.ts';

/** UCUM 2.2: what it says has to agree to the last digits. */
const EHR = '@atomic-ehr/ucum@0.2.5';
/** UCUM 2.1 with older constants of nature. */
const LHC = '@lhncbc/ucum-lhc@7.1.10';

const DIMENSIONS: Readonly<Record<string, string>> = {
  L: 'm',
  T: 's',
  M: 'g',
  A: 'rad',
  Θ: 'K',
  Q: 'C',
  F: 'cd',
};

const fetchPackage = (name: string, folder: string): string => {
  const target = mkdtempSync(join(folder, 'package-'));
  const archive = execFileSync('npm', ['pack', '--silent', name, '--pack-destination', target], {
    encoding: 'utf8',
  }).trim();
  execFileSync('tar', ['-xzf', archive], { cwd: target });
  return join(target, 'package');
};

interface Canonical {
  readonly magnitude: number;
  readonly dimension: Readonly<Record<string, number>>;
}
interface LhcUnit {
  readonly csCode_: string;
  readonly magnitude_: number;
}

const folder = mkdtempSync(join(tmpdir(), 'labgate-ucum-'));
try {
  const load = async (path: string): Promise<unknown> => await import(pathToFileURL(path).href);
  const { toCanonicalForm } = (await load(join(fetchPackage(EHR, folder), 'dist', 'index.js'))) as {
    toCanonicalForm(code: string): Canonical;
  };
  const lhc = fetchPackage(LHC, folder);
  const { unpackArray } = (await load(join(lhc, 'source', 'jsonArrayPack.js'))) as {
    unpackArray(packed: unknown): LhcUnit[];
  };
  const definitions = JSON.parse(readFileSync(join(lhc, 'data', 'ucumDefs.min.json'), 'utf8'));
  const magnitudes = new Map(unpackArray(definitions.units).map((unit) => [unit.csCode_, unit.magnitude_]));
  const codes = [...new Set([...ATOMS.keys(), ...magnitudes.keys()])].filter((code) => !code.includes(' '));
  const expected = codes.map((code): Expected => {
    const ofLhc = magnitudes.get(code);
    try {
      const { magnitude, dimension } = toCanonicalForm(code);
      const dimensions = Object.entries(dimension).map(
        ([name, exponent]) => [DIMENSIONS[name] ?? name, exponent] as const,
      );
      return { code, magnitude, dimensions: new Map(dimensions), ofLhc };
    } catch {
      // The library cannot read some codes that UCUM has, such as '' and g%.
      return { code, magnitude: undefined, dimensions: new Map(), ofLhc };
    }
  });
  writeFileSync(join(import.meta.dirname, 'expected.tsv'), expected.map(toLine).join(''));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
