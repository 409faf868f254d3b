/** The templates of production run here too, and the whole way is gone on them as on those of development. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { synthesize } from '../../bin/cli/client/synthesize.ts';
import { type Lab, openLab } from '../support/lab.ts';
import { hurry, type Variant, variantOf } from '../support/variant.ts';
import { wholeWay } from './whole-way.ts';

let folder: string;
let hurried: Variant;
let lab: Lab;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-prod-'));
  // What CloudFormation says of these templates is asked in CI; here it would take as long as all the rest.
  vi.stubEnv('CDK_VALIDATION', 'false');
  await synthesize(folder, 'prod');
  hurried = variantOf(folder, hurry);
  // No program of production may register devices: people do.
  lab = await openLab(hurried.folder, { person: 'engineer' });
  await lab.createType();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await lab?.[Symbol.asyncDispose]();
  hurried?.[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

test('the whole way is gone on the templates of production', async () => {
  const device = await lab.register('constant');
  for (const part of wholeWay(lab, device)) {
    for (const step of part.steps) await step();
    await lab.gateway.drain();
  }
  // Those that the way has refused on purpose, so that what stands in for them is used.
  const meant = ['kinesis:PutRecord', 'sqs:SendMessage'];
  expect(lab.gateway.iam.denials.filter(({ action }) => !meant.includes(action))).toEqual([]);
});
