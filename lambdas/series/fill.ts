/**
 * Buckets without points that enter the aggregates: nulls, the values before, or a straight line between the neighbours.
 */

import type { Value } from '../../contracts/payload/message.ts';
import type { Aggregate, Fill } from '../../contracts/series.ts';
import type { Micros } from '../../contracts/time.ts';
import type { BucketRow, FilledBucket } from './buckets.ts';
import type { Grid, Span } from './width.ts';

/** A row that points made, or that was filled in. */
export interface DenseRow extends BucketRow {
  readonly filled?: boolean;
}
export interface DenseBucket extends Span {
  /** By channel name. */
  readonly rows: readonly DenseRow[];
}

/** Longest gap, in buckets, that a line is drawn over; longer ones are filled with nulls. */
export const LONGEST_LINE = 1000;

export interface FillOptions {
  readonly fill: Fill;
  readonly grid: Grid;
  readonly from: Micros;
  readonly to: Micros;
  readonly aggregates: readonly Aggregate[];
  /** Channels that are filled, sorted by name. */
  readonly channels: readonly { readonly channel: string; readonly unit: string }[];
}

type Values = readonly (Value | null)[];

type Counts = BucketRow['quality'];

interface Slot extends Span {
  readonly rows: Map<string, DenseRow>;
}
interface Waiting extends Slot {
  readonly quality: Counts;
}

/** The last bucket with points of a channel, and the buckets since that wait for the next one. */
interface Trail {
  readonly channel: string;
  readonly unit: string;
  readonly start: Micros;
  readonly values: Values;
  readonly gap: Waiting[];
}

const NO_POINTS = { good: 0, uncertain: 0, bad: 0 } as const;

/** Takes buckets in order of time and gives every bucket of the range. */
export class Filler {
  readonly #options: FillOptions;
  readonly #trails = new Map<string, Trail>();
  /** Buckets of which some channel still waits for the next one. */
  #waiting: Slot[] = [];
  #next: Micros;

  constructor(options: FillOptions) {
    this.#options = options;
    this.#next = options.from;
  }

  *add(bucket: FilledBucket): Generator<DenseBucket> {
    const { fill } = this.#options;
    if (fill === 'none') {
      yield bucket;
      return;
    }
    yield* this.#empty(bucket.start);
    this.#next = bucket.end;
    yield* this.#put(bucket, bucket.rows);
  }

  /** The rest of the range. */
  *finish(): Generator<DenseBucket> {
    if (this.#options.fill === 'none') return;
    yield* this.#empty(this.#options.to);
    for (const trail of this.#trails.values()) this.#resolve(trail, undefined);
    yield* this.#ready();
  }

  /** Buckets without any point before a time. */
  *#empty(until: Micros): Generator<DenseBucket> {
    while (this.#next < until) {
      const span = this.#options.grid.at(this.#next);
      this.#next = span.end;
      yield* this.#put(span, []);
    }
  }

  *#put(span: Span, rows: readonly BucketRow[]): Generator<DenseBucket> {
    const slot: Slot = { start: span.start, end: span.end, rows: new Map() };
    const found = new Map(rows.map((row) => [row.channel, row]));
    for (const { channel, unit } of this.#options.channels)
      this.#settle(slot, channel, unit, found.get(channel));
    this.#waiting.push(slot);
    yield* this.#ready();
  }

  #settle(slot: Slot, channel: string, unit: string, row: BucketRow | undefined): void {
    const { fill } = this.#options;
    const trail = this.#trails.get(channel);
    const { quality } = row ?? { quality: NO_POINTS };
    if (row !== undefined && row.count > 0) {
      if (trail !== undefined) this.#resolve(trail, { start: slot.start, values: row.values });
      this.#trails.set(channel, { channel, unit, start: slot.start, values: row.values, gap: [] });
      slot.rows.set(channel, { ...row, filled: false });
    } else if (trail === undefined || fill === 'null') {
      slot.rows.set(channel, this.#row(channel, unit, quality, undefined));
    } else if (fill === 'previous') {
      slot.rows.set(channel, this.#row(channel, unit, quality, trail.values));
    } else {
      trail.gap.push({ ...slot, quality });
      if (trail.gap.length <= LONGEST_LINE) return;
      this.#resolve(trail, undefined);
      this.#trails.delete(channel);
    }
  }

  #row(channel: string, unit: string, quality: Counts, values: Values | undefined): DenseRow {
    const filled = this.#options.aggregates.map((name, at) =>
      name === 'count' ? 0 : (values?.[at] ?? null),
    );
    return { channel, unit, count: 0, values: filled, quality, filled: true };
  }

  /** Fills the gap of a channel: on a line to its next bucket, or with nulls. */
  #resolve(
    { channel, unit, start, values, gap }: Trail,
    next: { readonly start: Micros; readonly values: Values } | undefined,
  ): void {
    for (const slot of gap) {
      const share = next === undefined ? 0 : (slot.start - start) / (next.start - start);
      const between = values.map((left, at) => {
        const right = next?.values[at];
        if (typeof left !== 'number' || typeof right !== 'number') return null;
        return left * (1 - share) + right * share;
      });
      slot.rows.set(channel, this.#row(channel, unit, slot.quality, between));
    }
    gap.length = 0;
  }

  *#ready(): Generator<DenseBucket> {
    const { channels } = this.#options;
    let done = 0;
    for (const slot of this.#waiting) {
      if (channels.some(({ channel }) => !slot.rows.has(channel))) break;
      done += 1;
      const rows = [...slot.rows.values()].sort((left, right) => (left.channel < right.channel ? -1 : 1));
      yield { start: slot.start, end: slot.end, rows };
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
  }
}
