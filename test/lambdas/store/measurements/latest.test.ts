import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceState, NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import {
  readLatest,
  readManyLatest,
  toStateItem,
  writeItems,
} from '../../../../lambdas/store/measurements/index.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());
const table = () => ({ client: aws.dynamo, table: aws.measurementsTable });

const micros = fc.integer({ min: 0, max: 2 ** 51 });
const stateOf = (version: number): fc.Arbitrary<DeviceState> =>
  fc
    .record({
      sequence: fc.nat(5),
      tracks: fc.dictionary(
        fc.constantFrom('temp', 'ph', 'door'),
        fc.record({
          time: micros,
          value: fc.oneof(fc.integer(), fc.boolean(), fc.string()),
          quality: fc.nat(20),
        }),
      ),
    })
    .map(({ sequence, tracks }) => ({
      ...NEW_STATE,
      version,
      checkpoints: new Map([['a.0', { sequence: String(sequence), arrived: sequence }]]),
      tracks: new Map(
        Object.entries(tracks).map(([channel, { time, value, quality }]) => [
          channel,
          {
            time,
            value,
            quality,
            arrived: time,
            run: 1,
            rank: time,
            number: -1,
            credibleTime: time,
            credibleValue: value,
          },
        ]),
      ),
    }));
/** What either slot of a device holds, or nothing. */
const slots = fc.tuple(fc.option(stateOf(4), { nil: undefined }), fc.option(stateOf(7), { nil: undefined }));

describe('newest values of many devices', () => {
  let run = 0;
  it('are those of each one alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(slots, { maxLength: 60 }), async (devices) => {
        run += 1;
        const ids = devices.map((_, at) => `device-${run}-${at}`);
        const items = devices.flatMap((states, at) =>
          states.flatMap((state) => (state === undefined ? [] : [toStateItem(ids[at] ?? '', state)])),
        );
        await writeItems(table(), items, { signal: new AbortController().signal });
        const many = await readManyLatest(table(), ids);
        for (const id of ids) expect(many.get(id)).toEqual((await readLatest(table(), id))?.points);
      }),
      { numRuns: 12 },
    );
  });

  it('are asked for a hundred keys a call, each device once', async () => {
    aws.calls.length = 0;
    const ids = Array.from({ length: 60 }, (_, at) => `nobody-${at}`);
    expect(await readManyLatest(table(), [...ids, ...ids])).toEqual(new Map());
    expect(aws.calls.map(({ action }) => action)).toEqual(['dynamodb:BatchGetItem', 'dynamodb:BatchGetItem']);
  });
});
