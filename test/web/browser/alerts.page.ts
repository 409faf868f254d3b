/** An alert from its rule to its end: an engineer tries and makes the rule, an operator acknowledges what it raised. */
import type { PageTest } from '../../ci/page.ts';
import { violations } from './axe.ts';

const TYPE = { id: 'bath', name: 'Bath', channels: { temp: { unit: 'Cel', resolution: 0.1 } } };

const test: PageTest = async ({ enterAs, lab, url }, expectEqual) => {
  await lab.json('/v1/types', { method: 'POST', body: JSON.stringify(TYPE) });
  const bath = await lab.register('bath-1', 'lab-1', 'bath');
  const client = await lab.connect(bath);
  let now = Date.now() - 60_000;
  const measure = async (...values: readonly number[]): Promise<void> => {
    const data = values.map((v, at) => ({ n: 'temp', t: now + 1000 * (at + 1), v }));
    now += 1000 * values.length;
    await client.publishAsync(bath.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
  };
  await measure(20, 39, 20, 39.5, 20);

  const engineer = (await enterAs('Engineer')).page;
  await engineer.goto(`${url}/alert-rules/new?type=bath`);
  const field = (name: string) => engineer.getByRole('textbox', { name });
  await field('Identifier').fill('too-hot');
  await engineer.getByRole('combobox', { name: 'Channel' }).click();
  await engineer.getByRole('option', { name: 'temp' }).click();
  await field('Name').fill('Bath too hot');
  await field('What to do').fill('Close the lid.');
  await engineer.getByRole('combobox', { name: 'Priority' }).click();
  await engineer.getByRole('option', { name: 'Critical' }).click();
  const limit = field('Limit (°C)');
  await limit.fill('38,0');
  await engineer.getByRole('button', { name: 'Try' }).click();
  await engineer.locator('.mantine-InputWrapper-error').getByText('is no number').waitFor();
  expectEqual('a number that cannot be read stays as it was typed', await limit.inputValue(), '38,0');
  await limit.fill('38');
  const tried = engineer.locator('[data-preview="2"]');
  for (let tries = 0; tries < 20 && (await tried.count()) === 0; tries += 1) {
    await engineer.getByRole('button', { name: 'Try' }).click();
    await engineer.waitForTimeout(500);
  }
  expectEqual(
    'what the rule would have said',
    await tried.textContent(),
    'It would have raised 2 times in 5 points.',
  );
  // What the server alone can tell stands beside its field too.
  await field('Unit (UCUM)').fill('kg');
  await field('Reason').fill('agreed on Monday');
  await engineer.getByRole('button', { name: 'Save' }).click();
  await engineer.locator('.mantine-InputWrapper-error').waitFor();
  expectEqual('axe of a rule that was refused', await violations(engineer), []);
  await field('Unit (UCUM)').fill('');
  await engineer.getByRole('button', { name: 'Save' }).click();
  await engineer.locator('tr[data-rule="too-hot"]').getByText('above 38 °C').waitFor();

  const operator = (await enterAs('Operator')).page;
  await operator.goto(`${url}/alerts?site=lab-1&device=bath`);
  const row = operator.locator('tr[data-alert]');
  // The rule counts within half a minute.
  for (let tries = 0; tries < 30 && (await row.count()) === 0; tries += 1) {
    await measure(39);
    await operator.waitForTimeout(2000);
  }
  for (const text of [
    'Critical',
    'Bath too hot',
    '39.0 °C',
    'above 38 °C',
    'not acknowledged',
    'Close the lid.',
  ])
    await row.getByText(text, { exact: false }).first().waitFor();
  expectEqual('open alerts beside the menu', await operator.locator('.alert-count').count(), 1);
  await row.getByRole('button', { name: 'Acknowledge' }).click();
  await operator.locator('tr[data-state="acknowledged"]').waitFor();
  expectEqual('it is still active, and stays', await row.count(), 1);

  await row.getByRole('button', { name: 'Look' }).click();
  const dialog = operator.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Shelve' }).click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('cleaning');
  await dialog.getByRole('button', { name: 'Shelve' }).click();
  await dialog.locator('[data-event="shelved"]').waitFor();
  await dialog.getByRole('button', { name: 'Assign' }).click();
  await dialog.getByRole('button', { name: 'Assign' }).click();
  await dialog.locator('[data-event="assigned"]').waitFor();
  expectEqual('axe of an alert', await violations(operator), []);
  const events = await dialog
    .locator('[data-event]')
    .evaluateAll((all) => all.map((each) => each.getAttribute('data-event')));
  expectEqual('its history', events, ['raised', 'acknowledged', 'shelved', 'assigned']);

  const viewer = (await enterAs('Viewer')).page;
  await viewer.goto(`${url}/devices/bath-1`);
  await viewer.locator('[data-state="acknowledged"]').getByRole('link', { name: 'Bath too hot' }).click();
  await viewer.getByRole('dialog').locator('[data-event="raised"]').waitFor();
  const offered = viewer
    .getByRole('dialog')
    .getByRole('button', { name: /Acknowledge|Comment|Shelve|Reset/ });
  expectEqual('a viewer is offered to act', await offered.count(), 0);

  // Its end, once it was acknowledged: it leaves the list.
  await measure(20, 20);
  await operator.keyboard.press('Escape');
  await row.waitFor({ state: 'detached', timeout: 30_000 });
  await operator.getByRole('tab', { name: 'History' }).click();
  await operator.locator('tr[data-state="closed"]').waitFor();
};

export default test;
