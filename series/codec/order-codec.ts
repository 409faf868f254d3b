/**
 * Orders of points as bytes: how many groups, and of each the steps of rank and number, the points of a run, and how many
 * runs follow like that. Messages of a session that follow on each other are one group, however many they are.
 */
import type { SeriesColumn } from '../points/column.ts';
import { appendRun, type Order, RUN } from '../points/order.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from './bytes.ts';

const sameOrders = (left: Order | undefined, right: Order | undefined): boolean => {
  if (left === right) return true;
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) if (left[at] !== right[at]) return false;
  return true;
};

/** Finds the orders that differ. @returns them, and of each column the place of its own, from 1; 0 for none */
export const placeOrders = (
  columns: readonly SeriesColumn[],
): { readonly orders: readonly Order[]; readonly places: readonly number[] } => {
  const orders: Order[] = [];
  const places = columns.map(({ order }) => {
    if (order === undefined) return 0;
    const place = orders.findIndex((one) => sameOrders(one, order));
    return place >= 0 ? place + 1 : orders.push(order);
  });
  return { orders, places };
};

interface Group {
  readonly rankStep: number;
  readonly numberStep: number;
  readonly points: number;
  runs: number;
}

/** Writes an order. Ranks and numbers are whole and below 2^52 in magnitude. */
export const writeOrder = (out: ByteWriter, order: Order): void => {
  const groups: Group[] = [];
  let [rank, number] = [0, 0];
  for (let at = 0; at < order.length; at += RUN) {
    const [nextRank = 0, nextNumber = 0, points = 0] = [order[at], order[at + 1], order[at + 2]];
    const [rankStep, numberStep] = [nextRank - rank, nextNumber - number];
    [rank, number] = [nextRank, nextNumber];
    const last = groups.at(-1);
    if (last?.rankStep === rankStep && last.numberStep === numberStep && last.points === points)
      last.runs += 1;
    else groups.push({ rankStep, numberStep, points, runs: 1 });
  }
  out.unsigned(groups.length);
  for (const { rankStep, numberStep, points, runs } of groups) {
    out.signed(rankStep);
    out.signed(numberStep);
    out.unsigned(points);
    out.unsigned(runs);
  }
};

/**
 * Reads an order.
 * @throws {MalformedBytes}
 */
export const readOrder = (input: ByteReader): Order => {
  const order: number[] = [];
  let [rank, number, left] = [0, 0, MAX_RUNS];
  const groups = input.count(4);
  for (let group = 0; group < groups; group += 1) {
    const rankStep = input.signed();
    const numberStep = input.signed();
    const points = input.unsigned();
    const runs = input.unsigned();
    left -= runs;
    if (left < 0) throw new MalformedBytes('an order of too many runs');
    for (let run = 0; run < runs; run += 1) {
      rank += rankStep;
      number += numberStep;
      appendRun(order, rank, number, points);
    }
  }
  return order;
};

/** Against memory that a forged chunk would ask for: an hour at 4 kHz, each point in a message of its own. */
const MAX_RUNS = 2 ** 24;
