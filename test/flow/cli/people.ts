/** People by the command line: the first administrator, invitations, roles, the end. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signIn, type Tokens } from '../../support/browser.ts';
import { newPerson } from '../../support/cli.ts';
import { fetchSigned } from '../../support/signing.ts';
import type { Started } from './started.ts';

export const describePeople = (started: () => Started): void => {
  const folder = (): string => started().gateway.line.credentials;
  const target = (): Record<string, string> =>
    JSON.parse(readFileSync(started().gateway.line.target, 'utf8'));
  const signInAs = (username: string, password: string, newPassword?: string): Promise<Tokens> =>
    signIn({
      issuer: target()['issuer'] ?? '',
      clientId: target()['peopleClientId'] ?? '',
      callbackUrl: `http://localhost:${started().callbackPort}/callback`,
      scope: 'openid labgate/api',
      username,
      password,
      ...(newPassword === undefined ? {} : { newPassword }),
    });
  const sample = (username: string): string => {
    const users = JSON.parse(readFileSync(join(folder(), 'users.json'), 'utf8')) as {
      username: string;
      password: string;
    }[];
    return users.find((user) => user.username === username)?.password ?? '';
  };
  const mailedPassword = (username: string): string => {
    const names = readdirSync(join(folder(), 'outbox')).filter((name) => name.endsWith(`-${username}.txt`));
    const mail = readFileSync(join(folder(), 'outbox', names.toSorted().at(-1) ?? ''), 'utf8');
    return /temporary password (\S+)\. /.exec(mail)?.[1] ?? '';
  };

  describe('people', () => {
    test('are invited, get and lose roles, and are shut out', async () => {
      using person = newPerson();
      const { access_token: token } = await signInAs('admin', sample('admin'));
      const labgate = (...args: string[]) =>
        person.run([...args, '--target', started().gateway.line.target], { env: { LABGATE_TOKEN: token } });
      const ok = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await labgate(...args);
        expect(stderr).toBe(
          args.includes('disable') ? 'the last access token ends within five minutes\n' : '',
        );
        expect(code).toBe(0);
        return stdout;
      };
      const because = ['--reason', 'a test'];
      expect(
        await ok(
          'people',
          'add',
          'Ada@example.org',
          '--role',
          'Viewer@lab-1',
          '--role',
          'Operator@lab-2',
          '--reason',
          'new',
        ),
      ).toMatch(/^ada <Ada@example\.org> invited: .*Viewer@lab-1/);
      expect(await ok('people', 'grant', 'ada', 'Engineer@lab-1', 'Viewer@lab-1', ...because)).toContain(
        'Engineer@lab-1',
      );
      const left = await ok('people', 'revoke', 'ada', 'Engineer@lab-1', 'Operator@lab-2', ...because);
      expect(left).toBe('ada <Ada@example.org> invited: Viewer@lab-1\n');
      expect(await labgate('people', 'revoke', 'ada', 'Admin', ...because)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Admin is none of the roles'),
      });
      const first = mailedPassword('ada');
      await ok('people', 'invite', 'ada', ...because);
      expect(mailedPassword('ada')).not.toBe(first);
      const ada = await signInAs('ada', mailedPassword('ada'), 'Correct-horse-7-battery');
      const mine = await person.run(['me', '--target', started().gateway.line.target], {
        env: { LABGATE_TOKEN: ada.access_token },
      });
      expect(mine.stdout).toMatch(/^ada \(person\): Viewer@lab-1\nPERMISSION +WHERE\ndevices:read +lab-1\n/);
      expect(await ok('people', 'list')).toMatch(
        /^NAME +E-MAIL +STATE +ROLES\nada +Ada@example\.org +active +Viewer@lab-1\n/,
      );
      expect(JSON.parse(await ok('people', 'show', 'ada', '--json'))).toMatchObject({
        id: 'ada',
        state: 'active',
      });
      expect(await ok('people', 'sign-out', 'ada', ...because)).toContain('active');
      expect(await ok('people', 'disable', 'ada', ...because)).toContain('disabled');
      expect(await ok('people', 'enable', 'ada', ...because)).toContain('active');
      expect(await labgate('people', 'show', 'nobody')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('there is no person nobody'),
      });
      expect(await labgate('people', 'add', 'x@example.org', '--role', 'Root')).toMatchObject({ code: 2 });
      expect(await labgate('people', 'add', 'x@example.org')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('at least one --role'),
      });
    });

    test('begin with an administrator who is made with AWS credentials, once', async () => {
      using person = newPerson();
      // As after a deployment: the outputs, and the credentials of whoever has deployed.
      const outputs = join(person.folder, 'outputs.json');
      const { api, issuer, userPoolId, peopleClientId } = target();
      writeFileSync(
        outputs,
        JSON.stringify({
          'labgate-dev-api': {
            ApiUrl: api,
            Issuer: issuer,
            UserPoolId: userPoolId,
            PeopleClientId: peopleClientId,
          },
        }),
      );
      const env = {
        AWS_ENDPOINT_URL: started().gateway.line.aws,
        AWS_SHARED_CREDENTIALS_FILE: join(folder(), 'aws-credentials'),
      };
      const first = (...more: string[]) =>
        person.run(['people', 'add', 'first@example.org', '--first', '--target', outputs, ...more], { env });
      expect(await first()).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('there is an administrator already: admin;'),
      });
      expect(await first('--role', 'Viewer')).toMatchObject({ code: 2 });
      // The sample administrator goes.
      const call = async (operation: string) => {
        const operator = JSON.parse(readFileSync(join(folder(), 'operator.json'), 'utf8'));
        return fetchSigned(
          {
            method: 'POST',
            url: started().gateway.line.aws,
            headers: {
              'content-type': 'application/x-amz-json-1.1',
              'x-amz-target': `AWSCognitoIdentityProviderService.${operation}`,
            },
            body: JSON.stringify({ UserPoolId: userPoolId, Username: 'admin' }),
          },
          { credentials: operator, service: 'cognito-idp' },
        );
      };
      expect((await call('AdminDisableUser')).status).toBe(200);
      expect(await first()).toEqual({
        code: 0,
        stdout: 'first <first@example.org> is invited as Admin of every site\n',
        stderr: '',
      });
      const tokens = await signInAs('first', mailedPassword('first'), 'Correct-horse-7-battery');
      const listed = await person.run(['people', 'list', '--json', '--target', outputs], {
        env: { LABGATE_TOKEN: tokens.access_token },
      });
      expect(JSON.parse(listed.stdout)).toContainEqual(
        expect.objectContaining({ id: 'first', state: 'active', grants: [{ role: 'Admin' }] }),
      );
      expect((await call('AdminEnableUser')).status).toBe(200);
    });
  });
};
