/** Columns of channels merged into rows: points by time and channel, in batches that are lists themselves. */
import type { Value } from '../../contracts/messages/message.ts';
import { type Quality, type Status, statusOf } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import type { Conversion } from '../units/conversion.ts';
import type { OfChannels, RowChannel } from './channels.ts';
import type { SeriesColumn } from './column.ts';

/** Points of one device by time and channel; all lists are of one length. */
export interface PointBatch extends OfChannels<RowChannel> {
  readonly length: number;
  /** Place of the device among those that were asked for. */
  readonly device: number;
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
}

/** Rows of a batch: enough that each costs little, few enough that one who waits does not wait long. */
const BATCH = 16 * 1024;

/** A point by its place in the order of time and channel. */
export interface PointPosition {
  readonly time: Micros;
  readonly channel: string;
}

/** Which points of columns are given, and how. */
export interface Taken {
  /** Only points of these; all when absent. */
  readonly only?: ReadonlySet<Status> | undefined;
  /** Into other units, by channel. */
  readonly conversions?: ReadonlyMap<string, Conversion> | undefined;
  /** Only points after this one; all when absent. */
  readonly after?: PointPosition | undefined;
}

/** Place of the first point of a column that comes after a row. */
const startOf = ({ channel, time }: SeriesColumn, after: Taken['after']): number => {
  if (after === undefined) return 0;
  const past = channel > after.channel;
  let [low, high] = [0, time.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = time[middle] ?? 0;
    if (at > after.time || (past && at === after.time)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Collects points of some columns. */
class Collector {
  private place: number[] = [];
  private time: Micros[] = [];
  private value: Value[] = [];
  private quality: Quality[] = [];
  private readonly device: number;
  private readonly columns: readonly SeriesColumn[];
  private readonly channels: readonly RowChannel[];
  private readonly conversions: readonly (Conversion | undefined)[];
  private readonly only: ReadonlySet<Status> | undefined;

  constructor(device: number, columns: readonly SeriesColumn[], { only, conversions }: Taken) {
    this.device = device;
    this.columns = columns;
    this.only = only;
    this.conversions = columns.map(({ channel }) => conversions?.get(channel));
    this.channels = columns.map(({ channel, unit }, at) => ({
      channel,
      unit: this.conversions[at]?.unit ?? unit,
    }));
  }

  get isFull(): boolean {
    return this.time.length >= BATCH;
  }

  add(place: number, at: number): void {
    const column = this.columns[place];
    const time = column?.time[at];
    const value = column?.value[at];
    if (time === undefined || value === undefined) return;
    const quality = column?.quality?.[at] ?? 0;
    if (this.only !== undefined && !this.only.has(statusOf(quality))) return;
    const conversion = this.conversions[place];
    this.place.push(place);
    this.time.push(time);
    this.value.push(conversion !== undefined && typeof value === 'number' ? conversion.value(value) : value);
    this.quality.push(quality);
  }

  take(): PointBatch {
    const { device, channels, time, value } = this;
    const place = channels.length === 1 ? undefined : this.place;
    const quality = this.columns.some((column) => column.quality !== undefined) ? this.quality : undefined;
    [this.place, this.time, this.value, this.quality] = [[], [], [], []];
    return { length: time.length, device, channels, place, time, value, quality };
  }
}

/** One column: its parts are batches as they are, unless points are left out or converted. */
function* ofOne(column: SeriesColumn, device: number, taken: Taken): Generator<PointBatch> {
  const { channel, unit, time, value, quality } = column;
  const channels = [{ channel, unit }];
  const all: PointBatch = { length: time.length, device, channels, place: undefined, time, value, quality };
  const collector = new Collector(device, [column], taken);
  const asIs = taken.only === undefined && taken.conversions?.has(channel) !== true;
  for (let from = startOf(column, taken.after); from < time.length; from += BATCH) {
    const to = Math.min(from + BATCH, time.length);
    if (asIs) {
      yield to - from === all.length ? all : partOf(all, from, to);
      continue;
    }
    for (let at = from; at < to; at += 1) collector.add(0, at);
    yield collector.take();
  }
}

/** A heap of columns (k-way merge): the one whose next point comes first is on top. */
class NextPoints {
  private readonly heap: number[] = [];
  private readonly times: (readonly Micros[])[];
  readonly places: number[];

  constructor(columns: readonly SeriesColumn[], places: number[]) {
    this.times = columns.map(({ time }) => time);
    this.places = places;
    for (const [column, times] of this.times.entries())
      if ((places[column] ?? 0) < times.length) this.heap.push(column);
    for (let at = this.heap.length >>> 1; at >= 0; at -= 1) this.sink(at);
  }

  /** The column of the first point; `undefined` at the end. */
  get first(): number | undefined {
    return this.heap[0];
  }

  /** Goes on to the next point of the first column. */
  advance(): void {
    const column = this.heap[0] ?? 0;
    const place = (this.places[column] ?? 0) + 1;
    this.places[column] = place;
    if (place >= (this.times[column]?.length ?? 0)) {
      const last = this.heap.pop();
      if (last === undefined || this.heap.length === 0) return;
      this.heap[0] = last;
    }
    this.sink(0);
  }

  private timeOf(column: number): Micros {
    return this.times[column]?.[this.places[column] ?? 0] ?? Number.POSITIVE_INFINITY;
  }

  private sink(start: number): void {
    const { heap } = this;
    const column = heap[start];
    if (column === undefined) return;
    const time = this.timeOf(column);
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      let least = heap[child];
      if (least === undefined) break;
      let leastTime = this.timeOf(least);
      const right = heap[child + 1];
      if (right !== undefined) {
        const rightTime = this.timeOf(right);
        // Of equal times the first channel comes first.
        if (rightTime < leastTime || (rightTime === leastTime && right < least)) {
          [child, least, leastTime] = [child + 1, right, rightTime];
        }
      }
      if (time < leastTime || (time === leastTime && column < least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = column;
  }
}

/**
 * Merges columns into batches of points, by time and of one time by channel name.
 * @param columns one a channel, sorted by channel name, times ascending
 * @param device its place among those that were asked for
 */
export function* pointBatches(
  columns: readonly SeriesColumn[],
  device: number,
  taken: Taken = {},
): Generator<PointBatch> {
  const [first] = columns;
  if (first === undefined) return;
  if (columns.length === 1) {
    yield* ofOne(first, device, taken);
    return;
  }
  const next = new NextPoints(
    columns,
    columns.map((column) => startOf(column, taken.after)),
  );
  const collector = new Collector(device, columns, taken);
  for (let column = next.first; column !== undefined; column = next.first) {
    collector.add(column, next.places[column] ?? 0);
    next.advance();
    if (collector.isFull) yield collector.take();
  }
  yield collector.take();
}

/** A part of a batch. */
export const partOf = (batch: PointBatch, from: number, to: number): PointBatch => ({
  ...batch,
  length: to - from,
  place: batch.place?.slice(from, to),
  time: batch.time.slice(from, to),
  value: batch.value.slice(from, to),
  quality: batch.quality?.slice(from, to),
});
