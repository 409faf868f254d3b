/** What two libraries say of codes, kept in `expected.tsv`; see write-expected.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Expected {
  readonly code: string;
  /** In base units, by UCUM 2.2; `undefined` where the library cannot read the code. */
  readonly magnitude: number | undefined;
  /** Exponent of each base unit. */
  readonly dimensions: ReadonlyMap<string, number>;
  /** The magnitude by the other library; `undefined` where it does not list the code. */
  readonly ofLhc: number | undefined;
}

export const toLine = ({ code, magnitude, dimensions, ofLhc }: Expected): string => {
  const units = [...dimensions].map(([unit, exponent]) => `${unit}:${exponent}`);
  return `${[code, magnitude ?? '', units.join(' '), ofLhc ?? ''].join('\t')}\n`;
};

const number = (text: string): number | undefined => (text === '' ? undefined : Number(text));

const fromLine = (line: string): Expected => {
  const [code = '', magnitude = '', units = '', ofLhc = ''] = line.split('\t');
  const dimensions = units.split(' ').flatMap((each): [string, number][] => {
    const [unit = '', exponent = ''] = each.split(':');
    return unit === '' ? [] : [[unit, Number(exponent)]];
  });
  return { code, magnitude: number(magnitude), dimensions: new Map(dimensions), ofLhc: number(ofLhc) };
};

export const readExpected = (): Expected[] =>
  readFileSync(join(import.meta.dirname, 'expected.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(fromLine);
