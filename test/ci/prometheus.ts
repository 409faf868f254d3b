/**
 * A real Prometheus of Debian scrapes the gateway as the documentation says: the token by OAuth 2.0, the values by
 * OpenMetrics, the alert rules as they stand in `docs/`. Run with the folder of a synthesized assembly.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openLab, type Program } from '../support/lab.ts';

const run = promisify(execFile);
const [assembly] = process.argv.slice(2);
if (assembly === undefined) throw new Error('name the folder of the assembly');
const DOCS = new URL('../../docs/prometheus/', import.meta.url);

const expectEqual = (what: string, got: unknown, wanted: unknown): void => {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(`${same ? 'ok' : 'NOT OK'}  ${what}: ${JSON.stringify(got)}`);
  if (!same) process.exitCode = 1;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

await using lab = await openLab(assembly);
await lab.createType();
const device = await lab.register('scraped');
const client = await lab.connect(device);
const at = Date.now();
const data = [
  { n: 'temp', t: at, v: 36.5 },
  { n: 'door', t: at, v: true },
];
await client.publishAsync(device.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
await lab.gateway.drain();

const clients = JSON.parse(
  await readFile(join(lab.gateway.credentialsDir, 'clients.json'), 'utf8'),
) as Program[];
const program = clients.find(({ name }) => name === 'analysis');
if (program === undefined) throw new Error('no program analysis');
const { api: address } = lab.gateway.addresses;
if (address === undefined) throw new Error('the gateway serves no API');
const api = new URL(address);

const folder = await mkdtemp(join(tmpdir(), 'labgate-prometheus-'));
await writeFile(join(folder, 'secret'), program.clientSecret, { mode: 0o600 });

/** The documented job, with what stands for an address, a path and a secret in it filled in. */
const job = (await readFile(new URL('scrape.yml', DOCS), 'utf8'))
  .replace('metrics_path: /v1/metrics', `metrics_path: ${api.pathname.replace(/\/$/, '')}/v1/metrics`)
  .replace('scheme: https', `scheme: ${api.protocol.slice(0, -1)}`)
  .replace("['lab.example.org']", `['${api.host}']`)
  .replace("['berlin']", `['${device.device.site}']`)
  .replace('scrape_interval: 30s', 'scrape_interval: 1s')
  .replace('scrape_timeout: 20s', 'scrape_timeout: 1s')
  .replace('CLIENT_ID', program.clientId)
  .replace('/etc/prometheus/labgate-secret', join(folder, 'secret'))
  .replace(/token_url: .*/, `token_url: ${program.tokenEndpoint}`);
const rules = fileURLToPath(new URL('alerts.yml', DOCS));
const config = join(folder, 'prometheus.yml');
await writeFile(config, `global: { evaluation_interval: 1s }\nrule_files: ['${rules}']\n${job}`);
await run('promtool', ['check', 'config', config]);
console.log('ok  promtool takes the scrape configuration and the alert rules');

const port = await freePort();
const prometheus = spawn(
  'prometheus',
  [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);

interface Answer<T> {
  readonly data: T;
}
const ask = async <T>(path: string): Promise<T> => {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return ((await response.json()) as Answer<T>).data;
};
interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: [number, string];
  }[];
}
const query = async (text: string) =>
  (await ask<Vector>(`query?query=${encodeURIComponent(text)}`)).result.map(
    ({ metric: { device: of, channel, unit, state }, value: [, value] }) => ({
      of,
      channel,
      unit,
      state,
      value,
    }),
  );

/** Tries until Prometheus is there and has scraped. */
const scraped = async (): Promise<void> => {
  for (let left = 60; left > 0; left -= 1) {
    try {
      const [up] = (await ask<Vector>('query?query=up')).result;
      if (up?.value[1] === '1') return;
    } catch (error) {
      // It does not listen yet.
      if (left === 1) throw error;
    }
    await delay(500);
  }
  throw new Error(`Prometheus does not scrape: ${JSON.stringify(await ask('targets'))}`);
};

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly health: string }[] }[];
}
/** How each alert rule is, once all have been evaluated. */
const evaluated = async (): Promise<string[]> => {
  for (let left = 60; left > 0; left -= 1) {
    const { groups } = await ask<Rules>('rules');
    const states = groups.flatMap((group) => group.rules.map(({ health }) => health));
    if (states.length > 0 && !states.includes('unknown')) return states;
    await delay(500);
  }
  throw new Error('the alert rules are not evaluated');
};

try {
  await scraped();
  expectEqual('the newest value of a channel', await query('labgate_channel_value{channel="temp"}'), [
    { of: 'scraped', channel: 'temp', unit: 'Cel', value: '36.5' },
  ]);
  expectEqual('a boolean', await query('labgate_channel_value{channel="door"}'), [
    { of: 'scraped', channel: 'door', unit: '1', value: '1' },
  ]);
  const [time] = await query('labgate_channel_timestamp_seconds{channel="temp"}');
  expectEqual('the time of the measurement', Number(time?.value), at / 1000);
  expectEqual('presence', await query('labgate_device_presence == 1'), [
    { of: 'scraped', state: 'online', value: '1' },
  ]);
  const states = await evaluated();
  expectEqual('how the alert rules are', [...new Set(states)], ['ok']);
} finally {
  prometheus.kill();
  await once(prometheus, 'exit');
  await client.endAsync();
  await rm(folder, { recursive: true, force: true });
}
