/** Points of a range that keep its shape, chosen in one pass over summaries and points. */
import { STATUSES, type Status } from '../../../contracts/quality.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { readPieces, type Source } from '../../../series/buckets/plan.ts';
import { gridOf } from '../../../series/buckets/width.ts';
import { isNumeric, type SeriesColumn } from '../../../series/points/column.ts';
import { downsample, KEEP_M4, m4Of } from '../../../series/points/downsample.ts';
import { type PointBatch, pointBatches } from '../../../series/points/point-batches.ts';
import { type SummaryRun, windowsIn } from '../../../series/summaries/run.ts';
import { Summary, type TimedValue } from '../../../series/summaries/summary.ts';
import { countAt } from '../../../series/summaries/windows.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import type { Series } from './series-query.ts';

/** Points of all channels together: what is held while a device is read. */
const MOST_POINTS = 200_000;
const USABLE: readonly Status[] = ['good', 'uncertain'];

/** A channel that is downsampled. */
interface SampledChannel extends Pick<SeriesColumn, 'channel' | 'unit' | 'type'> {
  /** M4 points of the intervals that are over. */
  readonly m4: TimedValue[];
  /** Every point, as long as they are few enough to be given as they are. */
  all: TimedValue[] | undefined;
  count: number;
  /** The interval that is being read, and its end. */
  open: Summary | undefined;
  end: Micros;
}

/** Collects the M4 points of each channel, interval by interval. */
class M4Collector {
  readonly #channels = new Map<string, SampledChannel>();
  readonly #grid;
  readonly #qualities: readonly Status[];
  readonly #few: number;

  constructor(width: Micros, qualities: readonly Status[], few: number) {
    this.#grid = gridOf({ months: 0, days: 0, micros: width });
    this.#qualities = qualities;
    this.#few = few;
  }

  #channelOf({ channel, unit, type }: Pick<SeriesColumn, 'channel' | 'unit' | 'type'>): SampledChannel {
    let sampled = this.#channels.get(channel);
    if (sampled === undefined) {
      const end = Number.NEGATIVE_INFINITY;
      sampled = { channel, unit, type, m4: [], all: [], count: 0, end, open: undefined };
      this.#channels.set(channel, sampled);
    }
    return sampled;
  }

  #interval(sampled: SampledChannel, time: Micros): Summary {
    if (sampled.open !== undefined && time < sampled.end) return sampled.open;
    this.#close(sampled);
    const summary = new Summary('continuous', isNumeric(sampled.type), KEEP_M4, this.#qualities);
    sampled.open = summary;
    sampled.end = this.#grid.at(time).end;
    return summary;
  }

  #close(sampled: SampledChannel): void {
    if (sampled.open === undefined) return;
    sampled.count += sampled.open.count;
    sampled.m4.push(...m4Of(sampled.open));
    sampled.open = undefined;
  }

  add(columns: readonly SeriesColumn[]): void {
    for (const column of columns) {
      const sampled = this.#channelOf(column);
      for (let at = 0; at < column.time.length; at += 1) {
        const time = column.time[at] ?? 0;
        const value = column.value[at];
        if (value === undefined) continue;
        const summary = this.#interval(sampled, time);
        const { count } = summary;
        summary.add(time, value, column.quality?.[at] ?? 0);
        if (sampled.all === undefined || summary.count === count) continue;
        sampled.all.push({ time, value });
        if (sampled.all.length > this.#few) sampled.all = undefined;
      }
    }
  }

  addSummaries(run: SummaryRun, from: Micros, to: Micros): void {
    const { first, end } = windowsIn(run, from, to);
    for (const column of run.columns) {
      const sampled = this.#channelOf(column);
      for (let at = first; at < end; at += 1) {
        if (countAt(column.windows, at) === 0) continue;
        sampled.all = undefined;
        this.#interval(sampled, run.start + at * run.width).merge(column.windows, at, at + 1);
      }
    }
  }

  /** By channel; those without a point are absent. */
  get channels(): ReadonlyMap<string, SampledChannel> {
    for (const sampled of this.#channels.values()) this.#close(sampled);
    return this.#channels;
  }
}

/** Width of an interval: as many as points are asked for, in whole hours or minutes where it is that wide. */
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
export async function* readShape(source: Source, series: Series, device: number): AsyncGenerator<PointBatch> {
  const count = series.points ?? MOST_POINTS;
  const instrument = series.instruments[device];
  const channels = series.channels?.size ?? Object.keys(instrument?.channels ?? {}).length;
  if (count * channels > MOST_POINTS)
    throw new ProblemError('invalid-request', {
      errors: [{ pointer: '?points', detail: `points of all channels together are at most ${MOST_POINTS}` }],
    });
  const qualities =
    series.only === undefined ? USABLE : STATUSES.filter((status) => series.only?.has(status));
  const width = intervalFor(series, count);
  const usual = qualities.length === USABLE.length && USABLE.every((status) => qualities.includes(status));
  const window = [MICROS_PER_HOUR, MICROS_PER_MINUTE].find((unit) => width % unit === 0);
  const collector = new M4Collector(width, qualities, count);
  for await (const piece of readPieces(source, series.from, series.to, usual ? window : undefined)) {
    if ('run' in piece) collector.addSummaries(piece.run, piece.from, piece.until);
    else collector.add(piece.columns);
  }
  const few = new Set(
    [...collector.channels].flatMap(([channel, { all, count: found }]) =>
      all === undefined && found <= count ? [channel] : [],
    ),
  );
  const whole = new M4Collector(width, qualities, count);
  if (few.size > 0)
    for await (const { columns } of source.hours(series.from, series.to))
      whole.add(columns.filter(({ channel }) => few.has(channel)));
  const columns = [...collector.channels.values()]
    .map(({ channel, unit, type, m4, all }): SeriesColumn => {
      const chosen = all ?? whole.channels.get(channel)?.all ?? downsample(m4, count);
      const [time, value] = [chosen.map((point) => point.time), chosen.map((point) => point.value)];
      return { channel, type, unit, time, value, quality: undefined };
    })
    .sort((left, right) => (left.channel < right.channel ? -1 : 1));
  const after = series.after?.device === device ? series.after : undefined;
  yield* pointBatches(columns, device, { conversions: series.conversions, after });
}
