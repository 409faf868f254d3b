/**
 * What merges found out about points, by the hour in which the points arrived. The ledger is kept by hour of arrival,
 * but points are merged by the hour in which they were measured.
 */
import type { Micros } from '../../../contracts/time.ts';
import { type Found, nothingFound } from '../../../series/points/merge.ts';

/** By the start of the hour of arrival. */
export type Findings = ReadonlyMap<Micros, Readonly<Found>>;

export const NO_FINDINGS: Findings = new Map();

const isNothing = ({ duplicate, overwritten, recovered }: Readonly<Found>): boolean =>
  duplicate === 0 && overwritten === 0 && recovered === 0;

const add = (into: Found, { duplicate, overwritten, recovered }: Readonly<Found>): void => {
  into.duplicate += duplicate;
  into.overwritten += overwritten;
  into.recovered += recovered;
};

/** The sum of the findings of several merges; hours without any are left out. */
export const addFindings = (...all: readonly Findings[]): Findings => {
  const sums = new Map<Micros, Found>();
  for (const findings of all)
    for (const [hour, found] of findings) {
      if (isNothing(found)) continue;
      const sum = sums.get(hour) ?? nothingFound();
      add(sum, found);
      sums.set(hour, sum);
    }
  return sums;
};

/** The sum of what was found about points that arrived in `[from, to)`. */
export const sumFindings = (findings: Findings, from: Micros, to: Micros): Readonly<Found> => {
  const sum = nothingFound();
  for (const [hour, found] of findings) if (hour >= from && hour < to) add(sum, found);
  return sum;
};
