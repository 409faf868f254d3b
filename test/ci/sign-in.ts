/**
 * A person signs in with a browser: the page of the token issuer in Debian's Chromium, the code brought back to
 * the command line, and the API called with the token. Run with the folder of a synthesized assembly.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signIn } from '../../bin/cli/client/openid.ts';
import { openChromium } from '../support/chromium.ts';
import { openLab } from '../support/lab.ts';

const [assembly, picture] = process.argv.slice(2);
if (assembly === undefined) throw new Error('name the folder of the assembly');

interface User {
  readonly username: string;
  readonly password: string;
}
interface Client {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly userPoolId: string;
}

await using lab = await openLab(assembly);
const read = <T>(name: string): T =>
  JSON.parse(readFileSync(join(lab.gateway.credentialsDir, name), 'utf8')) as T;
const viewer = read<User[]>('users.json').find(({ username }) => username === 'viewer');
const people = read<Client[]>('clients.json').find(({ clientSecret }) => clientSecret === undefined);
if (viewer === undefined || people === undefined) throw new Error('no viewer, or no client for people');

const browser = await openChromium();
const page = await browser.newPage();

const expectEqual = (what: string, got: unknown, wanted: unknown): void => {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(`${same ? 'ok' : 'NOT OK'}  ${what}: ${JSON.stringify(got)}`);
  if (!same) process.exitCode = 1;
};

try {
  const asked = Promise.withResolvers<string>();
  const token = signIn(
    {
      issuer: `${lab.gateway.addresses.issuer}/${people.userPoolId}`,
      clientId: people.clientId,
    },
    asked.resolve,
  );
  await page.goto(await asked.promise);
  if (picture !== undefined) await page.screenshot({ path: picture });
  await page.getByLabel(/user/i).fill(viewer.username);
  await page.getByLabel(/password/i).fill('not the password');
  await page.getByRole('button').click();
  await page.waitForLoadState();
  expectEqual('a wrong password stays on the page', page.url().includes('/callback'), false);
  await page.getByLabel(/user/i).fill(viewer.username);
  await page.getByLabel(/password/i).fill(viewer.password);
  await page.getByRole('button').click();
  await page.waitForURL(/\/callback/);
  expectEqual(
    'the page after sign-in',
    (await page.textContent('body'))?.trim(),
    'Signed in. You may close this page.',
  );
  const { accessToken: bearer } = await token;
  const listed = await lab.call('/v1/devices', { token: bearer });
  expectEqual('a viewer may list devices', listed.status, 200);
  const refused = await lab.call('/v1/types', { method: 'POST', token: bearer, body: '{}' });
  expectEqual('a viewer may create no type', refused.status, 403);
} finally {
  await browser.close();
}
