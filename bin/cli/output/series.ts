/** Points and buckets for people: rows, shapes and charts. */
import { type Bucket, type Point, quantileOf } from '../../../contracts/resources/series.ts';
import { chart, type Line } from './chart.ts';
import { sparkline } from './sparkline.ts';
import { harmless, table } from './table.ts';

export type Row = Point | Bucket;

const cell = (value: unknown): string =>
  typeof value === 'number'
    ? String(Number(value.toPrecision(9)))
    : value === null || value === undefined
      ? ''
      : String(value);

/** Device and channel of a row; the channel alone where there is one device. */
export const nameOf = ({ device, n }: Pick<Row, 'device' | 'n'>): string =>
  device === undefined ? n : `${device}/${n}`;

/** The number that is drawn for a row: the value of a point, else the first aggregate that is a number. */
export const numberOf = (row: Row): number | undefined => {
  const { mean, twmean, last, max, v } = row as Partial<Bucket> & { readonly v?: unknown };
  const known = [v, mean, twmean, last, max].find((value) => typeof value === 'number');
  if (typeof known === 'number') return known;
  const { n: _n, t: _t, u: _u, q: _q, ...rest } = row as unknown as Record<string, unknown>;
  const other = Object.values(rest).find((value) => typeof value === 'number');
  return typeof other === 'number' ? other : undefined;
};

/** A channel at a glance. */
export interface Shape {
  readonly name: string;
  readonly unit: string;
  readonly items: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Numbers in order of time. */
  readonly values: readonly number[];
}

/** Lays shapes out: one line a channel. */
export const shapeTable = (shapes: readonly Shape[]): string =>
  table(
    ['channel', 'unit', 'items', 'range', 'shape'],
    shapes.map(({ name, unit, items, low, high, values }) => [
      name,
      unit,
      String(items),
      low === undefined || high === undefined ? '' : `${cell(low)} .. ${cell(high)}`,
      sparkline(values),
    ]),
  );

const HEADINGS: Readonly<Record<string, string>> = {
  n: 'channel',
  t: 'time',
  v: 'value',
  u: 'unit',
  q: 'quality',
};

type Cells = Readonly<Record<string, unknown>>;

/** Aligned rows have a column for each series, with the quality of what is not good; other items one for each member. */
const cellsOf = (item: object): Cells => {
  const { values, quality, ...rest } = item as { readonly values?: Cells; readonly quality?: Cells };
  if (values === undefined) return item as Cells;
  const shown = Object.entries(values).map(([name, value]) => {
    const status = quality?.[name] ?? 'good';
    return [name, status === 'good' ? value : `${cell(value)} ${status}`];
  });
  return { ...rest, ...Object.fromEntries(shown) };
};

/** The heading of a member: of a quantile with its error. */
const headingOf = (key: string, error: number | undefined): string =>
  HEADINGS[key] ?? (error !== undefined && quantileOf(key) !== undefined ? `${key} ±${error * 100} %` : key);

/** Lays items out: one line each. @param error relative, of quantiles that are not exact */
export const itemTable = (items: readonly object[], error?: number): string => {
  const rows = items.map(cellsOf);
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (keys.length === 0) return 'nothing in this range';
  return table(
    keys.map((key) => headingOf(key, error)),
    rows.map((row) =>
      keys.map((key) => {
        const value = row[key];
        return value !== null && typeof value === 'object'
          ? Object.values(value).map(cell).join('/')
          : cell(value);
      }),
    ),
  );
};

const CHART_HEIGHT = 12;
const USUAL_WIDTH = 100;

/** Draws one chart for each unit: values of different units share no axis. */
export const charts = (items: readonly Row[]): string => {
  const drawn = items.filter((item) => numberOf(item) !== undefined);
  if (drawn.length === 0) return 'nothing in this range that can be drawn';
  const width = process.stdout.columns ?? USUAL_WIDTH;
  const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  const timeText = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
  return [...Map.groupBy(drawn, ({ u }) => u)]
    .map(([unit, ofUnit]) => {
      const lines = [...Map.groupBy(ofUnit, nameOf)].map(
        ([name, of]): Line => ({
          name: harmless(name),
          points: of.flatMap((row) => {
            const value = numberOf(row);
            return value === undefined ? [] : [[Date.parse(row.t), value] as const];
          }),
        }),
      );
      return `${harmless(unit)}\n${chart(lines, { width, height: CHART_HEIGHT, colour, timeText })}`;
    })
    .join('\n\n');
};
