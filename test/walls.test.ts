/**
 * The walls of the house hold: in a small house of the same rooms, each import that breaks a wall is found, and those
 * that the design allows are not.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Wall {
  readonly name: string;
}

const CONFIG = new URL('../.dependency-cruiser.mjs', import.meta.url);
const { default: config } = await import(CONFIG.href);
const walls: readonly Wall[] = config.forbidden;

/** Imports that break a wall, as file and what it imports. */
const BREAKING: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'no-circular': [['series/codec/circle.ts', 'series/codec/circle.ts']],
  'no-unresolvable': [['series/codec/lost.ts', '@nobody/nothing']],
  'contracts-import-nothing-of-ours': [
    ['contracts/a.ts', 'payload/index.ts'],
    ['contracts/b.ts', 'lib/index.ts'],
  ],
  'payload-imports-contracts-alone': [
    ['payload/a.ts', 'series/index.ts'],
    ['payload/b.ts', 'device/index.ts'],
  ],
  'series-imports-contracts-and-payload-alone': [
    ['series/a.ts', 'lambdas/domain/index.ts'],
    ['series/b.ts', 'lambdas/store/index.ts'],
  ],
  'domain-imports-series-and-below-alone': [
    ['lambdas/domain/a.ts', 'lambdas/store/index.ts'],
    ['lambdas/domain/b.ts', 'lambdas/runtime/index.ts'],
    ['lambdas/domain/c.ts', 'lambdas/functions/one/handler.ts'],
    ['lambdas/domain/d.ts', 'lib/index.ts'],
  ],
  'pure-rooms-know-no-sdk': [
    ['contracts/sdk.ts', '@aws-sdk/client'],
    ['payload/sdk.ts', '@smithy/part'],
    ['series/sdk.ts', '@aws-sdk/client'],
    ['lambdas/domain/sdk.ts', '@aws-lambda-powertools/tool'],
  ],
  'pure-rooms-do-no-io': [
    ['contracts/io.ts', 'node:fs'],
    ['payload/io.ts', 'node:net'],
    ['series/io.ts', 'node:timers/promises'],
    ['lambdas/domain/io.ts', 'node:process'],
  ],
  'payload-runs-in-a-browser': [
    ['payload/packed.ts', 'node:zlib'],
    ['payload/bytes.ts', 'node:buffer'],
  ],
  'stores-know-no-function': [
    ['lambdas/store/a.ts', 'lambdas/functions/one/handler.ts'],
    ['lambdas/runtime/a.ts', 'lambdas/functions/one/handler.ts'],
  ],
  'plumbing-knows-no-store': [
    ['lambdas/runtime/b.ts', 'lambdas/store/index.ts'],
    ['lambdas/runtime/c.ts', 'lambdas/domain/index.ts'],
  ],
  'one-function-never-imports-another': [['lambdas/functions/two/a.ts', 'lambdas/functions/one/handler.ts']],
  'lambdas-know-no-deployment': [
    ['lambdas/store/b.ts', 'lib/index.ts'],
    ['lambdas/functions/two/b.ts', 'local/index.ts'],
    ['lambdas/runtime/d.ts', 'device/index.ts'],
  ],
  'sdk-only-in-store-and-runtime': [['lambdas/functions/two/c.ts', '@aws-sdk/client']],
  'local-cannot-cheat': [
    ['local/a.ts', 'lambdas/functions/one/handler.ts'],
    ['local/b.ts', 'series/index.ts'],
    ['local/c.ts', 'payload/index.ts'],
  ],
  'device-knows-contracts-and-payload-alone': [
    ['device/a.ts', 'series/index.ts'],
    ['device/b.ts', 'lambdas/runtime/index.ts'],
  ],
  'web-runs-in-a-browser': [['web/src/files.ts', 'node:fs']],
  'web-knows-no-server': [
    ['web/src/a.ts', 'series/codec/index.ts'],
    ['web/src/b.ts', 'lambdas/domain/index.ts'],
    ['web/src/c.ts', 'local/index.ts'],
  ],
  'lib-knows-contracts-alone': [
    ['lib/a.ts', 'lambdas/functions/one/handler.ts'],
    ['lib/b.ts', 'series/index.ts'],
  ],
  'synth-calls-nobody': [['lib/sdk.ts', '@aws-sdk/client']],
  'constructs-know-no-stack': [['lib/constructs/a.ts', 'lib/some-stack.ts']],
  'command-line-knows-no-function': [['bin/cli/a.ts', 'lambdas/store/index.ts']],
  'nobody-imports-tests': [
    ['lib/t.ts', 'test/index.ts'],
    ['lambdas/functions/two/t.ts', 'test/index.ts'],
  ],
};

/** What the design allows. */
const ALLOWED: readonly (readonly [string, string])[] = [
  ['payload/index.ts', 'contracts/index.ts'],
  ['series/index.ts', 'payload/index.ts'],
  ['series/index.ts', 'node:zlib'],
  ['lambdas/domain/index.ts', 'series/index.ts'],
  ['lambdas/domain/index.ts', 'contracts/index.ts'],
  ['lambdas/runtime/index.ts', 'contracts/index.ts'],
  ['lambdas/runtime/index.ts', '@smithy/part'],
  ['lambdas/store/index.ts', 'lambdas/domain/index.ts'],
  ['lambdas/store/index.ts', 'lambdas/runtime/index.ts'],
  ['lambdas/store/index.ts', '@aws-sdk/client'],
  ['lambdas/functions/one/handler.ts', 'lambdas/functions/one/part.ts'],
  ['lambdas/functions/one/handler.ts', 'lambdas/store/index.ts'],
  ['lambdas/functions/one/handler.ts', 'lambdas/domain/index.ts'],
  ['lib/index.ts', 'lib/some-stack.ts'],
  ['lib/some-stack.ts', 'lib/constructs/index.ts'],
  ['lib/constructs/index.ts', 'contracts/index.ts'],
  ['local/index.ts', 'contracts/index.ts'],
  ['device/index.ts', 'payload/index.ts'],
  ['device/index.ts', 'contracts/index.ts'],
  ['web/src/index.ts', 'contracts/index.ts'],
  ['web/src/index.ts', 'payload/index.ts'],
  ['web/src/index.ts', 'series/units/index.ts'],
  ['web/src/index.ts', 'series/points/downsample.ts'],
  ['bin/cli/index.ts', 'local/index.ts'],
  ['bin/cli/index.ts', 'lib/index.ts'],
  ['test/index.ts', 'lambdas/functions/one/handler.ts'],
];

const house = mkdtempSync(join(tmpdir(), 'labgate-walls-'));
afterAll(() => rmSync(house, { recursive: true, force: true }));

const isFile = (target: string): boolean => target.endsWith('.ts');

/** Builds the house. */
const build = (): void => {
  const files = new Map<string, string[]>();
  const pairs = [...Object.values(BREAKING).flat(), ...ALLOWED];
  for (const [from, to] of [...pairs, ['series/codec/circle-back.ts', 'series/codec/circle.ts'] as const])
    files.set(from, [...(files.get(from) ?? []), to]);
  for (const [, to] of pairs)
    if (isFile(to) && !to.endsWith('nowhere.ts')) files.set(to, files.get(to) ?? []);
  for (const [from, targets] of files) {
    mkdirSync(join(house, dirname(from)), { recursive: true });
    const imports = targets.map((target) =>
      isFile(target) ? relative(dirname(from), target).replace(/^(?!\.)/, './') : target,
    );
    writeFileSync(
      join(house, from),
      [...imports.map((path) => `import '${path}';`), 'export {};'].join('\n'),
    );
  }
  for (const name of ['@aws-sdk/client', '@smithy/part', '@aws-lambda-powertools/tool']) {
    const folder = join(house, 'node_modules', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name, type: 'module', exports: './index.js' }),
    );
    writeFileSync(join(folder, 'index.js'), 'export {};');
  }
};

/** Names of the walls that each import breaks, by `from to`. */
const found = new Map<string, string[]>();

beforeAll(async () => {
  build();
  const { tsConfig: _, ...options } = config.options;
  const rooms = readdirSync(house).filter((room) => room !== 'node_modules');
  const { output } = await cruise(
    rooms,
    { ...options, baseDir: house, validate: true, ruleSet: { forbidden: config.forbidden } },
    options.enhancedResolveOptions,
  );
  for (const { from, to, rule } of (output as ICruiseResult).summary.violations) {
    const target = to.replace(/^node_modules\/((?:@[^/]+\/)?[^/]+)\/.*$/, '$1');
    const pair = `${from} ${target}`;
    found.set(pair, [...(found.get(pair) ?? []), rule.name]);
  }
});

const broken = (from: string, to: string): readonly string[] =>
  found.get(`${from} ${to}`) ?? found.get(`${from} ${to.replace('node:', '')}`) ?? [];

it('none of the walls is gone, and every room is looked at', () => {
  expect(walls.map(({ name }) => name).sort()).toEqual(Object.keys(BREAKING).sort());
  const root = new URL('..', import.meta.url);
  const rooms = readdirSync(root).filter((name) =>
    /^(bin|contracts|payload|series|lambdas|lib|local|device|web|test)$/.test(name),
  );
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  expect(scripts['check:walls'].split(' ')).toEqual(expect.arrayContaining(rooms));
});

describe('each wall', () => {
  it.each(walls.map(({ name }) => name))('%s is tried, and holds', (name) => {
    const tried = BREAKING[name] ?? [];
    expect(tried).not.toEqual([]);
    for (const [from, to] of tried) expect(broken(from, to), `${from} imports ${to}`).toContain(name);
  });

  it.each(ALLOWED)('lets %s import %s', (from, to) => {
    expect(broken(from, to)).toEqual([]);
  });
});

describe('pure rooms', () => {
  const files = ['contracts', 'payload', 'series', 'lambdas/domain'].flatMap((room) =>
    readdirSync(new URL(`../${room}`, import.meta.url), { recursive: true, encoding: 'utf8' })
      .map((path) => `${room}/${path}`)
      .filter(
        (path) =>
          path.endsWith('.ts') &&
          !/^(contracts\/generate-(?:openapi|permissions)|series\/units\/generate)\.ts$/.test(path),
      ),
  );

  it('know neither the environment nor the clock', () => {
    expect(files.length).toBeGreaterThan(100);
    const knowing = files.filter((path) =>
      /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bset(?:Timeout|Interval)\(/.test(
        readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'),
      ),
    );
    expect(knowing).toEqual([]);
  });

  it('know nothing of Node where they run in a browser', () => {
    const payload = files.filter((path) => path.startsWith('payload/'));
    expect(payload.length).toBeGreaterThan(20);
    const knowing = payload.filter((path) =>
      /\bBuffer\b|\bprocess\b/.test(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')),
    );
    expect(knowing).toEqual([]);
  });
});
