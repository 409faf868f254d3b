/** The curves of a device in a range; of the last so and so long they go on while one looks. */
import { useEffect, useMemo, useState } from 'react';
import { ask } from '../api/client.ts';
import { readSeries } from '../api/gen/index.ts';
import { type ChannelFacts, type Curve, curvesOf, type SeriesColumns } from '../charts/curves.ts';
import { boundsOf, durationMillis, everyFor, type Range } from '../charts/range.ts';
import { newestOf, withTail } from './tail.ts';
import { whileVisible } from './visible.ts';

/** Ranges up to this are shown point by point. */
const POINTS_UP_TO = 20 * 60_000;
/** More points than this are shown as buckets whatever the range. */
const MOST_POINTS = 40_000;
/** Buckets of a chart. */
const MOST_BUCKETS = 720;
/** How far back the newest points are read again: late ones and judgements come in there. */
const OVERLAP = 15_000;
const POLL_POINTS = 1500;
const POLL_BUCKETS = 10_000;

/** What is known, and of which range it was asked. */
interface Loaded {
  readonly columns: SeriesColumns;
  /** Absent where they are points. */
  readonly every: string | undefined;
  readonly from: number;
}

export interface Curves {
  readonly curves: readonly Curve[];
  readonly every: string | undefined;
  readonly loading: boolean;
  readonly error: unknown;
}

const iso = (millis: number): string => new Date(millis).toISOString();

const read = async (
  id: string,
  from: number,
  to: number,
  every: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly columns: SeriesColumns; readonly complete: boolean }> => {
  const { columns = {}, next } = await ask(
    readSeries({
      path: { id },
      signal,
      query: {
        from: iso(from),
        to: iso(to),
        layout: 'columns',
        limit: MOST_POINTS,
        ...(every === undefined ? {} : { every, agg: 'min,max,mean,last' }),
      },
    }),
  );
  return { columns, complete: next === null };
};

const load = async (id: string, from: number, to: number, signal: AbortSignal): Promise<Loaded> => {
  if (to - from <= POINTS_UP_TO) {
    const { columns, complete } = await read(id, from, to, undefined, signal);
    if (complete) return { columns, every: undefined, from };
  }
  const every = everyFor(from, to, MOST_BUCKETS);
  const pages: SeriesColumns[] = [];
  let at = from;
  for (;;) {
    const { columns, complete } = await read(id, at, to, every, signal);
    pages.push(columns);
    const newest = newestOf(columns);
    if (complete || newest === undefined || newest <= at) break;
    at = newest;
  }
  const [first = {}, ...rest] = pages;
  return {
    columns: rest.reduce((all, page) => withTail(all, page, firstOf(page), from), first),
    every,
    from,
  };
};

const firstOf = (columns: SeriesColumns): number => Date.parse(String(columns['t']?.[0]));

/**
 * @param range what is looked at; one with `last` goes on
 * @param facts of the channels, by the instrument type
 */
export const useCurves = (
  id: string,
  range: Range,
  facts: Readonly<Record<string, ChannelFacts>>,
): Curves => {
  const [loaded, setLoaded] = useState<Loaded>();
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const key = 'last' in range ? range.last : `${range.from}/${range.to}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the range
  useEffect(() => {
    let now: Loaded | undefined;
    setLoading(true);
    const width = 'last' in range ? (durationMillis(range.last) ?? 0) : 0;
    const turn = async (signal: AbortSignal): Promise<void> => {
      const { from, to } = boundsOf(range, Date.now());
      if (now === undefined || now.every !== undefined || now.from > from)
        now = await load(id, from, to, signal);
      else {
        const newest = newestOf(now.columns);
        const since = newest === undefined ? from : Math.max(from, newest - OVERLAP);
        const tail = await read(id, since, to + 60_000, undefined, signal);
        // Too much was missed to be read in one piece: all of it anew.
        now = tail.complete
          ? { ...now, columns: withTail(now.columns, tail.columns, since, from) }
          : await load(id, from, to, signal);
      }
      if (signal.aborted) return;
      setLoaded(now);
      setLoading(false);
      setError(undefined);
    };
    if ('last' in range)
      return whileVisible(turn, width <= POINTS_UP_TO ? POLL_POINTS : POLL_BUCKETS, (fault) => {
        setError(fault);
        setLoading(false);
      });
    const end = new AbortController();
    turn(end.signal).catch((fault: unknown) => {
      if (end.signal.aborted) return;
      setError(fault);
      setLoading(false);
    });
    return () => end.abort();
  }, [id, key]);

  const curves = useMemo(() => curvesOf(loaded?.columns ?? {}, id, facts), [loaded, id, facts]);
  return { curves, every: loaded?.every, loading, error };
};
