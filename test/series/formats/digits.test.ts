import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_MICROS, MICROS_PER_DAY } from '../../../contracts/time.ts';
import { LONGEST, NOT_WRITTEN, TimeWriter, writeFewDigits } from '../../../series/formats/digits.ts';

const bytes = new Uint8Array(LONGEST);
const written = (value: number): string =>
  Buffer.from(bytes.subarray(0, writeFewDigits(bytes, 0, value))).toString();

describe('numbers of few digits', () => {
  // What falls back to `String` is right as well, and several times slower.
  it('are written without a string: decimals as instruments send them', () => {
    for (const [places, most] of [
      [0, 2 ** 31 - 1],
      [1, 2e9],
      [3, 2e9],
      [6, 999_999_999],
      [9, 999_999],
    ] as const)
      for (let at = 0; at < 2000; at += 1) {
        const value = Number((((at * 7919) % 2000) * (most / 2000)).toFixed(places));
        for (const one of [value, -value]) {
          const text = Object.is(one, -0) ? '-0' : String(one);
          if (written(one) !== text) expect(written(one)).toBe(text);
        }
      }
  });

  it.each([
    0.1 + 0.2,
    1 / 3,
    2 ** 31,
    1e21,
    9e-7,
    123_456_789.123_456_79,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('are not such as %d', (value) => {
    expect(writeFewDigits(bytes, 0, value)).toBe(NOT_WRITTEN);
  });
});

describe('times', () => {
  afterEach(() => vi.restoreAllMocks());

  it('of one day take one call of Date', () => {
    const calls = vi.spyOn(Date.prototype, 'toISOString');
    const writer = new TimeWriter();
    const day = Date.UTC(2026, 2, 1) * 1000;
    for (let at = 0; at < MICROS_PER_DAY; at += 4_999_999) writer.write(bytes, 0, day + at);
    expect(Buffer.from(bytes).toString()).toMatch(/^2026-03-01T23:59:5\d\.\d{6}Z$/);
    expect(calls).toHaveBeenCalledTimes(1);
  });

  it.each([MAX_MICROS + 2, -MAX_MICROS - 2, Number.NaN])('are not such as %d', (time) => {
    expect(new TimeWriter().write(bytes, 0, time)).toBe(NOT_WRITTEN);
  });
});
