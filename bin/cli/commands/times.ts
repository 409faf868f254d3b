/** Times on the command line. */
import { formatTime, MICROS_PER_DAY, parseDuration } from '../../../contracts/time.ts';
import { UsageError } from '../client/target.ts';

/**
 * Reads `PT1H` as an hour ago; any other text stays what it is, for the API to judge.
 * @throws {UsageError} for a duration of months, which have no fixed length
 */
export const startTime = (option: string, text: string, now: number = Date.now() * 1000): string => {
  const ago = parseDuration(text);
  if (ago === undefined) return text;
  if (ago.months > 0)
    throw new UsageError(`${option} ${text}: months have no fixed length; use days or a time`);
  return formatTime(now - ago.days * MICROS_PER_DAY - ago.micros);
};
