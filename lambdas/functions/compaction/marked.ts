/** What is marked, in portions that do not get into each other's way. */
import type { Micros } from '../../../contracts/time.ts';
import {
  MARK_PARTITIONS,
  type Mark,
  type MarkKind,
  type Measurements,
  readMarks,
  startOfDay,
} from '../../store/measurements/index.ts';

/** Partitions in turn. Each call begins elsewhere, so that one that never gets through does not starve the same ones. */
const partitions = (): number[] => {
  const first = Math.floor(Math.random() * MARK_PARTITIONS);
  return Array.from({ length: MARK_PARTITIONS }, (_, at) => (first + at) % MARK_PARTITIONS);
};

/** Marks of all partitions whose period begins before a time. */
export async function* marksBefore(
  measurements: Measurements,
  kind: MarkKind,
  to: Micros,
  signal: AbortSignal,
): AsyncGenerator<Mark> {
  for (const number of partitions()) yield* readMarks(measurements, kind, number, { to }, signal);
}

const byDevice = (marks: readonly Mark[]): Iterable<readonly Mark[]> =>
  Map.groupBy(marks, ({ device }) => device).values();

/**
 * Marked hours before a time, those of one day of one device together: they share the summaries of that day, and
 * whoever works on them one after the other has nobody to race with.
 */
export async function* hoursByDay(
  measurements: Measurements,
  to: Micros,
  signal: AbortSignal,
): AsyncGenerator<readonly Mark[]> {
  for (const number of partitions()) {
    let day: Micros | undefined;
    let marks: Mark[] = [];
    for await (const mark of readMarks(measurements, 'dirty', number, { to }, signal)) {
      if (day !== undefined && startOfDay(mark.start) !== day) {
        yield* byDevice(marks);
        marks = [];
      }
      day = startOfDay(mark.start);
      marks.push(mark);
    }
    yield* byDevice(marks);
  }
}
