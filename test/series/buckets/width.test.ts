import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Duration,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  parseDuration,
  parseTime,
} from '../../../contracts/time.ts';
import { gridOf, isBucketWidth } from '../../../series/buckets/width.ts';
import { daysOf } from '../../../series/buckets/zone.ts';

const width = (text: string): Duration => {
  const duration = parseDuration(text);
  if (duration === undefined) throw new RangeError(text);
  return duration;
};
const time = (text: string): number => parseTime(text) ?? Number.NaN;

describe('buckets of a width', () => {
  it.each([
    ['PT5M', '2026-03-01T10:07:30Z', '2026-03-01T10:05:00Z', '2026-03-01T10:10:00Z'],
    ['P1D', '2026-03-01T23:59:59.999999Z', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['P1W', '2026-03-01T00:00:00Z', '2026-02-23T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['P1M', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['P3M', '2026-12-31T23:59:59Z', '2026-10-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['P1Y', '2026-06-01T00:00:00Z', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['PT5M', '1969-12-31T23:59:59Z', '1969-12-31T23:55:00Z', '1970-01-01T00:00:00Z'],
    ['P5M', '1969-12-31T23:59:59Z', '1969-08-01T00:00:00Z', '1970-01-01T00:00:00Z'],
  ])('%s at %s', (every, at, start, end) => {
    expect(gridOf(width(every)).at(time(at))).toEqual({ start: time(start), end: time(end) });
  });

  it('lays buckets side by side, without gaps', () => {
    const widths = fc.oneof(
      fc.integer({ min: 1, max: 40 }).map((months) => ({ months, days: 0, micros: 0 })),
      fc.record({
        months: fc.constant(0),
        days: fc.nat(40),
        micros: fc.integer({ min: 1, max: 2 * MICROS_PER_DAY }),
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 8e15 }), widths, (at, every) => {
        const grid = gridOf(every);
        const { start, end } = grid.at(at);
        expect(start).toBeLessThanOrEqual(at);
        expect(end).toBeGreaterThan(at);
        expect(grid.at(start)).toEqual({ start, end });
        expect(grid.at(end).start).toBe(end);
        expect(grid.at(start - 1).end).toBe(start);
      }),
    );
  });

  it('takes months alone', () => {
    expect(isBucketWidth(width('P1M'))).toBe(true);
    expect(isBucketWidth(width('P1DT1H'))).toBe(true);
    expect(isBucketWidth(width('P1M1D'))).toBe(false);
    expect(isBucketWidth(width('P1MT1H'))).toBe(false);
  });
});

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Asia/Gaza',
  'America/Havana',
  'UTC',
];

describe('days of a zone', () => {
  it('are those of its calendar: each begins with the first instant of its date', () => {
    const moments = fc.integer({ min: time('1975-01-01T00:00:00Z'), max: time('2040-01-01T00:00:00Z') });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), moments, (zone, at) => {
        const days = daysOf(zone);
        const format = new Intl.DateTimeFormat('en-CA', {
          timeZone: zone,
          year: 'numeric',
          month: '2-digit',
          day: '2-digit',
        });
        const date = (micros: number): string => format.format(Math.floor(micros / 1000));
        const day = days.dayAt(at);
        const [start, end] = [days.startOf(day), days.startOf(day + 1)];
        expect(start).toBeLessThanOrEqual(at);
        expect(end).toBeGreaterThan(at);
        const named = new Date(day * 86_400_000).toISOString().slice(0, 10);
        expect(date(start)).toBe(named);
        expect(date(start - 1000) < named).toBe(true);
        expect(days.dayAt(start)).toBe(day);
        expect(days.dayAt(end - 1)).toBe(day);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['Europe/Berlin', 'P1D', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['Europe/Berlin', 'P1D', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['America/Sao_Paulo', 'P1D', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ['America/Sao_Paulo', 'P1D', '2018-02-18T02:30:00Z', '2018-02-17T02:00:00Z', '2018-02-18T03:00:00Z'],
    ['Pacific/Apia', 'P1D', '2011-12-30T09:00:00Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
    ['Asia/Kolkata', 'P1M', '2026-03-10T00:00:00Z', '2026-02-28T18:30:00Z', '2026-03-31T18:30:00Z'],
    ['America/New_York', 'P1W', '2026-03-10T00:00:00Z', '2026-03-09T04:00:00Z', '2026-03-16T04:00:00Z'],
    ['Europe/Berlin', 'P1Y', '2026-06-01T00:00:00Z', '2025-12-31T23:00:00Z', '2026-12-31T23:00:00Z'],
  ])('%s, %s at %s', (zone, every, at, start, end) => {
    expect(gridOf(width(every), daysOf(zone)).at(time(at))).toEqual({ start: time(start), end: time(end) });
  });

  it('are made of whole hours, of whole minutes, or of neither', () => {
    const window = (zone: string, from: string, to: string) =>
      gridOf(width('P1D'), daysOf(zone)).window(time(from), time(to));
    expect(window('Europe/Berlin', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')).toBe(MICROS_PER_HOUR);
    expect(window('Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')).toBe(MICROS_PER_MINUTE);
    expect(window('Africa/Monrovia', '1971-01-01T00:00:00Z', '1971-02-01T00:00:00Z')).toBeUndefined();
    expect(window('Europe/Berlin', '1970-01-01T00:00:00Z', '2250-01-01T00:00:00Z')).toBeUndefined();
    expect(gridOf(width('PT5M')).window(0, 1)).toBe(MICROS_PER_MINUTE);
    expect(gridOf(width('PT1H')).window(0, 1)).toBe(MICROS_PER_HOUR);
    expect(gridOf(width('PT0.5S')).window(0, 1)).toBeUndefined();
  });

  it('are of the IANA database', () => {
    expect(() => daysOf('Middle-earth/Shire')).toThrow(RangeError);
  });
});
