import { describe, expect, it } from 'vitest';
import { instant } from '../../../../bin/cli/commands/times.ts';

const now = Date.parse('2026-03-31T12:00:00Z') * 1000;
const at = (text: string, tz?: string): string => instant('--from', text, { now, tz });

describe('a time on the command line', () => {
  it.each([
    ['2026-03-01T10:00:00+01:00', '2026-03-01T09:00:00.000Z'],
    ['2026-03-01T10:00:00.123456Z', '2026-03-01T10:00:00.123456Z'],
    ['PT90M', '2026-03-31T10:30:00.000Z'],
    ['P1D', '2026-03-30T12:00:00.000Z'],
    ['P1W', '2026-03-24T12:00:00.000Z'],
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
  ])('reads %s as %s', (text, time) => {
    expect(at(text)).toBe(time);
  });

  it.each([
    ['2026-03-01', 'Europe/Berlin', '2026-02-28T23:00:00.000Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-07-01', 'America/New_York', '2026-07-01T04:00:00.000Z'],
    // Clocks went from 23:59:59 to 01:00:00: the day has no midnight.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
    // A time zone says nothing of times that have an offset.
    ['2026-07-01T00:00:00Z', 'Europe/Berlin', '2026-07-01T00:00:00.000Z'],
  ])('reads %s in %s as %s', (text, tz, time) => {
    expect(at(text, tz)).toBe(time);
  });

  it.each(['yesterday', '2026-13-01', '2026-02-30', '1772359200', 'P1M', 'P0D', '', '2026-03-01T10:00:00'])(
    'refuses %j, and names the option',
    (text) => {
      expect(() => at(text)).toThrow(`--from ${text}: `);
    },
  );

  it('refuses a time zone that is none', () => {
    expect(() => at('2026-03-01', 'Berlin')).toThrow('--tz Berlin: use a name of the IANA');
  });
});
