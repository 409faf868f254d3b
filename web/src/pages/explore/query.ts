/** What the page Explore asks: the whole of it stands in its address. */
import { boundsOf, everyFor, type Range, rangeFromUrl, rangeToUrl } from '../../charts/range.ts';

export const VIEWS = ['chart', 'table'] as const;
export type View = (typeof VIEWS)[number];

export const FILLS = ['none', 'null', 'previous', 'linear'] as const;
type Fill = (typeof FILLS)[number];

export interface ExploreQuery {
  readonly devices: readonly string[];
  /** All when empty. */
  readonly channels: readonly string[];
  readonly range: Range;
  /** ISO 8601; '' for the points themselves, `auto` for buckets as wide as the range wants. */
  readonly every: string;
  readonly agg: readonly string[];
  readonly fill: Fill;
  /** `channel:UNIT`, comma-separated. */
  readonly unit: string;
  /** Zone of calendar buckets. */
  readonly tz: string;
  readonly view: View;
}

export const EMPTY: ExploreQuery = {
  devices: [],
  channels: [],
  range: { last: 'PT1H' },
  every: 'auto',
  agg: ['mean'],
  fill: 'none',
  unit: '',
  tz: 'UTC',
  view: 'chart',
};

const list = (text: string | null): string[] => (text === null || text === '' ? [] : text.split(','));

/** Reads an address; what is not there is as in {@link EMPTY}. */
export const queryFromUrl = (search: URLSearchParams): ExploreQuery => ({
  devices: list(search.get('devices')),
  channels: list(search.get('channels')),
  range: rangeFromUrl(search, EMPTY.range),
  every: search.get('every') ?? EMPTY.every,
  agg: search.has('agg') ? list(search.get('agg')) : EMPTY.agg,
  fill: FILLS.find((each) => each === search.get('fill')) ?? EMPTY.fill,
  unit: search.get('unit') ?? EMPTY.unit,
  tz: search.get('tz') ?? EMPTY.tz,
  view: VIEWS.find((each) => each === search.get('view')) ?? EMPTY.view,
});

/** The address of a query: {@link queryFromUrl} reads it back. */
export const queryToUrl = (query: ExploreQuery): URLSearchParams => {
  const url = new URLSearchParams();
  if (query.devices.length > 0) url.set('devices', query.devices.join());
  if (query.channels.length > 0) url.set('channels', query.channels.join());
  for (const [name, value] of Object.entries(rangeToUrl(query.range))) url.set(name, value);
  for (const name of ['every', 'fill', 'unit', 'tz', 'view'] as const)
    if (query[name] !== EMPTY[name]) url.set(name, query[name]);
  if (query.agg.join() !== EMPTY.agg.join()) url.set('agg', query.agg.join());
  return url;
};

const MOST_BUCKETS = 500;

/** What is asked of `GET /v1/series`. */
type ApiQuery = {
  devices: string;
  channels?: string;
  from: string;
  to: string;
  every?: string;
  agg?: string;
  fill?: Fill;
  tz?: string;
  unit?: string;
};

/** Query of `GET /v1/series` at a moment. */
export const apiQuery = (query: ExploreQuery, now: number): ApiQuery => {
  const { from, to } = boundsOf(query.range, now);
  const every = query.every === 'auto' ? everyFor(from, to, MOST_BUCKETS) : query.every;
  return {
    devices: query.devices.join(),
    ...(query.channels.length > 0 ? { channels: query.channels.join() } : {}),
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...(every === ''
      ? {}
      : {
          every,
          ...(query.agg.length > 0 ? { agg: query.agg.join() } : {}),
          ...(query.fill === 'none' ? {} : { fill: query.fill }),
          ...(query.tz === 'UTC' ? {} : { tz: query.tz }),
        }),
    ...(query.unit === '' ? {} : { unit: query.unit }),
  };
};

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The same question in other words. @param origin of the API */
export const copies = (query: ExploreQuery, now: number, origin: string) => {
  const { devices, ...asked } = apiQuery(query, now);
  const url = `${origin}/v1/series?${new URLSearchParams({ devices, ...asked })}`;
  const options = Object.entries(asked).map(([name, value]) => `--${name} ${quoted(value)}`);
  const params = Object.entries({ devices, ...asked })
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`)
    .join('\n');
  return {
    curl: `curl -H "Authorization: Bearer $(npx labgate token)" \\\n  -H 'Accept: text/csv' \\\n  ${quoted(url)}`,
    cli: `npx labgate query ${query.devices.map(quoted).join(' ')} \\\n  ${options.join(' \\\n  ')}`,
    python: `import io, subprocess
import pandas as pd, requests

token = subprocess.check_output(["npx", "labgate", "token"], text=True).strip()
answer = requests.get(
    ${JSON.stringify(`${origin}/v1/series`)},
    headers={"Authorization": f"Bearer {token}", "Accept": "text/csv"},
    params={
${params.replaceAll(/^ {4}/gm, '        ')}
    },
)
answer.raise_for_status()
frame = pd.read_csv(io.StringIO(answer.text), parse_dates=["t"])`,
  };
};
