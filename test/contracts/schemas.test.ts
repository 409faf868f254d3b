import { describe, expect, test } from 'vitest';
import { channelName } from '../../contracts/resources/channel-name.ts';
import { deviceFacts, deviceMetadata, registration } from '../../contracts/resources/devices.ts';
import { instrumentTypeInput } from '../../contracts/resources/instrument-types.ts';

const type = (channels: unknown) => instrumentTypeInput.safeParse({ id: 'meter', name: 'Meter', channels });

describe('instrument types', () => {
  test('what is left out has a default', () => {
    expect(type({ temp: { unit: 'Cel' } }).data?.channels['temp']).toMatchObject({
      type: 'number',
      kind: 'continuous',
    });
  });

  test.each([
    ['no channel', {}],
    ['too many', Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`c${i}`, { unit: '1' }]))],
    ['a name in capitals', { Temp: { unit: 'Cel' } }],
    ['no unit', { temp: {} }],
    ['a unit with a space', { temp: { unit: 'm s' } }],
    ['a range upside down', { temp: { unit: 'Cel', range: { min: 2, max: 1 } } }],
    ['an unknown property', { temp: { unit: 'Cel', colour: 'red' } }],
  ])('%s is refused', (_, channels) => {
    expect(type(channels).success).toBe(false);
  });

  test.each(['chamber.temp', 'a', 'x-1.y_2'])('%s names a channel', (name) => {
    expect(channelName.safeParse(name).success).toBe(true);
  });
  test.each(['', '.a', 'a.', 'a..b', '1a', 'A', 'a b', 'a'.repeat(65)])('%j names none', (name) => {
    expect(channelName.safeParse(name).success).toBe(false);
  });
});

describe('devices', () => {
  const csr = '-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n';
  const request = { id: 'd-1', site: 'lab-1', type: 'meter', csr };

  test('a registration needs an identifier, a site, a type and a PEM request', () => {
    expect(registration.safeParse(request).success).toBe(true);
    for (const change of [
      { id: 'D 1' },
      { site: '' },
      { type: undefined },
      { csr: 'AA==' },
      // Which of two would be meant is anybody's guess.
      { csr: `${csr}${csr}` },
      { csr: csr.replace('AA==', 'AA==\n-----BEGIN CERTIFICATE REQUEST-----\nAA==') },
      { state: 'active' },
    ]) {
      expect(registration.safeParse({ ...request, ...change }).success).toBe(false);
    }
  });

  test('labels are few', () => {
    const labels = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));
    expect(deviceMetadata.safeParse({ labels: labels(20) }).success).toBe(true);
    expect(deviceMetadata.safeParse({ labels: labels(21) }).success).toBe(false);
  });

  test.each([
    { mac: '02:00:5e:10:00:ff' },
    { ip: '10.0.0.1' },
    { ip: '2001:db8::1' },
    { latitude: -90, longitude: 180 },
  ])('%j is a fact', (fact) => {
    expect(deviceFacts.safeParse(fact).success).toBe(true);
  });
  test.each([{ mac: '02-00' }, { ip: '10.0.0.256' }, { latitude: 91 }, { longitude: -181 }])(
    '%j is none',
    (fact) => {
      expect(deviceFacts.safeParse(fact).success).toBe(false);
    },
  );
});
