import { expect, inject, test } from 'vitest';
import { openLab } from './lab.ts';
import { storm } from './storm.ts';

test('killed functions, throttled tables and failing writes lose nothing and double nothing', async () => {
  await using lab = await openLab(inject('assembly'));
  await lab.createType();
  const result = await storm(lab, { devices: 10, messages: 40, rounds: 2, points: 50, kills: 2, seed: 7 });
  expect(result).toMatchObject({ sent: 20_000, missing: 0, doubled: 0, wrong: 0 });
  expect(result.acknowledged).toBe(20_000);
  expect(result.faults).toBeGreaterThan(0);
  expect(result.killed).toBeGreaterThan(0);
}, 180_000);
