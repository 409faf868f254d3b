/** A message of a channel that nobody knew: looked at, its type mended, taken again, and stored. */
import type { PageTest } from '../../ci/page.ts';
import { METER } from '../../support/lab.ts';

const test: PageTest = async ({ enterAs, lab, url }, expectEqual) => {
  const type = { ...METER, id: 'unfinished' };
  await lab.createType(type);
  const instrument = await lab.register('unfinished-1', 'lab-1', 'unfinished');
  const client = await lab.connect(instrument);
  const message = {
    v: 1,
    session: 's',
    seq: 0,
    data: [{ t: new Date().toISOString(), n: 'pressure', v: 3 }],
  };
  await client.publishAsync('lab/lab-1/unfinished-1/data', JSON.stringify(message), { qos: 1 });

  const { page } = await enterAs('Engineer');
  await page.goto(`${url}/quarantine?site=lab-1&device=unfinished-1`);
  const entry = page.getByRole('row', { name: /unfinished-1/ });
  await entry.waitFor({ timeout: 60_000 });
  await entry.getByRole('button').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('unknown-channel').first().waitFor();
  await dialog.getByRole('tab', { name: 'Decoded' }).click();
  await dialog.getByRole('cell', { name: 'pressure' }).waitFor();

  const token = await lab.personToken('engineer');
  const answer = await lab.call('/v1/types/unfinished', { token });
  await lab.json('/v1/types/unfinished', {
    method: 'PUT',
    token,
    headers: { 'if-match': answer.headers.get('etag') ?? '' },
    body: JSON.stringify({
      name: type.name,
      channels: { ...type.channels, pressure: { unit: 'bar' } },
      commands: type.commands,
      reason: 'It measures pressure too',
    }),
  });
  await dialog.getByRole('button', { name: 'Take again' }).click();
  await dialog.locator('[data-entry-state="settled"]').waitFor({ timeout: 60_000 });
  expectEqual('it is stored', true, true);
  await page.goto(`${url}/devices/unfinished-1`);
  await page.locator('[data-channel="pressure"]').getByText('3 bar').waitFor({ timeout: 60_000 });
};

export default test;
