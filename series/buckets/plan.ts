/**
 * Plan of a read: summaries of whole windows where they are complete, points everywhere else.
 *
 * Read as points are hours that are still open or reopened by late data, the ends of a range that cut a window, and
 * windows without a stored summary. Results do not depend on the choice.
 */
import { MICROS_PER_HOUR, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import type { SummaryRun } from '../summaries/run.ts';

/** Where a device's points and summaries come from. */
export interface Source {
  /** Points in `[from, to)`, hour by hour in order of time, sorted and each once. */
  hours(from: Micros, to: Micros): AsyncIterable<{ readonly columns: readonly SeriesColumn[] }>;
  /**
   * Starts of the hours of `[from, to)` whose summaries of a width may be incomplete. Asked for before the summaries
   * are read: an hour that is completed meanwhile does no harm.
   */
  dirtyHours(width: Micros, from: Micros, to: Micros): Promise<ReadonlySet<Micros>>;
  /** Summaries of windows of a width that touch `[from, to)`, in order of time. */
  summaries(width: Micros, from: Micros, to: Micros): AsyncIterable<SummaryRun>;
}

/** A piece of a range, later than the one before. */
export type Piece = {
  /** With this piece everything before this time has been given. */
  readonly until: Micros;
} & (
  | { readonly columns: readonly SeriesColumn[] }
  /** The windows of the run in `[from, until)`. */
  | { readonly run: SummaryRun; readonly from: Micros }
);

async function* pointsOf(source: Source, from: Micros, to: Micros): AsyncGenerator<Piece> {
  if (from >= to) return;
  for await (const { columns } of source.hours(from, to)) {
    let last = from;
    for (const { time } of columns) last = Math.max(last, time[time.length - 1] ?? last);
    const until = (Math.floor(last / MICROS_PER_HOUR) + 1) * MICROS_PER_HOUR;
    yield { columns, until: Math.min(until, to) };
  }
}

/** Cuts `[from, to)` into intervals whose hours are all dirty or all clean. */
function* intervals(
  from: Micros,
  to: Micros,
  dirty: ReadonlySet<Micros>,
): Generator<{ readonly from: Micros; readonly to: Micros; readonly clean: boolean }> {
  const hourOf = (time: Micros): Micros => Math.floor(time / MICROS_PER_HOUR) * MICROS_PER_HOUR;
  let start = from;
  while (start < to) {
    const clean = !dirty.has(hourOf(start));
    let end = hourOf(start) + MICROS_PER_HOUR;
    while (end < to && dirty.has(end) !== clean) end += MICROS_PER_HOUR;
    yield { from: start, to: Math.min(end, to), clean };
    start = end;
  }
}

/** The whole windows in `[from, to)`: start of the first, end of the last. There is none when `first >= end`. */
export const wholeWindows = (
  from: Micros,
  to: Micros,
  window: Micros,
): { readonly first: Micros; readonly end: Micros } => ({
  first: Math.ceil(from / window) * window,
  end: Math.floor(to / window) * window,
});

/**
 * Reads a range piece by piece.
 * @param window width of the summaries to use, an hour or a minute; `undefined`: points only
 */
export async function* readPieces(
  source: Source,
  from: Micros,
  to: Micros,
  window: Micros | undefined,
): AsyncGenerator<Piece> {
  const { first, end } = window === undefined ? { first: to, end: from } : wholeWindows(from, to, window);
  if (window === undefined || first >= end) {
    yield* pointsOf(source, from, to);
    return;
  }
  const dirty = await source.dirtyHours(window, first, end);
  // Everything before this time has been given.
  let given = from;
  for await (const run of source.summaries(window, first, end)) {
    const begins = Math.max(run.start, first);
    const ends = Math.min(run.start + run.windows * run.width, end);
    for (const interval of intervals(begins, ends, dirty)) {
      if (!interval.clean) continue;
      yield* pointsOf(source, given, interval.from);
      yield { run, from: interval.from, until: interval.to };
      given = interval.to;
    }
  }
  yield* pointsOf(source, given, to);
}
