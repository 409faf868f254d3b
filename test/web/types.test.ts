/** The editor of instrument types: what the server answered goes through the form unchanged. */
import { expect, it } from 'vitest';
import { instrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import type { InstrumentType } from '../../web/src/api/gen/index.ts';
import { formOf, pointerOf, readTypeForm } from '../../web/src/pages/types/type-form.ts';

const type: InstrumentType = {
  id: 'meter',
  name: 'Meter',
  channels: {
    temp: {
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      range: { min: 0, max: 40 },
      limits: { min: -10 },
      resolution: 0.01,
      stuckAfter: 30,
    },
    state: { unit: '1', type: 'string', kind: 'step', values: ['idle', 'running'] },
  },
  commands: {},
  version: 3,
  createdAt: '2026-03-01T10:00:00Z',
  createdBy: 'somebody',
};

it('comes out of the form as it went in', () => {
  const { body, errors } = readTypeForm(formOf(type));
  const { id: _id, version: _version, createdAt: _at, createdBy: _by, ...said } = type;
  expect(errors).toEqual({});
  expect(body).toEqual(said);
  expect(instrumentTypeInput.safeParse({ id: 'meter', ...body }).success).toBe(true);
});

it('says beside which field something is wrong, by the pointers of the server', () => {
  const form = formOf(type);
  const [temp] = form.channels;
  if (temp === undefined) throw new Error('no channel');
  const { errors } = readTypeForm({
    ...form,
    commands: '{',
    channels: [{ ...temp, name: 'a/b', numbers: { 'range/min': 'low' } }, { ...temp }, { ...temp }],
  });
  expect(Object.keys(errors).sort()).toEqual(
    ['/channels/a~1b/range/min', '/channels/temp', '/commands'].sort(),
  );
  expect(pointerOf('a/b', 'unit')).toBe('/channels/a~1b/unit');
});
