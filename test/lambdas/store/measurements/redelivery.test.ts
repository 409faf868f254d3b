/** However often, in whatever order and batches the same messages come: what is stored and what the ledger says is the same. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isBalanced } from '../../../../lambdas/domain/ledger/ledger.ts';
import { type History, history, Stage } from '../../../support/redelivery.ts';

/** CI plays 2 000; `HISTORIES=100000 npx vitest run test/lambdas/store/measurements/redelivery.test.ts` plays more. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 60);
const AT_ONCE = 25;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

let devices = 0;

/** Plays a history as it came, and as one delivery in order. */
const compare = async (came: History): Promise<void> => {
  devices += 1;
  const [device, plain] = [`came-${devices}`, `plain-${devices}`];
  const inOrder: History = {
    messages: came.messages,
    deliveries: came.messages.map((_, at) => at),
    batches: [{ records: came.messages.length }],
  };
  await Promise.all([stage.play(device, came), stage.play(plain, inOrder)]);
  const [open, expected] = await Promise.all([stage.outcome(device), stage.outcome(plain)]);
  await stage.compact(device);
  const closed = await stage.outcome(device);
  const pointsOf = (places: readonly number[]): number =>
    places.reduce((sum, at) => sum + (came.messages[at]?.points.length ?? 0), 0);
  const repeated = pointsOf(came.deliveries) - pointsOf(inOrder.deliveries);
  for (const outcome of [open, closed]) {
    expect(outcome.points).toStrictEqual(expected.points);
    const { ledger } = outcome;
    expect({ ...ledger, late: 0 }).toStrictEqual({
      ...expected.ledger,
      late: 0,
      messages: came.deliveries.length,
      received: expected.ledger.received + repeated,
      duplicate: expected.ledger.duplicate + repeated,
    });
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger.stored - ledger.overwritten).toBe(outcome.points.length);
    expect(outcome.missing).toBe(0);
  }
};

it(
  'is stored as one delivery in order is, in a device and in its ledger',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { minLength: 1, maxLength: AT_ONCE }), async (histories) => {
        await Promise.all(histories.map(compare));
      }),
      {
        numRuns: Math.ceil(HISTORIES / (AT_ONCE / 2)),
        // Ends a search for a smaller counterexample; far from what a slow machine takes.
        interruptAfterTimeLimit: Math.max(240_000, HISTORIES * 900),
        markInterruptAsFailure: true,
      },
    );
  },
  Math.max(300_000, HISTORIES * 1000),
);
