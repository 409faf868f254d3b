import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import {
  completeTask,
  deviceOfItem,
  type Measurements,
  oldestTasks,
  readAllTasks,
  readTasks,
  TASK_PARTITIONS,
  type TaskKind,
  taskPartitionOf,
  toTaskItem,
  writeItems,
} from '../../../../lambdas/store/measurements/index.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());

const START = Date.parse('2026-03-01T00:00:00Z') * 1000;
const DAYS = 3;
const { signal } = new AbortController();
const table = (): Measurements => ({ client: aws.dynamo, table: aws.measurementsTable });

interface QueuedTask {
  readonly kind: TaskKind;
  readonly device: string;
  readonly start: number;
}

const task: fc.Arbitrary<QueuedTask> = fc
  .record({
    kind: fc.constantFrom<TaskKind>('dirty', 'unarchived'),
    device: fc.constantFrom('a', 'b', 'c-3', 'd', 'e'),
    hour: fc.nat(DAYS * 24 - 1),
  })
  .map(({ kind, device, hour }) => ({
    kind,
    device,
    start: START + (kind === 'dirty' ? hour : hour - (hour % 24)) * MICROS_PER_HOUR,
  }));
const nameOf = ({ kind, device, start }: QueuedTask): string => `${start} ${kind} ${device}`;
const widthOf = (kind: TaskKind): number => (kind === 'dirty' ? MICROS_PER_HOUR : MICROS_PER_DAY);
const instant = fc
  .tuple(fc.nat(DAYS * 24), fc.constantFrom(0, 1, MICROS_PER_HOUR / 2))
  .map(([hour, more]) => START + hour * MICROS_PER_HOUR + more);

const everywhere = async (read: (partition: number) => AsyncIterable<QueuedTask>): Promise<QueuedTask[]> => {
  const partitions = Array.from({ length: TASK_PARTITIONS }, (_, partition) => partition);
  return (await Promise.all(partitions.map((partition) => Array.fromAsync(read(partition))))).flat();
};
const sorted = (tasks: readonly QueuedTask[]): string[] => tasks.map(nameOf).sort();

describe('tasks', () => {
  it('are found by kind, or all that touch a range, hours before their day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(task, { selector: nameOf, maxLength: 40 }),
        instant,
        instant,
        async (tasks, one, other) => {
          const items = tasks.map(({ kind, device, start }) => toTaskItem(kind, device, start));
          await writeItems(table(), items, { signal });
          const [from, to] = [Math.min(one, other), Math.max(one, other)];
          const touched = await everywhere((partition) => readAllTasks(table(), partition, { from, to }));
          expect(sorted(touched)).toEqual(
            sorted(
              tasks.filter(({ kind, start }) => from < to && start < to && start + widthOf(kind) > from),
            ),
          );
          for (const [at, { kind, start, device }] of touched.entries())
            if (kind === 'unarchived')
              for (const later of touched.slice(at + 1))
                if (taskPartitionOf(later.device) === taskPartitionOf(device))
                  expect(later.start).toBeGreaterThanOrEqual(
                    later.kind === 'dirty' ? start + MICROS_PER_DAY : start,
                  );
          for (const kind of ['dirty', 'unarchived'] as const) {
            const width = widthOf(kind);
            const range = { from: Math.floor(from / width) * width, to: Math.floor(to / width) * width };
            const expected = tasks.filter(
              (each) => each.kind === kind && each.start >= range.from && each.start < range.to,
            );
            const found = await everywhere((partition) => readTasks(table(), kind, partition, range));
            expect(sorted(found)).toEqual(sorted(expected));
            const starts = tasks.filter((each) => each.kind === kind && each.start < range.to);
            const oldest = await oldestTasks(table(), kind, range.to, signal);
            expect(new Map(oldest.map((each) => [taskPartitionOf(each.device), each.start]))).toEqual(
              new Map(
                Map.groupBy(starts, ({ device }) => taskPartitionOf(device))
                  .entries()
                  .map(([partition, those]) => [partition, Math.min(...those.map(({ start }) => start))]),
              ),
            );
          }
          const all = { to: START + DAYS * MICROS_PER_DAY };
          for (const kind of ['dirty', 'unarchived'] as const)
            for (const found of await Array.fromAsync(everyMark(kind, all))) {
              expect(await completeTask(table(), { ...found, value: 'another' })).toBe(false);
              expect(await completeTask(table(), found)).toBe(true);
            }
          expect(
            await everywhere((partition) => readAllTasks(table(), partition, { from: START, ...all })),
          ).toEqual([]);
        },
      ),
      { numRuns: 15 },
    );
  });

  async function* everyMark(kind: TaskKind, range: { readonly to: number }) {
    for (let partition = 0; partition < TASK_PARTITIONS; partition += 1)
      yield* readTasks(table(), kind, partition, range);
  }

  it('say which device they are about', () => {
    expect(deviceOfItem(toTaskItem('dirty', 'mill-7', START))).toBe('mill-7');
    expect(deviceOfItem(toTaskItem('unarchived', 'mill-7', START))).toBe('mill-7');
    expect(deviceOfItem({ pk: { S: 'mill-7' }, sk: { S: 'latest#0' } })).toBe('mill-7');
  });
});
