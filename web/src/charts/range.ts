/** The time that is looked at: the last so and so long, or from one time to another. */
import { parseDuration } from '../../../contracts/time.ts';
import { spanText } from '../shell/age.ts';

export type Range = { readonly last: string } | Bounds;

/** From one time to another, in milliseconds since the epoch. */
export interface Bounds {
  readonly from: number;
  readonly to: number;
}

/** What is offered first. */
export const LASTS = ['PT5M', 'PT15M', 'PT1H', 'PT6H', 'P1D', 'P7D', 'P30D', 'P365D'] as const;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds of a duration without months; `undefined` for any other text. */
export const durationMillis = (text: string): number | undefined => {
  const found = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  if (found === null || parseDuration(text) === undefined) return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  return (weeks * 7 + days) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
};

/** `PT5S` as people say it; as it is where it has months. */
export const durationText = (text: string): string => {
  const millis = durationMillis(text);
  return millis === undefined ? text : spanText(millis);
};

/** First and last time of a range at a moment. */
export const boundsOf = (range: Range, now: number): Bounds =>
  'last' in range ? { from: now - (durationMillis(range.last) ?? HOUR), to: now } : range;

/** A range as the members of a URL. */
export const rangeToUrl = (range: Range): Record<string, string> =>
  'last' in range
    ? { last: range.last }
    : { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };

/** Reads a range from a URL; what is no range is `fallback`. */
export const rangeFromUrl = (search: URLSearchParams, fallback: Range): Range => {
  const [from, to] = [Date.parse(search.get('from') ?? ''), Date.parse(search.get('to') ?? '')];
  if (from < to) return { from, to };
  const last = search.get('last') ?? '';
  return (durationMillis(last) ?? 0) > 0 ? { last } : fallback;
};

/** Widths of buckets, as the API takes them. */
const EVERY: readonly (readonly [string, number])[] = [
  ['PT1S', SECOND],
  ['PT2S', 2 * SECOND],
  ['PT5S', 5 * SECOND],
  ['PT10S', 10 * SECOND],
  ['PT30S', 30 * SECOND],
  ['PT1M', MINUTE],
  ['PT2M', 2 * MINUTE],
  ['PT5M', 5 * MINUTE],
  ['PT10M', 10 * MINUTE],
  ['PT30M', 30 * MINUTE],
  ['PT1H', HOUR],
  ['PT2H', 2 * HOUR],
  ['PT6H', 6 * HOUR],
  ['P1D', DAY],
  ['P7D', 7 * DAY],
];

/** The narrowest bucket of which no more than `most` fill a range. */
export const everyFor = (from: number, to: number, most: number): string =>
  EVERY.find(([, millis]) => (to - from) / millis <= most)?.[0] ?? 'P7D';

/** A range moved by a share of itself. */
export const panned = ({ from, to }: Bounds, share: number): Bounds => {
  const by = (to - from) * share;
  return { from: Math.round(from + by), to: Math.round(to + by) };
};

/** A range made wider or narrower around its middle, or another place of it from 0 to 1. */
export const zoomed = ({ from, to }: Bounds, factor: number, at = 0.5): Bounds => {
  const width = Math.max(10, (to - from) * factor);
  const middle = from + (to - from) * at;
  return { from: Math.round(middle - width * at), to: Math.round(middle + width * (1 - at)) };
};
