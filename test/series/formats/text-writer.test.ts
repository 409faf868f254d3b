import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, MAX_MICROS } from '../../../contracts/time.ts';
import { TextWriter } from '../../../series/formats/text-writer.ts';

const written = (write: (out: TextWriter) => void): string => {
  const out = new TextWriter();
  write(out);
  return Buffer.from(out.take()).toString();
};

const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Any float64 by its bits. */
const bits = fc
  .tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))
  .map(([high, low]) => new Float64Array(new Uint32Array([low, high]).buffer)[0] ?? 0);
/** Decimals such as instruments send, and their neighbours. */
const decimal = fc
  .tuple(fc.maxSafeInteger(), fc.nat(18), fc.nat(16), fc.integer({ min: -2, max: 2 }))
  .map(([digits, places, cut, step]) => {
    const number = Number(`${Math.trunc(digits / 10 ** cut)}e-${places}`);
    const next = new Float64Array([number]);
    new BigInt64Array(next.buffer)[0] = (new BigInt64Array(next.buffer)[0] ?? 0n) + BigInt(step);
    return next[0] ?? 0;
  });
/** What scaling makes of decimals: noise in the last digits. */
const computed = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom(0.001, 0.1, 1.8, 1e-7, 273.15))
  .map(([digits, factor]) => digits * factor);
/** Means: most take all digits that there are. */
const mean = fc
  .tuple(fc.integer({ min: -1e8, max: 1e8 }), fc.constantFrom(1, 10, 1000), fc.integer({ min: 3, max: 1e4 }))
  .map(([sum, power, count]) => sum / power / count);
/** What has 15 to 17 digits, and its neighbours. */
const long = fc
  .tuple(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.integer({ min: 15, max: 17 }),
    fc.integer({ min: -2, max: 2 }),
  )
  .map(([number, digits, step]) => {
    const next = new Float64Array([Number(number.toPrecision(digits))]);
    new BigInt64Array(next.buffer)[0] = (new BigInt64Array(next.buffer)[0] ?? 0n) + BigInt(step);
    return next[0] ?? 0;
  });
const EDGES = [
  0,
  -0,
  1,
  -1,
  10,
  99,
  100,
  1e-6,
  1.5e-6,
  9.9e-7,
  1e-7,
  0.1,
  0.3,
  0.1 + 0.2,
  1e9,
  1e15,
  1e21,
  1e22,
  123456789.1234567,
  2147483647,
  2147483648,
  -2147483648,
  -2147483649,
  0.01,
  0.010000000000000002,
  0.09999999999999999,
  0.9999999999999999,
  1.0000000000000002,
  9.999999999999998,
  999999.9999999998,
  1000000.0000000001,
  65536.00000000001,
  65535.99999999999,
  2147483647.5,
  2147483648.5,
  999999.999999999,
  999999.9999999999,
  999999999999.999,
  99999999999.9995,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  Number.MAX_SAFE_INTEGER,
  Number.EPSILON,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

const numbers = fc.oneof(bits, decimal, computed, mean, long, fc.double());

describe('numbers, but for −0', () => {
  it.each(EDGES)('are written as String writes %f', (value) => {
    expect(written((out) => out.number(value))).toBe(textOf(value));
  });

  it('are written as String writes them', () => {
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 100, maxLength: 100 }), (values) => {
        for (const value of values) {
          const text = written((out) => out.number(value));
          if (text !== textOf(value)) expect(text).toBe(textOf(value));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of few decimals are written as String writes them, each one', () => {
    const out = new TextWriter();
    const values: number[] = [];
    for (const [places, step] of [
      [1, 1],
      [2, 7],
      [3, 11],
      [4, 101],
      [6, 997],
      [9, 100_003],
    ] as const)
      for (let at = -20_000; at < 20_000; at += 1) values.push((at * step) / 10 ** places);
    for (const value of values) {
      out.number(value);
      out.byte(10);
    }
    expect(Buffer.from(out.take()).toString()).toBe(values.map((value) => `${textOf(value)}\n`).join(''));
  });
});

describe('times', () => {
  const micros = fc.oneof(
    fc.integer({ min: -MAX_MICROS, max: MAX_MICROS }),
    fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_200_000_000 }),
    fc.integer({ min: -200, max: 200 }).map((at) => at * 30_000_000),
  );
  it('are written as formatTime writes them, in any order', () => {
    fc.assert(
      fc.property(fc.array(micros), (times) => {
        const text = written((out) => {
          for (const time of times) {
            out.time(time);
            out.byte(10);
          }
        });
        expect(text).toBe(times.map((time) => `${formatTime(time)}\n`).join(''));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('pieces', () => {
  it('are together what was written, however long', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat(40_000))), (texts) => {
        const out = new TextWriter();
        const pieces: Uint8Array[] = [];
        for (const [text, times] of texts) {
          const long = text.repeat(times % 7 === 0 ? times : times % 50);
          out.text(long);
          out.raw(Buffer.from(long));
          out.repeat(Buffer.from(text), times % 70);
          out.time(times);
          if (out.isFull) pieces.push(out.take());
        }
        pieces.push(out.take());
        const expected = texts.map(([text, times]) => {
          const long = text.repeat(times % 7 === 0 ? times : times % 50);
          return `${long}${long}${text.repeat(times % 70)}${formatTime(times)}`;
        });
        // Compared whole: a piece that is written into again would show.
        expect(Buffer.concat(pieces).toString() === Buffer.from(expected.join('')).toString()).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
