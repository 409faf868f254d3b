/** Points of a range that keep its shape, chosen in one pass over summaries and points. */
import { STATUSES, type Status } from '../../../contracts/quality.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { readPieces, type Source } from '../../../series/buckets/plan.ts';
import { gridOf } from '../../../series/buckets/width.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { cornersOf, shapeOf } from '../../../series/points/downsample.ts';
import { type Dated, isNumeric, type Kept, Summary } from '../../../series/summaries/summary.ts';
import type { SummaryRun } from '../../../series/summaries/summary-codec.ts';
import { countAt, placesIn } from '../../../series/summaries/windows.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import type { PointRow } from './rows.ts';
import type { Series } from './series-query.ts';

/** Points of all channels together: what is held while a device is read. */
const MOST_POINTS = 200_000;
const USABLE: readonly Status[] = ['good', 'uncertain'];
/** What the corners of a shape are made of. */
export const KEEP_CORNERS: Kept = {
  ends: true,
  extremes: true,
  sum: false,
  squares: false,
  area: false,
  sketch: false,
};

interface Outline {
  readonly unit: string;
  readonly numeric: boolean;
  readonly corners: Dated[];
  /** Every point, as long as they are few enough to be given as they are. */
  all: Dated[] | undefined;
  count: number;
  end: Micros;
  open: Summary | undefined;
}

/** Gathers the corners of each channel, interval by interval. */
class Outlines {
  readonly #outlines = new Map<string, Outline>();
  readonly #grid;
  readonly #taken: readonly Status[];
  readonly #few: number;

  constructor(width: Micros, taken: readonly Status[], few: number) {
    this.#grid = gridOf({ months: 0, days: 0, micros: width });
    this.#taken = taken;
    this.#few = few;
  }

  #outline({ channel, unit, type }: Pick<SeriesColumn, 'channel' | 'unit' | 'type'>): Outline {
    let outline = this.#outlines.get(channel);
    if (outline === undefined) {
      const end = Number.NEGATIVE_INFINITY;
      outline = { unit, numeric: isNumeric(type), corners: [], all: [], count: 0, end, open: undefined };
      this.#outlines.set(channel, outline);
    }
    return outline;
  }

  #interval(outline: Outline, time: Micros): Summary {
    if (outline.open !== undefined && time < outline.end) return outline.open;
    this.#close(outline);
    const summary = new Summary('continuous', outline.numeric, KEEP_CORNERS, this.#taken);
    outline.open = summary;
    outline.end = this.#grid.at(time).end;
    return summary;
  }

  #close(outline: Outline): void {
    if (outline.open === undefined) return;
    outline.count += outline.open.count;
    outline.corners.push(...cornersOf(outline.open));
    outline.open = undefined;
  }

  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      const outline = this.#outline(column);
      for (let at = 0; at < column.time.length; at += 1) {
        const time = column.time[at] ?? 0;
        const value = column.value[at];
        if (value === undefined) continue;
        const summary = this.#interval(outline, time);
        const { count } = summary;
        summary.add(time, value, column.quality?.[at] ?? 0);
        if (outline.all === undefined || summary.count === count) continue;
        outline.all.push({ time, value });
        if (outline.all.length > this.#few) outline.all = undefined;
      }
    }
  }

  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end } = placesIn(run, from, to);
    for (const column of run.columns) {
      const outline = this.#outline(column);
      for (let at = first; at < end; at += 1) {
        if (countAt(column.windows, at) === 0) continue;
        outline.all = undefined;
        this.#interval(outline, run.start + at * run.width).merge(column.windows, at, at + 1);
      }
    }
  }

  /** By channel; those without a point are absent. */
  get channels(): ReadonlyMap<string, Outline> {
    for (const outline of this.#outlines.values()) this.#close(outline);
    return this.#outlines;
  }
}

/** Width of a interval: so that there are as many as points are asked for, in whole hours or minutes where they are. */
const intervalFor = (series: Series, count: number): Micros => {
  const range = Math.max(1, Math.min(series.to, series.now) - series.from);
  const width = Math.ceil(range / count);
  for (const unit of [MICROS_PER_HOUR, MICROS_PER_MINUTE])
    if (width >= unit) return Math.ceil(width / unit) * unit;
  return width;
};

/**
 * Chosen points of one device by time and channel.
 * @throws {ProblemError} `invalid-request` when the points of all channels are too many to be held
 */
export async function* readShape(source: Source, series: Series, device: number): AsyncGenerator<PointRow[]> {
  const count = series.points ?? MOST_POINTS;
  const instrument = series.instruments[device];
  const channels = series.channels?.size ?? Object.keys(instrument?.channels ?? {}).length;
  if (count * channels > MOST_POINTS)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?points', detail: `points of all channels together are at most ${MOST_POINTS}` }],
    });
  const taken = series.only === undefined ? USABLE : STATUSES.filter((status) => series.only?.has(status));
  const width = intervalFor(series, count);
  const usual = taken.length === USABLE.length && USABLE.every((status) => taken.includes(status));
  const window = [MICROS_PER_HOUR, MICROS_PER_MINUTE].find((unit) => width % unit === 0);
  const outlines = new Outlines(width, taken, count);
  for await (const piece of readPieces(source, series.from, series.to, usual ? window : undefined)) {
    if ('run' in piece) outlines.addSummaries(piece.run, piece.from, piece.until);
    else outlines.add(piece.columns);
  }
  const few = new Set(
    [...outlines.channels].flatMap(([channel, { all, count: found }]) =>
      all === undefined && found <= count ? [channel] : [],
    ),
  );
  const whole = new Outlines(width, taken, count);
  if (few.size > 0)
    for await (const { columns } of source.hours(series.from, series.to))
      whole.add(columns.filter(({ channel }) => few.has(channel)));
  const rows = [...outlines.channels].flatMap(([channel, { unit, corners, all }]): PointRow[] => {
    const conversion = series.conversions.get(channel);
    const chosen = all ?? whole.channels.get(channel)?.all ?? shapeOf(corners, count);
    return chosen.map(({ time, value }) => ({
      device,
      time,
      channel,
      unit: conversion?.unit ?? unit,
      value: conversion !== undefined && typeof value === 'number' ? conversion.value(value) : value,
      quality: undefined,
    }));
  });
  rows.sort((left, right) => left.time - right.time || (left.channel < right.channel ? -1 : 1));
  const after = series.after?.device === device ? series.after : undefined;
  yield after === undefined
    ? rows
    : rows.filter(
        ({ time, channel }) => time > after.time || (time === after.time && channel > after.channel),
      );
}
