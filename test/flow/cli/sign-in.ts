/** Tokens: those of programs are kept until they end, people sign in and out. */
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fillForm } from '../../support/browser.ts';
import { newPerson, type Person } from '../../support/cli.ts';
import type { Template } from '../../support/variant.ts';
import type { Started } from './started.ts';

/** Lets people come back to another address than that of the settings, whose port may be taken. */
export const callbackAt =
  (port: number) =>
  ({ Resources }: Template): void => {
    for (const { Type, Properties } of Object.values(Resources))
      if (Type === 'AWS::Cognito::UserPoolClient' && Properties['CallbackURLs'] !== undefined)
        Properties['CallbackURLs'] = [`http://localhost:${port}/callback`];
  };

interface Kept {
  accessToken: string;
  expiresAt: number;
  refreshToken?: string;
}

/** The one file of a folder, what is in it, and how to change that. */
const onlyFile = (folder: string) => {
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  const path = join(folder, names[0] ?? '');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept;
  return { kept, change: (more: Partial<Kept>) => writeFileSync(path, JSON.stringify({ ...kept, ...more })) };
};

export const describeSignIn = (started: () => Started): void => {
  const target = (): string[] => ['--target', started().gateway.line.target];

  describe('the token of a program', () => {
    test('is kept for its owner alone until it ends, and fetched anew when it is refused', async () => {
      using person = newPerson();
      const token = async (): Promise<string> => (await person.run(['token', ...target()])).stdout.trim();
      const first = await token();
      const file = () => onlyFile(join(person.home, '.cache/labgate/tokens'));
      expect(file().kept.accessToken).toBe(first);
      expect(await token()).toBe(first);
      file().change({ expiresAt: Date.now() + 1000 });
      const second = await token();
      expect(second).not.toBe(first);
      // As of a gateway that was started anew: by its time it lasts, and the API refuses it.
      file().change({ accessToken: `${second.slice(0, -8)}AAAAAAAA` });
      expect(await person.run(['devices', 'list', ...target()])).toMatchObject({ code: 0, stderr: '' });
      expect(await token()).not.toBe(second);
    });

    test('opens the API to other programs, and is taken from LABGATE_TOKEN', async () => {
      using person = newPerson();
      const { stdout } = await person.run(['token', ...target()]);
      const { api } = started().gateway.line;
      const headers = { authorization: `Bearer ${stdout.trim()}` };
      expect((await fetch(`${api}/v1/devices`, { headers })).status).toBe(200);
      const list = (LABGATE_TOKEN: string) =>
        person.run(['devices', 'list', '--target', api], { env: { LABGATE_TOKEN } });
      expect(await list(stdout.trim())).toMatchObject({ code: 0 });
      expect(await list('nonsense')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('LABGATE_TOKEN is refused'),
      });
    });

    test('is that of the environment, and of no other', async () => {
      using person = newPerson();
      const { programs } = JSON.parse(readFileSync(started().gateway.line.target, 'utf8')) as {
        programs: { name: string; clientId: string; clientSecret: string }[];
      };
      const analysis = programs.find(({ name }) => name === 'analysis');
      const env = (LABGATE_CLIENT_SECRET: string) => ({
        LABGATE_CLIENT_ID: analysis?.clientId,
        LABGATE_CLIENT_SECRET,
      });
      const create = ['types', 'create', 'type.json', ...target()];
      writeFileSync(join(person.folder, 'type.json'), '{}');
      expect(await person.run(create, { env: env(analysis?.clientSecret ?? '') })).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('forbidden'),
      });
      expect(await person.run(create, { env: env('not the secret') })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('the token issuer refused the program: invalid_client'),
      });
    });
  });

  describe('login and logout', () => {
    const userOf = (username: string): { username: string; password: string } => {
      const path = join(started().gateway.line.credentials, 'users.json');
      const users = JSON.parse(readFileSync(path, 'utf8')) as { username: string; password: string }[];
      return users.find((user) => user.username === username) ?? { username, password: '' };
    };
    /** Runs a command that waits for a browser, and is the browser. */
    const throughBrowser = async (person: Person, args: readonly string[]) => {
      const port = started().callbackPort;
      const child = person.start([...args, ...target()]);
      const said = { out: '', err: '' };
      child.stdout?.on('data', (part) => {
        said.out += part;
      });
      const asked = new Promise<string>((resolve) => {
        child.stderr?.on('data', (part) => {
          said.err += part;
          const [address] = /http\S+/.exec(said.err) ?? [];
          if (address !== undefined) resolve(address);
        });
      });
      const ended = once(child, 'close');
      const address = await Promise.race([asked, ended.then(() => Promise.reject(new Error(said.err)))]);
      const callbackUrl = `http://localhost:${port}/callback`;
      // Another page sends the browser here.
      expect((await fetch(`${callbackUrl}?code=x&state=y`)).status).toBe(404);
      const back = await fillForm(address, { ...userOf('viewer'), callbackUrl });
      const page = await (await fetch(back)).text();
      const [code] = await ended;
      return { code, page, ...said };
    };

    test('a person signs in, the commands act for them, and signing out ends it everywhere', async () => {
      using person = newPerson();
      const port = String(started().callbackPort);
      const { code, page, err } = await throughBrowser(person, ['login', '--port', port]);
      expect(page).toBe('Signed in. You may close this page.');
      expect(err).toContain('signed in as viewer');
      expect(code).toBe(0);
      const file = () => onlyFile(join(person.home, '.config/labgate/logins'));
      const first = file().kept;
      expect(first.refreshToken).toMatch(/./);

      const token = async (): Promise<string> => (await person.run(['token', ...target()])).stdout.trim();
      expect(await token()).toBe(first.accessToken);
      writeFileSync(join(person.folder, 'type.json'), '{}');
      const create = await person.run(['types', 'create', 'type.json', ...target()]);
      expect(create).toMatchObject({ code: 3, stderr: expect.stringContaining('forbidden') });
      // A program that is named is meant.
      const asProgram = ['types', 'create', 'type.json', '--program', 'fleet', ...target()];
      expect(await person.run(asProgram)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('invalid-request'),
      });
      file().change({ expiresAt: 0 });
      const refreshed = await token();
      expect(refreshed).not.toBe(first.accessToken);
      expect(file().kept).toMatchObject({ accessToken: refreshed, refreshToken: first.refreshToken });

      expect(await person.run(['logout', ...target()])).toMatchObject({
        code: 0,
        stderr: 'viewer is signed out\n',
      });
      expect(readdirSync(join(person.home, '.config/labgate/logins'))).toEqual([]);
      expect(await person.run(['logout', ...target()])).toMatchObject({ stderr: 'nobody was signed in\n' });
      // Whoever had a copy of the file has nothing of it.
      const { issuer, peopleClientId } = JSON.parse(
        readFileSync(started().gateway.line.target, 'utf8'),
      ) as Record<string, string>;
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: peopleClientId ?? '',
        refresh_token: first.refreshToken ?? '',
      });
      const answer = await fetch(`${issuer}/oauth2/token`, { method: 'POST', body });
      expect(await answer.json()).toMatchObject({ error: 'invalid_grant' });
    });

    test('a sign-in that has ended says so, and nobody else acts instead', async () => {
      using person = newPerson();
      const port = String(started().callbackPort);
      await throughBrowser(person, ['login', '--port', port, '--json']);
      const { change } = onlyFile(join(person.home, '.config/labgate/logins'));
      change({ refreshToken: 'revoked', expiresAt: 0 });
      for (let time = 0; time < 2; time += 1)
        expect(await person.run(['devices', 'list', ...target()])).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('sign in again with `labgate login`'),
        });
    });
  });
};
