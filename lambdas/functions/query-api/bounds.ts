/** What one request may hold in memory, told before work begins from what its devices are. */
import { MICROS_PER_HOUR } from '../../../contracts/time.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { alignedSeries } from './aligned.ts';
import { pointsAnHour } from './expected-points.ts';
import type { Series } from './series-query.ts';

/** Series side by side, at most. */
const MOST_ALIGNED = 2000;
/** Cells of a page of series side by side: as JSON some 50 MB. */
const PAGE_CELLS = 500_000;
/** Points that are held at once: some 300 MB. */
const HELD_POINTS = 10_000_000;

/** Devices of which an hour of points can be held at the same time. */
export const devicesHeld = (series: Series, most: number): number => {
  const largest = series.instruments.reduce((points, _, at) => Math.max(points, pointsAnHour(series, at)), 1);
  return Math.max(1, Math.min(most, Math.floor(HELD_POINTS / largest)));
};

/** Rows of a page, at most: fewer where they are wide and nobody has said how many. */
export const rowsOfPage = (series: Series, asked: number | undefined, usual: number): number =>
  asked ??
  (series.aligned
    ? Math.max(1, Math.min(usual, Math.floor(PAGE_CELLS / Math.max(1, alignedSeries(series).length))))
    : usual);

const tooLarge = (detail: string): ProblemError =>
  new ProblemError('answer-too-large', {
    detail: `${detail}: ask for fewer devices or channels, or have files made with POST /v1/exports`,
  });

/**
 * Refuses series side by side that are too many to hold: an hour of each device is read at the same time.
 * @param limit rows of a page, as they were asked for
 * @throws {ProblemError} `answer-too-large`
 */
export const refuseTooWide = (series: Series, limit: number | undefined): void => {
  if (!series.aligned) return;
  const { length } = alignedSeries(series);
  if (length > MOST_ALIGNED) throw tooLarge(`${length} series side by side are more than ${MOST_ALIGNED}`);
  if (limit !== undefined && limit * length > PAGE_CELLS)
    throw tooLarge(`a page of ${limit} rows of ${length} series has more than ${PAGE_CELLS} cells`);
  if (series.buckets !== undefined) return;
  const hours = Math.min(1, (series.to - series.from) / MICROS_PER_HOUR);
  const held = series.instruments.reduce((sum, _, at) => sum + pointsAnHour(series, at), 0) * hours;
  if (held > HELD_POINTS)
    throw tooLarge(`some ${Math.round(held)} points an hour are more than ${HELD_POINTS}`);
};
