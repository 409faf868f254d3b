/** Which parts of a summary are kept: what is not kept costs nothing, and no aggregate that needs it is known. */
export interface Kept {
  /** First and last value, and when. */
  readonly ends: boolean;
  /** Least and greatest number, and when. */
  readonly extremes: boolean;
  readonly sum: boolean;
  /** Sum of squares, for the standard deviation. */
  readonly squares: boolean;
  /** Area under the values over time, for the time-weighted mean. Needs the ends. */
  readonly area: boolean;
  /** Sketch of the distribution, for quantiles. */
  readonly sketch: boolean;
}

/** Everything: summaries of hours. */
export const KEEP_ALL: Kept = {
  ends: true,
  extremes: true,
  sum: true,
  squares: true,
  area: true,
  sketch: true,
};
/** Everything but quantiles: summaries of minutes. */
export const KEEP_SUMS: Kept = { ...KEEP_ALL, sketch: false };
/** Nothing but counts by quality. */
export const KEEP_COUNTS: Kept = {
  ends: false,
  extremes: false,
  sum: false,
  squares: false,
  area: false,
  sketch: false,
};
