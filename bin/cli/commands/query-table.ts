/** Tables of `labgate query`: the last items of each device, and the shape of each channel over the range. */
import type { Bucket } from '../../../contracts/resources/series.ts';
import { type Micros, parseTime } from '../../../contracts/time.ts';
import type { Api } from '../client/api.ts';
import {
  lastItems,
  type Overview,
  overviewOf,
  pointsOf,
  type SeriesRequest,
  seriesPages,
} from '../client/series.ts';
import { itemTable, nameOf, numberOf, type Row, type Shape, shapeTable } from '../output/series.ts';
import { print, tell } from './options.ts';

/** Rows of each device at most. */
const MOST_ROWS = 40;

/** Says how many items the devices have of which not all are shown. */
const tellCut = (counts: ReadonlyMap<string, number>): void => {
  const cut = [...counts].filter(([, count]) => count > MOST_ROWS);
  if (cut.length === 0) return;
  const totals = cut.map(([name, count]) => (name === '' ? String(count) : `${count} of ${name}`)).join(', ');
  tell(`the last ${MOST_ROWS} of ${totals}; all of them: --json or --format csv`);
};

const shapesOf = (buckets: readonly Bucket[]): Shape[] =>
  [...Map.groupBy(buckets, nameOf)].map(([name, of]) => {
    const numbers = (member: 'min' | 'max' | 'mean'): number[] =>
      of.map((bucket) => bucket[member]).filter((value) => typeof value === 'number');
    const [lows, highs] = [numbers('min'), numbers('max')];
    return {
      name,
      unit: of[0]?.u ?? '',
      items: of.reduce((sum, bucket) => sum + pointsOf(bucket), 0),
      low: lows.length === 0 ? undefined : Math.min(...lows),
      high: highs.length === 0 ? undefined : Math.max(...highs),
      values: numbers('mean'),
    };
  });

const total = (buckets: readonly Bucket[]): number =>
  buckets.reduce((sum, bucket) => sum + pointsOf(bucket), 0);

/** Prints the last aligned rows. */
const showAligned = async (api: Api, request: SeriesRequest, overview: Overview): Promise<void> => {
  // Each point of the longest series has a row of its own.
  const [[name = '', longest = []] = []] = [...Map.groupBy(overview.buckets, nameOf)].sort(
    ([, a], [, b]) => total(b) - total(a),
  );
  print(
    itemTable(
      await lastItems<object>(api, request, overview, MOST_ROWS, (bucket) => nameOf(bucket) === name),
    ),
  );
  if (total(longest) > MOST_ROWS) tell(`the last ${MOST_ROWS} rows; all of them: --json or --format csv`);
};

/** The same overview, of the part of the range that has points, when that is less than half. */
const closer = async (api: Api, request: SeriesRequest, overview: Overview): Promise<Overview> => {
  const { buckets, from, to, width } = overview;
  const starts = buckets.map(({ t }) => parseTime(t) ?? from);
  let [first, last] = [to, from];
  for (const start of starts) [first, last] = [Math.min(first, start), Math.max(last, start + width)];
  if (last - first > (to - from) / 2) return overview;
  return await overviewOf(api, request, Math.max(from, first), Math.min(to, last));
};

/** `showPoints` for ranges with many points. */
const showMany = async (
  api: Api,
  request: SeriesRequest,
  devices: readonly string[],
  from: Micros,
  to?: Micros,
): Promise<void> => {
  const overview = await overviewOf(api, request, from, to);
  if (request.query['align'] === 'true') return await showAligned(api, request, overview);
  const rows: Row[] = [];
  const counts = new Map<string, number>();
  const several = devices.length > 1;
  for (const device of devices) {
    const buckets = overview.buckets.filter((each) => !several || each.device === device);
    counts.set(several ? device : '', total(buckets));
    if (buckets.length === 0) continue;
    const query = { ...request.query, ...(several ? { devices: device } : {}) };
    rows.push(...(await lastItems<Row>(api, { ...request, query }, { ...overview, buckets }, MOST_ROWS)));
  }
  print(itemTable(rows));
  const { buckets } = await closer(api, request, overview);
  if (buckets.length > 0) print(`\n${shapeTable(shapesOf(buckets))}`);
  tellCut(counts);
};

/** The last items of a device, and how many it has. */
interface Tail {
  count: number;
  last: Row[];
}

/** The numbers of a channel so far. */
interface Growing {
  readonly unit: string;
  readonly values: number[];
  items: number;
}

/** Collects what is shown: the last items of each device, and the shape of each channel. */
class Shown {
  private readonly tails = new Map<string, Tail>();
  private readonly channels = new Map<string, Growing>();
  /** Relative error of quantiles; `undefined`: they are exact. */
  error: number | undefined;

  add(items: readonly Row[]): void {
    for (const item of items) {
      const { device = '', n } = item;
      const tail = this.tails.get(device) ?? { count: 0, last: [] };
      this.tails.set(device, tail);
      tail.count += 1;
      tail.last.push(item);
      // Not with each item, because it copies the others.
      if (tail.last.length > 10 * MOST_ROWS) tail.last = tail.last.slice(-MOST_ROWS);
      // Aligned rows have no channel.
      if (n === undefined) continue;
      const name = nameOf(item);
      const channel = this.channels.get(name) ?? { unit: item.u, values: [], items: 0 };
      this.channels.set(name, channel);
      channel.items += 1;
      const value = numberOf(item);
      if (value !== undefined) channel.values.push(value);
    }
  }

  print(): void {
    print(
      itemTable(
        [...this.tails.values()].flatMap(({ last }) => last.slice(-MOST_ROWS)),
        this.error,
      ),
    );
    if (this.channels.size > 0) print(`\n${shapeTable([...this.channels].map(shapeOf))}`);
    tellCut(new Map([...this.tails].map(([name, { count }]) => [name, count])));
  }
}

/** Prints the last buckets of each device, or downsampled points, after reading all of them. */
export const showBuckets = async (api: Api, request: SeriesRequest): Promise<void> => {
  const shown = new Shown();
  for await (const { items, error } of seriesPages<Row>(api, request)) {
    shown.add(items);
    shown.error ??= error;
  }
  shown.print();
};

/** Ranges with so many points are read whole. */
const FEW = 5000;

/**
 * Prints the last points of each device and the shapes of all channels, or the last aligned rows.
 * @param to end of the range; now when absent
 */
export const showPoints = async (
  api: Api,
  request: SeriesRequest,
  devices: readonly string[],
  from: Micros,
  to?: Micros,
): Promise<void> => {
  const shown = new Shown();
  for await (const { items, next } of seriesPages<Row>(api, request, { limit: FEW })) {
    if (next !== null) return await showMany(api, request, devices, from, to);
    shown.add(items);
  }
  shown.print();
};

const shapeOf = ([name, { unit, values, items }]: readonly [string, Growing]): Shape => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const known = values.length > 0;
  return { name, unit, items, low: known ? low : undefined, high: known ? high : undefined, values };
};
