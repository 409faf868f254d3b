/** `labgate query`: points, buckets, latest values and instants of devices, as a table, a chart, or files. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Command, Option } from 'commander';
import type { Bucket, Point } from '../../../contracts/resources/series.ts';
import { type Api, type Call, openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { chart, type Line } from '../output/chart.ts';
import { sparkline } from '../output/sparkline.ts';
import { harmless, table } from '../output/table.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';
import { startTime } from './times.ts';

const MEDIA_TYPES = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
} as const;

interface QueryOptions extends CommonOptions {
  readonly channels?: string;
  readonly from: string;
  readonly to?: string;
  readonly every?: string;
  readonly agg?: string;
  readonly fill?: string;
  readonly tz?: string;
  readonly points?: string;
  readonly quality?: string;
  readonly unit?: string;
  readonly align?: boolean;
  readonly latest?: boolean;
  readonly at?: string;
  readonly chart?: boolean;
  readonly format: 'table' | keyof typeof MEDIA_TYPES;
  readonly limit?: string;
}

type Row = Point | Bucket;

const cell = (value: unknown): string =>
  typeof value === 'number'
    ? String(Number(value.toPrecision(9)))
    : value === null || value === undefined
      ? ''
      : String(value);

const nameOf = ({ d, n }: Row): string => (d === undefined ? n : `${d}/${n}`);

/** What of a row is drawn: the value of a point, of a bucket the first of its aggregates that is a number. */
const numberOf = (row: Row): number | undefined => {
  const { mean, twmean, last, max, v } = row as Partial<Bucket> & { readonly v?: unknown };
  const known = [v, mean, twmean, last, max].find((value) => typeof value === 'number');
  if (typeof known === 'number') return known;
  const { n: _n, t: _t, u: _u, q: _q, ...rest } = row as unknown as Record<string, unknown>;
  const other = Object.values(rest).find((value) => typeof value === 'number');
  return typeof other === 'number' ? other : undefined;
};

const shape = (items: readonly Row[]): string => {
  const rows = [...Map.groupBy(items, nameOf)].map(([name, of]) => {
    const values = of.map(numberOf).filter((value) => value !== undefined);
    const range = values.length === 0 ? '' : `${cell(Math.min(...values))} .. ${cell(Math.max(...values))}`;
    return [name, of[0]?.u ?? '', String(of.length), range, sparkline(values)];
  });
  return table(['channel', 'unit', 'items', 'range', 'shape'], rows);
};

const HEADINGS: Readonly<Record<string, string>> = {
  d: 'device',
  n: 'channel',
  t: 'time',
  v: 'value',
  u: 'unit',
  q: 'quality',
};

const asTable = (items: readonly object[]): string => {
  const keys = [...new Set(items.flatMap((item) => Object.keys(item)))];
  if (keys.length === 0) return 'nothing in this range';
  return table(
    keys.map((key) => HEADINGS[key] ?? key),
    items.map((item) =>
      keys.map((key) => {
        const value: unknown = (item as Readonly<Record<string, unknown>>)[key];
        return value !== null && typeof value === 'object'
          ? Object.values(value).map(cell).join('/')
          : cell(value);
      }),
    ),
  );
};

const CHART_HEIGHT = 12;
const USUAL_WIDTH = 100;

/** One chart for each unit: values of different units share no axis. */
const asCharts = (items: readonly Row[]): string => {
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

/** Passes a streamed answer on, no faster than the reader takes it. */
const pass = async (api: Api, path: string, query: Call['query'], accept: string): Promise<void> => {
  const response = await api.send(path, { ...(query === undefined ? {} : { query }), headers: { accept } });
  if (response.body === null) return;
  for await (const part of Readable.fromWeb(response.body as never)) {
    if (!process.stdout.write(part as Buffer)) await once(process.stdout, 'drain');
  }
};

const MOST_ROWS = 40;

const showItems = (found: { readonly items: readonly Row[] }, options: QueryOptions): void => {
  if (options.json) print(JSON.stringify(found));
  else if (options.chart) print(asCharts(found.items));
  else print(asTable(found.items));
};

const latest = async (api: Api, devices: readonly string[], options: QueryOptions): Promise<void> => {
  const [device, ...others] = devices;
  if (device === undefined || others.length > 0)
    throw new UsageError('--latest is for one device; --at takes several');
  showItems(await api.json<{ items: Point[] }>(`/v1/devices/${encodeURIComponent(device)}/latest`), options);
};

const series = async (api: Api, devices: readonly string[], options: QueryOptions): Promise<void> => {
  const [device = '', ...others] = devices;
  const { channels, to, every, agg, fill, tz, quality, unit, limit } = options;
  const several = others.length > 0 || options.align === true;
  const path = several ? '/v1/series' : `/v1/devices/${encodeURIComponent(device)}/series`;
  const drawsPoints = options.chart === true && every === undefined;
  const points = options.points ?? (drawsPoints ? '400' : undefined);
  const from = startTime('--from', options.from);
  const asked = {
    ...(several ? { devices: devices.join(), align: options.align ? 'true' : undefined } : {}),
    ...{ channels, from, to, every, agg, fill, tz, points, quality, unit },
  };
  if (options.format !== 'table') {
    await pass(api, path, { ...asked, limit }, MEDIA_TYPES[options.format]);
    return;
  }
  if (options.json) {
    print(JSON.stringify(await api.json(path, { query: { ...asked, limit } })));
    return;
  }
  const page = await api.json<{ items: Row[]; next: string | null }>(path, {
    query: { ...asked, limit: limit ?? '5000' },
  });
  if (options.chart) print(asCharts(page.items));
  else {
    print(asTable(page.items.slice(-MOST_ROWS)));
    if (page.items.length > 0 && options.align !== true) print(`\n${shape(page.items)}`);
    if (page.items.length > MOST_ROWS)
      tell(`the last ${MOST_ROWS} of ${page.items.length}; all of them: --format csv`);
  }
  if (page.next !== null) tell('there is more in this range: narrow it, use --every, or --format csv');
};

const query = async (devices: readonly string[], options: QueryOptions): Promise<void> => {
  const api = openApi(options);
  if (options.chart && (options.align || options.format !== 'table'))
    throw new UsageError('--chart draws tables: leave out --align and --format');
  if (options.latest) return await latest(api, devices, options);
  if (options.at === undefined) return await series(api, devices, options);
  const { channels, unit } = options;
  const at = startTime('--at', options.at);
  const asked = { devices: devices.join(), at, channels, unit };
  showItems(await api.json<{ items: Point[] }>('/v1/snapshot', { query: asked }), options);
};

/** The `query` command. */
export const queryCommand = (): Command =>
  withTarget(new Command('query'))
    .description('points or aggregates of devices')
    .argument('<device...>')
    .option('--channels <names>', 'comma-separated; all when absent')
    .option('--from <time>', 'RFC 3339, or an ISO 8601 duration back from now', 'PT1H')
    .option('--to <time>', 'end, not included; now when absent')
    .option('--every <duration>', 'buckets of this width, e.g. PT1M')
    .option('--agg <names>', 'comma-separated, e.g. count,min,max,mean,twmean,last,rate,p95')
    .option('--fill <how>', 'buckets without points: none, null, previous or linear')
    .option('--tz <zone>', 'calendar of buckets of days and more, e.g. Europe/Berlin')
    .option('--points <count>', 'so many points a channel that keep the shape')
    .option('--quality <names>', 'comma-separated: good, uncertain, bad')
    .option('--unit <conversions>', 'comma-separated channel:UNIT, e.g. temp:K')
    .option('--align', 'one row for each time, series beside each other')
    .option('--latest', 'the newest value of each channel')
    .option('--at <time>', 'what the devices showed at an instant')
    .option('--chart', 'draw lines')
    .option('--limit <count>', 'items of one page')
    .addOption(
      new Option('--format <format>').choices(['table', ...Object.keys(MEDIA_TYPES)]).default('table'),
    )
    .action(query);
