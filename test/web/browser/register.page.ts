/** A device is registered in the browser, a stranger's MQTT client sends its first value, and names stay text. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PageTest } from '../../ci/page.ts';

const run = promisify(execFile);
/** The browser tells bodies of requests to nobody else. */
const NOTE_BODIES = `window.bodies = [];
const send = window.fetch;
window.fetch = async (request, init) => {
  if (request instanceof Request) bodies.push(await request.clone().text());
  return send(request, init);
};`;
const NAME = `<img src=x onerror="window.broken=1">`;

const test: PageTest = async ({ enterAs, url }, expectEqual) => {
  const folder = await mkdtemp(join(tmpdir(), 'labgate-register-'));
  try {
    const { page } = await enterAs('Engineer');
    await page.addInitScript(NOTE_BODIES);
    await page.goto(`${url}/register`);
    await page.getByRole('textbox', { name: 'Identifier' }).fill('my-meter');
    await page.getByRole('combobox', { name: 'Site' }).fill('lab-1');
    await page.getByRole('combobox', { name: 'Instrument type' }).click();
    await page.getByRole('option', { name: 'pH meter' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill(NAME);
    await page.getByRole('button', { name: 'Make the key and register' }).click();
    const save = page.getByRole('button', { name: 'my-meter.zip' });
    await save.waitFor({ timeout: 60_000 });
    const [file] = await Promise.all([page.waitForEvent('download'), save.click()]);
    await file.saveAs(join(folder, 'my-meter.zip'));
    await run('python3', ['-m', 'zipfile', '-e', join(folder, 'my-meter.zip'), folder]);
    const key = await readFile(join(folder, 'my-meter/key.pem'), 'utf8');
    expectEqual('the folder holds a key', key.startsWith('-----BEGIN PRIVATE KEY-----'), true);
    const secret = key.split('\n')[1] ?? key;
    const bodies = String(await page.evaluate('bodies.join()'));
    expectEqual('the key was sent', bodies.includes(secret), false);
    expectEqual('a request for a certificate was sent', bodies.includes('CERTIFICATE REQUEST'), true);

    await run('sh', ['first-value.sh'], { cwd: join(folder, 'my-meter'), timeout: 30_000 });
    await page.getByText('The first value has arrived').waitFor({ timeout: 60_000 });

    await page.goto(`${url}/`);
    await page.locator('[data-device="my-meter"]').getByText(NAME).waitFor();
    for (const path of ['/', '/devices/my-meter', '/devices/my-meter?tab=facts', '/audit']) {
      await page.goto(url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expectEqual(`elements out of a name on ${path}`, await page.locator('img[src="x"]').count(), 0);
      expectEqual('what ran out of it', await page.evaluate('typeof broken'), 'undefined');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
};

export default test;
