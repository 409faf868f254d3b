/** The command line as people and scripts run it: processes, their output and their exit codes. */
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Local, newPerson, type Result, startLocal, stopLocal } from '../support/cli.ts';
import { METER } from '../support/lab.ts';
import { variantOf } from '../support/variant.ts';
import { callbackAt, describeSignIn } from './cli/sign-in.ts';

const person = newPerson();
const { folder, temporary } = person;
const labgate = person.run;
let variant: ReturnType<typeof variantOf>;
const assembly = inject('assembly');
let callbackPort: number;

const local = (args: readonly string[], cwd = folder): Promise<Local> =>
  startLocal(person, ['--app', variant.folder, ...args], cwd);

let gateway: Local;
beforeAll(async () => {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  callbackPort = (server.address() as { port: number }).port;
  server.close();
  variant = variantOf(assembly, callbackAt(callbackPort));
  writeFileSync(join(folder, 'bad.json'), '{');
  gateway = await local(['--port-base', '0', '--fleet', '3']);
});
afterAll(async () => {
  gateway.process.kill('SIGKILL');
  variant[Symbol.dispose]();
  person[Symbol.dispose]();
});

describe('labgate local', () => {
  test('prints one line with every address, and leaves a target that only its owner can read', () => {
    const { line } = gateway;
    expect(line.api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(line.mqtt).toMatch(/^mqtts:\/\/127\.0\.0\.1:\d+$/);
    expect(line.fleet).toHaveLength(3);
    expect(readdirSync(line.credentials)).toEqual(
      expect.arrayContaining(['ca.pem', 'clients.json', 'users.json', 'aws-credentials']),
    );
    expect(JSON.parse(readFileSync(line.target, 'utf8'))).toMatchObject({ api: line.api });
  });

  test('on a port that is taken ends with 2 and names it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const other = mkdtempSync(join(folder, 'other-'));
    const args = ['local', '--app', assembly, '--port-base', '0', '--mqtt-port', String(port)];
    const { code, stderr } = await labgate(args, { cwd: other });
    holder.close();
    expect(stderr).toContain(`port ${port} (MQTT) is already in use; choose another with --mqtt-port`);
    expect(code).toBe(2);
  });

  test.each([
    ['a folder without an assembly', ['--app', 'nowhere'], 'run "cdk synth" first'],
    ['a port that is none', ['--app', assembly, '--api-port', '70000'], '--api-port 70000'],
    ['a fleet of no number', ['--app', assembly, '--fleet', 'x'], 'whole number'],
    ['an unknown option', ['--frob'], "unknown option '--frob'"],
  ])('with %s ends with 2 and says so', async (_, args, text) => {
    const { code, stderr } = await labgate(['local', '--port-base', '0', ...args]);
    expect(stderr).toContain(text);
    expect(code).toBe(2);
  });
});

describe('the other commands', () => {
  test('types: create, list, show, update', async () => {
    writeFileSync(join(folder, 'meter.json'), JSON.stringify(METER));
    const made = await labgate(['types', 'create', 'meter.json']);
    expect(made).toEqual({ code: 0, stdout: 'created meter\n', stderr: '' });
    expect(await labgate(['types', 'create', 'meter.json'])).toEqual(made);
    writeFileSync(join(folder, 'other.json'), JSON.stringify({ ...METER, name: 'Other' }));
    const other = await labgate(['types', 'create', 'other.json']);
    expect(other).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('conflict') });
    const listed = await labgate(['types', 'list', '--json']);
    expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining({ id: 'meter' }));
    const shown = await labgate(['types', 'show', 'meter']);
    expect(shown.stdout).toMatch(/^meter: Meter\nCHANNEL.*\n(.*\n)*temp +Cel +number +continuous +0\.\.50/);
    expect(await labgate(['types', 'create', 'bad.json'])).toMatchObject({ code: 2 });

    const type = await labgate(['types', 'show', 'meter', '--json']);
    writeFileSync(join(folder, 'changed.json'), JSON.stringify({ ...JSON.parse(type.stdout), model: 'M2' }));
    expect(await labgate(['types', 'update', 'changed.json'])).toMatchObject({
      code: 0,
      stdout: 'updated meter, version 2\n',
    });
    // The file is of version 1, which is not what stands there any more.
    expect(await labgate(['types', 'update', 'changed.json'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('precondition-failed'),
    });
    expect(await labgate(['types', 'update', 'other.json', '--json'])).toMatchObject({
      stdout: expect.stringContaining('"name":"Other","'),
    });
    expect(await labgate(['types', 'update', 'bad.json'])).toMatchObject({ code: 2 });
  });

  test('devices: register, list, show, retire', async () => {
    const args = ['devices', 'register', 'mine', '--site', 'lab-1', '--type', 'meter'];
    const made = await labgate(args);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('mosquitto_pub -h 127.0.0.1');
    expect(made.stdout).toContain('{"n":"temp","t":"');
    expect(readdirSync(join(folder, 'devices/mine')).sort()).toEqual(
      ['ca.pem', 'certificate.pem', 'csr.pem', 'device.json', 'key.pem'].sort(),
    );
    // What is registered already is found in the folder, and not registered again.
    const again = await labgate([...args, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ device: { id: 'mine' }, clientId: 'mine' });
    expect(again.stdout).not.toContain('PRIVATE KEY');
    // A folder of another gateway: the same key is registered here.
    cpSync(join(folder, 'devices/mine'), join(folder, 'devices/theirs'), { recursive: true });
    await labgate(['devices', 'register', 'theirs', '--site', 'lab-1', '--type', 'meter']);
    expect(JSON.parse(readFileSync(join(folder, 'devices/theirs/device.json'), 'utf8'))).toMatchObject({
      device: { id: 'theirs' },
    });
    cpSync(join(folder, 'devices/theirs'), join(folder, 'mixed/mine'), { recursive: true });
    expect(await labgate([...args, '--out', 'mixed'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not the one of mine'),
    });

    const listed = await labgate(['devices', 'list', '--site', 'lab-1', '--type', 'meter']);
    expect(listed.stdout).toMatch(
      /^ID +SITE +TYPE +STATE +NAME\nmine +lab-1 +meter +active\ntheirs +lab-1 +meter +active\n$/,
    );
    const shown = await labgate(['devices', 'show', 'mine', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: 'mine', state: 'active' });

    expect(await labgate(['devices', 'retire', 'mine'])).toMatchObject({ code: 2, stdout: '' });
    const retired = await labgate(['devices', 'retire', 'mine', '--yes', '--json']);
    expect(JSON.parse(retired.stdout)).toMatchObject({ id: 'mine', state: 'retired' });
    expect(await labgate(args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('mine is retired'),
    });
  });

  test('simulate, with --target from another folder, then query in every format', async () => {
    const other = mkdtempSync(join(folder, 'simulate-'));
    const target = ['--target', gateway.line.target];
    const start = new Date(Date.now() - 600_000).toISOString();
    const args = ['simulate', '--devices', '1', '--samples', '3', '--interval', 'PT0.05S', '--json'];
    const more = ['--start', start, '--types', 'ph-meter', '--seed', 'cli'];
    const run = await labgate([...args, ...more, ...target], { cwd: other });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toMatchObject({ messages: 3, acknowledged: 3, pending: 0, refused: 0 });
    const [device = ''] = readdirSync(join(other, '.labgate/fleet'));

    const query = (...rest: string[]): Promise<Result> =>
      labgate(['query', device, '--from', 'PT1H', ...target, ...rest], { cwd: other });
    const [json, csv, ndjson, table, latest, buckets] = await Promise.all([
      query('--json'),
      query('--format', 'csv'),
      query('--format', 'ndjson'),
      query(),
      query('--latest', '--json'),
      query('--every', 'PT1H', '--agg', 'count'),
    ]);
    const { items } = JSON.parse(json.stdout) as { items: { n: string }[] };
    expect(items.filter(({ n }) => n === 'ph')).toHaveLength(3);
    expect(csv.stdout.trim().split('\r\n')).toHaveLength(items.length + 1);
    expect(ndjson.stdout.trim().split('\n')).toHaveLength(items.length);
    expect(table.stdout).toMatch(/^CHANNEL +TIME +VALUE +UNIT +QUALITY\n/);
    expect(table.stdout).toMatch(/\nCHANNEL +UNIT +ITEMS +RANGE +SHAPE\n/);
    expect(JSON.parse(latest.stdout).items).toContainEqual(expect.objectContaining({ n: 'ph' }));
    expect(buckets.stdout).toMatch(/count/i);
    for (const { code, stderr } of [json, csv, ndjson, table, latest, buckets])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describeSignIn(() => ({ gateway, callbackPort }));

describe('exit codes', () => {
  test.concurrent.each<[what: string, args: string[], code: number, text: string]>([
    ['without a command', [], 2, 'Usage: labgate'],
    ['with an unknown command', ['frobnicate'], 2, "unknown command 'frobnicate'"],
    ['with an option missing', ['devices', 'register', 'x', '--site', 'lab-1'], 2, '--type'],
    [
      'with a CSR that cannot be read',
      ['devices', 'register', 'x', '--site', 's', '--type', 't', '--csr', 'no.pem'],
      2,
      'no.pem',
    ],
    ['with months back from now', ['query', 'x', '--from', 'P1M'], 2, 'months have no fixed length'],
    ['with a program nobody knows', ['devices', 'list', '--program', 'nobody'], 2, 'no program nobody'],
    ['with a target that is no target', ['devices', 'list', '--target', 'bad.json'], 2, 'neither a target'],
    ['for a device that is not there', ['devices', 'show', 'nobody'], 3, 'not-found'],
    ['for a range that is none', ['query', 'nobody', '--from', 'yesterday'], 3, 'invalid-request'],
    [
      'when nothing answers',
      ['devices', 'list', '--target', 'http://127.0.0.1:1'],
      4,
      'nothing answers at http://127.0.0.1:1',
    ],
  ])('%s', async (_, args, code, text) => {
    const result = await labgate(args, {
      env: args.includes('http://127.0.0.1:1') ? { LABGATE_TOKEN: 'x' } : {},
    });
    expect(result.stderr).toContain(text);
    expect(result.code).toBe(code);
  });

  test('where no gateway runs', async () => {
    const { code, stderr } = await labgate(['devices', 'list'], { cwd: mkdtempSync(join(folder, 'empty-')) });
    expect(stderr).toContain('no local gateway runs in this folder');
    expect(code).toBe(2);
  });

  test('a reader that has enough is no failure', async () => {
    expect(await person.bash('set -o pipefail; labgate devices list --json | head -c 1')).toMatchObject({
      code: 0,
      stderr: '',
    });
  });
});

describe('at the end', () => {
  test('SIGTERM ends it cleanly, and nothing is left', async () => {
    expect(await stopLocal(gateway)).toBe(0);
    expect(existsSync(gateway.line.target)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('a gateway that was killed lets the next one have its data folder', async () => {
    const args = ['--port-base', '0', '--data', 'data'];
    gateway = await local(args);
    const refused = await labgate(['local', '--app', assembly, ...args]);
    expect(refused.stderr).toContain(`in use by the gateway with process id ${gateway.process.pid}`);
    expect(refused.code).toBe(2);
    await labgate(['types', 'create', 'meter.json']);
    expect(await stopLocal(gateway, 'SIGKILL')).toBe('SIGKILL');
    gateway = await local(args);
    expect(await labgate(['types', 'show', 'meter'])).toMatchObject({ code: 0 });
    // Ctrl-C ends it as cleanly.
    expect(await stopLocal(gateway, 'SIGINT')).toBe(0);
    expect(existsSync(gateway.line.target)).toBe(false);
  });
});
