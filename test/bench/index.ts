/**
 * `npm run bench -- NAME... [--json] [--scale X]`: runs benches; all when none is named. Exits with 1 when a target is
 * missed, with 2 for an unknown name. What `--scale` means, for those that know it, stands at the top of each.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

/** A bench is a file `NAME.ts` of this folder that exports `run`. */
interface Bench {
  readonly run: (options: { readonly scale?: number | undefined }) => Promise<readonly Figure[]>;
}

const NOT_BENCHES = new Set(['index.ts', 'figure.ts']);
const names = readdirSync(import.meta.dirname)
  .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && !NOT_BENCHES.has(file))
  .map((file) => file.slice(0, -3));

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, scale: { type: 'string' } },
  allowPositionals: true,
});

const scale = values.scale === undefined ? undefined : Number(values.scale);
if (scale !== undefined && !(scale > 0)) {
  process.stderr.write('--scale takes a number above 0\n');
  process.exit(2);
}

const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no bench ${unknown.join(', ')}; there are: ${names.join(', ')}\n`);
  process.exit(2);
}

const table = (figures: readonly Figure[]): string => {
  const rows = figures.map(({ bench, figure, value, unit, target, ok }) => [
    bench,
    figure,
    `${value} ${unit}`,
    target === undefined ? '' : `${ok ? 'met' : 'MISSED'}: ${target}`,
  ]);
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

let missed = false;
for (const name of positionals.length > 0 ? positionals : names) {
  const { run }: Bench = await import(`./${name}.ts`);
  const figures = await run({ scale });
  missed ||= figures.some(({ ok }) => !ok);
  const text = values.json ? figures.map((figure) => JSON.stringify(figure)).join('\n') : table(figures);
  process.stdout.write(`${text}\n`);
}
process.exit(missed ? 1 : 0);
