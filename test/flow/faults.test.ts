/** Faults of the computer that a start meets: it ends, says which file, and leaves nothing that runs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { GatewayEnded, startGatewayProcess } from '../support/gateway-process.ts';
import { labOf } from '../support/lab.ts';

const assembly = inject('assembly');
const dataDir = mkdtempSync(join(tmpdir(), 'labgate-faults-'));
const users = join(dataDir, 'credentials', 'users.json');

/** Starts that must end by themselves: one that hung would never answer. */
const ended = async (): Promise<GatewayEnded> => {
  const started = await startGatewayProcess(assembly, { dataDir }).catch((error: unknown) => error);
  if (started instanceof GatewayEnded) return started;
  throw new Error('it has started', { cause: started });
};

beforeAll(async () => {
  await using lab = labOf(await startGatewayProcess(assembly, { dataDir }));
  await lab.createType();
  await lab.register('ph-1');
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('all that a start writes is for its owner alone', () => {
  const open = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dataDir, name))
    .filter((path) => (statSync(path).mode & 0o077) !== 0);
  expect(open).toEqual([]);
});

test('a typo in users.json ends it', async () => {
  const before = readFileSync(users);
  writeFileSync(users, '[{"username": "ada",}]');
  expect(await ended()).toMatchObject({
    code: 1,
    message: expect.stringContaining(`${users} is not readable JSON`),
  });
  writeFileSync(users, before);
});

test('one other byte in the store ends it, and a copy of the file has all of it', async () => {
  const store = join(dataDir, 'dynamodb');
  // What was in a log at the last start is in a table now.
  const [largest = ''] = readdirSync(store)
    .filter((file) => /\.(?:log|ldb)$/.test(file))
    .map((file) => join(store, file))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  const bytes = readFileSync(largest);
  const damaged = Buffer.from(bytes);
  damaged[bytes.length >> 2] = (damaged[bytes.length >> 2] ?? 0) ^ 1;
  writeFileSync(largest, damaged);
  const { message, code } = await ended();
  expect(message).toContain(`${largest} is damaged at byte`);
  expect(message).toContain('--accept-damage');
  expect(code).not.toBe(0);
  writeFileSync(largest, bytes);
  await using lab = labOf(await startGatewayProcess(assembly, { dataDir }));
  await expect(lab.json('/v1/devices/ph-1')).resolves.toMatchObject({ id: 'ph-1', state: 'active' });
});
