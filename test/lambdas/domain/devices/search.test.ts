import { expect, it } from 'vitest';
import type { Device } from '../../../../contracts/resources/devices.ts';
import { isSearched } from '../../../../lambdas/domain/devices/search.ts';

const DEVICE: Device = {
  id: 'ph-7',
  site: 'lab',
  type: 'ph-meter',
  state: 'active',
  name: 'Großes pH-Meter É',
  serial: 'SN-0042',
  labels: { bench: '3', note: 'a:b', empty: '' },
  createdAt: '',
  createdBy: '',
  updatedAt: '',
  version: 1,
};

it.each([
  [{}, true],
  [{ search: 'ph-' }, true],
  [{ search: 'PH-7' }, true],
  [{ search: 'großes PH' }, true],
  [{ search: 'großes ph-meter e\u0301' }, true],
  [{ search: 'sn-00' }, true],
  [{ search: 'meter' }, false],
  [{ attribute: 'bench' }, true],
  [{ attribute: 'bench:3' }, true],
  [{ attribute: 'bench:33' }, false],
  [{ attribute: 'bench:' }, false],
  [{ attribute: 'empty:' }, true],
  [{ attribute: 'note:a:b' }, true],
  [{ attribute: 'constructor' }, false],
  [{ search: 'ph', attribute: 'floor' }, false],
])('%j: %s', (asked, found) => {
  expect(isSearched(DEVICE, asked)).toBe(found);
});

it('knows devices without name, serial and labels', () => {
  const { name: _name, serial: _serial, labels: _labels, ...bare } = DEVICE;
  expect(isSearched(bare, { search: 'ph-7' })).toBe(true);
  expect(isSearched(bare, { attribute: 'bench' })).toBe(false);
});
