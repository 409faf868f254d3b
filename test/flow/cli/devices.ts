/** Devices: registered once, found again, and never changed in silence. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newPerson } from '../../support/cli.ts';
import type { Started } from './started.ts';

export const describeDevices = (started: () => Started): void => {
  const asked = (): { env: { LABGATE_TARGET: string } } => ({
    env: { LABGATE_TARGET: started().gateway.line.target },
  });

  describe('sites', () => {
    test('set, list, show, remove', async () => {
      using person = newPerson();
      const run = (...args: string[]) => person.run(['sites', ...args], asked());
      const because = ['--reason', 'it opens'];
      expect(await run('set', 'hall', ...because)).toMatchObject({ code: 2, stdout: '' });
      const zone = ['--name', 'Hall', '--time-zone', 'Europe/Berlin'];
      const place = ['--position', '52.5,13.4', '--contact-name', 'Ada'];
      expect(await run('set', 'hall', ...zone, ...place, ...because)).toMatchObject({
        code: 0,
        stdout: 'hall is Hall, Europe/Berlin, version 1\n',
      });
      expect(await run('set', 'hall', '--address', 'Street 1', ...because)).toMatchObject({ code: 0 });
      expect(JSON.parse((await run('show', 'hall', '--json')).stdout)).toMatchObject({
        name: 'Hall',
        address: 'Street 1',
        position: { latitude: 52.5, longitude: 13.4 },
        contact: { name: 'Ada' },
        version: 2,
      });
      expect((await run('list')).stdout).toMatch(/^hall +Hall +Europe\/Berlin +Street 1$/m);
      expect(await run('remove', 'hall')).toMatchObject({ code: 2 });
      expect(await run('remove', 'hall', ...because)).toMatchObject({ code: 0 });
      expect((await run('list')).stdout).not.toContain('hall');
    });
  });

  describe('devices', () => {
    test('register, list, show, retire', async () => {
      using person = newPerson();
      const run = (...args: string[]) => person.run(args, asked());
      const register = (id: string, ...more: string[]) =>
        run('devices', 'register', id, '--site', 'lab-1', '--type', 'meter', ...more);
      const made = await register('mine', '--name', 'Mine');
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(made.stdout).toContain('mosquitto_pub -h 127.0.0.1');
      expect(made.stdout).toContain('{"n":"temp","t":"');
      expect(readdirSync(join(person.folder, 'devices/mine')).sort()).toEqual(
        ['ca.pem', 'certificate.pem', 'csr.pem', 'device.json', 'key.pem'].sort(),
      );
      // A folder of another gateway: the same key is registered here.
      cpSync(join(person.folder, 'devices/mine'), join(person.folder, 'devices/theirs'), { recursive: true });
      await register('theirs');
      expect(
        JSON.parse(readFileSync(join(person.folder, 'devices/theirs/device.json'), 'utf8')),
      ).toMatchObject({ device: { id: 'theirs' } });
      cpSync(join(person.folder, 'devices/theirs'), join(person.folder, 'mixed/mine'), { recursive: true });
      expect(await register('mine', '--out', 'mixed')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('not the one of mine'),
      });

      const listed = await run('devices', 'list', '--site', 'lab-1', '--type', 'meter');
      expect(listed.stdout).toMatch(
        /^ID +SITE +TYPE +STATE +NAME\nmine +lab-1 +meter +active +Mine\ntheirs +lab-1 +meter +active\n$/,
      );
      const search = await run('devices', 'list', '--search', 'min', '--presence', 'unknown', '--json');
      expect(JSON.parse(search.stdout)).toMatchObject([{ id: 'mine' }]);
      const shown = await run('devices', 'show', 'mine', '--json');
      expect(JSON.parse(shown.stdout)).toMatchObject({ id: 'mine', state: 'active' });

      expect((await run('devices', 'list', '--due', '--json')).stdout).toBe('[]\n');
      const keyOf = () => readFileSync(join(person.folder, 'devices/mine/key.pem'), 'utf8');
      const before = keyOf();
      // Nobody has come by the new certificate: both count, and the next call goes on.
      expect(await run('devices', 'rotate', 'mine', '--wait', '1')).toMatchObject({ code: 7 });
      const between = keyOf();
      expect(between).not.toBe(before);
      expect((await run('devices', 'certificates', 'mine')).stdout.match(/ active /g)).toHaveLength(2);
      const rotated = await run('devices', 'rotate', 'mine', '--connect', '--json');
      expect(rotated).toMatchObject({ code: 0 });
      expect(JSON.parse(rotated.stdout)).toMatchObject({ device: 'mine', revoked: [expect.any(String)] });
      expect(keyOf()).toBe(between);
      expect((await run('devices', 'certificates', 'mine')).stdout).toMatch(/ revoked [\s\S]* active /);
      expect(await run('devices', 'rotate', 'mine', '--connect')).toMatchObject({ code: 0 });
      expect(readdirSync(join(person.folder, 'devices/mine/credentials'))).toHaveLength(3);
      const [current] = JSON.parse((await run('devices', 'list', '--json', '--search', 'mine')).stdout);
      const one: string = current.certificateId;
      expect(await register('mine', '--name', 'Mine')).toMatchObject({ code: 0 });

      const moved = await run('devices', 'move', 'mine', '--site', 'lab-2', '--reason', 'new room');
      expect(moved).toMatchObject({
        code: 0,
        stdout: 'mine is at lab-2, and speaks on lab/lab-2/mine/data\n',
        stderr: 'devices/mine/device.json has its new topics: start the device again\n',
      });
      expect(JSON.parse(readFileSync(join(person.folder, 'devices/mine/device.json'), 'utf8'))).toMatchObject(
        {
          topics: { data: 'lab/lab-2/mine/data' },
          device: { site: 'lab-2' },
        },
      );

      const lost = await run('devices', 'revoke', 'mine', one.slice(0, 12), '--reason', 'lost');
      expect(lost).toMatchObject({ code: 0 });

      expect(await run('devices', 'retire', 'mine', '--reason', 'worn out')).toMatchObject({
        code: 2,
        stdout: '',
      });
      const retired = await run('devices', 'retire', 'mine', '--yes', '--reason', 'worn out', '--json');
      expect(JSON.parse(retired.stdout)).toMatchObject({ id: 'mine', state: 'retired' });
      expect(await register('mine')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('mine is retired'),
      });
    });

    test('those of a file are registered, and the same command goes on', async () => {
      using person = newPerson();
      const file = join(person.folder, 'fleet.csv');
      const run = () =>
        person.run(
          ['devices', 'register', '--file', 'fleet.csv', '--type', 'meter', '--out', 'r.ndjson'],
          asked(),
        );
      writeFileSync(file, 'id,site,name\nbulk-1,lab-1,"One, two"\nbulk-2,lab-1,\nBulk 3,lab-1,\n');
      const first = await run();
      expect(first.code).toBe(7);
      expect(first.stdout).toMatch(/^line 4: id: use lower-case letters/m);
      expect(first.stdout).toMatch(/^2 registered, 0 done before, 1 failed: see r\.ndjson$/m);
      expect(existsSync(join(person.folder, 'devices/bulk-2/key.pem'))).toBe(true);
      writeFileSync(file, readFileSync(file, 'utf8').replace('Bulk 3', 'bulk-3'));
      expect(await run()).toMatchObject({
        code: 0,
        stdout: 'line 4: bulk-3 is registered\n1 registered, 2 done before, 0 failed: see r.ndjson\n',
      });
    });

    test('a folder that is there is found, and what differs is named', async () => {
      using person = newPerson();
      const register = (...args: string[]) => person.run(['devices', 'register', 'found', ...args], asked());
      const same = ['--site', 'lab-1', '--type', 'meter', '--name', 'Found'];
      expect(await register(...same)).toMatchObject({ code: 0 });
      const again = await register(...same);
      expect(again).toMatchObject({ code: 0, stderr: '' });
      expect(again.stdout).toMatch(/^found is registered already, nothing was changed/);
      const json = await register(...same, '--json');
      expect(JSON.parse(json.stdout)).toMatchObject({ device: { id: 'found' }, found: true });
      expect(json.stdout).not.toContain('PRIVATE KEY');
      const other = await register('--site', 'lab-2', '--type', 'meter', '--name', 'Lost');
      expect(other).toMatchObject({ code: 2, stdout: '' });
      expect(other.stderr).toContain(
        'site is lab-1, not lab-2, name is Found, not Lost: nothing was changed',
      );
    });

    test('what was refused leaves no key behind', async () => {
      using person = newPerson();
      const run = (...args: string[]) => person.run(args, asked());
      const register = (id: string, ...more: string[]) =>
        run('devices', 'register', id, '--site', 'lab-1', '--type', ...more);
      expect(await register('nowhere', 'no-type')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('/type "no-type": no such instrument type'),
      });
      expect(existsSync(join(person.folder, 'devices'))).toBe(false);
      const [taken = ''] = started().gateway.line.fleet;
      mkdirSync(join(person.folder, 'keys', taken), { recursive: true });
      expect(await register(taken, 'meter', '--out', 'keys')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining(`conflict: there is another device ${taken} already`),
      });
      // What was there before is left as it was.
      expect(readdirSync(join(person.folder, 'keys', taken))).toEqual([]);
      expect(await register('../above', 'meter')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('../above: use lower-case letters'),
      });
    });
  });
};
