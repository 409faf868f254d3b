/** Whatever dies, repeats itself or comes late: each command ends, is done once at most, and says nothing that was not seen. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isFinal } from '../../../../contracts/resources/commands.ts';
import { type Step, stateAfter } from '../../../../lambdas/domain/commands/states.ts';
import { type Aws, startAws } from '../../../support/aws.ts';
import { CommandWorld } from '../../../support/command-world.ts';

/** CI plays 1 000; `HISTORIES=10000 npx vitest run test/lambdas/functions/commands/histories.test.ts` plays more of them. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 40);

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());

const fuse = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }) },
);
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('give' as const), fuse }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('connect' as const), online: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('device' as const),
      how: fc.constantFrom('fine' as const, 'silent' as const, 'crash' as const, 'twice' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 70 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('deliver' as const),
      pick: fc.nat(9),
      again: fc.boolean(),
      fuse,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cancel' as const) }) },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

const STEPS: readonly Step[] = [
  'approve',
  'refuse',
  'cancel',
  'publish',
  'stop',
  'accept',
  'reject',
  'progress',
  'succeed',
  'fail',
  'expire',
  'time-out',
];

let devices = 0;
const play = async (events: readonly Event[]): Promise<CommandWorld> => {
  devices += 1;
  const world = await CommandWorld.open(aws, `oven-${devices}`);
  let n = 0;
  for (const each of events) {
    if (each.what === 'give') await world.give(++n, each.fuse);
    else if (each.what === 'connect') await world.connect(each.online);
    else if (each.what === 'device') world.deviceStep(each.how);
    else if (each.what === 'advance') world.advance(each.seconds);
    else if (each.what === 'cancel') await world.cancelOldest();
    else await world.deliver(each.pick, each.again, each.fuse);
  }
  await world.settle();
  return world;
};

it(
  'holds in every history',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 40 }), async (events) => {
        const world = await play(events);
        const commands = await world.commands();
        const byId = new Map(commands.map((kept) => [kept.command.id, kept]));
        // None is lost that its caller was told of, none stays open.
        for (const id of world.answered) expect(byId.has(id)).toBe(true);
        for (const { command } of commands)
          expect([command.id, isFinal(command.state)]).toEqual([command.id, true]);
        // A place whose command was never written is given back when the next one needs it.
        expect((await world.open()).filter((id) => byId.has(id))).toEqual([]);
        for (const { command, transitions } of commands) {
          const executed = world.noted.get(command.id)?.executed ?? 0;
          expect(executed).toBeLessThanOrEqual(1);
          if (command.state === 'succeeded') {
            expect(executed).toBe(1);
            expect(command.result).toEqual(command.parameters);
          }
          // What the device has done is never said not to have been sent.
          if (executed === 1) expect(['cancelled', 'expired', 'rejected']).not.toContain(command.state);
          // Each state was reached from the one before by a step of the table, with evidence.
          expect(transitions[0]?.from).toBeNull();
          for (const [at, { from, to, evidence, version }] of transitions.entries()) {
            expect(evidence.kind).toBeTruthy();
            const before = transitions[at - 1];
            if (before === undefined) continue;
            expect(from).toBe(before.to);
            expect(version).toBeGreaterThan(before.version);
            const reachable = STEPS.flatMap((step) =>
              [0, 1].map((attempts) => stateAfter({ state: before.to, attempts }, step)),
            );
            expect(reachable).toContain(to);
          }
          expect(transitions.at(-1)?.to).toBe(command.state);
        }
      }),
      {
        numRuns: HISTORIES,
        // Ends a search for a smaller counterexample; far from what a slow machine takes.
        interruptAfterTimeLimit: Math.max(240_000, HISTORIES * 900),
        markInterruptAsFailure: true,
      },
    );
  },
  Math.max(300_000, HISTORIES * 1000),
);
