/**
 * Columns of several chunks as one: sorted by time, each point once.
 *
 * Identity of a point is (channel, time). Where two chunks hold the same point, the later arrival wins; an equal
 * value is a duplicate. Pieces are given in order of arrival, see `compareChunks` in the store.
 */
import type { Value } from '../../contracts/messages/message.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from './column.ts';

export interface Merged {
  /** By channel name in code-unit order; times strictly ascending. */
  readonly columns: SeriesColumn[];
  /** Points left out because a later one has the same identity and value. */
  readonly duplicate: number;
  /** Points left out because a later one has the same identity and another value. */
  readonly overwritten: number;
}

const ascends = (times: readonly Micros[]): boolean => {
  for (let at = 1; at < times.length; at += 1) if ((times[at - 1] ?? 0) >= (times[at] ?? 0)) return false;
  return true;
};

/** Lists as one; a single one is taken as it is. */
const concatenated = <T>(lists: readonly (readonly T[])[]): readonly T[] => {
  const [first = []] = lists;
  const none: T[] = [];
  // Not `flatMap`, which looks at each item.
  return lists.length === 1 ? first : none.concat(...lists);
};

/** One after the other, when each starts after the one before ends: the usual case, without sorting. */
const joined = (pieces: readonly SeriesColumn[]): SeriesColumn | undefined => {
  const filled = pieces
    .filter(({ time }) => time.length > 0)
    .sort((left, right) => (left.time[0] ?? 0) - (right.time[0] ?? 0));
  const last = pieces.at(-1);
  if (last === undefined) return undefined;
  const time = concatenated(filled.map((piece) => piece.time));
  if (!ascends(time)) return undefined;
  const anyQuality = filled.some(({ quality }) => quality !== undefined);
  return {
    channel: last.channel,
    type: last.type,
    unit: last.unit,
    time,
    value: concatenated(filled.map((piece) => piece.value)),
    quality: anyQuality
      ? concatenated(filled.map((piece) => piece.quality ?? new Array<Quality>(piece.time.length).fill(0)))
      : undefined,
  };
};

const same = (left: Value | undefined, right: Value | undefined): boolean => left === right;

const sifted = (
  pieces: readonly SeriesColumn[],
): { column: SeriesColumn; duplicate: number; overwritten: number } => {
  const points = new Map<Micros, { value: Value; quality: Quality }>();
  let duplicate = 0;
  let overwritten = 0;
  for (const piece of pieces) {
    for (const [at, time] of piece.time.entries()) {
      const value = piece.value[at];
      if (value === undefined) continue;
      const before = points.get(time);
      if (before !== undefined) {
        if (same(before.value, value)) duplicate += 1;
        else overwritten += 1;
      }
      points.set(time, { value, quality: piece.quality?.[at] ?? 0 });
    }
  }
  const sorted = [...points].sort(([left], [right]) => left - right);
  const last = pieces.at(-1);
  if (last === undefined) throw new RangeError('nothing to merge');
  const quality = sorted.map(([, point]) => point.quality);
  const column = {
    channel: last.channel,
    type: last.type,
    unit: last.unit,
    time: sorted.map(([time]) => time),
    value: sorted.map(([, point]) => point.value),
    quality: quality.some((one) => one !== 0) ? quality : undefined,
  };
  return { column, duplicate, overwritten };
};

/**
 * Merges columns of any number of chunks.
 * @param chunks columns of each chunk, in order of arrival; points within may be in any order, the later wins
 */
export const mergeColumns = (chunks: Iterable<readonly SeriesColumn[]>): Merged => {
  const byChannel = new Map<string, SeriesColumn[]>();
  for (const columns of chunks) {
    for (const column of columns) {
      const pieces = byChannel.get(column.channel);
      if (pieces === undefined) byChannel.set(column.channel, [column]);
      else pieces.push(column);
    }
  }
  const merged = { columns: [] as SeriesColumn[], duplicate: 0, overwritten: 0 };
  for (const channel of [...byChannel.keys()].sort()) {
    const pieces = byChannel.get(channel) ?? [];
    const simple = joined(pieces);
    if (simple !== undefined) {
      merged.columns.push(simple);
      continue;
    }
    const { column, duplicate, overwritten } = sifted(pieces);
    merged.columns.push(column);
    merged.duplicate += duplicate;
    merged.overwritten += overwritten;
  }
  return merged;
};

/** The part of sorted columns in `[from, to)`; a channel without points there is left out. */
export const sliceColumns = (columns: readonly SeriesColumn[], from: Micros, to: Micros): SeriesColumn[] =>
  columns.flatMap((column) => {
    const start = firstAtOrAfter(column.time, from);
    const end = firstAtOrAfter(column.time, to);
    if (start >= end) return [];
    if (start === 0 && end === column.time.length) return [column];
    return [
      {
        ...column,
        time: column.time.slice(start, end),
        value: column.value.slice(start, end),
        quality: column.quality?.slice(start, end),
      },
    ];
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
