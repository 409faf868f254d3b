/**
 * Date patterns of `parse_time` (Joda-Time), as far as file names and keys need them.
 */

const FIELDS = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g;
const KNOWN: ReadonlySet<string> = new Set([
  'yyyy',
  'YYYY',
  'yy',
  'MM',
  'M',
  'dd',
  'd',
  'HH',
  'H',
  'mm',
  'm',
  'ss',
  's',
  'SSS',
]);

/** @returns the first letters of a pattern that are not supported, or `undefined` */
export const unsupportedField = (pattern: string): string | undefined =>
  [...pattern.matchAll(FIELDS)].find(([text, , letter]) => letter !== undefined && !KNOWN.has(text))?.[0];

/**
 * Formats a time.
 * @param timestamp milliseconds since the epoch
 * @param zone IANA name
 * @returns `undefined` when pattern or zone are not understood
 */
export const formatTime = (pattern: string, timestamp: number, zone: string): string | undefined => {
  if (unsupportedField(pattern) !== undefined) return undefined;
  const parts = partsOf(timestamp, zone);
  if (parts === undefined) return undefined;
  return pattern.replace(FIELDS, (text: string, quoted?: string, letter?: string) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    if (letter === undefined) return text;
    if (text === 'yy') return parts('year').slice(-2);
    const value =
      letter === 'S' ? String(new Date(timestamp).getUTCMilliseconds()) : parts(PART[letter] ?? 'year');
    return String(Number(value)).padStart(text.length, '0');
  });
};

const PART: Readonly<Record<string, Intl.DateTimeFormatPartTypes>> = {
  y: 'year',
  Y: 'year',
  M: 'month',
  d: 'day',
  H: 'hour',
  m: 'minute',
  s: 'second',
};

const formats = new Map<string, Intl.DateTimeFormat>();

const partsOf = (
  timestamp: number,
  zone: string,
): ((type: Intl.DateTimeFormatPartTypes) => string) | undefined => {
  let format = formats.get(zone);
  try {
    format ??= new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
    const parts = format.formatToParts(timestamp);
    return (type) => parts.find((part) => part.type === type)?.value ?? '';
  } catch (cause) {
    // An unknown zone or a time out of range is an argument of the wrong kind: Undefined in the SQL.
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
};
