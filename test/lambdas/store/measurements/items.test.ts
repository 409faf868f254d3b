import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceState, NEW_STATE } from '../../../../lambdas/domain/ingestion/device-state.ts';
import { startTrack } from '../../../../lambdas/domain/ingestion/quality.ts';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import { decodeMessages } from '../../../../lambdas/domain/ledger/messages.ts';
import {
  fromChunkItem,
  type PackedRun,
  toChunkItems,
} from '../../../../lambdas/store/measurements/chunk-item.ts';
import {
  chunkKey,
  compareChunks,
  hourKey,
  parseChunkKey,
} from '../../../../lambdas/store/measurements/keys.ts';
import {
  fromStateItem,
  reachOfItem,
  toStateItem,
  tracksOfItem,
} from '../../../../lambdas/store/measurements/state-item.ts';
import { CorruptChunk } from '../../../../series/codec/chunk.ts';
import { asJudged, type SeriesColumn } from '../../../../series/points/column.ts';

const HOUR = Date.parse('2026-03-01T10:00:00Z') * 1000;
const ORIGIN = {
  shardKey: '1a2b3c4d.0',
  first: '49545115243490985018280067714973144582180062593244200961',
  count: 7,
};

const columnOf = (channel: string, points: number): SeriesColumn => ({
  channel,
  type: 'number',
  unit: '1',
  time: Array.from({ length: points }, (_, at) => HOUR + at * 1000),
  value: Array.from({ length: points }, (_, at) => Math.fround(Math.sin(at * 12.9898) * 43758.5453) / 3),
  quality: undefined,
});
const runOf = (hours: PackedRun['hours']): PackedRun => ({
  device: 'a',
  origin: ORIGIN,
  hours,
  ledgerHour: HOUR,
  ledger: { ...EMPTY_LEDGER, messages: 1 },
  messages: [{ sequence: ORIGIN.first, arrived: HOUR + 5, session: 's', seq: 3, points: 2 }],
});

describe('chunk keys', () => {
  it('say what they were made of', () => {
    for (const part of [0, 3]) {
      const key = chunkKey(HOUR + 59 * 60e6, ORIGIN, part);
      expect(key.startsWith('2026-03-01T10#c#1a2b3c4d.0#')).toBe(true);
      expect(parseChunkKey(key)).toStrictEqual({ hour: HOUR, ...ORIGIN, part });
    }
    expect(parseChunkKey('latest#0')).toBeUndefined();
    expect(hourKey(HOUR - 1)).toBe('2026-03-01T09');
  });

  it('sort by hour, and by arrival within it', () => {
    expect(chunkKey(HOUR, ORIGIN, 0) < chunkKey(HOUR + 3600e6, ORIGIN, 0)).toBe(true);
    expect(compareChunks({ ...ORIGIN, first: '9' }, { ...ORIGIN, first: '10' })).toBeLessThan(0);
    expect(compareChunks(ORIGIN, { ...ORIGIN, count: 8 })).toBeLessThan(0);
  });
});

describe('chunk items', () => {
  it('come back as they were, the ledger with the hour of arrival', () => {
    const columns = [columnOf('a', 3), columnOf('b', 3)];
    const items = toChunkItems(
      runOf([
        { hour: HOUR, columns },
        { hour: HOUR - 3600e6, columns },
      ]),
    );
    expect(items.map((item) => fromChunkItem(item)?.columns.map(asJudged))).toStrictEqual([columns, columns]);
    const [now, before] = items;
    expect(JSON.parse(now?.['l']?.S ?? '')).toMatchObject({ messages: 1 });
    expect(decodeMessages(now?.['m']?.B ?? Buffer.of(), ORIGIN.first)).toMatchObject({
      last: ORIGIN.first,
      numbered: [{ session: 's', from: 3, to: 3 }],
    });
    expect(before?.['l']).toBeUndefined();
    expect(now).toMatchObject({ n: { N: '6' }, ch: { S: 'a,b' } });
  });

  it('keep a ledger without points', () => {
    const [item, ...more] = toChunkItems(runOf([]));
    expect(more).toStrictEqual([]);
    expect(fromChunkItem(item ?? {})?.columns).toStrictEqual([]);
  });

  it('stay below 100 KB: split by channel, then by time', () => {
    const columns = [columnOf('a', 4000), columnOf('b', 30_000)];
    const items = toChunkItems(runOf([{ hour: HOUR, columns }]));
    expect(items.length).toBeGreaterThan(2);
    expect(new Set(items.map((item) => item['sk']?.S)).size).toBe(items.length);
    for (const item of items) expect(item['b']?.B?.length ?? 0).toBeLessThanOrEqual(100 * 1024);
    const points = items.flatMap((item) => fromChunkItem(item)?.columns ?? []);
    const of = (channel: string) =>
      points.filter((one) => one.channel === channel).flatMap(({ value }) => value);
    expect(of('a')).toStrictEqual(columns[0]?.value);
    expect(of('b')).toStrictEqual(columns[1]?.value);
  });

  it('name themselves when they are corrupt or of another format', () => {
    const [item = {}] = toChunkItems(runOf([{ hour: HOUR, columns: [columnOf('a', 3)] }]));
    const bytes = Buffer.from(item['b']?.B ?? []);
    bytes[12] = (bytes[12] ?? 0) ^ 1;
    expect(() => fromChunkItem({ ...item, b: { B: bytes } })).toThrow(CorruptChunk);
    expect(() => fromChunkItem({ ...item, b: { B: bytes } })).toThrow(/a\/2026-03-01T10#c#/);
    expect(() => fromChunkItem({ ...item, f: { N: '3' } })).toThrow(/format 3/);
    // The next one is read already: a deployment that is rolled back finds what the newer one has written.
    expect(fromChunkItem({ ...item, f: { N: '2' } })).toStrictEqual(fromChunkItem(item ?? {}));
    expect(fromChunkItem({ sk: { S: 'latest#0' } })).toBeUndefined();
  });
});

const micros = fc.integer({ min: 0, max: 2 ** 51 });
const value = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  fc.boolean(),
  fc.string(),
);
const track = fc
  .record(
    {
      time: micros,
      value,
      quality: fc.nat(20),
      arrived: micros,
      run: fc.nat(99),
      far: fc.boolean(),
      numbered: fc.boolean(),
      credibleTime: micros,
      credibleValue: fc.option(value, { nil: undefined }),
    },
    { noNullPrototype: true },
  )
  .map(({ far, numbered, ...one }) => ({
    ...one,
    // Of a point without a number, when it arrived is all that is kept.
    ...(numbered ? { rank: one.time + 10, number: one.run } : { rank: one.arrived, number: -1 }),
    ...(far ? {} : { credibleTime: one.time, credibleValue: one.value }),
  }));
const print = fc.nat(0xffffffff);
const state: fc.Arbitrary<DeviceState> = fc.record(
  {
    version: fc.nat(),
    checkpoints: fc
      .dictionary(
        fc.constantFrom('a.0', 'b.1'),
        fc.record({ sequence: fc.nat().map(String), arrived: micros }, { noNullPrototype: true }),
      )
      .map((one) => new Map(Object.entries(one))),
    tracks: fc.dictionary(fc.constantFrom('temp', 'ph'), track).map((one) => new Map(Object.entries(one))),
    sessions: fc.array(
      fc.record(
        {
          id: fc.string(),
          began: fc.integer({ min: 1, max: 2 ** 51 }),
          ranges: fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()), { maxLength: 4 }),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 4 },
    ),
    facts: fc.option(print, { nil: undefined }),
    ledger: fc.constant({ ...EMPTY_LEDGER, messages: 3, rejected: { 'no-content': 1 } }),
    alerts: fc
      .dictionary(
        fc.constantFrom('too-hot', 'open'),
        fc.record(
          { since: micros, active: micros, value: fc.boolean(), from: fc.tuple(micros, fc.nat(9)) },
          { requiredKeys: [], noNullPrototype: true },
        ),
      )
      .map((one) => new Map(Object.entries(one))),
  },
  { noNullPrototype: true },
);

describe('state items', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(state, (one) => {
        const negativeZero = [...one.tracks.values()].some(
          ({ value: v, credibleValue: c }) => Object.is(v, -0) || Object.is(c, -0),
        );
        fc.pre(!negativeZero);
        expect(fromStateItem(toStateItem('a', one))).toStrictEqual(one);
        expect(tracksOfItem(toStateItem('a', one))).toStrictEqual(one.tracks);
      }),
    );
  });

  it('fit an item when 200 channels have texts that JSON makes six times as long', () => {
    const text = '\u0001'.repeat(256);
    const tracks = new Map(
      Array.from({ length: 200 }, (_, at) => {
        const track = {
          ...startTrack(at, `${at}${text}`.slice(0, 256), 0),
          credibleValue: `${text.slice(9)}${at}`,
        };
        return [`channel-${at}`, track] as const;
      }),
    );
    const item = toStateItem('a', { ...NEW_STATE, tracks });
    expect(fromStateItem(item).tracks).toStrictEqual(tracks);
    expect(item['z']?.B?.length ?? Number.POSITIVE_INFINITY).toBeLessThan(300 * 1024);
  });

  it('say how far they go without being read, and take two slots in turn', () => {
    const one = {
      ...NEW_STATE,
      version: 4,
      checkpoints: new Map([['x.0', { sequence: '123', arrived: 1 }]]),
    };
    const item = toStateItem('a', one);
    expect(reachOfItem(item)).toStrictEqual({ sequence: '123', version: 4 });
    expect(item['sk']?.S).toBe('latest#0');
    expect(toStateItem('a', { ...one, version: 5 })['sk']?.S).toBe('latest#1');
    expect(() => fromStateItem({ ...item, f: { N: '7' } })).toThrow(/a\/latest#0 is of format 7/);
  });
});
