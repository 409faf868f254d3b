import { afterAll, beforeAll, expect, it } from 'vitest';
import openapi from '../../../../contracts/openapi.json' with { type: 'json' };
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

it('serves the contract as it is committed', async () => {
  expect((await world.send({ path: '/v1/openapi.json' })).body).toEqual(openapi);
});
