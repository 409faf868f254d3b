/** A clock that processes of one computer share, finer than milliseconds. */

/** It begins again after so many milliseconds, so that a number has room for thousandths. */
export const STAMP_ROUND = 10_000_000;

/** Now, in milliseconds. */
export const stamp = (): number => (performance.timeOrigin + performance.now()) % STAMP_ROUND;
