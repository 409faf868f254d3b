/**
 * Marks of work to be done, so that nobody has to scan for it: hours of a device that are to be compacted
 * (`dirty`), and days that are to be archived (`unarchived`).
 *
 * A mark is written after what it speaks of is durable and taken away only as it was when the work began: who
 * adds something meanwhile writes another value, and the mark stays.
 */
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { MICROS_PER_DAY, MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { Item } from '../attributes.ts';
import { queryPages } from '../query.ts';
import { hourKey, type Measurements, parseHour } from './keys.ts';

/** Partitions that marks of one kind are spread over. */
export const MARK_PARTITIONS = 16;

export type MarkKind = 'dirty' | 'unarchived';

const partition = (kind: MarkKind, number: number): string => `${kind}#${number}`;

/** Number of the partition that marks of a device lie in. */
export const markPartitionOf = (device: string): number => crc32(device) % MARK_PARTITIONS;

const partitionOf = (kind: MarkKind, device: string): string => partition(kind, markPartitionOf(device));

/** `2026-03-01` */
export const dayKey = (time: Micros): string => hourKey(time).slice(0, 10);
/** Start of the day that keys name `2026-03-01`. */
export const parseDay = (text: string): Micros => Date.parse(`${text}T00:00:00Z`) * 1000;

export const startOfDay = (time: Micros): Micros => Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY;

const periodKey = (kind: MarkKind, time: Micros): string => (kind === 'dirty' ? hourKey(time) : dayKey(time));

export interface Mark {
  readonly kind: MarkKind;
  readonly device: string;
  /** Start of the hour or day. */
  readonly start: Micros;
  /** Another with each marking. */
  readonly value: string;
  /** Until when the blocks of an unarchived day stay, where somebody has seen to it. */
  readonly kept: Micros | undefined;
}

/** A mark as an item: `t`, its value; {@link keepMark} adds `kept`. */
export const toMarkItem = (kind: MarkKind, device: string, start: Micros): Item => ({
  pk: { S: partitionOf(kind, device) },
  sk: { S: `${periodKey(kind, start)}#${device}` },
  t: { S: randomUUID() },
});

/** The device that an item is about: that of its partition, or that which a mark names. */
export const deviceOfItem = (item: Item): string => {
  const pk = item['pk']?.S ?? '';
  return /^(dirty|unarchived)#/.test(pk) ? (item['sk']?.S ?? '').replace(/^[^#]*#/, '') : pk;
};

const fromItem = (kind: MarkKind, item: Item): Mark => {
  const [period = '', device = ''] = (item['sk']?.S ?? '').split('#');
  const start = kind === 'dirty' ? parseHour(period) : parseDay(period);
  const kept = item['kept']?.N;
  return {
    kind,
    device,
    start,
    value: item['t']?.S ?? '',
    kept: kept === undefined ? undefined : Number(kept),
  };
};

/**
 * Marks of one partition, the oldest period first.
 * @param number of the partition, below {@link MARK_PARTITIONS}
 * @param range hours or days that start in `[from, to)`, so many of them asked for at once, or as many as fit a page
 */
export async function* readMarks(
  { client, table }: Measurements,
  kind: MarkKind,
  number: number,
  { from, to, atOnce }: { readonly from?: Micros; readonly to: Micros; readonly atOnce?: number },
  signal?: AbortSignal,
): AsyncGenerator<Mark> {
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: {
      ':pk': { S: partition(kind, number) },
      ':from': { S: from === undefined ? '0' : periodKey(kind, from) },
      // The period itself is less than any mark in it.
      ':to': { S: periodKey(kind, to) },
    },
    consistent: true,
    limit: atOnce,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) yield fromItem(kind, item);
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
  const number = markPartitionOf(device);
  // Up to the hour after that of the last microsecond.
  const range = { from, to: to - 1 + MICROS_PER_HOUR };
  for await (const mark of readMarks(measurements, 'dirty', number, range, signal))
    if (mark.device === device) hours.add(mark.start);
  return hours;
};

const keyOf = ({ kind, device, start }: Mark): Item => ({
  pk: { S: partitionOf(kind, device) },
  sk: { S: `${periodKey(kind, start)}#${device}` },
});

/** The oldest mark before a time of each partition that has one. */
export const oldestMarks = async (
  measurements: Measurements,
  kind: MarkKind,
  to: Micros,
  signal: AbortSignal,
): Promise<Mark[]> => {
  const oldest = async (number: number): Promise<Mark[]> => {
    for await (const mark of readMarks(measurements, kind, number, { to, atOnce: 1 }, signal)) return [mark];
    return [];
  };
  return (await Promise.all(Array.from({ length: MARK_PARTITIONS }, (_, number) => oldest(number)))).flat();
};

/** Notes with a mark, if it is still as it was read, until when the blocks of its day stay. */
export const keepMark = async (
  { client, table }: Measurements,
  mark: Mark,
  until: Micros,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(mark),
        UpdateExpression: 'SET kept = :until',
        ConditionExpression: 't = :value',
        ExpressionAttributeValues: { ':until': { N: String(until) }, ':value': { S: mark.value } },
      }),
      { abortSignal: signal },
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
};

/**
 * Takes a mark away.
 * @returns whether it was as it was read; otherwise there is more to do
 */
export const clearMark = async ({ client, table }: Measurements, mark: Mark): Promise<boolean> => {
  try {
    await client.send(
      new DeleteItemCommand({
        TableName: table,
        Key: keyOf(mark),
        ConditionExpression: 'attribute_not_exists(pk) OR t = :value',
        ExpressionAttributeValues: { ':value': { S: mark.value } },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};
