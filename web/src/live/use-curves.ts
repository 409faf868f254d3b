/** The curves of a device in a range; of the last so and so long they go on while one looks. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Origin } from '../../../contracts/messages/topics.ts';
import { ask } from '../api/client.ts';
import { readSeries } from '../api/gen/index.ts';
import { type Curve, curvesOf, type SeriesColumns } from '../charts/curves.ts';
import { boundsOf, durationMillis, everyFor, type Range } from '../charts/range.ts';
import { frameBatch } from './frames.ts';
import { goneOn, type KnownChannels, Measured } from './measured.ts';
import { newestOf, withTail } from './tail.ts';
import { useMeasured, useMissed } from './use-live.ts';
import { type Repeated, whileVisible } from './visible.ts';

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
/** What is heard is judged by then; the same words are asked for again so seldom. */
const POLL_HEARD = 15_000;
/** For so long after something was missed it is read often: it is stored a moment after it was heard. */
const CATCH_UP = 12_000;
/** Ranges up to this are drawn as it comes in; in longer ones a bucket is hardly wider than a pixel. */
const HEARD_UP_TO = 60 * 60_000;

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
  /** When they were drawn the last time, by what was heard; 0: never. */
  readonly drawnAt: number;
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

/** Curves of a device whose end is what was heard over the live connection. */
const useGoneOn = (
  loaded: Loaded | undefined,
  { site, device }: Origin,
  range: Range,
  channels: KnownChannels,
): { readonly curves: readonly Curve[]; readonly heard: boolean; readonly drawnAt: number } => {
  const judged = useMemo(() => curvesOf(loaded?.columns ?? {}, device, channels), [loaded, device, channels]);
  const measured = useRef(new Measured());
  const [drawnAt, setDrawnAt] = useState(0);
  const frames = useRef<ReturnType<typeof frameBatch>>(undefined);
  const width = 'last' in range ? (durationMillis(range.last) ?? 0) : 0;
  const listens = 'last' in range && width <= HEARD_UP_TO;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another device, and nothing was heard yet
  useEffect(() => {
    measured.current = new Measured();
    frames.current = frameBatch(() => setDrawnAt(Date.now()));
    return () => frames.current?.end();
  }, [device]);
  const heard = useMeasured(listens ? { site, device } : undefined, (_origin, message) => {
    measured.current.add(message, channels);
    frames.current?.ask();
  });
  const bucket = loaded?.every === undefined ? 0 : (durationMillis(loaded.every) ?? 0);
  useEffect(() => {
    for (const { channel, times } of judged) measured.current.dropUntil(channel, times.at(-1) ?? 0);
  }, [judged]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `drawnAt` tells that more was heard
  const curves = useMemo(
    () => (listens ? goneOn(judged, measured.current, device, channels, bucket) : judged),
    [judged, drawnAt, device, channels, bucket, listens],
  );
  return { curves, heard, drawnAt };
};

/**
 * @param range what is looked at; one with `last` goes on
 * @param channels of the instrument type
 */
export const useCurves = (origin: Origin, range: Range, channels: KnownChannels): Curves => {
  const { device: id } = origin;
  const [loaded, setLoaded] = useState<Loaded>();
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>();
  const key = 'last' in range ? range.last : `${range.from}/${range.to}`;
  const { curves, heard, drawnAt } = useGoneOn(loaded, origin, range, channels);
  const repeated = useRef<Repeated>(undefined);
  const missedAt = useRef(0);
  const isHeard = useRef(heard);
  isHeard.current = heard;
  useMissed(() => {
    missedAt.current = Date.now();
    repeated.current?.now();
  });
  // What the connection gave is given by the API at once when it has gone.
  useEffect(() => {
    if (!heard) repeated.current?.now();
  }, [heard]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the range
  useEffect(() => {
    let now: Loaded | undefined;
    setLoading(true);
    const width = 'last' in range ? (durationMillis(range.last) ?? 0) : 0;
    const polled = width <= POINTS_UP_TO ? POLL_POINTS : POLL_BUCKETS;
    const pause = (): number =>
      isHeard.current && Date.now() - missedAt.current > CATCH_UP ? POLL_HEARD : polled;
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
    if ('last' in range) {
      repeated.current = whileVisible(turn, pause, (fault) => {
        setError(fault);
        setLoading(false);
      });
      return () => {
        repeated.current?.end();
        repeated.current = undefined;
      };
    }
    const end = new AbortController();
    turn(end.signal).catch((fault: unknown) => {
      if (end.signal.aborted) return;
      setError(fault);
      setLoading(false);
    });
    return () => end.abort();
  }, [id, key]);

  return { curves, every: loaded?.every, loading, error, drawnAt };
};
