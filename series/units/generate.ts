/**
 * A tool for developers: writes `atoms.ts`, the prefixes and atoms of UCUM, from UCUM's own list (`ucum-essence.xml`).
 * With `--check` it writes nothing, and fails when `atoms.ts` is out of date. The list comes from the npm package
 * below, which holds it as data. The package is downloaded into a temporary folder.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PACKAGE = '@atomic-ehr/ucum@0.2.5';
const FILE = join(import.meta.dirname, 'atoms.ts');

/** An atom as the package describes it. */
interface ListedAtom {
  readonly isMetric: boolean;
  readonly isBaseUnit?: boolean;
  readonly isSpecial?: boolean;
  readonly class: string;
  readonly value: {
    readonly value: string;
    readonly Unit: string;
    readonly function?: { readonly name: string; readonly value: string; readonly Unit: string };
  };
}

/**
 * Temperature scales: how far their zero is above absolute zero, in degrees of the scale. No other special unit has
 * such a zero.
 */
const ZEROS: Readonly<Record<string, string>> = { Cel: '273.15', degF: '459.67', degRe: '218.52' };

/** A string literal as the formatter writes it. */
const text = (value: string): string => (value.includes("'") ? JSON.stringify(value) : `'${value}'`);

const atomLine = (code: string, { isMetric, isBaseUnit, class: kind, value }: ListedAtom): string => {
  const metric = isMetric ? 'metric: true, ' : '';
  const line = (rest: string): string => `  [${text(code)}, { ${metric}${rest} }],`;
  const { function: scale } = value;
  const isNumber = kind === 'dimless';
  const zero = ZEROS[scale?.name ?? ''];
  if (scale !== undefined && zero !== undefined)
    return line(`factor: ${text(scale.value)}, of: ${text(scale.Unit)}, zero: ${text(zero)}`);
  // Units that cannot be converted into others: base units, arbitrary units (such as [iU]), and special scales other
  // than temperatures (such as pH). The mole is one of them here, although UCUM defines it as a plain number: else
  // mol/L could be converted into a count per litre.
  if (isBaseUnit === true || scale !== undefined || code === 'mol' || (value.Unit === '1' && !isNumber))
    return line('base: true');
  return line(`factor: ${text(value.value)}, of: ${text(value.Unit)}`);
};

const prefixLine = ([code, { value }]: [string, { readonly value: number }]): string => {
  const exponent = Math.round(Math.log10(value));
  const power = Math.round(Math.log2(value));
  // Ki, Mi, Gi and Ti are the binary prefixes.
  return code.endsWith('i') ? `  [${text(code)}, [2, ${power}]],` : `  [${text(code)}, [10, ${exponent}]],`;
};

const HEAD = `/**
 * Prefixes and atoms of UCUM (ucum-essence.xml, version 2.2). Written by generate.ts: change that, not this.
 *
 * The UCUM table is copyright of Regenstrief Institute, Inc. and the UCUM Organization, and is used under the license
 * at https://ucum.org/license.
 */

/** A unit that others are made of. */
export type Atom = {
  /** Whether it takes a prefix. */
  readonly metric?: boolean;
} & (
  | {
      /** Of a kind of its own: it is not made of others. */
      readonly base: true;
    }
  | {
      /** Decimal numeral: so many of the unit \`of\`. */
      readonly factor: string;
      readonly of: string;
      /** Decimal numeral: what is added to a value of this temperature scale to count from absolute zero. */
      readonly zero?: string;
    }
);
`;

const generateFile = async (folder: string): Promise<string> => {
  execFileSync('npm', ['pack', '--silent', PACKAGE, '--pack-destination', folder]);
  const [archive = ''] = readdirSync(folder);
  execFileSync('tar', ['-xzf', archive], { cwd: folder });
  const load = async (name: string): Promise<Record<string, unknown>> =>
    await import(pathToFileURL(join(folder, 'package', 'dist', `${name}.js`)).href);
  const { prefixes } = (await load('prefixes')) as { prefixes: Record<string, { value: number }> };
  const { units } = (await load('units')) as { units: Record<string, ListedAtom> };
  return [
    HEAD,
    '/** Prefixes as powers. */',
    'export const PREFIXES: ReadonlyMap<string, readonly [base: number, exponent: number]> = new Map([',
    ...Object.entries(prefixes).map(prefixLine),
    ']);',
    '',
    '/** Atoms by code. */',
    'export const ATOMS: ReadonlyMap<string, Atom> = new Map<string, Atom>([',
    ...Object.entries(units).map(([code, atom]) => atomLine(code, atom)),
    ']);',
    '',
  ].join('\n');
};

const folder = mkdtempSync(join(tmpdir(), 'labgate-ucum-'));
try {
  const generated = await generateFile(folder);
  if (process.argv.includes('--check')) {
    if (readFileSync(FILE, 'utf8') !== generated) {
      process.stderr.write('series/units/atoms.ts is not what UCUM lists: npm run generate:units\n');
      process.exitCode = 1;
    }
  } else writeFileSync(FILE, generated);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
