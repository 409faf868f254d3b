/**
 * Columns of several chunks as one: sorted by time, each point once.
 *
 * Identity of a point is (channel, time). What is merged is what devices gave: whoever wants it judged does so
 * afterwards. Of several versions of a point the latest stays, see `order.ts`; of two of which neither is later by that,
 * the one that is given later. A version with the same value and the same given quality as the one before it is a
 * duplicate; any other one takes the place of the one before, which is overwritten.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import { asJudged, givenOf, joinColumns, type SeriesColumn, sliceColumn } from './column.ts';
import { AGAIN, appendRun, eachOf, FORGOTTEN, NO_NUMBER, type Order, type PointOrder } from './order.ts';

/** What a merge found out of points that were counted as stored, or as duplicates, when they came. */
export interface Found {
  /** Stored ones that are duplicates. */
  duplicate: number;
  /** Stored ones of which another version stays. */
  overwritten: number;
  /** Points of messages that came before which nobody had: counted as duplicates, and stored. */
  recovered: number;
}

export const nothingFound = (): Found => ({ duplicate: 0, overwritten: 0, recovered: 0 });

/** A list of columns to be merged. */
export interface Piece {
  readonly columns: readonly SeriesColumn[];
  /** Where it is counted what its points turn out to be; not at all where that was done before, as of a block. */
  readonly found?: Found | undefined;
}

const ascends = (times: readonly Micros[]): boolean => {
  for (let at = 1; at < times.length; at += 1) if ((times[at - 1] ?? 0) >= (times[at] ?? 0)) return false;
  return true;
};

/** A column of a piece. */
interface Part {
  readonly column: SeriesColumn;
  readonly found: Found | undefined;
}

const countAgain = (order: Order | undefined): number => {
  let count = 0;
  for (let at = 0; order !== undefined && at < order.length; at += 3)
    if (order[at] === AGAIN) count += order[at + 2] ?? 0;
  return count;
};

/** One after the other, when each starts after the one before ends: the usual case, without sorting. */
const joined = (parts: readonly Part[]): SeriesColumn | undefined => {
  const column = joinColumns(parts.map((part) => part.column));
  if (column === undefined || !ascends(column.time)) return undefined;
  for (const part of parts)
    if (part.found !== undefined) part.found.recovered += countAgain(part.column.order);
  const given = givenOf(column);
  return { ...column, quality: given, given };
};

/** A version of a point. */
interface Version {
  readonly value: Value;
  readonly given: Quality;
  readonly rank: number;
  readonly number: number;
  /** Place of its piece among those that have the channel. */
  readonly part: number;
  readonly found: Found | undefined;
}

const isAgain = ({ rank }: Version): boolean => rank === AGAIN;

const isSame = (left: Version, right: Version): boolean =>
  Object.is(left.value, right.value) && left.given === right.given;

/** One message that two runs wrote, as a batch does that was given up and came again. */
const isRewritten = (left: Version, right: Version): boolean =>
  left.part !== right.part &&
  left.rank === right.rank &&
  left.number === right.number &&
  left.rank > FORGOTTEN &&
  isSame(left, right);

/** Versions of a point from the earliest to the latest; each message once, and none of those that came again. */
const inOrder = (versions: readonly Version[]): Version[] => {
  const sorted = versions
    .filter((version) => !isAgain(version))
    .sort((left, right) => left.rank - right.rank || left.number - right.number);
  return sorted.filter((version, at) => {
    const before = sorted[at - 1];
    return before === undefined || !isRewritten(before, version);
  });
};

/** What versions of a point are, one after the other. */
const count = (ordered: readonly Version[]): { readonly duplicate: number; readonly overwritten: number } => {
  let duplicate = 0;
  for (let at = 1; at < ordered.length; at += 1) {
    const [before, version] = [ordered[at - 1], ordered[at]];
    if (before !== undefined && version !== undefined && isSame(before, version)) duplicate += 1;
  }
  return { duplicate, overwritten: Math.max(0, ordered.length - 1 - duplicate) };
};

/**
 * Versions of a point from the earliest to the one that stays. What is found beyond what was counted before is counted.
 * @param versions in order of arrival; at least one
 */
const settled = (versions: readonly Version[]): readonly Version[] => {
  const ordered = inOrder(versions);
  const into = versions.findLast(({ found }) => found !== undefined)?.found;
  if (ordered.length === 0) {
    // Nobody had it but messages that came before: it was counted with them, and is stored after all.
    if (into !== undefined) into.recovered += 1;
    return versions.slice(0, 1);
  }
  if (into !== undefined) {
    const [all, before] = [count(ordered), count(ordered.filter(({ found }) => found === undefined))];
    into.duplicate += all.duplicate - before.duplicate;
    into.overwritten += all.overwritten - before.overwritten;
  }
  return ordered;
};

/** Versions of points of one channel as a column. */
const columnOf = (
  { channel, type, unit }: SeriesColumn,
  points: readonly (readonly [Micros, Version])[],
): SeriesColumn => {
  const quality: Quality[] = points.map(([, version]) => version.given);
  const given = quality.some((one) => one !== 0) ? quality : undefined;
  const order: number[] = [];
  let isOrdered = false;
  for (const [, { rank, number }] of points) {
    appendRun(order, rank, number, 1);
    isOrdered ||= rank !== FORGOTTEN || number !== NO_NUMBER;
  }
  return {
    channel,
    type,
    unit,
    time: points.map(([time]) => time),
    value: points.map(([, { value }]) => value),
    quality: given,
    given,
    order: isOrdered ? order : undefined,
  };
};

/** A channel's points, each once, and the versions that do not stay. */
interface Sifted {
  readonly column: SeriesColumn;
  readonly superseded: SeriesColumn | undefined;
}

const sifted = (parts: readonly Part[]): Sifted => {
  const points = new Map<Micros, Version[]>();
  for (const [part, { column, found }] of parts.entries()) {
    const given = givenOf(column);
    const order: PointOrder = eachOf(column.order, column.time.length);
    for (const [at, time] of column.time.entries()) {
      const value = column.value[at];
      if (value === undefined) continue;
      const version: Version = {
        value,
        given: given?.[at] ?? 0,
        rank: order.rank[at] ?? FORGOTTEN,
        number: order.number[at] ?? NO_NUMBER,
        part,
        found,
      };
      const versions = points.get(time);
      if (versions === undefined) points.set(time, [version]);
      else versions.push(version);
    }
  }
  const last = parts.at(-1)?.column;
  if (last === undefined) throw new RangeError('nothing to merge');
  const latest: [Micros, Version][] = [];
  const others: [Micros, Version][] = [];
  for (const time of [...points.keys()].sort((left, right) => left - right)) {
    const ordered = settled(points.get(time) ?? []);
    for (const [at, version] of ordered.entries())
      (at < ordered.length - 1 ? others : latest).push([time, version]);
  }
  return {
    column: columnOf(last, latest),
    superseded: others.length === 0 ? undefined : columnOf(last, others),
  };
};

export interface Merged {
  /** By channel name in code-unit order; times strictly ascending. Their quality is the given one. */
  readonly columns: SeriesColumn[];
  /**
   * Versions of points that do not stay. A later merge is to be given them with the points, for what is found of a version
   * that comes late depends on those before it.
   */
  readonly superseded: SeriesColumn[];
}

/**
 * Merges columns of any number of pieces.
 * @param pieces in order of arrival; points within may be in any order
 */
export const mergePieces = (pieces: Iterable<Piece>): Merged => {
  const byChannel = new Map<string, Part[]>();
  for (const { columns, found } of pieces) {
    for (const column of columns) {
      const parts = byChannel.get(column.channel);
      if (parts === undefined) byChannel.set(column.channel, [{ column, found }]);
      else parts.push({ column, found });
    }
  }
  const merged: Merged = { columns: [], superseded: [] };
  for (const channel of [...byChannel.keys()].sort()) {
    const parts = byChannel.get(channel) ?? [];
    const simple = joined(parts);
    const { column, superseded }: Sifted =
      simple === undefined ? sifted(parts) : { column: simple, superseded: undefined };
    merged.columns.push(column);
    if (superseded !== undefined) merged.superseded.push(superseded);
  }
  return merged;
};

/** Columns that are judged already as one: of two versions of a point the one that is given later stays. */
export const mergeColumns = (lists: Iterable<readonly SeriesColumn[]>): SeriesColumn[] =>
  mergePieces([...lists].map((columns) => ({ columns: columns.map(asJudged) }))).columns.map(asJudged);

/** The part of sorted columns in `[from, to)`; a channel without points there is left out. */
export const sliceColumns = (columns: readonly SeriesColumn[], from: Micros, to: Micros): SeriesColumn[] =>
  columns.flatMap((column) => {
    const start = firstAtOrAfter(column.time, from);
    const end = firstAtOrAfter(column.time, to);
    if (start >= end) return [];
    if (start === 0 && end === column.time.length) return [column];
    return [sliceColumn(column, start, end)];
  });

const firstAtOrAfter = (times: readonly Micros[], time: Micros): number => {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
};
