/**
 * The way in with a stranger's MQTT client: `mosquitto_pub` of Debian, a registered certificate, and the ways
 * that must lead nowhere. Run with the folder of a synthesized assembly.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Instrument, openLab } from '../support/lab.ts';
import { selfSigned } from '../support/self-signed.ts';

const run = promisify(execFile);
const [assembly] = process.argv.slice(2);
if (assembly === undefined) throw new Error('name the folder of the assembly');

await using lab = await openLab(assembly);
await lab.createType();
const folder = await mkdtemp(join(tmpdir(), 'labgate-mosquitto-'));
const mine = await lab.register('mine');
const other = await lab.register('other');
const revoked = await lab.register('revoked');
const { headers } = await lab.call('/v1/devices/revoked');
await lab.json('/v1/devices/revoked', {
  method: 'DELETE',
  body: '{"reason":"a test"}',
  headers: { 'if-match': headers.get('etag') ?? '' },
});

interface Attempt {
  readonly as: Instrument;
  readonly topic?: string;
  readonly certificate?: { readonly certificate: string; readonly key: string };
  readonly anonymous?: boolean;
}

/** Publishes one measurement. @returns whether mosquitto_pub was content */
const publish = async (value: number, { as, topic = as.topics.data, certificate, anonymous }: Attempt) => {
  const { certificate: cert, key } = certificate ?? { certificate: as.certificate, key: as.identity.key };
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const message = JSON.stringify({ v: 1, data: [{ n: 'temp', t: new Date().toISOString(), v: value }] });
  const identity = anonymous
    ? []
    : ['--cert', await file('cert.pem', cert), '--key', await file('key.pem', key)];
  try {
    await run(
      'mosquitto_pub',
      [
        ...['-h', as.endpoint.host, '-p', String(as.endpoint.port), '-i', as.clientId, '-q', '1'],
        ...['--cafile', await file('ca.pem', as.ca), ...identity, '-t', topic, '-m', message],
      ],
      { timeout: 10_000 },
    );
    return true;
  } catch (error) {
    return error instanceof Error && 'killed' in error && error.killed === true ? 'no answer' : false;
  }
};

const stored = async (device: string): Promise<number[]> => {
  await lab.gateway.drain();
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const { items } = await lab.json<{ items: { v: number }[] }>(`/v1/devices/${device}/series?from=${from}`);
  return items.map(({ v }) => v);
};

const expectEqual = (what: string, got: unknown, wanted: unknown): void => {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(`${same ? 'ok' : 'NOT OK'}  ${what}: ${JSON.stringify(got)}`);
  if (!same) process.exitCode = 1;
};

expectEqual('a registered certificate gets in', await publish(1, { as: mine }), true);
expectEqual('and the API gives it back', await stored('mine'), [1]);
expectEqual('no certificate', await publish(2, { as: mine, anonymous: true }), false);
expectEqual('a revoked certificate', await publish(3, { as: revoked }), false);
expectEqual(
  'a self-made certificate',
  await publish(4, { as: mine, certificate: await selfSigned('mine') }),
  false,
);
await publish(5, { as: mine, topic: other.topics.data });
expectEqual("nothing on another device's topic", await stored('other'), []);
expectEqual('nothing else got in', await stored('mine'), [1]);
await rm(folder, { recursive: true, force: true });
