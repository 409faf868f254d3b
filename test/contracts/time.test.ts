import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  durationInput,
  formatTime,
  MAX_MICROS,
  parseDuration,
  parseTime,
  timeInput,
} from '../../contracts/time.ts';

describe('times', () => {
  test.each([
    ['2026-03-01T10:00:00Z', Date.UTC(2026, 2, 1, 10) * 1000],
    ['2026-03-01t10:00:00z', Date.UTC(2026, 2, 1, 10) * 1000],
    ['2026-03-01T10:00:00.5+01:30', Date.UTC(2026, 2, 1, 8, 30) * 1000 + 500_000],
    ['2026-03-01T00:00:00-00:30', Date.UTC(2026, 2, 1, 0, 30) * 1000],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29) * 1000],
    ['1969-12-31T23:59:59.999999Z', -1],
    ['2026-03-01T10:00:00.123456789Z', Date.UTC(2026, 2, 1, 10) * 1000 + 123_456],
    ['2016-12-31T23:59:60Z', Date.UTC(2016, 11, 31, 23, 59, 59) * 1000],
    ['0099-01-01T00:00:00Z', Date.parse('0099-01-01T00:00:00Z') * 1000],
  ])('%s is read', (text, micros) => {
    expect(parseTime(text)).toBe(micros);
  });

  test.each([
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+00:60',
    '2026-01-01',
    '',
  ])('%j is no time', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  test('what is written is read back to the microsecond', () => {
    const span = Date.UTC(9000, 0, 1) * 1000;
    fc.assert(
      fc.property(fc.integer({ min: -span / 8, max: Math.min(span, MAX_MICROS) }), (micros) => {
        expect(parseTime(formatTime(micros))).toBe(micros);
      }),
    );
  });

  test('a border takes RFC 3339 or milliseconds, and says what it wants', () => {
    expect(timeInput.parse('1772359200000')).toBe(1_772_359_200_000_000);
    expect(timeInput.parse('2026-03-01T10:00:00Z')).toBe(1_772_359_200_000_000);
    expect(timeInput.safeParse('now').error?.issues[0]?.message).toMatch(/RFC 3339/);
  });
});

describe('durations', () => {
  test.each([
    ['PT5M', { months: 0, days: 0, micros: 300_000_000 }],
    ['P1D', { months: 0, days: 1, micros: 0 }],
    ['P1Y2M3W4DT5H6M7.5S', { months: 14, days: 25, micros: 18_367_500_000 }],
    ['PT0.000001S', { months: 0, days: 0, micros: 1 }],
  ])('%s is read', (text, duration) => {
    expect(parseDuration(text)).toEqual(duration);
    expect(durationInput.parse(text)).toEqual(duration);
  });

  test.each(['P', 'PT', 'PT0S', 'P0D', '5M', 'PT5', 'P-1D', 'PT1.1234567S', 'P1.5D', ''])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
      expect(durationInput.safeParse(text).error?.issues[0]?.message).toMatch(/ISO 8601/);
    },
  );
});

describe('a time that was most likely meant otherwise', () => {
  test.each([
    ['1772359200', /looks like seconds since the epoch: use milliseconds, 1772359200000/],
    ['2026-03-01T10:00:00 02:00', /a \+ in an address is read as a space: write %2B/],
    ['yesterday', /^use an RFC 3339 time/],
  ])('%s is refused with a hint', (text, hint) => {
    expect(timeInput.safeParse(text).error?.issues[0]?.message).toMatch(hint);
  });

  test('is not one that can be read', () => {
    expect(timeInput.parse('1772359200000')).toBe(1772359200e6);
    expect(timeInput.parse('2026-03-01T10:00:00+02:00')).toBe(Date.parse('2026-03-01T08:00:00Z') * 1000);
    expect(timeInput.parse('0')).toBe(0);
  });
});
