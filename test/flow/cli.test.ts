/** The command line as people and scripts run it: processes, their output and their exit codes. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Local, newPerson, startLocal, stopLocal } from '../support/cli.ts';
import { METER } from '../support/lab.ts';
import { variantOf } from '../support/variant.ts';
import { describeDevices } from './cli/devices.ts';
import { describeQuery } from './cli/query.ts';
import { callbackAt } from './cli/sign-in.ts';

const person = newPerson();
const { folder, temporary } = person;
const labgate = person.run;
let variant: ReturnType<typeof variantOf>;
const assembly = inject('assembly');
let callbackPort: number;

const local = (args: readonly string[], cwd = folder): Promise<Local> =>
  startLocal(person, ['--app', variant.folder, ...args], cwd);

/** A gateway whose folder the next one takes over. */
const KEEPING = ['--port-base', '0', '--data', 'data'];

let gateway: Local;
beforeAll(async () => {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  callbackPort = (server.address() as { port: number }).port;
  server.close();
  variant = variantOf(assembly, callbackAt(callbackPort));
  writeFileSync(join(folder, 'bad.json'), '{');
  gateway = await local([...KEEPING, '--fleet', '3']);
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
    expect(line.page).toMatch(/^http:\/\/localhost:\d+$/);
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

  test('leaves the command line of its folder to the gateway that was there first', async () => {
    // In a stage whose programs may only read, a sample user makes types and registers the fleet.
    using other = variantOf(variant.folder, ({ Resources }) => {
      for (const { Properties } of Object.values(Resources))
        if (Properties['ClientName'] === 'fleet') Properties['AllowedOAuthScopes'] = ['labgate/viewer'];
    });
    const args = ['--app', other.folder, '--port-base', '0', '--fleet', '1'];
    const second = await startLocal(person, args);
    expect(second.line.target).not.toBe(gateway.line.target);
    expect(second.line.fleet).toHaveLength(1);
    const devices = async (...more: string[]): Promise<unknown[]> =>
      JSON.parse((await labgate(['devices', 'list', '--json', ...more])).stdout);
    expect(await devices()).toHaveLength(3);
    expect(await devices('--target', second.line.target)).toHaveLength(1);
    // Ctrl-C ends it.
    expect(await stopLocal(second, 'SIGINT')).toBe(0);
    expect(existsSync(second.line.target)).toBe(false);
    expect(await devices()).toHaveLength(3);
  });

  test('knows the starter types, which any API gets by types create --starter', async () => {
    const ids = [
      'environment-sensor',
      'ph-meter',
      'analytical-balance',
      'centrifuge',
      'incubator',
      'hplc-pump',
    ];
    const listed = JSON.parse((await labgate(['types', 'list', '--json'])).stdout) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    expect(await labgate(['types', 'create', '--starter'])).toEqual({
      code: 0,
      stdout: `created, or there already: ${ids.join(', ')}\n`,
      stderr: '',
    });
    const shown = await labgate(['types', 'show', 'incubator', '--json']);
    writeFileSync(
      join(folder, 'incubator.json'),
      JSON.stringify({ ...JSON.parse(shown.stdout), name: 'Mine' }),
    );
    await labgate(['types', 'update', 'incubator.json', '--reason', 'a test']);
    expect(await labgate(['types', 'create', '--starter'])).toMatchObject({
      code: 0,
      stderr: 'left as they are, with another content: incubator\n',
    });
    for (const wrong of [[], ['meter.json', '--starter']])
      expect(await labgate(['types', 'create', ...wrong])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('name a file, or --starter'),
      });
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
    expect(await labgate(['types', 'update', 'changed.json', '--reason', 'a test'])).toMatchObject({
      code: 0,
      stdout: 'updated meter, version 2\n',
    });
    // The file is of version 1, which is not what stands there any more.
    expect(await labgate(['types', 'update', 'changed.json', '--reason', 'a test'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('precondition-failed'),
    });
    expect(await labgate(['types', 'update', 'other.json', '--reason', 'a test', '--json'])).toMatchObject({
      stdout: expect.stringContaining('"name":"Other","'),
    });
    expect(await labgate(['types', 'update', 'bad.json', '--reason', 'a test'])).toMatchObject({ code: 2 });
  });
});

describeDevices(() => ({ gateway, callbackPort }));
describeQuery(() => ({ gateway, callbackPort }));

describe('help', () => {
  test('names every exit code', async () => {
    const { stdout, code } = await labgate(['--help']);
    expect(code).toBe(0);
    for (const each of [0, 1, 2, 3, 4, 5, 130]) expect(stdout).toMatch(new RegExp(`^  ${each} +\\w`, 'm'));
  });

  test('is completed by Bash, down to the values of options', async () => {
    const words = (...line: string[]): string =>
      `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _labgate; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr } = await person.bash(
      [
        'source <(labgate completion bash)',
        words('labgate', 'dev'),
        words('labgate', 'devices', 're'),
        words('labgate', 'query', 'oven-1', '--format', ''),
        words('labgate', 'devices', 'list', '--state', 'ret'),
        words('labgate', 'types', 'create', '--st'),
      ].join('\n'),
    );
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toEqual([
      'devices',
      'register revoke retire',
      'table csv ndjson arrow parquet',
      'retiring retired',
      '--starter',
      '',
    ]);
    for (const shell of ['zsh', 'fish'])
      expect((await labgate(['completion', shell])).stdout).toContain('completeness');
    expect(await labgate(['completion', 'tcsh'])).toMatchObject({ code: 2 });
  });
});

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
    [
      'for a device that is not there',
      ['devices', 'show', 'nobody'],
      3,
      'not-found: there is no device nobody',
    ],
    ['for a type that is not there', ['types', 'show', 'nothing'], 3, 'there is no instrument type nothing'],
    ['for one of several', ['query', 'a', 'b', '--json'], 3, 'there is no device among a,b'],
    [
      'for a time that is none',
      ['query', 'nobody', '--from', 'yesterday'],
      2,
      '--from yesterday: use an RFC 3339',
    ],
    ['for a value that is not allowed', ['devices', 'list', '--site', 'XX'], 3, '?site "XX": use lower-case'],
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
  test('a gateway that was killed lets the next one have its data folder', async () => {
    const refused = await labgate(['local', '--app', assembly, ...KEEPING]);
    expect(refused.stderr).toContain(`data is in use by process ${gateway.process.pid}`);
    expect(refused.code).toBe(2);
    expect(await stopLocal(gateway, 'SIGKILL')).toBe('SIGKILL');
    gateway = await local(KEEPING);
    expect(await labgate(['types', 'show', 'meter'])).toMatchObject({ code: 0 });
  });

  test('SIGTERM ends it cleanly, and nothing is left, not even of one that was killed', async () => {
    expect(await stopLocal(gateway)).toBe(0);
    expect(existsSync(gateway.line.target)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
