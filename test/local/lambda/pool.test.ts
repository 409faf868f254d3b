import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { FunctionsOptions } from '../../../local/lambda/index.ts';
import { startFunctions } from '../../../local/lambda/index.ts';
import type { JsonObject } from '../../../local/types.ts';
import { noEndpoint, TestIam, World } from '../../support/functions.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = async (
  code: string,
  properties: JsonObject = {},
  options: Partial<FunctionsOptions> = {},
  iam = new TestIam(),
) => {
  const world = new World();
  closers.push(() => world.dispose());
  const arn = world.function('f', code, properties);
  const functions = await startFunctions({
    assembly: world.assembly,
    iam,
    endpoint: noEndpoint,
    log: world.log,
    ...options,
  });
  closers.push(() => functions.close());
  return { world, functions, arn, iam };
};

const PARALLEL = `
const id = Math.random();
export const handler = async ({ n }) => { await new Promise((r) => setTimeout(r, 30)); return { id, n }; };`;

test('more environments are made up to the limit', async () => {
  const { functions, arn } = await start(PARALLEL, {}, { limits: { concurrency: 2 } });
  const results = await Promise.all(Array.from({ length: 8 }, (_, n) => functions.invoke(arn, { n })));
  const ids = results.map((result) => result.ok && JSON.parse(JSON.stringify(result.payload)).id);
  expect(new Set(ids).size).toBe(2);
});

test('an environment serves one event at a time, those that wait in order', async () => {
  const { functions, arn } = await start(
    `let busy = 0; const seen = [];
     export const handler = async ({ n }) => {
       busy += 1; seen.push([n, busy]); await new Promise((r) => setTimeout(r, 1)); busy -= 1; return seen; };`,
    {},
    { limits: { concurrency: 1 } },
  );
  const results = await Promise.all([0, 1, 2, 3].map((n) => functions.invoke(arn, { n })));
  expect(results[3]).toEqual({ ok: true, payload: [0, 1, 2, 3].map((n) => [n, 1]) });
});

test('one invocation more than what is reserved is throttled, and waits for nobody', async () => {
  const two = await start(PARALLEL, { ReservedConcurrentExecutions: 2 });
  const results = await Promise.all([1, 2, 3].map((n) => two.functions.invoke(two.arn, { n })));
  expect(results).toMatchObject([{ ok: true }, { ok: true }, { errorType: 'TooManyRequestsException' }]);
  expect(await two.functions.invoke(two.arn, { n: 4 })).toMatchObject({ ok: true });
  const none = await start(PARALLEL, { ReservedConcurrentExecutions: 0 });
  expect(await none.functions.invoke(none.arn, {})).toMatchObject({ errorType: 'TooManyRequestsException' });
});

test('a thread that dies of an error takes nobody with it who waits', async () => {
  const { functions, arn } = await start(
    `export const handler = ({ die }) => die
       ? new Promise(() => { setTimeout(() => { throw new RangeError('late'); }, 1); })
       : Promise.resolve('alive');`,
    {},
    { limits: { concurrency: 1 } },
  );
  const results = await Promise.all(
    [{ die: true }, {}, { die: true }, {}].map((event) => functions.invoke(arn, event)),
  );
  expect(results).toMatchObject([
    { errorType: 'RangeError' },
    { payload: 'alive' },
    { errorType: 'RangeError' },
    { payload: 'alive' },
  ]);
});

test('an environment that cannot be made fails its event, not the gateway', async () => {
  const { functions, arn } = await start('export const handler = async () => 1;', {
    Environment: { Variables: { NODE_OPTIONS: '--title=worker' } },
  });
  expect(await functions.invoke(arn, {})).toMatchObject({
    ok: false,
    errorType: 'Runtime.InvalidEnvironment',
  });
});

test('a full queue throttles', async () => {
  const { functions, arn } = await start(PARALLEL, {}, { limits: { concurrency: 1, queueLimit: 1 } });
  const [, second] = await Promise.all([functions.invoke(arn, { n: 1 }), functions.invoke(arn, { n: 2 })]);
  expect(second).toMatchObject({ ok: false, errorType: 'TooManyRequestsException' });
});

test('an unused environment is closed after a time', async () => {
  const { functions, arn } = await start(PARALLEL, {}, { limits: { idleMs: 5 } });
  const first = await functions.invoke(arn, {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  const second = await functions.invoke(arn, {});
  const [a, b] = [first, second].map((r) => r.ok && JSON.parse(JSON.stringify(r.payload)).id);
  expect(b).not.toBe(a);
});

test('of environments that wait for work only one stays warm for long', async () => {
  // Each waits for the other, so that two environments are needed.
  const { functions, arn } = await start(
    `import { readdirSync, writeFileSync } from 'node:fs';
    const id = Math.random();
    export const handler = async ({ folder }) => {
      writeFileSync(folder + '/' + id, '');
      while (readdirSync(folder).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      return id;
    };`,
    {},
    { limits: { spareMs: 5, idleMs: 60_000 } },
  );
  const both = async (): Promise<unknown[]> => {
    const folder = await mkdtemp(join(tmpdir(), 'labgate-pool-'));
    const results = await Promise.all([functions.invoke(arn, { folder }), functions.invoke(arn, { folder })]);
    await rm(folder, { recursive: true });
    return results.map((result) => result.ok && result.payload);
  };
  const before = await both();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = await both();
  expect(after.filter((id) => before.includes(id))).toHaveLength(1);
});

test('kill ends what is at work, and nothing else', async () => {
  const { functions, arn, world } = await start(
    'let n = 0; export const handler = async ({ hang }) => { n += 1; console.log("here"); if (hang) await new Promise(() => setInterval(() => 0, 1000)); return n; };',
  );
  const hanging = functions.invoke(arn, { hang: true });
  await expect.poll(() => functions.logs('f').length).toBe(1);
  await functions.kill(arn);
  expect(await hanging).toMatchObject({
    ok: false,
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringContaining('signal: killed'),
  });
  expect(await functions.invoke(arn, {})).toEqual({ ok: true, payload: 1 });
  await functions.kill(arn);
  expect(await functions.invoke(arn, {})).toEqual({ ok: true, payload: 2 });
  expect(world.lines.some(({ message }) => message.includes('signal: killed'))).toBe(true);
});

test('closing fails what is under way and what waits', async () => {
  const { functions, arn } = await start(
    'export const handler = () => new Promise(() => setInterval(() => 0, 1000));',
    {},
    { limits: { concurrency: 1 } },
  );
  const running = [functions.invoke(arn, {}), functions.invoke(arn, {})];
  await functions.close();
  expect(await Promise.all(running)).toMatchObject([
    { ok: false },
    { ok: false, errorType: 'ServiceException' },
  ]);
});

test('logs have Lambda’s JSON format, at the level the template asks for', async () => {
  const { functions, arn, world } = await start(
    `export const handler = async () => {
       console.log('plain'); console.log({ a: 1 }); console.debug('unheard'); console.error('went wrong', new TypeError('x'));
       process.stdout.write('{"level":"WARN","message":"from a library"}\\n'); process.stdout.write('half'); };`,
    { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', LogGroup: 'own-group' } },
  );
  await functions.invoke(arn, {});
  const lines = functions.logs('f').map(({ message }) => message);
  expect(lines.slice(0, 3).map((line) => JSON.parse(line))).toMatchObject([
    { level: 'INFO', message: 'plain', requestId: expect.any(String), timestamp: expect.any(String) },
    { level: 'INFO', message: { a: 1 } },
    { level: 'ERROR', errorType: 'TypeError', errorMessage: 'x', stackTrace: expect.any(Array) },
  ]);
  expect(lines.slice(3, 5)).toEqual(['{"level":"WARN","message":"from a library"}', 'half']);
  expect(JSON.parse(lines[5] ?? '')).toMatchObject({
    type: 'platform.report',
    record: { status: 'success' },
  });
  expect(world.lines.map(({ level }) => level)).toEqual(['info', 'info', 'error', 'warn', 'debug', 'debug']);
});

test('the text format has time, request and level in columns', async () => {
  const { functions, arn } = await start(
    'export const handler = async () => { console.warn("careful", 5); };',
    {
      LoggingConfig: { LogFormat: 'Text' },
    },
  );
  await functions.invoke(arn, {});
  expect(functions.logs('f')[0]?.message).toMatch(/^\d{4}-\S+Z\t[0-9a-f-]{36}\tWARN\tcareful 5$/);
});

test('with a data folder the lines are kept in a file', async () => {
  const world = new World();
  closers.push(() => world.dispose());
  const { functions, arn } = await start(
    'export const handler = async () => { console.log("kept"); };',
    {},
    {
      dataDir: world.folder,
    },
  );
  await functions.invoke(arn, {});
  await functions.close();
  expect(readFileSync(join(world.folder, 'logs', 'f.log'), 'utf8')).toMatch(/"message":"kept"/);
});

const COUNTS = `export const handler = async ({ stored }) => {
  console.log({ not: 'a metric' });
  process.stdout.write(JSON.stringify({
    _aws: { Timestamp: 0, CloudWatchMetrics: [{ Namespace: 'labgate', Dimensions: [['service']], Metrics: [{ Name: 'Stored', Unit: 'Count' }, { Name: 'Latency' }] }] },
    service: 'ingest', Stored: stored, Latency: [1, 3] }) + '\\n');
};`;

test('metrics in the logs are counted', async () => {
  const { functions, arn } = await start(COUNTS);
  await functions.invoke(arn, { stored: 5 });
  await functions.invoke(arn, { stored: 7 });
  const dimensions = { service: 'ingest' };
  expect(functions.metrics()).toEqual([
    { namespace: 'labgate', name: 'Stored', unit: 'Count', dimensions, count: 2, sum: 12, min: 5, max: 7 },
    { namespace: 'labgate', name: 'Latency', unit: 'None', dimensions, count: 4, sum: 8, min: 1, max: 3 },
  ]);
});

test.each([
  ['WARN', 0],
  ['INFO', 2],
])('the filter of Lambda takes lines of metrics for INFO: %s keeps %d', async (level, kept) => {
  const LoggingConfig = { LogFormat: 'JSON', ApplicationLogLevel: level };
  const { functions, arn } = await start(COUNTS, { LoggingConfig });
  await functions.invoke(arn, { stored: 5 });
  expect(functions.metrics()).toHaveLength(kept);
});

test('Lambda writes logs and traces in the name of the role; a missing grant is recorded and does not stop it', async () => {
  const iam = new TestIam('logs:PutLogEvents', 'xray:PutTraceSegments');
  const { functions, arn, world } = await start(
    'export const handler = async () => 1;',
    { TracingConfig: { Mode: 'Active' }, LoggingConfig: { LogGroup: 'own-group' } },
    {},
    iam,
  );
  expect(await functions.invoke(arn, {})).toEqual({ ok: true, payload: 1 });
  expect(iam.denials).toEqual([
    {
      principal: 'arn:aws:iam::000000000000:role/f',
      action: 'logs:PutLogEvents',
      resource: expect.stringMatching(
        /^arn:aws:logs:us-east-1:000000000000:log-group:own-group:log-stream:\d/,
      ),
    },
    { principal: 'arn:aws:iam::000000000000:role/f', action: 'xray:PutTraceSegments', resource: '*' },
  ]);
  const said = () => world.lines.filter(({ level }) => level === 'error');
  expect(said()).toHaveLength(2);
  // What is known to be refused is not said for every event; what is refused from now on is.
  await functions.invoke(arn, {});
  expect(said()).toHaveLength(2);
  iam.denied.add('xray:PutTelemetryRecords');
  await functions.invoke(arn, {});
  expect(said()).toHaveLength(3);
  expect(iam.denials.at(-1)?.action).toBe('xray:PutTelemetryRecords');
});

test.each([
  [{ Runtime: 'python3.13' }, 'python3.13'],
  [{ Layers: ['arn:aws:lambda:::layer'] }, 'Layers'],
  [{ Role: 'arn:aws:iam::0:role/untrusting' }, 'cannot be assumed by Lambda'],
  [{ Code: { ZipFile: 'x' } }, 'only code from an asset'],
  [{ Timeout: 'soon' }, 'Timeout'],
])('%j is refused by name', async (properties, named) => {
  await expect(start('', properties)).rejects.toThrow(named);
});
