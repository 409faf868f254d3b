/**
 * Tasks of work to be done, so that nobody has to scan for it: hours of a device that are to be compacted
 * (`dirty`), and days that are to be archived (`unarchived`).
 *
 * A task is written after what it speaks of is durable and taken away only as it was when the work began: who
 * adds something meanwhile writes another value, and the task stays.
 *
 * Both kinds lie side by side, so that a reader of many devices, who needs both, asks each partition once.
 */
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { DeleteItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { isWritten } from '../dynamodb/conditions.ts';
import { queryPages } from '../dynamodb/query.ts';
import { hourKey, type Measurements, parseHour } from './keys.ts';

/** Partitions that tasks are spread over. */
export const TASK_PARTITIONS = 16;

export type TaskKind = 'dirty' | 'unarchived';

const partition = (number: number): string => `tasks#${number}`;

/** Number of the partition that tasks of a device lie in. */
export const taskPartitionOf = (device: string): number => crc32(device) % TASK_PARTITIONS;

/** `2026-03-01` */
export const dayKey = (time: Micros): string => hourKey(time).slice(0, 10);
/** Start of the day that keys name `2026-03-01`. */
export const parseDay = (text: string): Micros => Date.parse(`${text}T00:00:00Z`) * 1000;

export const startOfDay = (time: Micros): Micros => Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY;

/** What stands after the day of an unarchived day: after all of its hours. */
const WHOLE_DAY = '~';

const periodKey = (kind: TaskKind, time: Micros): string =>
  kind === 'dirty' ? hourKey(time) : `${dayKey(time)}${WHOLE_DAY}`;

const keyFor = (kind: TaskKind, device: string, start: Micros): Item => ({
  pk: { S: partition(taskPartitionOf(device)) },
  sk: { S: `${periodKey(kind, start)}#${device}` },
});

export interface Task {
  readonly kind: TaskKind;
  readonly device: string;
  /** Start of the hour or day. */
  readonly start: Micros;
  /** Another with each marking. */
  readonly value: string;
  /** Until when the blocks of an unarchived day stay, where somebody has seen to it. */
  readonly kept: Micros | undefined;
}

/** A task as an item: `t`, its value; {@link keepTask} adds `kept`. */
export const toTaskItem = (kind: TaskKind, device: string, start: Micros): Item => ({
  ...keyFor(kind, device, start),
  t: { S: randomUUID() },
});

/** The device that an item is about: that of its partition, or that which a task names. */
export const deviceOfItem = (item: Item): string => {
  const pk = item['pk']?.S ?? '';
  return pk.startsWith('tasks#') ? (item['sk']?.S ?? '').replace(/^[^#]*#/, '') : pk.replace(/#.*$/, '');
};

const fromItem = (item: Item): Task => {
  const [period = '', device = ''] = (item['sk']?.S ?? '').split('#');
  const isDay = period.endsWith(WHOLE_DAY);
  const kept = item['kept']?.N;
  return {
    kind: isDay ? 'unarchived' : 'dirty',
    device,
    start: isDay ? parseDay(period.slice(0, -WHOLE_DAY.length)) : parseHour(period),
    value: item['t']?.S ?? '',
    kept: kept === undefined ? undefined : Number(kept),
  };
};

interface MarkRange {
  readonly from?: Micros;
  readonly to: Micros;
  /** So many are asked for at once; as many as fit a page when absent. */
  readonly atOnce?: number;
}

async function* readRange(
  { client, table }: Measurements,
  number: number,
  { from, to, atOnce }: { readonly from: string; readonly to: string; readonly atOnce?: number | undefined },
  signal: AbortSignal | undefined,
): AsyncGenerator<Task> {
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': { S: partition(number) }, ':from': { S: from }, ':to': { S: to } },
    consistent: true,
    limit: atOnce,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) yield fromItem(item);
}

/**
 * Tasks of one kind and partition, the oldest period first.
 * @param number of the partition, below {@link TASK_PARTITIONS}
 * @param range hours or days that start in `[from, to)`
 */
export async function* readTasks(
  measurements: Measurements,
  kind: TaskKind,
  number: number,
  { from, to, atOnce }: MarkRange,
  signal?: AbortSignal,
): AsyncGenerator<Task> {
  // The period itself is less than any task in it.
  const keys = {
    from: from === undefined ? '0' : periodKey(kind, from),
    to: kind === 'dirty' ? hourKey(to) : dayKey(to),
    atOnce,
  };
  if (keys.from > keys.to) return;
  for await (const task of readRange(measurements, number, keys, signal)) if (task.kind === kind) yield task;
}

/**
 * Tasks of one partition of the hours and days that touch `[from, to)`, in one Query: of a day first the hours, then
 * the day itself. Who compacts an hour tasks its day before the hour is clean: read in this order, one of the tasks
 * is seen.
 */
export async function* readAllTasks(
  measurements: Measurements,
  number: number,
  { from, to }: { readonly from: Micros; readonly to: Micros },
): AsyncGenerator<Task> {
  if (from >= to) return;
  const keys = { from: hourKey(from), to: `${periodKey('unarchived', to - 1)}~` };
  for await (const task of readRange(measurements, number, keys, undefined)) if (task.start < to) yield task;
}

/**
 * Starts of the hours in `[from, to)` of a device whose block and rollups do not yet tell all: they have to be read
 * point by point. Hours that are still open are among them.
 */
export const readDirtyHours = async (
  measurements: Measurements,
  device: string,
  from: Micros,
  to: Micros,
  signal?: AbortSignal,
): Promise<Set<Micros>> => {
  const hours = new Set<Micros>();
  if (from >= to) return hours;
  const number = taskPartitionOf(device);
  // Up to the hour after that of the last microsecond.
  const range = { from, to: to - 1 + MICROS_PER_HOUR };
  for await (const task of readTasks(measurements, 'dirty', number, range, signal))
    if (task.device === device) hours.add(task.start);
  return hours;
};

const keyOf = ({ kind, device, start }: Task): Item => keyFor(kind, device, start);

/** Tasks that are asked for to find one of a kind. */
const FEW = 10;

/** The oldest task before a time of each partition that has one. */
export const oldestTasks = async (
  measurements: Measurements,
  kind: TaskKind,
  to: Micros,
  signal: AbortSignal,
): Promise<Task[]> => {
  const oldest = async (number: number): Promise<Task[]> => {
    for await (const task of readTasks(measurements, kind, number, { to, atOnce: FEW }, signal))
      return [task];
    return [];
  };
  return (await Promise.all(Array.from({ length: TASK_PARTITIONS }, (_, number) => oldest(number)))).flat();
};

/** Notes with a task, if it is still as it was read, until when the blocks of its day stay. */
export const keepTask = async (
  { client, table }: Measurements,
  task: Task,
  until: Micros,
  signal: AbortSignal,
): Promise<void> => {
  const update = new UpdateItemCommand({
    TableName: table,
    Key: keyOf(task),
    UpdateExpression: 'SET kept = :until',
    ConditionExpression: 't = :value',
    ExpressionAttributeValues: { ':until': { N: String(until) }, ':value': { S: task.value } },
  });
  await isWritten(client.send(update, { abortSignal: signal }));
};

/**
 * Takes a task away.
 * @returns whether it was as it was read; otherwise there is more to do
 */
export const completeTask = async ({ client, table }: Measurements, task: Task): Promise<boolean> => {
  const take = new DeleteItemCommand({
    TableName: table,
    Key: keyOf(task),
    ConditionExpression: 'attribute_not_exists(pk) OR t = :value',
    ExpressionAttributeValues: { ':value': { S: task.value } },
  });
  return await isWritten(client.send(take));
};
