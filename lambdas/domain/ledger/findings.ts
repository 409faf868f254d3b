/**
 * What merging the points of an hour found, by the hour in which they arrived: a ledger is kept by time of arrival, and
 * points are merged by the time at which they were measured.
 */
import type { Micros } from '../../../contracts/time.ts';
import { type Found, nothingFound } from '../../../series/points/merge.ts';

/** By start of the hour of arrival. */
export type Findings = ReadonlyMap<Micros, Readonly<Found>>;

export const NO_FINDINGS: Findings = new Map();

const isNothing = ({ duplicate, overwritten, recovered }: Readonly<Found>): boolean =>
  duplicate === 0 && overwritten === 0 && recovered === 0;

const add = (into: Found, { duplicate, overwritten, recovered }: Readonly<Found>): void => {
  into.duplicate += duplicate;
  into.overwritten += overwritten;
  into.recovered += recovered;
};

/** Findings of several merges together; hours of which nothing was found are left out. */
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

/** All that was found of what arrived in `[from, to)`. */
export const sumFindings = (findings: Findings, from: Micros, to: Micros): Readonly<Found> => {
  const sum = nothingFound();
  for (const [hour, found] of findings) if (hour >= from && hour < to) add(sum, found);
  return sum;
};
