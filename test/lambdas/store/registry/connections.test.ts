import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  readChangeBefore,
  readChanges,
  recordConnection,
} from '../../../../lambdas/store/registry/connections.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());

it('comings and goings are found by times between two milliseconds, too', async () => {
  const registry = { client: aws.dynamo, table: aws.registryTable };
  const at = Date.parse('2026-03-01T10:00:00Z');
  const gone = { session: undefined, address: undefined, reason: 'CLIENT_INITIATED_DISCONNECT' };
  const came = { ...gone, reason: undefined };
  await recordConnection(registry, { device: 'd', state: 'online', at, order: 0, ...came });
  await recordConnection(registry, { device: 'd', state: 'offline', at: at + 2, order: 1, ...gone });
  const [first, last] = [
    { at, order: 0, state: 'online', reason: undefined },
    { at: at + 2, order: 1, state: 'offline', reason: gone.reason },
  ];
  const changes = (from: number, to: number) => readChanges(registry, 'd', from, to);
  expect(await changes(at - 0.5, at + 2.5)).toEqual([first, last]);
  expect(await changes(at + 0.5, at + 2.5)).toEqual([last]);
  expect(await changes(at, at + 2)).toEqual([first]);
  expect(await readChangeBefore(registry, 'd', at + 0.001)).toEqual(first);
  expect(await readChangeBefore(registry, 'd', at)).toBeUndefined();
});
