/** Where the daily roots of the audit are kept: an object a day, in a bucket of their own. */

/** Prefix of all roots. */
export const AUDIT_ROOTS_PREFIX = 'audit-roots/';

/** Name of the file of a day, as it is in the bucket and when it was downloaded. */
export const rootFile = (day: string): string => `${day}.json`;

/** The day that a file name or a key is the root of; `undefined` for another name. */
export const dayOfRoot = (name: string): string | undefined =>
  /^(?:.*\/)?(\d{4}-\d{2}-\d{2})\.json$/.exec(name)?.[1];
