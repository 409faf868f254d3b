import { expect, inject, test } from 'vitest';
import { openLab } from '../support/lab.ts';
import { comeAgainAfter, variantOf } from '../support/variant.ts';
import { storm } from './storm.ts';
import { withWatch } from './watch.ts';

test('killed functions, throttled tables and failing writes lose nothing and double nothing', async () => {
  // A message of a queue that fails comes again after three minutes otherwise: as long as this test may take.
  using variant = variantOf(inject('assembly'), comeAgainAfter(15));
  await using lab = await openLab(variant.folder);
  await lab.createType();
  const options = { devices: 10, messages: 40, rounds: 2, points: 50, kills: 2, seed: 7 };
  const result = await withWatch(lab, 150_000, () => storm(lab, options));
  expect(result).toMatchObject({ sent: 20_000, missing: 0, doubled: 0, wrong: 0 });
  expect(result.acknowledged).toBe(20_000);
  expect(result.online).toBe(10);
  expect(result.faults).toBeGreaterThan(0);
  expect(result.killed).toBeGreaterThan(0);
}, 180_000);
