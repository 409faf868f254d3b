/** One result of a bench. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** The limit that is promised; absent when the figure is only information. */
  readonly target?: number;
  readonly ok: boolean;
}

/** A figure that must not be above its target. */
export const atMost = (
  bench: string,
  figure: string,
  value: number,
  unit: string,
  target: number,
): Figure => ({
  bench,
  figure,
  value: round(value),
  unit,
  target,
  ok: value <= target,
});

/** A figure that must reach its target. */
export const atLeast = (
  bench: string,
  figure: string,
  value: number,
  unit: string,
  target: number,
): Figure => ({
  bench,
  figure,
  value: round(value),
  unit,
  target,
  ok: value >= target,
});

/** A figure without a target. */
export const inform = (bench: string, figure: string, value: number, unit: string): Figure => ({
  bench,
  figure,
  value: round(value),
  unit,
  ok: true,
});

/** Three significant digits. */
const round = (value: number): number => Number(value.toPrecision(3));
