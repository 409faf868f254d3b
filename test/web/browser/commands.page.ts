/** A command that needs another person: given by one, approved by another, each in a browser of his own. */
import type { PageTest } from '../../ci/page.ts';
import { violations } from './axe.ts';

const TYPE = {
  id: 'oven',
  name: 'Oven',
  channels: { temp: { unit: 'Cel', range: { min: 0, max: 100 } } },
  commands: {
    heat: {
      approval: true,
      parameters: {
        properties: {
          target: {
            type: 'number',
            title: 'Target',
            unit: 'Cel',
            minimum: 20,
            maximum: 100,
            multipleOf: 0.1,
          },
        },
        required: ['target'],
      },
    },
  },
};

const test: PageTest = async ({ enterAs, lab, url }, expectEqual) => {
  await lab.json('/v1/types', { method: 'POST', body: JSON.stringify(TYPE) });
  await lab.register('oven-1', 'lab-1', 'oven');
  const asker = (await enterAs('Engineer')).page;
  await asker.goto(`${url}/devices/oven-1?tab=commands`);
  const target = asker.getByRole('textbox', { name: 'Target (°C)' });
  await target.fill('150');
  await asker.getByRole('button', { name: 'Review' }).click();
  await asker.locator('.mantine-InputWrapper-error').getByText('20 to 100 °C').waitFor();
  expectEqual('a number outside its limits stays as it was typed', await target.inputValue(), '150');
  await target.fill('37.3');
  await asker.getByRole('button', { name: 'Review' }).click();
  const dialog = asker.getByRole('dialog');
  await dialog.getByText('37.3 °C').waitFor();
  await dialog.getByRole('button', { name: 'Give' }).click();
  const asked = asker.locator('tr[data-state="pending-approval"]');
  await asked.waitFor();
  const offered = await asked.getByRole('button', { name: 'Approve' }).count();
  expectEqual('who asked is offered to approve', offered, 0);

  const other = (await enterAs('Admin')).page;
  await other.goto(`${url}/commands?site=lab-1`);
  const waiting = other.locator('tr[data-state="pending-approval"]');
  await waiting.waitFor();
  expectEqual('axe of a command that waits', await violations(other), []);
  // From here on the list of who asked goes on by what is heard alone.
  await asker.locator('[data-live="connected"]').waitFor();
  await asker.route(/\/v1\/devices\/oven-1\/commands/, (route) => route.abort());
  await waiting.getByRole('button', { name: 'Approve' }).click();
  await other.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('looked at it');
  await other.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  const approved = 'tr[data-state="queued"], tr[data-state="sent"]';
  await other.locator(approved).waitFor();
  await asker.locator(approved).waitFor({ timeout: 60_000 });
  expectEqual('still waiting, for who asked', await asked.count(), 0);

  const viewer = (await enterAs('Viewer')).page;
  await viewer.goto(`${url}/devices/oven-1?tab=commands`);
  await viewer.locator('tr[data-command]').first().waitFor();
  expectEqual(
    'a viewer is offered commands',
    await viewer.getByRole('button', { name: 'Review' }).count(),
    0,
  );
};

export default test;
