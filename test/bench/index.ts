/**
 * `npm run bench -- NAME... [--json] [--scale X]`: runs benches; without a name it lists them. Exits with 1 when a
 * target is missed or a bench fails, with 2 for wrong use. What `--scale` means stands at the top of each bench that
 * knows it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

/** Files `NAME.ts` of this folder that export `run`: what each says, and how long it takes on two processors. */
const BENCHES: Readonly<Record<string, readonly [what: string, takes: string]>> = {
  capacity: ['DynamoDB units and dollars a million measurements', '2 min'],
  codec: ['bytes a point of chunks, and time to encode and decode', '1 min'],
  coldstart: ['size of each bundle, and time to load it', '1 min'],
  csv: ['CSV of a series, beside other writers', '1 min'],
  commands: ['commands from the request to the device and back', '2 min'],
  'exactly-once': ['a million measurements through a storm of faults', '5 min'],
  growth: ['queries as the store grows from 10⁵ to 10⁷ points', '2 min'],
  ingest: ['processor time of ingest, beside JSON.parse', '1 min'],
  live: ['live values from the device to people, and memory of idle ones', '3 min'],
  pipeline: ['messages a second from MQTT to the table', '3 min'],
  query: ['queries, beside VictoriaMetrics, InfluxDB and PostgreSQL', '6 min'],
  web: ['the page: what it loads, its first curve, frames of live values', '3 min'],
};

const wrongUse = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(2);
};

/**
 * Runs a bench in a process of its own. What functions read from their environment they read when they are loaded,
 * `ingest` replaces the wire of the SDK, and what one bench has compiled and allocated would be measured by the next.
 */
const figuresOf = async (name: string, scale: number | undefined): Promise<readonly Figure[]> => {
  const args = [name, ...(scale === undefined ? [] : [String(scale)])];
  const child = fork(join(import.meta.dirname, 'one.ts'), args);
  let figures: readonly Figure[] | undefined;
  child.on('message', (message) => {
    figures = message as readonly Figure[];
  });
  const [code, signal] = await once(child, 'exit');
  if (figures === undefined) throw new Error(`the bench ${name} ended with ${code ?? signal}`);
  return figures;
};

/** Columns of text, without blanks at the ends of lines. */
const table = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};

const rowOf = ({ bench, figure, value, unit, target, ok }: Figure): string[] => [
  bench,
  figure,
  `${value} ${unit}`,
  target === undefined ? '' : `${ok ? 'met' : 'MISSED'}: ${target}`,
];

/** One object a figure, each with all members; `target` is null where nothing is promised. */
const lineOf = ({ bench, figure, value, unit, target, ok }: Figure): string =>
  JSON.stringify({ bench, figure, value, unit, target: target ?? null, ok });

const typed = () => {
  try {
    return parseArgs({
      options: { json: { type: 'boolean', default: false }, scale: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    return wrongUse((error as Error).message);
  }
};
const { values, positionals } = typed();
const scale = values.scale === undefined ? undefined : Number(values.scale);
if (scale !== undefined && !(scale > 0)) wrongUse('--scale takes a number above 0');
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0)
  wrongUse(`no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`);

if (positionals.length === 0) {
  const rows = Object.entries(BENCHES).map(([name, [what, takes]]) => [name, takes, what]);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(rows.map(([bench, takes, what]) => ({ bench, takes, what })))}\n`
      : `${table(rows)}\n\nnpm run bench -- NAME... [--json] [--scale X]\n`,
  );
}
for (const name of positionals) {
  const figures = await figuresOf(name, scale);
  if (figures.some(({ ok }) => !ok)) process.exitCode = 1;
  process.stdout.write(`${values.json ? figures.map(lineOf).join('\n') : table(figures.map(rowOf))}\n`);
}
