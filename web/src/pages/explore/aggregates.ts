import type { SeriesColumns } from '../../charts/curves.ts';

/** Rows of buckets made into rows of points, one series for each aggregate: `temp (max)`. */
export const aggregateSeries = (columns: SeriesColumns, agg: readonly string[]): SeriesColumns => {
  if (columns['v'] !== undefined) return columns;
  const { t = [], n = [], u = [], device, uncertain = [], bad = [] } = columns;
  const quality = t.map((_, place) =>
    Number(bad[place] ?? 0) > 0 ? 'uncertain' : Number(uncertain[place] ?? 0) > 0 ? 'uncertain' : 'good',
  );
  const many = agg.length > 1;
  const repeat = <T>(list: readonly T[]): T[] => agg.flatMap(() => [...list]);
  return {
    t: repeat(t),
    u: repeat(u),
    q: repeat(quality),
    n: agg.flatMap((name) => n.map((channel) => (many ? `${channel} (${name})` : String(channel)))),
    v: agg.flatMap((name) => [...(columns[name] ?? t.map(() => null))]),
    ...(device === undefined ? {} : { device: repeat(device) }),
  };
};
