/**
 * What a cold start costs: the size of each bundle, and the time a fresh process needs to load it, over that of an
 * empty handler in the same run. Processes run with the environment of the template, without a cache of compiled code.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { loadAssembly } from '../../local/assembly/index.ts';
import { createIam } from '../../local/iam/index.ts';
import { readFunction } from '../../local/lambda/definition.ts';
import { synthesizeTo } from '../support/assembly.ts';
import { atMost, type Figure, inform } from './figure.ts';

const BENCH = 'coldstart';
const ROUNDS = 15;
/** A guard: what counts is the time. */
const MAX_KB = 800;
/** Over an empty handler, in the same run. */
const MAX_MILLIS = 150;

const execute = promisify(execFile);

interface Bundle {
  readonly name: string;
  /** Path of the module that exports the handler. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Loads a module and prints how old the process is then, in milliseconds. `awslambda` is part of Lambda's runtime. */
const LOADER = `
globalThis.awslambda = { streamifyResponse: (handler) => handler };
const { handler } = await import(process.env.BENCH_MODULE);
if (typeof handler !== 'function') throw new TypeError('no handler');
process.stdout.write(String(performance.now()));
process.exit(0);`;

const load = async ({ path, environment }: Bundle): Promise<number> => {
  const env = {
    ...environment,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    BENCH_MODULE: pathToFileURL(path).href,
  };
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', LOADER], { env });
  return Number(stdout);
};

/** What else the computer does only ever adds: the least is what a module itself needs. */
const least = (values: readonly number[] = []): number => Math.min(...values);

const bundlesOf = (folder: string): Bundle[] => {
  const assembly = loadAssembly(folder);
  const iam = createIam(assembly, () => undefined);
  return assembly.byType('AWS::Lambda::Function').map((resource) => {
    const { taskRoot, handler, environment } = readFunction(resource, assembly, iam);
    const [file = ''] = handler.split('.');
    const name = environment['POWERTOOLS_SERVICE_NAME'] ?? resource.logicalId;
    return { name, path: join(taskRoot, `${file}.mjs`), environment };
  });
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-bench-'));
  try {
    const assembly = join(folder, 'assembly');
    await synthesizeTo(assembly);
    const path = join(folder, 'empty.mjs');
    await writeFile(path, 'export const handler = async () => undefined;\n');
    const bundles = bundlesOf(assembly);
    const empty: Bundle = { name: 'empty', path, environment: bundles[0]?.environment ?? {} };
    const times = new Map([empty, ...bundles].map((bundle) => [bundle, [] as number[]]));
    // In turn, so that whatever else the computer does falls on all of them.
    for (let round = 0; round < ROUNDS; round++)
      for (const [bundle, taken] of times) taken.push(await load(bundle));
    const base = least(times.get(empty));
    const figures = [inform(BENCH, 'an empty handler: process until loaded', base, 'ms')];
    for (const bundle of bundles) {
      const loaded = least(times.get(bundle));
      const size = (await readFile(bundle.path)).length / 1000;
      figures.push(
        atMost(BENCH, `${bundle.name}: size`, size, 'KB', MAX_KB),
        atMost(BENCH, `${bundle.name}: loading, over an empty handler`, loaded - base, 'ms', MAX_MILLIS),
        inform(BENCH, `${bundle.name}: process until loaded`, loaded / base, 'times an empty one'),
      );
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
