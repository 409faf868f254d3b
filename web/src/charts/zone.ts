/** Wall clocks of time zones: instants are milliseconds since the epoch, walls are the same as if the zone were UTC. */

const MINUTE = 60_000;
const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (zone: string): Intl.DateTimeFormat => {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
};

/** What a clock in the zone shows at an instant, as milliseconds of UTC. */
export const wallOf = (instant: number, zone: string): number => {
  if (zone === 'UTC') return instant;
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
};

/**
 * The instant at which a clock in the zone shows a wall time: the first of two; where the clock jumps over it, as long
 * after the jump as it would have been.
 */
export const instantOf = (wall: number, zone: string): number => {
  const offset = (instant: number): number => wallOf(instant, zone) - instant;
  const [before, after] = [offset(wall - 24 * 60 * MINUTE), offset(wall + 24 * 60 * MINUTE)];
  const early = wall - Math.max(before, after);
  if (wallOf(early, zone) === wall) return early;
  const late = wall - Math.min(before, after);
  return wallOf(late, zone) === wall ? late : wall - before;
};

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-03-01 10:00:05`, with milliseconds where asked for. */
export const timeText = (instant: number, zone: string, millis = false): string => {
  const text = new Date(wallOf(instant, zone)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, millis ? 23 : 19)}`;
};

/** Value of a `datetime-local` field. */
export const fieldOf = (instant: number, zone: string): string =>
  new Date(wallOf(instant, zone)).toISOString().slice(0, 19);

/** The instant of a `datetime-local` field; `undefined` while it is none. */
export const instantOfField = (text: string, zone: string): number | undefined => {
  const wall = Date.parse(`${text}Z`);
  return text === '' || Number.isNaN(wall) ? undefined : instantOf(wall, zone);
};

/** `UTC+01:00`, as the zone stands at an instant. */
export const offsetText = (instant: number, zone: string): string => {
  const minutes = Math.round((wallOf(instant, zone) - instant) / MINUTE);
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};
