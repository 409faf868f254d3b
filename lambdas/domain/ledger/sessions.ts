/** Which messages of a device are durable: ranges of `seq` by session. */

/** Both ends included. */
export type SeqRange = readonly [from: number, to: number];

export interface Session {
  readonly id: string;
  /** Ascending, apart by at least one. */
  readonly ranges: readonly SeqRange[];
}

/** Sessions remembered of a device, and ranges of each: a device's state stays bounded. */
export const MAX_SESSIONS = 4;
export const MAX_RANGES = 16;

/** Whole numbers as ascending ranges. */
export const toRanges = (numbers: readonly number[]): SeqRange[] => {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((left, right) => left - right)) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = Math.max(last[1], number);
    else ranges.push([number, number]);
  }
  return ranges;
};

const unite = (left: readonly SeqRange[], right: readonly SeqRange[]): SeqRange[] => {
  const united: [number, number][] = [];
  for (const [from, to] of [...left, ...right].sort((one, other) => one[0] - other[0])) {
    const last = united.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else united.push([from, to]);
  }
  return united;
};

export const holds = (ranges: readonly SeqRange[], seq: number): boolean =>
  ranges.some(([from, to]) => from <= seq && seq <= to);

/**
 * Notes messages as durable. The session comes to the end of the list, the oldest is forgotten. Of too many
 * ranges the lowest but the first is forgotten: what is forgotten is at worst stored twice and merged when read,
 * and the first range, which says how far everything is durable, stays true.
 */
export const noteDurable = (
  sessions: readonly Session[],
  id: string,
  seqs: readonly number[],
): readonly Session[] => {
  const before = sessions.find((session) => session.id === id);
  const ranges = unite(before?.ranges ?? [], toRanges(seqs));
  const excess = ranges.length - MAX_RANGES;
  if (excess > 0) ranges.splice(1, excess);
  return [...sessions.filter((session) => session !== before), { id, ranges }].slice(-MAX_SESSIONS);
};

/** The greatest number up to which all of a session are durable, counted from 0; `undefined` when 0 is not. */
export const contiguous = (ranges: readonly SeqRange[]): number | undefined => {
  const first = ranges[0];
  return first !== undefined && first[0] === 0 ? first[1] : undefined;
};
