/** A device is edited, moved and retired by whoever may, and times are those of its site. */
import type { PageTest } from '../../ci/page.ts';
import { METER } from '../../support/lab.ts';

const test: PageTest = async ({ enterAs, lab, url }, expectEqual) => {
  await lab.createType({ ...METER, id: 'managed' });
  await lab.register('managed-1', 'lab-1', 'managed');
  const engineer = (await enterAs('Engineer')).page;
  // The program of the tests may not describe sites.
  const token = await lab.personToken('engineer');
  const site = { name: 'Tokyo', timeZone: 'Asia/Tokyo', reason: 'A new site' };
  await lab.json('/v1/sites/lab-3', { method: 'PUT', body: JSON.stringify(site), token });

  await engineer.goto(`${url}/devices/managed-1?tab=facts`);
  await engineer.getByRole('button', { name: 'Edit' }).click();
  const dialog = engineer.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Meter of the corner');
  await dialog.getByRole('textbox', { name: 'Labels' }).fill('bench');
  await dialog.getByText('Each line needs a name').waitFor();
  expectEqual(
    'labels that are none can be saved',
    await dialog.getByRole('button', { name: 'Save' }).isEnabled(),
    false,
  );
  await dialog.getByRole('textbox', { name: 'Labels' }).fill('bench: left');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await engineer.getByRole('heading', { level: 1, name: 'Meter of the corner' }).waitFor();
  await engineer.getByRole('cell', { name: 'bench: left' }).waitFor();

  await engineer.getByRole('button', { name: 'Move to another site' }).click();
  await dialog.getByRole('combobox', { name: 'To site' }).click();
  await engineer.getByRole('option', { name: 'Tokyo (lab-3)' }).click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('The bench has moved');
  await dialog.getByRole('button', { name: 'Move to another site' }).click();
  await engineer.getByRole('main').getByRole('link', { name: 'lab-3' }).waitFor();
  await engineer.getByRole('button', { name: 'Times are in Asia/Tokyo' }).waitFor();

  const viewer = (await enterAs('Viewer')).page;
  await viewer.goto(`${url}/devices/managed-1?tab=facts`);
  await viewer.getByRole('row', { name: 'Identifier' }).waitFor();
  expectEqual(
    'a viewer is offered changes',
    await viewer.getByRole('button', { name: /Edit|Move to|Retire/ }).count(),
    0,
  );

  await engineer.getByRole('button', { name: 'Retire' }).click();
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Broken');
  await dialog.getByRole('button', { name: 'Retire' }).click();
  await engineer.getByRole('row', { name: 'State' }).getByText('retir').waitFor();
  expectEqual(
    'what is retired can be changed',
    await engineer.getByRole('button', { name: /Edit|Move to|Retire/ }).count(),
    0,
  );
};

export default test;
