/** `labgate query`: points, buckets and latest values of a device. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Command, Option } from 'commander';
import type { Bucket, Point } from '../../contracts/series.ts';
import { formatTime, MICROS_PER_DAY, MICROS_PER_HOUR, parseDuration } from '../../contracts/time.ts';
import { type Api, openApi } from '../client/api.ts';
import { UsageError } from '../client/target.ts';
import { sparkline } from '../output/sparkline.ts';
import { table } from '../output/table.ts';
import { type CommonOptions, print, tell, withTarget } from './options.ts';

interface QueryOptions extends CommonOptions {
  readonly channels?: string;
  readonly from?: string;
  readonly to?: string;
  readonly every?: string;
  readonly agg?: string;
  readonly latest?: boolean;
  readonly format: 'table' | 'csv' | 'ndjson';
  readonly limit?: string;
}

/** Reads `PT1H` as an hour ago; an RFC 3339 time as itself. */
const start = (text: string, now: number): string => {
  const ago = parseDuration(text);
  if (ago === undefined) return text;
  if (ago.months > 0) throw new UsageError(`--from ${text}: months have no fixed length; use days or a time`);
  return formatTime(now - ago.days * MICROS_PER_DAY - ago.micros);
};

const cell = (value: unknown): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(9))) : value === null ? '' : String(value);

const shape = (items: readonly (Point | Bucket)[]): string => {
  const channels = Map.groupBy(items, (item) => item.n);
  const rows = [...channels].map(([name, of]) => {
    const values = of
      .map((item) => ('v' in item ? item.v : (item.mean ?? item.last ?? item.max)))
      .filter((value) => typeof value === 'number');
    const range = values.length === 0 ? '' : `${cell(Math.min(...values))} .. ${cell(Math.max(...values))}`;
    return [name, of[0]?.u ?? '', String(of.length), range, sparkline(values)];
  });
  return table(['channel', 'unit', 'items', 'range', 'shape'], rows);
};

const asTable = (items: readonly (Point | Bucket)[]): string => {
  const [first] = items;
  if (first === undefined) return 'nothing in this range';
  const keys = Object.keys(first);
  return table(
    keys.map((key) => ({ n: 'channel', t: 'time', v: 'value', u: 'unit', q: 'quality' })[key] ?? key),
    items.map((item) =>
      keys.map((key) => {
        const value: unknown = (item as unknown as Record<string, unknown>)[key];
        return value !== null && typeof value === 'object' ? Object.values(value).join('/') : cell(value);
      }),
    ),
  );
};

/** Passes a streamed answer on, no faster than the reader takes it. */
const pass = async (api: Api, path: string, query: Record<string, string | undefined>, accept: string) => {
  const response = await api.send(path, { query, headers: { accept } });
  if (response.body === null) return;
  for await (const part of Readable.fromWeb(response.body as never)) {
    if (!process.stdout.write(part as Buffer)) await once(process.stdout, 'drain');
  }
};

const MOST_ROWS = 40;

const query = async (device: string, options: QueryOptions): Promise<void> => {
  const api = openApi(options);
  const path = `/v1/devices/${encodeURIComponent(device)}`;
  if (options.latest) {
    const found = await api.json<{ items: Point[] }>(`${path}/latest`);
    print(options.json ? JSON.stringify(found) : asTable(found.items));
    return;
  }
  const now = Date.now() * 1000;
  const { channels, every, agg, limit } = options;
  const from = start(options.from ?? formatTime(now - MICROS_PER_HOUR), now);
  const asked = { channels, from, to: options.to, every, agg };
  if (options.format !== 'table') {
    await pass(
      api,
      `${path}/series`,
      { ...asked, limit },
      options.format === 'csv' ? 'text/csv' : 'application/x-ndjson',
    );
    return;
  }
  if (options.json) {
    print(JSON.stringify(await api.json(`${path}/series`, { query: { ...asked, limit } })));
    return;
  }
  const page = await api.json<{ items: (Point | Bucket)[]; next: string | null }>(`${path}/series`, {
    query: { ...asked, limit: limit ?? '5000' },
  });
  print(asTable(page.items.slice(-MOST_ROWS)));
  if (page.items.length > 0) print(`\n${shape(page.items)}`);
  if (page.items.length > MOST_ROWS)
    tell(`the last ${MOST_ROWS} of ${page.items.length}; all of them: --format csv`);
  if (page.next !== null) tell('there is more in this range: narrow it, use --every, or --format csv');
};

/** The `query` command. */
export const queryCommand = (): Command =>
  withTarget(new Command('query'))
    .description('points or aggregates of a device')
    .argument('<device>')
    .option('--channels <names>', 'comma-separated; all when absent')
    .option('--from <time>', 'RFC 3339, or an ISO 8601 duration back from now (default PT1H)')
    .option('--to <time>', 'end, not included; now when absent')
    .option('--every <duration>', 'buckets of this width, e.g. PT1M')
    .option('--agg <names>', 'comma-separated: count,min,max,mean,first,last,sum,stddev')
    .option('--latest', 'the newest value of each channel')
    .option('--limit <count>', 'items of one page')
    .addOption(new Option('--format <format>').choices(['table', 'csv', 'ndjson']).default('table'))
    .action(query);
