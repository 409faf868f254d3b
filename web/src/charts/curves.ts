/** Series as the API gives them, made into what a chart draws: columns of time and value, with `null` for a gap. */

type Cell = number | boolean | string | null;

/** The part of a page of a series that holds the points, as columns. */
export interface SeriesColumns {
  readonly [name: string]: readonly Cell[];
}

/** What the instrument type says of a channel, as far as a curve needs it. */
export interface ChannelFacts {
  readonly kind: 'continuous' | 'step';
  /** Expected seconds between points. */
  readonly interval?: number | undefined;
}

/** One channel over time. All lists are of one length; in a gap the value is `null`. */
export interface Curve {
  readonly device: string;
  readonly channel: string;
  readonly unit: string;
  /** Milliseconds since the epoch, rising. */
  readonly times: readonly number[];
  /** Points; of buckets the mean, the last of texts. */
  readonly values: readonly Cell[];
  /** Worst quality of each, with its reason where it is known; '' in a gap. */
  readonly quality: readonly string[];
  /** Least and greatest of each bucket; absent for points. */
  readonly band?: { readonly min: readonly (number | null)[]; readonly max: readonly (number | null)[] };
}

/** Points further apart than so many times their usual distance have a gap between them. */
const GAP_POINTS = 3;
/** The same for buckets that hold several points each: one that is not there is a gap. */
const GAP_BUCKETS = 1.5;

const isBad = (quality: string): boolean => quality.startsWith('bad');

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

/** Distance of points, in milliseconds, beyond which there is a gap; infinite where nobody can say. */
const gapAfter = (
  times: readonly number[],
  counts: readonly number[] | undefined,
  facts: ChannelFacts | undefined,
): number => {
  const declared = facts?.interval === undefined ? 0 : facts.interval * 1000;
  // What is told only when it changes holds until then.
  if (facts?.kind === 'step' && declared === 0) return Number.POSITIVE_INFINITY;
  const steps = times
    .slice(1)
    .map((time, place) => time - (times[place] ?? 0))
    .sort((a, b) => a - b);
  if (steps.length < 2 && declared === 0) return Number.POSITIVE_INFINITY;
  const usual = Math.max(declared, median(steps));
  const full = counts !== undefined && median([...counts].sort((a, b) => a - b)) > 1;
  return usual * (full ? GAP_BUCKETS : GAP_POINTS);
};

interface Rows {
  readonly device: string;
  readonly channel: string;
  readonly unit: string;
  readonly places: number[];
}

const worst = (columns: SeriesColumns, place: number): string => {
  if (Number(columns['bad']?.[place] ?? 0) > 0) return 'bad';
  return Number(columns['uncertain']?.[place] ?? 0) > 0 ? 'uncertain' : 'good';
};

const numbers = (column: readonly Cell[] | undefined, places: readonly number[]): (number | null)[] =>
  places.map((place) => {
    const value = column?.[place];
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  });

/** Puts a `null` into each gap, and in place of what is bad. */
const withGaps = (curve: Curve, gap: number): Curve => {
  const times: number[] = [];
  const values: Cell[] = [];
  const quality: string[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  curve.times.forEach((time, place) => {
    const before = curve.times[place - 1];
    if (before !== undefined && time - before > gap) {
      times.push(before + Math.min(gap, (time - before) / 2));
      values.push(null);
      quality.push('');
      min.push(null);
      max.push(null);
    }
    const value = curve.values[place] ?? null;
    const said = curve.quality[place] ?? '';
    times.push(time);
    const usable =
      !(isBad(said) && curve.band === undefined) && !(typeof value === 'number' && !Number.isFinite(value));
    values.push(usable ? value : null);
    quality.push(said);
    min.push(curve.band?.min[place] ?? null);
    max.push(curve.band?.max[place] ?? null);
  });
  const { band, ...rest } = curve;
  return { ...rest, times, values, quality, ...(band === undefined ? {} : { band: { min, max } }) };
};

/**
 * Curves of a page with `layout=columns`, of points or of buckets with `min`, `max`, `mean` and `last`.
 * @param device whose they are, where the page is of one device
 * @param facts what is known of each channel
 */
export const curvesOf = (
  columns: SeriesColumns,
  device: string,
  facts: Readonly<Record<string, ChannelFacts>>,
): Curve[] => {
  const found = new Map<string, Rows>();
  const { t: times = [], n: names = [], u: units = [], device: devices } = columns;
  names.forEach((name, place) => {
    const owner = String(devices?.[place] ?? device);
    const key = `${owner}/${name}`;
    const rows = found.get(key) ?? {
      device: owner,
      channel: String(name),
      unit: String(units[place]),
      places: [],
    };
    rows.places.push(place);
    found.set(key, rows);
  });
  const buckets = columns['v'] === undefined;
  return [...found.values()].map(({ places, ...rows }) => {
    const at = places.map((place) => Date.parse(String(times[place])));
    const counts = buckets
      ? places.map((place) =>
          ['good', 'uncertain', 'bad'].reduce((sum, name) => sum + Number(columns[name]?.[place] ?? 0), 0),
        )
      : undefined;
    const means = numbers(columns['mean'], places);
    const values = buckets
      ? places.map((place, index) => means[index] ?? nonNumber(columns['last']?.[place]))
      : places.map((place) => columns['v']?.[place] ?? null);
    const curve: Curve = {
      ...rows,
      times: at,
      values,
      quality: places.map((place) =>
        buckets ? worst(columns, place) : String(columns['q']?.[place] ?? 'good'),
      ),
      ...(buckets && means.some((mean) => mean !== null)
        ? { band: { min: numbers(columns['min'], places), max: numbers(columns['max'], places) } }
        : {}),
    };
    return withGaps(curve, gapAfter(at, counts, facts[rows.channel]));
  });
};

/** Points before what is added that tell the usual distance. */
const LOOKED_BACK = 100;

/** A curve with later points; where it is of buckets, they go on behind them without a band. */
export const withPoints = (
  curve: Curve,
  added: {
    readonly times: readonly number[];
    readonly values: readonly Cell[];
    readonly quality: readonly string[];
  },
  facts: ChannelFacts | undefined,
): Curve => {
  const last = curve.times.length - 1;
  // The last point that was known is looked at once more, as there may be a gap behind it.
  const seam = Math.max(0, last);
  const { band } = curve;
  const joint: Curve = {
    ...curve,
    times: [...curve.times.slice(seam), ...added.times],
    values: [...curve.values.slice(seam), ...added.values],
    quality: [...curve.quality.slice(seam), ...added.quality],
    ...(band === undefined ? {} : { band: { min: band.min.slice(seam), max: band.max.slice(seam) } }),
  };
  const before = curve.times.slice(Math.max(0, seam - LOOKED_BACK));
  const end = withGaps(joint, gapAfter([...before, ...added.times], undefined, facts));
  const whole = <T>(first: readonly T[], rest: readonly T[]): T[] => [...first.slice(0, seam), ...rest];
  return {
    ...curve,
    times: whole(curve.times, end.times),
    values: whole(curve.values, end.values),
    quality: whole(curve.quality, end.quality),
    ...(band === undefined
      ? {}
      : { band: { min: whole(band.min, end.band?.min ?? []), max: whole(band.max, end.band?.max ?? []) } }),
  };
};

const nonNumber = (value: Cell | undefined): Cell =>
  typeof value === 'string' || typeof value === 'boolean' ? value : null;

/** Whether a chart draws it as a line: texts and truth are drawn as states. */
export const isLine = ({ values }: Curve): boolean =>
  !values.some((value) => typeof value === 'string' || typeof value === 'boolean');

/** The values as uPlot takes them. */
export const lineOf = ({ values }: Curve): (number | null)[] =>
  values.map((value) => (typeof value === 'number' ? value : null));

/** Times of something that is so for a while. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** Runs of equal words, each until the next; the last until its own time, as nobody knows more. */
const runs = (curve: Curve, wordOf: (place: number) => string | undefined): Span[] => {
  const spans: { from: number; to: number; what: string }[] = [];
  curve.times.forEach((time, place) => {
    const what = wordOf(place);
    const open = spans.at(-1);
    const follows = open !== undefined && open.to === time;
    if (what === undefined) return;
    const to = curve.times[place + 1] ?? time;
    if (follows && open.what === what) open.to = to;
    else spans.push({ from: time, to, what });
  });
  return spans;
};

/** When the quality was not good. */
export const qualitySpans = (curve: Curve): Span[] =>
  runs(curve, (place) => {
    const said = curve.quality[place] ?? '';
    return said === '' || said.startsWith('good') ? undefined : said;
  });

/** When a channel of texts or truth said what. */
export const stateSpans = (curve: Curve): Span[] =>
  runs(curve, (place) => {
    const value = curve.values[place] ?? null;
    return value === null ? undefined : String(value);
  });

/** Several curves on one time axis, as `uPlot.join` gives them: `undefined` where a curve has nothing to say. */
export type Joined = readonly [number[], ...(number | null | undefined)[][]];

/** Joins columns by their times; uPlot's own join turns nulls into gaps in every curve. */
export const joined = (
  lists: readonly {
    readonly times: readonly number[];
    readonly columns: readonly (readonly (number | null)[])[];
  }[],
): Joined => {
  const first = lists[0];
  const same = lists.every(
    ({ times }) =>
      times === first?.times ||
      (times.length === first?.times.length && times.every((time, place) => time === first.times[place])),
  );
  if (first === undefined) return [[]];
  const seconds = (times: readonly number[]): number[] => times.map((time) => time / 1000);
  if (same)
    return [seconds(first.times), ...lists.flatMap(({ columns }) => columns.map((each) => [...each]))];
  const all = [...new Set(lists.flatMap(({ times }) => times as number[]))].sort((a, b) => a - b);
  const columns = lists.flatMap(({ times, columns: own }) => {
    const placeOf = new Map(times.map((time, place) => [time, place] as const));
    return own.map((column) =>
      all.map((time) => {
        const place = placeOf.get(time);
        return place === undefined ? undefined : column[place];
      }),
    );
  });
  return [seconds(all), ...columns];
};
