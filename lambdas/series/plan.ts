/**
 * What a range is read from: summaries of whole hours where they tell all, points everywhere else.
 *
 * Hours that are still open, or reopened by late data, are read point by point, and so are the ends of a range that
 * cut an hour, and whatever no summaries are found for. Results do not depend on the choice.
 */
import { MICROS_PER_HOUR, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from './column.ts';
import type { SummaryRun } from './summary-codec.ts';

/** Where a device's points and summaries come from. */
export interface Source {
  /** Points in `[from, to)`, hour by hour in order of time, sorted and each once. */
  hours(from: Micros, to: Micros): AsyncIterable<{ readonly columns: readonly SeriesColumn[] }>;
  /**
   * Starts of the hours in `[from, to)` whose summaries may not tell all. Asked for before the summaries are read:
   * what becomes clean meanwhile does no harm.
   */
  dirtyHours(from: Micros, to: Micros): Promise<ReadonlySet<Micros>>;
  /** Summaries of slots of a width in whole hours of `[from, to)`, in order of time. */
  summaries(width: Micros, from: Micros, to: Micros): AsyncIterable<SummaryRun>;
}

/** A piece of a range; none is earlier than the one before. */
export type Piece = {
  /** All of the range before this time has been given with this piece. */
  readonly until: Micros;
} & ({ readonly columns: readonly SeriesColumn[] } | { readonly run: SummaryRun });

async function* pointsOf(source: Source, from: Micros, to: Micros): AsyncGenerator<Piece> {
  if (from >= to) return;
  for await (const { columns } of source.hours(from, to)) {
    let last = from;
    for (const { time } of columns) last = Math.max(last, time[time.length - 1] ?? last);
    const until = (Math.floor(last / MICROS_PER_HOUR) + 1) * MICROS_PER_HOUR;
    yield { columns, until: Math.min(until, to) };
  }
}

/** The slots of a run in `[from, to)`. */
const cut = (run: SummaryRun, from: Micros, to: Micros): SummaryRun => {
  const first = Math.max(0, (from - run.start) / run.width);
  const end = Math.min(run.slots, (to - run.start) / run.width);
  if (first === 0 && end === run.slots) return run;
  return {
    start: run.start + first * run.width,
    width: run.width,
    slots: end - first,
    columns: run.columns.map((column) => ({ ...column, slots: column.slots.slice(first, end) })),
  };
};

/** Stretches of whole hours of `[from, to)` that are all dirty or all clean. */
function* stretches(
  from: Micros,
  to: Micros,
  dirty: ReadonlySet<Micros>,
): Generator<{ readonly from: Micros; readonly to: Micros; readonly clean: boolean }> {
  let start = from;
  while (start < to) {
    const clean = !dirty.has(start);
    let end = start + MICROS_PER_HOUR;
    while (end < to && dirty.has(end) !== clean) end += MICROS_PER_HOUR;
    yield { from: start, to: end, clean };
    start = end;
  }
}

/**
 * Reads a range.
 * @param slot width of the summaries that would do, an hour or a minute; `undefined` when only points will do
 */
export async function* readPieces(
  source: Source,
  from: Micros,
  to: Micros,
  slot: Micros | undefined,
): AsyncGenerator<Piece> {
  const firstHour = Math.ceil(from / MICROS_PER_HOUR) * MICROS_PER_HOUR;
  const endHour = Math.floor(to / MICROS_PER_HOUR) * MICROS_PER_HOUR;
  if (slot === undefined || firstHour >= endHour) {
    yield* pointsOf(source, from, to);
    return;
  }
  const dirty = await source.dirtyHours(firstHour, endHour);
  // Everything before this is given.
  let given = from;
  for await (const run of source.summaries(slot, firstHour, endHour)) {
    const start = Math.max(run.start, firstHour);
    const end = Math.min(run.start + run.slots * run.width, endHour);
    for (const stretch of stretches(start, end, dirty)) {
      if (!stretch.clean) continue;
      yield* pointsOf(source, given, stretch.from);
      yield { run: cut(run, stretch.from, stretch.to), until: stretch.to };
      given = stretch.to;
    }
  }
  yield* pointsOf(source, given, to);
}
