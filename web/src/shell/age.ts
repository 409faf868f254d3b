/** How old something is, in words. */
import { texts } from '../texts.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `5 s`, `3 min`, `2 h`, `4 d`: whole ones, rounded down. */
export const spanText = (millis: number): string => {
  const size = Math.max(0, millis);
  if (size < MINUTE) return `${Math.floor(size / SECOND)} s`;
  if (size < HOUR) return `${Math.floor(size / MINUTE)} min`;
  if (size < 2 * DAY) return `${Math.floor(size / HOUR)} h`;
  return `${Math.floor(size / DAY)} d`;
};

/** `3 min ago`; `now` within five seconds, and for what clocks that differ put into the future. */
export const ageText = (millis: number): string =>
  millis < 5 * SECOND ? texts.age.now : texts.age.ago(spanText(millis));

/** Values without a declared interval are old after this. */
const USUAL_LIMIT = 5 * MINUTE;

/** Whether a value is older than its interval allows. @param interval expected seconds between points */
export const isStale = (age: number, interval: number | undefined): boolean =>
  age > (interval === undefined ? USUAL_LIMIT : Math.max(10 * SECOND, 3 * interval * SECOND));
