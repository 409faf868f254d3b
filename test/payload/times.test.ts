import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { formatTime, parseTime } from '../../contracts/time.ts';
import { readTime, readTimeText } from '../../payload/times.ts';

const digits = (count: number) => fc.stringMatching(new RegExp(`^\\d{${count}}$`));
/** Texts near enough to times to take every path of the reader. */
const nearTime = fc
  .tuple(
    fc.constantFrom(
      '2026-03-01T10:00:',
      '2026-03-01T10:01:',
      '2026-03-01t10:00:',
      '2026-02-30T10:00:',
      '0000-01-01T00:00:',
    ),
    fc.oneof(fc.constantFrom('00', '59', '60', '61', '99', 'xx', ':0'), digits(2)),
    fc.oneof(
      fc.constantFrom('', '.', '.0', '.123456789', '.1234567890', '.12x', ',5', '5'),
      fc
        .nat(9)
        .chain((count) => digits(count + 1))
        .map((text) => `.${text}`),
    ),
    fc.constantFrom('Z', 'z', '+00:00', '-05:30', '', 'ZZ'),
  )
  .map((parts) => parts.join(''));

describe('reading times', () => {
  it('gives what the full parser gives, whatever was read before', () => {
    fc.assert(
      fc.property(fc.array(nearTime, { minLength: 1, maxLength: 8 }), (texts) => {
        for (const text of texts) expect(readTimeText(text), text).toBe(parseTime(text) ?? Number.NaN);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives back every microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), (micros) => {
        expect(readTimeText(formatTime(micros))).toBe(micros);
      }),
    );
  });

  it('reads a minute once for all of its points', () => {
    const parsed = vi.spyOn(Date.prototype, 'setUTCFullYear');
    const start = Date.UTC(2026, 2, 1, 10) * 1000;
    for (let at = 0; at < 120; at += 1)
      for (const micros of [0, 250_000, 999_999])
        expect(readTimeText(formatTime(start + at * 1e6 + micros))).toBe(start + at * 1e6 + micros);
    expect(parsed).toHaveBeenCalledTimes(2);
    parsed.mockRestore();
  });

  it('takes milliseconds with decimals, and nothing beyond what is exact', () => {
    expect(readTime(1_772_359_200_000)).toBe(1_772_359_200_000_000);
    expect(readTime(1_772_359_200_000.125)).toBe(1_772_359_200_000_125);
    expect(readTime(-1)).toBe(-1000);
    for (const wrong of [1e300, -1e300, Number.POSITIVE_INFINITY, null, true, {}, undefined]) {
      expect(readTime(wrong)).toBeNaN();
    }
  });
});
