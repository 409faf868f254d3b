import { describe, expect, it } from 'vitest';
import { WEEKDAYS } from '../../../../contracts/resources/alert-rules.ts';
import { Calendar, dueAt } from '../../../../lambdas/domain/alerts/calendar.ts';

const at = (text: string): number => Date.parse(text) * 1000;
const night = new Calendar({ zone: 'Europe/Berlin', days: [...WEEKDAYS], from: '22:00', to: '07:00' });
const span = (calendar: Calendar, time: string) => {
  const { opens, closes } = calendar.next(at(time));
  return [new Date(opens / 1000).toISOString(), new Date(closes / 1000).toISOString()];
};

describe('a schedule from 22:00 to 07:00', () => {
  it('crosses midnight', () => {
    expect(span(night, '2026-02-10T23:30:00Z')).toEqual([
      '2026-02-10T21:00:00.000Z',
      '2026-02-11T06:00:00.000Z',
    ]);
    expect(span(night, '2026-02-10T12:00:00Z')).toEqual([
      '2026-02-10T21:00:00.000Z',
      '2026-02-11T06:00:00.000Z',
    ]);
  });

  it('is an hour shorter on the day on which summer time begins', () =>
    expect(span(night, '2026-03-29T00:30:00Z')).toEqual([
      '2026-03-28T21:00:00.000Z',
      '2026-03-29T05:00:00.000Z',
    ]));

  it('is an hour longer on the day on which it ends', () =>
    expect(span(night, '2026-10-25T00:30:00Z')).toEqual([
      '2026-10-24T20:00:00.000Z',
      '2026-10-25T06:00:00.000Z',
    ]));

  it('is over at its end to the microsecond', () => {
    const { closes } = night.next(at('2026-02-11T05:59:59Z'));
    expect(night.next(closes - 1).closes).toBe(closes);
    expect(night.next(closes).opens).toBe(at('2026-02-11T21:00:00Z'));
  });
});

it('spans within the hour that clocks leave out are none that day', () => {
  const early = new Calendar({ zone: 'Europe/Berlin', days: ['sunday'], from: '02:10', to: '02:50' });
  expect(span(early, '2026-03-28T00:00:00Z')[0]).toBe('2026-04-05T00:10:00.000Z');
});

it('days are those on which a span begins', () => {
  const friday = new Calendar({ zone: 'America/New_York', days: ['friday'], from: '20:00', to: '04:00' });
  // Saturday, 03:00 in New York.
  expect(span(friday, '2026-01-10T08:00:00Z')).toEqual([
    '2026-01-10T01:00:00.000Z',
    '2026-01-10T09:00:00.000Z',
  ]);
});

describe('a delay', () => {
  it('starts when the schedule opens', () =>
    expect(dueAt(night, at('2026-02-10T12:00:00Z'), 60e6)).toBe(at('2026-02-10T21:01:00Z')));

  it('that does not fit before the end waits for the next span', () =>
    expect(dueAt(night, at('2026-02-11T05:59:30Z'), 60e6)).toBe(at('2026-02-11T21:01:00Z')));

  it('that is longer than every span never ends', () =>
    expect(dueAt(night, at('2026-02-10T12:00:00Z'), 12 * 3600e6)).toBe(Number.POSITIVE_INFINITY));
});
