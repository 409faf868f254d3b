/**
 * Which message each point came with, so that of two versions of one point the later one can be told, whatever the
 * order in which they arrived.
 *
 * A list of runs, three numbers each: rank, number, count of points.
 * - A message with a sequence number has as rank when its session began (microseconds), and its number.
 * - One without has as rank when it arrived, and the number {@link NO_NUMBER}.
 * - One whose number came before has the rank {@link AGAIN}: it may fill a hole, and change nothing.
 *
 * Of two versions the one of the greater rank is the later, and of one rank that of the greater number.
 */
export type Order = readonly number[];

/** Numbers of a run in an {@link Order}. */
export const RUN = 3;
/** Rank of messages whose number came before. */
export const AGAIN = -1;
/** Rank of points of which it is no longer known when they came: everything else is later. */
export const FORGOTTEN = 0;
/** Number of messages that have none. */
export const NO_NUMBER = -1;

/** An order of one number a point. */
export interface PointOrder {
  readonly rank: Float64Array;
  readonly number: Float64Array;
}

/** Appends a run to an order; one that says the same as the last becomes part of it. */
export const appendRun = (order: number[], rank: number, number: number, count: number): void => {
  const last = order.length - RUN;
  if (last >= 0 && order[last] === rank && order[last + 1] === number)
    order[last + 2] = (order[last + 2] ?? 0) + count;
  else order.push(rank, number, count);
};

/** Rank and number of each of so many points. Where nothing is known they are forgotten. */
export const eachOf = (order: Order | undefined, points: number): PointOrder => {
  const rank = new Float64Array(points).fill(FORGOTTEN);
  const number = new Float64Array(points).fill(NO_NUMBER);
  let from = 0;
  for (let at = 0; order !== undefined && at < order.length; at += RUN) {
    const to = Math.min(points, from + (order[at + 2] ?? 0));
    rank.fill(order[at] ?? FORGOTTEN, from, to);
    number.fill(order[at + 1] ?? NO_NUMBER, from, to);
    from = to;
  }
  return { rank, number };
};

/** The order of the points `[from, to)`. */
export const sliceOrder = (order: Order | undefined, from: number, to: number): Order | undefined => {
  if (order === undefined) return undefined;
  const slice: number[] = [];
  let start = 0;
  for (let at = 0; at < order.length && start < to; at += RUN) {
    const end = start + (order[at + 2] ?? 0);
    const count = Math.min(end, to) - Math.max(start, from);
    if (count > 0) appendRun(slice, order[at] ?? FORGOTTEN, order[at + 1] ?? NO_NUMBER, count);
    start = end;
  }
  return slice;
};

/** Orders of lists of points one after the other; `undefined` where nothing is known of any. */
export const concatOrders = (
  pieces: readonly { readonly order?: Order | undefined; readonly points: number }[],
): Order | undefined => {
  if (pieces.every(({ order }) => order === undefined)) return undefined;
  const all: number[] = [];
  for (const { order = [FORGOTTEN, NO_NUMBER, Number.NaN], points } of pieces)
    for (let at = 0; at < order.length; at += RUN) {
      const count = order[at + 2] ?? 0;
      const run = Number.isNaN(count) ? points : count;
      if (run > 0) appendRun(all, order[at] ?? FORGOTTEN, order[at + 1] ?? NO_NUMBER, run);
    }
  return all;
};

/** What a block keeps of an order: numbers of sessions. When other points came is forgotten. */
export const keptOrder = (order: Order | undefined): Order | undefined => {
  if (order === undefined) return undefined;
  const kept: number[] = [];
  let known = false;
  for (let at = 0; at < order.length; at += RUN) {
    const [rank = FORGOTTEN, number = NO_NUMBER, count = 0] = order.slice(at, at + RUN);
    const isKnown = rank > FORGOTTEN && number !== NO_NUMBER;
    known ||= isKnown;
    if (isKnown) appendRun(kept, rank, number, count);
    else appendRun(kept, FORGOTTEN, NO_NUMBER, count);
  }
  return known ? kept : undefined;
};
