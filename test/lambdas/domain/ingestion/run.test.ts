import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instrumentType } from '../../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import type { Arrival } from '../../../../lambdas/domain/ingestion/arrival.ts';
import { type DeviceState, NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { type RunResult, takeRun } from '../../../../lambdas/domain/ingestion/run.ts';
import { isBalanced, settle } from '../../../../lambdas/domain/ledger/ledger.ts';
import { mergePieces, nothingFound } from '../../../../series/points/merge.ts';

const TYPE = instrumentType.parse({
  id: 'sensor',
  name: 'Sensor',
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  channels: {
    temp: { unit: 'Cel', range: { min: 0, max: 30 }, maxRate: 1, stuckAfter: 3 },
    count: { unit: '1', type: 'integer' },
  },
});
const NOW = Date.parse('2026-03-01T10:00:00Z') * 1000;

const point = fc.record(
  {
    n: fc.constantFrom('temp', 'temp', 'count', 'nope'),
    t: fc.oneof(
      fc.integer({ min: -5, max: 5 }).map((step) => NOW / 1000 + step * 1000),
      fc.constantFrom(NOW / 1000 - 7200_000, NOW / 1000 - 30 * 86_400_000, NOW / 1000 + 3_600_000, 'noon'),
    ),
    v: fc.oneof(fc.integer({ min: -5, max: 40 }), fc.constantFrom(1.5, 'x', null, true)),
    u: fc.constantFrom('Cel', '1', 'K'),
    q: fc.constantFrom('good', 'bad', 'odd'),
  },
  { requiredKeys: ['n', 't', 'v'], noNullPrototype: true },
);
const message = fc
  .record(
    {
      v: fc.constantFrom(1, 1, 1, 2),
      session: fc.constantFrom('s', 'r'),
      seq: fc.nat(5),
      ack: fc.boolean(),
      device: fc.constantFrom({ firmware: '1' }, { firmware: '2' }, { ip: 'x' }),
      data: fc.array(point, { maxLength: 6 }),
    },
    { requiredKeys: ['v', 'data'], noNullPrototype: true },
  )
  .map((document) => Buffer.from(JSON.stringify(document)));
const bytes = fc.oneof({ weight: 6, arbitrary: message }, fc.uint8Array({ maxLength: 20 }).map(Buffer.from));
const arrivals = fc
  .array(bytes, { minLength: 1, maxLength: 12 })
  .map((list) =>
    list.map((one, at): Arrival => ({ sequence: String(1000 + at), arrived: NOW + at, bytes: one })),
  );

/** Takes records in portions, each going on from the state of the one before. */
const takeAll = (
  list: readonly Arrival[],
  cuts: readonly number[],
): { state: DeviceState; results: RunResult[] } => {
  let state = NEW_STATE;
  const results: RunResult[] = [];
  const bounds = [...new Set([0, ...cuts.map((cut) => cut % list.length), list.length])].sort(
    (a, b) => a - b,
  );
  for (const [at, start] of bounds.entries()) {
    const portion = list.slice(start, bounds[at + 1] ?? list.length);
    if (portion.length === 0) continue;
    const result = takeRun(state, TYPE, 'shardKey', portion);
    results.push(result);
    state = result.state;
  }
  return { state, results };
};

describe('takeRun', () => {
  it('gives every point one outcome, whatever comes', () => {
    fc.assert(
      fc.property(arrivals, (list) => {
        const { ledger, hours, messages, quarantined } = takeRun(NEW_STATE, TYPE, 'shardKey', list);
        expect(isBalanced(ledger)).toBe(true);
        expect(ledger.messages).toBe(list.length);
        expect(messages).toHaveLength(list.length);
        expect(quarantined.every(({ notes, defect }) => notes.length > 0 && defect === undefined)).toBe(true);
        for (const { hour, columns } of hours)
          for (const { time } of columns) {
            expect(time.every((one) => one >= hour && one < hour + MICROS_PER_HOUR)).toBe(true);
            expect(time.every((one, at) => at === 0 || one >= (time[at - 1] ?? 0))).toBe(true);
          }
        const found = nothingFound();
        const { columns: merged } = mergePieces(hours.map(({ columns }) => ({ columns, found })));
        const { stored, overwritten, ...settled } = settle(ledger, found);
        expect(isBalanced({ ...settled, stored, overwritten })).toBe(true);
        expect(merged.reduce((sum, { time }) => sum + time.length, 0)).toBe(stored - overwritten);
      }),
    );
  });

  it('stores the same points and remembers the same newest ones however the records are cut', () => {
    fc.assert(
      fc.property(arrivals, fc.array(fc.nat(12), { maxLength: 4 }), (list, cuts) => {
        const whole = takeAll(list, []);
        const cut = takeAll(list, cuts);
        const points = ({ results }: { results: RunResult[] }) =>
          mergePieces(results.flatMap(({ hours }) => hours.map(({ columns }) => ({ columns })))).columns.map(
            ({ channel, time, value, quality }) => ({ channel, time, value, quality }),
          );
        expect(points(cut)).toStrictEqual(points(whole));
        const newest = ({ state }: { state: DeviceState }) =>
          [...state.tracks].map(([channel, { time, value }]) => [channel, time, value]).sort();
        expect(newest(cut)).toStrictEqual(newest(whole));
        expect(cut.state.sessions).toStrictEqual(whole.state.sessions);
        expect(cut.state.checkpoints).toStrictEqual(whole.state.checkpoints);
        expect(isBalanced(cut.state.ledger)).toBe(true);
        expect(cut.state.ledger.received).toBe(whole.state.ledger.received);
      }),
    );
  });

  it('stores columns that share times as each by itself', () => {
    const type = instrumentType.parse({
      ...TYPE,
      channels: { a: { unit: '1' }, b: { unit: '1' }, c: { unit: '1' } },
    });
    const block = fc.record({
      start: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: -40, max: 5 })),
      values: fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 6 }),
      channels: fc.oneof(
        { weight: 4, arbitrary: fc.constant<string[]>(['a', 'b', 'c']) },
        fc.subarray<string>(['a', 'b', 'c'], { minLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 20 }), fc.boolean(), (blocks, usual) => {
        let next = NOW / 1000 - 3_600_000;
        const list = blocks.map(({ start, values, channels }, at): Arrival => {
          const first = next + (usual ? 0 : start * 1000);
          const t = values.map((_, place) => first + place * 1000);
          next = Math.max(next, first + values.length * 1000);
          const c = Object.fromEntries(
            channels.map((name, place) => [name, { v: values.map((value) => value + place / 10) }]),
          );
          const content = Buffer.from(JSON.stringify({ v: 1, t, c }));
          return { sequence: String(1000 + at), arrived: NOW + at, bytes: content };
        });
        const result = takeRun(NEW_STATE, type, 'shardKey', list);
        for (const { columns } of result.hours)
          for (const { time, value } of columns) expect(value).toHaveLength(time.length);
        let state = NEW_STATE;
        const single = list.flatMap((arrival) => {
          const one = takeRun(state, type, 'shardKey', [arrival]);
          ({ state } = one);
          return one.hours;
        });
        const points = (hours: RunResult['hours']) =>
          mergePieces(hours.map(({ columns }) => ({ columns })))
            .columns.map(({ channel, time, value }) => ({ channel, time, value }))
            .sort((left, right) => (left.channel < right.channel ? -1 : 1));
        expect(points(result.hours)).toStrictEqual(points(single));
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing for records that are durable', () => {
    fc.assert(
      fc.property(arrivals, (list) => {
        const { state, durable } = takeRun(NEW_STATE, TYPE, 'shardKey', list);
        const again = takeRun(state, TYPE, 'shardKey', list);
        expect(again.messages).toStrictEqual([]);
        expect(again.hours).toStrictEqual([]);
        expect(again.quarantined).toStrictEqual([]);
        expect(again.durable.map(({ session }) => session)).toStrictEqual(
          durable.map(({ session }) => session),
        );
        expect({ ...again.state, version: state.version }).toStrictEqual(state);
      }),
    );
  });
});
