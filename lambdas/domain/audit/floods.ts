/** Floods of failed tries: the audit gets an entry for each of the first tries, later only for some, with a count. */

/** So many failed tries of one caller at one operation within a minute get an entry each. */
export const TOLD_TRIES = 10;

/**
 * Whether a failed try gets an entry: the first ten of a minute do, then one at each doubling of the count. A flood of
 * a million makes 26 entries, and the count in the last one is more than half of the flood.
 * @param count failed tries in the minute so far, this one included
 */
export const isTold = (count: number): boolean =>
  count <= TOLD_TRIES || (count % TOLD_TRIES === 0 && Number.isInteger(Math.log2(count / TOLD_TRIES)));
