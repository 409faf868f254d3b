/**
 * Refuses streams that could not be sent whole: Lambda cuts an answer at 200 MB, after minutes and in the middle of a
 * row. Only what is surely longer is refused; what cannot be told without reading it (buckets of what is measured,
 * Parquet) is begun.
 */
import { LIMITS } from '../../../contracts/limits.ts';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import type { SeriesType } from '../../../series/formats/encoders.ts';
import { KEEP_COUNTS } from '../../../series/summaries/kept.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { runLimited } from '../../runtime/limit.ts';
import { readArchivedDays } from '../../store/archive/days.ts';
import { type Measurements, readHourSummaries } from '../../store/measurements/index.ts';
import { alignedSeries } from './aligned.ts';
import { filledRows, type Series } from './series-query.ts';

/** Bytes of a row at the least: its time, and the shortest of all that stands beside it. */
const LEAST_BYTES: Partial<Record<SeriesType, { readonly row: number; readonly alignedRow: number }>> = {
  'text/csv': { row: 35, alignedRow: 26 },
  'application/x-ndjson': { row: 60, alignedRow: 36 },
  'application/vnd.apache.arrow.stream': { row: 8, alignedRow: 8 },
};
/** Devices whose archived days are looked up at a time. */
const AT_ONCE = 16;

/** Bytes that a point, or a bucket, adds to an answer at the least; `undefined`: nobody can say. */
const leastBytes = (series: Series, type: SeriesType): number | undefined => {
  const least = LEAST_BYTES[type];
  if (least === undefined) return undefined;
  // Beside each other, as many as there are series share a row.
  return series.aligned ? least.alignedRow / Math.max(1, alignedSeries(series).length) : least.row;
};

interface ArchivedDays {
  readonly device: string;
  /** Starts of days that lie in the range as a whole. */
  readonly days: ReadonlySet<Micros>;
  /** Points of all channels and qualities. */
  readonly points: number;
}

/** Days of a device that are in the archive: points of days that are not may be gone, whatever summaries say. */
const archivedDays = async (
  measurements: Measurements,
  device: string,
  { from, to }: Series,
): Promise<ArchivedDays> => {
  const found = await Array.fromAsync(readArchivedDays(measurements, device, from, to));
  const whole = found.filter(({ day }) => day >= from && day + MICROS_PER_DAY <= to);
  return {
    device,
    days: new Set(whole.map(({ day }) => day)),
    points: whole.reduce((sum, { points }) => sum + points, 0),
  };
};

/** Points of archived days by what summaries of hours count; no more are counted once there are too many. */
const countPoints = async (
  measurements: Measurements,
  archived: readonly ArchivedDays[],
  { from, to, channels, only }: Series,
  most: number,
): Promise<number> => {
  let points = 0;
  for (const { device, days } of archived)
    for await (const { start, width, columns } of readHourSummaries(measurements, device, {
      from,
      to,
      channels,
      kept: KEEP_COUNTS,
    }))
      for (const { windows } of columns)
        for (const status of ['good', 'uncertain', 'bad'] as const) {
          if (only?.has(status) === false) continue;
          for (const [at, count] of windows[status].entries()) {
            const time = start + at * width;
            if (days.has(time - (time % MICROS_PER_DAY))) points += count;
          }
          if (points > most) return points;
        }
  return points;
};

/** Points of a range that are surely there, as far as it has to be known whether they are too many. */
const surePoints = async (measurements: Measurements, series: Series, most: number): Promise<number> => {
  const found = await runLimited(series.instruments, AT_ONCE, ({ id }) =>
    archivedDays(measurements, id, series),
  );
  const points = found.reduce((sum, each) => sum + each.points, 0);
  if (points <= most || (series.channels === undefined && series.only === undefined)) return points;
  const archived = found.filter(({ days }) => days.size > 0);
  return await countPoints(measurements, archived, series, most);
};

/** Rows of an answer that are surely there; 0 where that is not known before they are read. */
const sureRows = async (measurements: Measurements, series: Series, most: number): Promise<number> => {
  // Who has a cursor has had a part already.
  if (series.points !== undefined || series.after !== undefined) return 0;
  if (series.buckets !== undefined) return filledRows(series);
  if (series.to - series.from < MICROS_PER_DAY) return 0;
  return await surePoints(measurements, series, most);
};

/**
 * Refuses a stream that is surely longer than Lambda sends. Costs a Query for each device whose range holds a day.
 * @param most bytes
 * @throws {ProblemError} `answer-too-large`
 */
export const refuseTooLarge = async (
  measurements: Measurements,
  series: Series,
  type: SeriesType,
  most: number = LIMITS.streamedBytes,
): Promise<void> => {
  const least = leastBytes(series, type);
  if (least === undefined) return;
  const rows = await sureRows(measurements, series, most / least);
  if (rows * least <= most) return;
  const what = series.buckets === undefined ? 'points' : 'buckets';
  const instead = series.buckets === undefined ? ', or have files made with POST /v1/exports' : '';
  throw new ProblemError('answer-too-large', {
    detail: `at least ${Math.floor(rows)} ${what} are more than ${Math.floor(most / 2 ** 20)} MB of ${type}: take pages with limit${instead}`,
  });
};
