/** Rollups of devices, for readers. */

import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import type { Kept } from '../../../series/summaries/kept.ts';
import type { SummaryRun } from '../../../series/summaries/run.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { batchGet } from '../dynamodb/batch-get.ts';
import { queryPages } from '../dynamodb/query.ts';
import type { Measurements } from './keys.ts';
import {
  attributesFor,
  daysIn,
  isPart,
  partsOfHead,
  rollupKey,
  rollupPartition,
  rollupPartKey,
  runOfRollup,
  wantedParts,
} from './rollup-item.ts';

/** What is wanted of rollups. */
export interface WantedSummaries {
  /** Only these; all when absent. */
  readonly channels: ReadonlySet<string> | undefined;
  readonly kept: Kept;
}

/** A rollup as it is stored. */
export interface StoredRollup {
  readonly head: Item;
  /** Parts of the head's version. */
  readonly parts: readonly Item[];
}

const toStored = (items: readonly Item[]): StoredRollup | undefined => {
  const head = items.find((item) => !isPart(item));
  if (head === undefined) return undefined;
  const prefix = `${head['sk']?.S}#p#${head['g']?.S}#`;
  return { head, parts: items.filter((item) => item['sk']?.S?.startsWith(prefix) === true) };
};

/**
 * Rollups of a partition by their key, each as all the items that begin with it.
 * @param attributes only these; all when absent
 */
export async function* readStored(
  { client, table }: Measurements,
  pk: string,
  from: string,
  to: string,
  attributes?: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<StoredRollup> {
  let gathered: Item[] = [];
  const question = {
    condition: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': { S: pk }, ':from': { S: from }, ':to': { S: `${to}~` } },
    // Consistent: parts of an older version than the head's would be left out, and the rollup be incomplete.
    consistent: true,
    attributes,
  };
  for await (const items of queryPages(client, table, question, signal))
    for (const item of items) {
      if (!isPart(item) && gathered.length > 0) {
        const stored = toStored(gathered);
        if (stored !== undefined) yield stored;
        gathered = [];
      }
      gathered.push(item);
    }
  const stored = toStored(gathered);
  if (stored !== undefined) yield stored;
}

/**
 * Summaries of a stored rollup.
 * @returns `undefined` when parts are missing, because a newer version is just taking their place
 */
export const runOfStored = (
  { head, parts }: StoredRollup,
  { channels, kept }: WantedSummaries,
): SummaryRun | undefined =>
  parts.length === partsOfHead(head) ? runOfRollup(head, parts, channels, kept) : undefined;

/**
 * Summaries of hours of a device: rollups of the days that touch `[from, to)`, in order of time. One that is just
 * being replaced is left out: its hours have points.
 * @throws {CorruptSummaries} or {UnknownFormat} naming the item
 */
export async function* readHourSummaries(
  measurements: Measurements,
  device: string,
  { from, to, ...wanted }: WantedSummaries & { readonly from: Micros; readonly to: Micros },
): AsyncGenerator<SummaryRun> {
  if (from >= to) return;
  const pk = rollupPartition(device, MICROS_PER_HOUR);
  const keys = [rollupKey(from), rollupKey(to - 1)] as const;
  for await (const stored of readStored(measurements, pk, ...keys, attributesFor(wanted.kept))) {
    const run = runOfStored(stored, wanted);
    if (run !== undefined) yield run;
  }
}

/** Days of a device that are read at a time. */
const DAYS_AT_ONCE = 8;

interface Waiting {
  readonly key: Item;
  readonly found: (item: Item | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Reads summaries of minutes, for one request: what several devices ask for at the same time is read at once, a
 * hundred items a call.
 */
export class MinuteReader {
  readonly #measurements: Measurements;
  readonly #wanted: WantedSummaries;
  #waiting = new Map<string, Waiting[]>();

  constructor(measurements: Measurements, wanted: WantedSummaries) {
    this.#measurements = measurements;
    this.#wanted = wanted;
  }

  #item(pk: string, sk: string): Promise<Item | undefined> {
    if (this.#waiting.size === 0) setImmediate(() => void this.#readWaiting());
    return new Promise((found, failed) => {
      const name = `${pk}/${sk}`;
      const waiting = { key: { pk: { S: pk }, sk: { S: sk } }, found, failed };
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), waiting]);
    });
  }

  async #readWaiting(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = new Map();
    const keys = [...asked.values()].flatMap(([first]) => (first === undefined ? [] : [first.key]));
    const attributes = attributesFor(this.#wanted.kept);
    try {
      const { client, table } = this.#measurements;
      // Consistent: the tasks were read before, and what they no longer name has been written since.
      const items = await batchGet(client, table, keys, { consistent: true, attributes });
      const known = new Map(items.map((item) => [`${item['pk']?.S}/${item['sk']?.S}`, item]));
      for (const [name, waiting] of asked) for (const { found } of waiting) found(known.get(name));
    } catch (error) {
      for (const waiting of asked.values()) for (const { failed } of waiting) failed(error);
    }
  }

  /** `undefined` where there is none, or it is just being replaced. */
  async #day(device: string, day: Micros): Promise<SummaryRun | undefined> {
    const pk = rollupPartition(device, MICROS_PER_MINUTE);
    const { channels, kept } = this.#wanted;
    const head = await this.#item(pk, rollupKey(day));
    if (head === undefined) return undefined;
    const wanted = wantedParts(head, channels);
    const parts = await Promise.all(
      wanted.map((part) => this.#item(pk, rollupPartKey(day, head['g']?.S ?? '', part))),
    );
    const there = parts.filter((part) => part !== undefined);
    return there.length < wanted.length ? undefined : runOfRollup(head, there, channels, kept);
  }

  /**
   * Summaries of minutes of a device in days that touch `[from, to)`, in order of time.
   * @param without starts of days of which nothing is wanted
   * @throws {CorruptSummaries} or {UnknownFormat} naming the item
   */
  async *read(
    device: string,
    from: Micros,
    to: Micros,
    without: ReadonlySet<Micros>,
  ): AsyncGenerator<SummaryRun> {
    const days = daysIn(from, to).filter((day) => !without.has(day));
    for (let at = 0; at < days.length; at += DAYS_AT_ONCE) {
      const some = days.slice(at, at + DAYS_AT_ONCE);
      const runs = await Promise.all(some.map((day) => this.#day(device, day)));
      for (const run of runs) if (run !== undefined) yield run;
    }
  }
}
