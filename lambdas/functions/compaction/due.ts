/** What is queued, in portions that can be worked on at the same time. */
import type { Micros } from '../../../contracts/time.ts';
import {
  type Measurements,
  readTasks,
  startOfDay,
  TASK_PARTITIONS,
  type Task,
  type TaskKind,
} from '../../store/measurements/index.ts';

/** Partitions in turn. Each call begins elsewhere, so that one that never gets through does not starve the same ones. */
const partitions = (): number[] => {
  const first = Math.floor(Math.random() * TASK_PARTITIONS);
  return Array.from({ length: TASK_PARTITIONS }, (_, at) => (first + at) % TASK_PARTITIONS);
};

/** Tasks of all partitions whose period begins before a time. */
export async function* tasksBefore(
  measurements: Measurements,
  kind: TaskKind,
  to: Micros,
  signal: AbortSignal,
): AsyncGenerator<Task> {
  for (const number of partitions()) yield* readTasks(measurements, kind, number, { to }, signal);
}

const byDevice = (tasks: readonly Task[]): Iterable<readonly Task[]> =>
  Map.groupBy(tasks, ({ device }) => device).values();

/**
 * Queued hours before a time, those of one day of one device together: they write the same summaries of that day, so one
 * worker takes them one after the other.
 */
export async function* hoursByDay(
  measurements: Measurements,
  to: Micros,
  signal: AbortSignal,
): AsyncGenerator<readonly Task[]> {
  for (const number of partitions()) {
    let day: Micros | undefined;
    let tasks: Task[] = [];
    for await (const task of readTasks(measurements, 'dirty', number, { to }, signal)) {
      if (day !== undefined && startOfDay(task.start) !== day) {
        yield* byDevice(tasks);
        tasks = [];
      }
      day = startOfDay(task.start);
      tasks.push(task);
    }
    yield* byDevice(tasks);
  }
}

/** Queued hours that begin in `[from, to)`. */
export async function* hoursBetween(
  measurements: Measurements,
  from: Micros,
  to: Micros,
  signal: AbortSignal,
): AsyncGenerator<Task> {
  for (const number of partitions()) yield* readTasks(measurements, 'dirty', number, { from, to }, signal);
}
