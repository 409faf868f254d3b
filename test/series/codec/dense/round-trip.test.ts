import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk } from '../../../../series/codec/chunk.ts';
import { asJudged, type SeriesColumn } from '../../../../series/points/column.ts';

const START = 1_772_359_200_000_000;

const column = (value: SeriesColumn['value'], time?: readonly number[]): SeriesColumn => ({
  channel: 'temp',
  type: typeof value[0] === 'string' ? 'string' : typeof value[0] === 'boolean' ? 'boolean' : 'number',
  unit: 'Cel',
  time: time ?? value.map((_, at) => START + at * 1_000_000),
  value,
  quality: undefined,
});

/** Bytes a point; throws unless what comes back is what was given, to the bit. */
const bytesOf = (one: SeriesColumn): number => {
  const chunk = encodeChunk([one], 'dense');
  deepStrictEqual(decodeChunk(chunk, 'k').map(asJudged), [one]);
  return chunk.length / one.time.length;
};

/** Seeded: the same numbers in every run. */
const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

const words = new DataView(new ArrayBuffer(8));
const fromBits = (high: number, low: number): number => {
  words.setUint32(0, high);
  words.setUint32(4, low);
  return words.getFloat64(0);
};
/** Any bit pattern but those of NaN. */
const anyFloat = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }))
  .map(([high, low]) => fromBits(high, low))
  .filter((value) => !Number.isNaN(value));

describe('values of dense chunks', () => {
  it('come back whatever their bits are', () => {
    fc.assert(
      fc.property(fc.array(anyFloat, { minLength: 1, maxLength: 60 }), (values) => {
        bytesOf(column(values));
      }),
      { numRuns: 200 },
    );
  });

  it('come back where most are decimals and some are not', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.constantFrom(1, 10, 1000, 1e6, 1e12))
      .map(([digits, power]) => digits / power);
    const mostly = fc.oneof(
      { weight: 20, arbitrary: decimal },
      { weight: 1, arbitrary: anyFloat },
      {
        weight: 1,
        arbitrary: fc.constantFrom(0, -0, Infinity, -Infinity, 5e-324, 2 ** 53, 1e300),
      },
    );
    fc.assert(
      fc.property(fc.array(mostly, { minLength: 1, maxLength: 300 }), (values) => {
        bytesOf(column(values));
      }),
      { numRuns: 150 },
    );
  });

  it('come back in long columns with runs, steps, outliers and turns of direction', () => {
    const stretch = fc.record({
      length: fc.integer({ min: 1, max: 700 }),
      start: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      slope: fc.integer({ min: -1000, max: 1000 }),
      noise: fc.constantFrom(0, 1, 30, 5000, 2 ** 31),
      power: fc.constantFrom(1, 10, 1000),
    });
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 6 }), fc.integer(), (stretches, seed) => {
        const random = randomFrom(seed);
        bytesOf(
          column(
            stretches.flatMap(({ length, start, slope, noise, power }) =>
              Array.from(
                { length },
                (_, at) => (start + slope * at + Math.round(noise * (random() - 0.5))) / power,
              ),
            ),
          ),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('of single precision take the decimal that the sensor wrote', () => {
    const random = randomFrom(3);
    const decimals = Array.from({ length: 2000 }, () => Math.round(2000 + 100 * random()) / 100);
    const plain = bytesOf(column(decimals));
    expect(bytesOf(column(decimals.map(Math.fround)))).toBeCloseTo(plain, 2);
    expect(bytesOf(column(decimals.map((value) => Number(Math.fround(value).toFixed(6)))))).toBeCloseTo(
      plain,
      2,
    );
  });

  it('that are no decimals cost no more than their own bits', () => {
    const random = randomFrom(4);
    const values = Array.from({ length: 3000 }, (_, at) => Math.sin(at / 100) + random() / 1000);
    expect(bytesOf(column(values))).toBeLessThan(7.5);
    expect(bytesOf(column(values.map((value) => Math.fround(value) * 2 ** 40)))).toBeLessThan(5);
  });

  it('that repeat themselves cost next to nothing', () => {
    const pattern = [3, 3, 3, 9, 9, 12.5, 12.5, 0, 0, 0, 0, 1];
    expect(bytesOf(column(Array.from({ length: 3600 }, (_, at) => pattern[at % 12] ?? 0)))).toBeLessThan(0.1);
    expect(bytesOf(column(Array.from({ length: 3600 }, () => 21.5)))).toBeLessThan(0.02);
    expect(bytesOf(column(Array.from({ length: 3600 }, (_, at) => at % 2 === 0)))).toBeLessThan(0.1);
    expect(
      bytesOf(column(Array.from({ length: 3600 }, (_, at) => (at < 1800 ? 'heating' : 'idle')))),
    ).toBeLessThan(0.1);
  });

  it('whose rarest are very rare still have codes of a bounded length', () => {
    // Counts like Fibonacci's make the longest codes there are.
    const counts = [1, 1];
    while (counts.length < 24) counts.push((counts.at(-1) ?? 0) + (counts.at(-2) ?? 0));
    const random = randomFrom(5);
    const values = counts
      .flatMap((count, at) =>
        new Array<number>(Math.min(count, 4000)).fill(at % 2 === 0 ? 2 ** at : -(2 ** at)),
      )
      .map((value) => ({ value, key: random() }))
      .sort((left, right) => left.key - right.key)
      .map(({ value }) => value);
    expect(bytesOf(column(values))).toBeLessThan(4);
  });
});

describe('times of dense chunks', () => {
  const jittered = (points: number, next: (at: number, random: () => number) => number): number[] => {
    const random = randomFrom(7);
    return Array.from({ length: points }, (_, at) => next(at, random));
  };
  const still = (time: readonly number[]): SeriesColumn =>
    column(
      time.map(() => 1),
      time,
    );

  it('that are regular cost nothing', () => {
    expect(bytesOf(still(jittered(3600, (at) => START + at * 500_000)))).toBeLessThan(0.02);
  });

  it('by a clock cost what their jitter says, gaps or none', () => {
    const bits = Math.log2(41) / 8;
    const clock = (at: number, random: () => number) =>
      START + at * 1_000_000 + Math.floor(41 * random()) * 1000;
    expect(bytesOf(still(jittered(3600, clock)))).toBeLessThan(bits * 1.12);
    const gaps = jittered(3600, clock).filter((_, at) => at % 900 < 800);
    expect(bytesOf(still(gaps))).toBeLessThan(bits * 1.2);
  });

  it('come back in any order and however far apart', () => {
    const time = fc.oneof(
      fc.integer({ min: START, max: START + 3_600_000_000 }),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fc.constantFrom(0, -0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 0.5),
    );
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 80 }), (times) => {
        bytesOf(still(times));
      }),
      { numRuns: 150 },
    );
  });

  it('finer than a sample of them says come back', () => {
    const times = Array.from({ length: 3000 }, (_, at) => START + at * 1_000_000 + (at === 1777 ? 1 : 0));
    bytesOf(still(times));
  });
});
