/** `labgate query`: points, buckets, latest values and instants of devices, as a table, a chart, or files. */
import { Readable } from 'node:stream';
import { Command, Option } from 'commander';
import type { Point } from '../../../contracts/resources/series.ts';
import { parseDuration } from '../../../contracts/time.ts';
import { type Api, openApi } from '../client/api.ts';
import { FORMATS } from '../client/config.ts';
import { type SeriesRequest, seriesItems, seriesPages } from '../client/series.ts';
import { UsageError } from '../client/target.ts';
import { charts, itemTable, type Row } from '../output/series.ts';
import {
  type CommonOptions,
  isTyped,
  print,
  refuseBeside,
  tell,
  whole,
  withTarget,
  write,
} from './options.ts';
import { showBuckets, showPoints } from './query-table.ts';
import { instant, isDate, timeOf, withRange } from './times.ts';

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
  readonly points?: number;
  readonly quality?: string;
  readonly unit?: string;
  readonly align?: boolean;
  readonly latest?: boolean;
  readonly at?: string;
  readonly chart?: boolean;
  readonly format: 'table' | keyof typeof MEDIA_TYPES;
  readonly spreadsheet?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Options of series; they have no meaning for one value of each channel. */
const OF_RANGES = [
  ...['from', 'to', 'every', 'agg', 'fill', 'points', 'quality'],
  ...['align', 'format', 'spreadsheet', 'limit', 'cursor'],
] as const;

/** Options that exclude each other. */
const APART: Readonly<Record<string, readonly string[]>> = {
  latest: ['at', 'channels', 'unit', 'tz', ...OF_RANGES],
  at: OF_RANGES,
  chart: ['json', 'format', 'align', 'limit', 'cursor'],
  json: ['format'],
  points: ['every', 'align'],
};
/** Options that need another. */
const NEEDS: Readonly<Record<string, string>> = { agg: 'every', fill: 'every' };

const isCalendar = (every: string | undefined): boolean => {
  const width = every === undefined ? undefined : parseDuration(every);
  return width !== undefined && width.micros === 0;
};

/** @throws {UsageError} for options that do not go together */
const check = (command: Command, options: QueryOptions): void => {
  for (const [name, others] of Object.entries(APART))
    if (isTyped(command, name)) refuseBeside(command, name, others);
  for (const [name, other] of Object.entries(NEEDS))
    if (isTyped(command, name) && !isTyped(command, other))
      throw new UsageError(`--${name} needs --${other}`);
  const { from, to, at, every, tz, cursor, limit, format, json, spreadsheet } = options;
  if (isTyped(command, 'tz') && ![from, to, at].some(isDate) && !isCalendar(every))
    throw new UsageError(`--tz ${tz} goes with dates, or with --every of days, weeks, months or years`);
  if (spreadsheet && format !== 'csv') throw new UsageError('--spreadsheet goes with --format csv');
  if (cursor !== undefined && limit === undefined && format === 'table' && !json)
    throw new UsageError('--cursor goes with --limit, --json or --format');
};

/** What was asked for, as the API takes it. */
const requestOf = (devices: readonly string[], options: QueryOptions): SeriesRequest => {
  const [device = '', ...others] = devices;
  const { channels, every, agg, fill, tz, quality, unit, align, chart } = options;
  const several = others.length > 0 || align === true;
  return {
    path: several ? '/v1/series' : `/v1/devices/${encodeURIComponent(device)}/series`,
    query: {
      ...(several ? { devices: devices.join(), align: align ? 'true' : undefined } : {}),
      from: instant('--from', options.from, options),
      to: instant('--to', options.to, options),
      ...{ channels, every, agg, fill, quality, unit },
      // The API takes it only with buckets of the calendar.
      tz: isCalendar(every) ? tz : undefined,
      points: options.points ?? (chart && every === undefined ? 400 : undefined),
    },
  };
};

/** Says how to read the rest. */
const tellMore = ({ query: { from, to } }: SeriesRequest, cursor: string): void =>
  tell(`there is more: go on with --from ${from}${to === undefined ? '' : ` --to ${to}`} --cursor ${cursor}`);

/** Prints an answer as it comes. */
const showFile = async (api: Api, request: SeriesRequest, options: QueryOptions): Promise<void> => {
  const { limit, cursor, format, spreadsheet } = options;
  if (format === 'table') throw new RangeError('a table is no file');
  const response = await api.send(request.path, {
    query: { ...request.query, limit, cursor, csv: spreadsheet ? 'spreadsheet' : undefined },
    headers: { accept: MEDIA_TYPES[format] },
  });
  if (response.body !== null)
    for await (const part of Readable.fromWeb(response.body as never)) await write(part as Buffer);
  const [, next] = /<([^>]*)>; *rel="next"/.exec(response.headers.get('link') ?? '') ?? [];
  const left = next === undefined ? null : new URL(next, 'http://any').searchParams.get('cursor');
  if (left !== null) tellMore(request, left);
};

/** Prints all pages as one JSON object, with one page in memory at a time. */
const showJson = async (api: Api, request: SeriesRequest, options: QueryOptions): Promise<void> => {
  let last: string | null = null;
  let begun = false;
  let comma = '';
  for await (const { items, next, ...head } of seriesPages<Row>(api, request, options)) {
    if (!begun) await write(`${JSON.stringify(head).slice(0, -1)},"items":[`);
    begun = true;
    for (const item of items) {
      await write(`${comma}${JSON.stringify(item)}`);
      comma = ',';
    }
    last = next;
  }
  print(`],"next":${JSON.stringify(last)}}`);
  if (last !== null) tellMore(request, last);
};

/** The first items of a range. */
const showFirst = async (api: Api, request: SeriesRequest, options: QueryOptions): Promise<void> => {
  const pages = await Array.fromAsync(seriesPages<Row>(api, request, options));
  const error = pages.find((page) => page.error !== undefined)?.error;
  print(
    itemTable(
      pages.flatMap(({ items }) => items),
      error,
    ),
  );
  const next = pages.at(-1)?.next ?? null;
  if (next !== null) tellMore(request, next);
};

const showSeries = async (api: Api, devices: readonly string[], options: QueryOptions): Promise<void> => {
  const request = requestOf(devices, options);
  const { json, format, chart, limit, every, points } = options;
  if (json) return await showJson(api, request, options);
  if (chart) return print(charts(await seriesItems<Row>(api, request)));
  if (format !== 'table') return await showFile(api, request, options);
  if (limit !== undefined) return await showFirst(api, request, options);
  if (every !== undefined || points !== undefined) return await showBuckets(api, request);
  const { from, to } = options;
  await showPoints(
    api,
    request,
    devices,
    timeOf('--from', from, options),
    to === undefined ? undefined : timeOf('--to', to, options),
  );
};

const showValues = (found: { readonly items: readonly Point[] }, { json, chart }: QueryOptions): void =>
  print(json ? JSON.stringify(found) : chart ? charts(found.items) : itemTable(found.items));

const query = async (devices: readonly string[], typed: QueryOptions, command: Command): Promise<void> => {
  check(command, typed);
  // These count more than a format in a config file.
  const options = typed.json || typed.chart ? { ...typed, format: 'table' as const } : typed;
  const api = openApi(options);
  const [device = '', ...others] = devices;
  const { at, latest, channels, unit } = options;
  if (latest && others.length > 0) throw new UsageError('--latest is for one device; --at takes several');
  if (latest) showValues(await api.json(`/v1/devices/${encodeURIComponent(device)}/latest`), options);
  else if (at === undefined) await showSeries(api, devices, options);
  else {
    const asked = { devices: devices.join(), at: instant('--at', at, options), channels, unit };
    showValues(await api.json('/v1/snapshot', { query: asked }), options);
  }
};

/** The `query` command. */
export const queryCommand = (): Command =>
  withRange(withTarget(new Command('query')), { from: 'PT1H' })
    .description('points or aggregates of devices')
    .argument('<device...>')
    .option('--channels <names>', 'comma-separated; all when absent')
    .option('--every <duration>', 'buckets of this width, e.g. PT1M; those of days follow --tz')
    .option('--agg <names>', 'comma-separated, e.g. count,min,max,mean,twmean,last,rate,p95')
    .option('--fill <how>', 'buckets without points: none, null, previous or linear')
    .option('--points <count>', 'so many points a channel that keep the shape', whole)
    .option('--quality <names>', 'comma-separated: good, uncertain, bad')
    .option('--unit <conversions>', 'comma-separated channel:UNIT, e.g. temp:K')
    .option('--align', 'one row for each time, series beside each other')
    .option('--latest', 'the newest value of each channel')
    .option('--at <time>', 'what the devices showed at an instant')
    .option('--chart', 'draw lines')
    .option('--spreadsheet', 'CSV that a spreadsheet opens as it is: no text becomes a formula')
    .option('--limit <count>', 'the first items, so many at most', whole)
    .option('--cursor <text>', 'go on where a --limit has stopped')
    .addOption(new Option('--format <format>').choices(FORMATS).default('table').env('LABGATE_FORMAT'))
    .action(query);
