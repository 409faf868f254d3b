/** Floods of tries that do not succeed: the first are told one by one, later ones by their number. */

/** Tries of a caller and operation within a minute that are entries of their own. */
export const TOLD_TRIES = 10;

/**
 * Whether a try gets an entry: the first ten of a minute, then at each doubling, so that a flood of a million makes 27
 * entries, and the last of them tells at least half of it.
 * @param count tries of the minute so far, this one included
 */
export const isTold = (count: number): boolean =>
  count <= TOLD_TRIES || (count % TOLD_TRIES === 0 && Number.isInteger(Math.log2(count / TOLD_TRIES)));
