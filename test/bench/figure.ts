/** What a bench says. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What is promised; absent where the figure only informs. */
  readonly target?: number;
  readonly ok: boolean;
}

/** A figure that is to stay at or below its target. */
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

/** A figure that is to reach its target. */
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

/** A figure that only informs. */
export const inform = (bench: string, figure: string, value: number, unit: string): Figure => ({
  bench,
  figure,
  value: round(value),
  unit,
  ok: true,
});

/** Three digits that count. */
const round = (value: number): number => Number(value.toPrecision(3));
