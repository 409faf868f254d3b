/** Times in a zone, over the days on which its clock jumps; the zone of this computer plays no part. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticksOf } from '../../web/src/charts/ticks.ts';
import {
  fieldOf,
  instantOf,
  instantOfField,
  offsetText,
  timeText,
  wallOf,
} from '../../web/src/charts/zone.ts';

const HOUR = 3_600_000;
const utc = (text: string): number => Date.parse(`${text}Z`);
const labels = (from: string, to: string, most: number, zone: string): string[] =>
  ticksOf(utc(from), utc(to), most, zone).map(({ label }) => label.split('\n')[0] ?? '');

describe('wall clocks', () => {
  it('skip an hour in spring and repeat one in autumn', () => {
    expect(timeText(utc('2025-03-30T00:59:59'), 'Europe/Paris')).toBe('2025-03-30 01:59:59');
    expect(timeText(utc('2025-03-30T01:00:00'), 'Europe/Paris')).toBe('2025-03-30 03:00:00');
    expect(timeText(utc('2025-10-26T00:30:00'), 'Europe/Paris')).toBe('2025-10-26 02:30:00');
    expect(timeText(utc('2025-10-26T01:30:00'), 'Europe/Paris')).toBe('2025-10-26 02:30:00');
    expect(offsetText(utc('2025-07-01T00:00:00'), 'Asia/Kolkata')).toBe('UTC+05:30');
    expect(offsetText(utc('2025-07-01T00:00:00'), 'America/St_Johns')).toBe('UTC−02:30');
  });

  it('lead back to the instant, but for the hour that there is twice', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Paris',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
    );
    fc.assert(
      fc.property(fc.integer({ min: utc('2000-01-01'), max: utc('2040-01-01') }), zones, (instant, zone) => {
        const back = instantOf(wallOf(instant, zone), zone);
        expect(wallOf(back, zone)).toBe(wallOf(instant, zone));
        expect(back).toBeLessThanOrEqual(instant);
        expect(instant - back).toBeLessThanOrEqual(HOUR);
      }),
    );
  });

  it('are what a field for a time shows and gives', () => {
    const at = utc('2026-07-01T10:00:05');
    expect(fieldOf(at, 'Europe/Berlin')).toBe('2026-07-01T12:00:05');
    expect(instantOfField('2026-07-01T12:00:05', 'Europe/Berlin')).toBe(at);
    expect(instantOfField('2026-07-01T12:00', 'Europe/Berlin')).toBe(utc('2026-07-01T10:00:00'));
    expect(instantOfField('', 'UTC')).toBeUndefined();
  });
});

describe('ticks', () => {
  it('are those of UTC over the jump of another zone', () => {
    expect(labels('2025-03-30T00:00:00', '2025-03-30T06:00:00', 8, 'UTC')).toEqual(
      ['00', '01', '02', '03', '04', '05', '06'].map((hour) => `${hour}:00`),
    );
  });

  it('leave out the hour that is not there', () => {
    expect(labels('2025-03-29T23:00:00', '2025-03-30T04:00:00', 8, 'Europe/Paris')).toEqual(
      ['00', '01', '03', '04', '05', '06'].map((hour) => `${hour}:00`),
    );
    expect(labels('2025-03-29T23:00:00', '2025-03-30T22:00:00', 8, 'Europe/Paris')).toEqual(
      ['00', '03', '06', '09', '12', '15', '18', '21', '00'].map((hour) => `${hour}:00`),
    );
  });

  it('stand at midnight of the zone, day by day, over the jump', () => {
    const ticks = ticksOf(utc('2025-03-28T00:00:00'), utc('2025-04-01T00:00:00'), 5, 'Europe/Paris');
    expect(ticks.map(({ at }) => new Date(at).toISOString().slice(0, 13))).toEqual([
      '2025-03-28T23',
      '2025-03-29T23',
      '2025-03-30T22',
      '2025-03-31T22',
    ]);
    expect(ticks.map(({ label }) => label)).toEqual(['03-29', '03-30', '03-31', '04-01']);
  });

  it('are months over a year', () => {
    expect(labels('2025-01-15T00:00:00', '2026-01-15T00:00:00', 12, 'UTC')).toEqual([
      '2025-02',
      '2025-03',
      '2025-04',
      '2025-05',
      '2025-06',
      '2025-07',
      '2025-08',
      '2025-09',
      '2025-10',
      '2025-11',
      '2025-12',
      '2026-01',
    ]);
  });

  it('rise, lie within the range, and are no more than asked for', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(
        fc.integer({ min: utc('2001-01-01'), max: utc('2039-01-01') }),
        fc.integer({ min: 10, max: 10 * 365 * 24 * HOUR }),
        fc.integer({ min: 2, max: 12 }),
        zones,
        (from, width, most, zone) => {
          const at = ticksOf(from, from + width, most, zone).map((tick) => tick.at);
          expect(at).toEqual([...new Set(at)].sort((a, b) => a - b));
          expect(at.every((each) => each >= from && each <= from + width)).toBe(true);
          expect(at.length).toBeLessThanOrEqual(most + 2);
        },
      ),
      { numRuns: 200 },
    );
  });
});
