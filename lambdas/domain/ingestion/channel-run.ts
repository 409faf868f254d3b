/** Points of one channel in one batch of a device: checked, and each once. They are judged when they are read. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { Column, Value } from '../../../contracts/messages/message.ts';
import type { QuarantineCode } from '../../../contracts/problems.ts';
import { GOOD, type Quality } from '../../../contracts/quality.ts';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import { inOrderOfTime, type SeriesColumn, sliceColumn } from '../../../series/points/column.ts';
import { AGAIN, appendRun } from '../../../series/points/order.ts';
import { Piece } from '../alerts/piece.ts';
import { judgeGood, judgeNext, judgeValue, type Rules, startTrack, type Track, worse } from './quality.ts';
import type { MessageOrder } from './session-run.ts';

/** Points of a column that were not taken, by code. */
export interface Refused {
  readonly code: QuarantineCode;
  /** Index in the column of the first of them. */
  readonly first: number;
  points: number;
}

/** What became of the points of a column. */
export interface Taken {
  readonly count: number;
  readonly refused: readonly Refused[];
}

const NONE_REFUSED: readonly Refused[] = [];

export const hourOf = (time: Micros): Micros => Math.floor(time / MICROS_PER_HOUR) * MICROS_PER_HOUR;

const fits = (rules: Rules, value: Value): boolean => {
  const { type, values } = rules.channel;
  if (type === 'number') return typeof value === 'number';
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'boolean') return typeof value === 'boolean';
  return typeof value === 'string' && (values === undefined || values.includes(value));
};

const refuse = (refused: Refused[], code: QuarantineCode, first: number): void => {
  const known = refused.find((one) => one.code === code);
  if (known === undefined) refused.push({ code, first, points: 1 });
  else known.points += 1;
};

export class ChannelRun {
  readonly name: string;
  private readonly rules: Rules;
  private track: Track | undefined;
  private time: Micros[] = [];
  private value: Value[] = [];
  /** What comes after these, not yet joined to them. */
  private pieces: { readonly time: readonly Micros[]; readonly value: readonly Value[] }[] = [];
  /** What the times are, where they are nothing but these. */
  private madeOf: readonly (readonly Micros[])[] | undefined;
  /** Made with the first point of which the device says that it is not good. */
  private given: Quality[] | undefined;
  private readonly order: number[] = [];
  private count = 0;
  /** What was newer than all before it, where anybody asks for that. */
  private readonly newest: Piece[] | undefined;
  private place = 0;
  /** Points of the message that is being taken that were followed one by one. */
  private followed:
    | { readonly time: Micros[]; readonly value: Value[]; readonly quality: Quality[] }
    | undefined;

  /** @param isWatched whether {@link pieces} are asked for afterwards */
  constructor(name: string, rules: Rules, before: Readonly<Track> | undefined, isWatched = false) {
    this.name = name;
    this.rules = rules;
    this.track = before === undefined ? undefined : { ...before };
    this.newest = isWatched ? [] : undefined;
  }

  /** What was newer than all before it, message by message. */
  get newer(): readonly Piece[] {
    return this.newest ?? [];
  }

  /** What is to be remembered of the channel. */
  get after(): Readonly<Track> | undefined {
    return this.track;
  }

  /**
   * Takes the points of a message.
   * @param arrived when the message arrived: times are checked against it
   * @param message which message it is
   * @param place which of the batch it is
   */
  take(column: Column, arrived: Micros, message: MessageOrder, place = 0): Taken {
    const { time: times, value: values, quality: given } = column;
    this.place = place;
    const start = this.appendAll(column, arrived);
    if (start > 0 && this.track !== undefined) Object.assign(this.track, message);
    let refused: Refused[] | undefined;
    const earliest = arrived - LIMITS.pastMicros;
    const latest = arrived + LIMITS.futureMicros;
    let taken = start;
    for (let at = start; at < times.length; at += 1) {
      const time = times[at] ?? 0;
      const value = values[at] ?? 0;
      const code = !fits(this.rules, value)
        ? 'wrong-value-type'
        : time < earliest
          ? 'too-old'
          : time > latest
            ? 'in-future'
            : undefined;
      if (code !== undefined) {
        refused ??= [];
        refuse(refused, code, at);
        continue;
      }
      const quality = given?.[at] ?? GOOD;
      this.push(time, value, quality);
      this.follow(time, value, quality, arrived, message);
      taken += 1;
    }
    this.endPiece(arrived);
    if (taken > 0) appendRun(this.order, message.rank, message.number, taken);
    this.count += taken;
    return { count: taken, refused: refused ?? NONE_REFUSED };
  }

  /**
   * The usual case, without detours: good numbers, each later than the one before.
   * @returns where it ends
   */
  private appendAll({ time: times, value: values, quality: given }: Column, arrived: Micros): number {
    const { rules, track } = this;
    if (rules.channel.type !== 'number' || track === undefined || given !== undefined) return 0;
    const after = Math.max(track.time, arrived - LIMITS.pastMicros - 1);
    const count = judgeGood(rules, track, times, values, after, arrived + LIMITS.futureMicros, arrived);
    if (count === 0) return 0;
    const whole = count === times.length;
    const piece = {
      time: whole ? times : times.slice(0, count),
      value: whole ? values : values.slice(0, count),
    };
    this.pieces.push(piece);
    this.newest?.push(new Piece(this.place, arrived, piece.time, piece.value));
    if (this.given !== undefined) for (let at = 0; at < count; at += 1) this.given.push(GOOD);
    return count;
  }

  /** Goes on to a point that is newer than all before, or another version of the newest. */
  private follow(time: Micros, value: Value, given: Quality, arrived: Micros, message: MessageOrder): void {
    const { rules } = this;
    if (this.track === undefined || time > this.track.time) {
      this.track ??= startTrack(time, value, arrived);
      const judged = judgeNext(rules, this.track, time, value, given, arrived);
      Object.assign(this.track, message);
      if (this.newest === undefined) return;
      this.followed ??= { time: [], value: [], quality: [] };
      this.followed.time.push(time);
      this.followed.value.push(value);
      this.followed.quality.push(judged);
      return;
    }
    const { track } = this;
    if (time < track.time || message.rank === AGAIN) return;
    const isLater = message.rank === track.rank ? message.number >= track.number : message.rank > track.rank;
    if (!isLater) return;
    const isSame = Object.is(value, track.value);
    // Only what the value says by itself: what it is to be compared with is no longer known.
    const quality = worse(given, judgeValue(rules, value));
    Object.assign(track, message, isSame ? {} : { value, quality, arrived, run: 1 });
    if (isSame) track.quality = worse(given, track.quality);
    this.correct(arrived, track);
    if (!isSame && track.credibleTime === time) track.credibleValue = undefined;
  }

  /** Points that were followed one by one are a piece. */
  private endPiece(arrived: Micros): void {
    if (this.followed === undefined) return;
    const { time, value, quality } = this.followed;
    this.newest?.push(new Piece(this.place, arrived, time, value, quality));
    this.followed = undefined;
  }

  /** The newest point is another now, or of another quality. */
  private correct(arrived: Micros, { time, value, quality, arrived: heard }: Readonly<Track>): void {
    if (this.newest === undefined) return;
    this.endPiece(arrived);
    this.newest.push(new Piece(this.place, heard, [time], [value], [quality], true));
  }

  /**
   * Joins pieces: whole arrays of float64 at once are far quicker than number by number, unless what they would be
   * copied together with is longer than they are.
   * @param like a channel that is complete; when it was measured at the same times, both share them
   */
  private join(like?: ChannelRun): void {
    const { pieces } = this;
    if (pieces.length === 0) return;
    this.pieces = [];
    const count = pieces.reduce((sum, { time }) => sum + time.length, 0);
    if (2 * count < this.time.length) {
      this.madeOf = undefined;
      for (const { time, value } of pieces) {
        for (const one of time) this.time.push(one);
        for (const one of value) this.value.push(one);
      }
      return;
    }
    const times = pieces.map(({ time }) => time);
    const alone = this.time.length === 0;
    this.time = alone && like?.isMadeOf(times) === true ? like.time : this.time.concat(...times);
    this.value = this.value.concat(...pieces.map(({ value }) => value));
    this.madeOf = alone ? times : undefined;
  }

  private isMadeOf(times: readonly (readonly Micros[])[]): boolean {
    const { madeOf } = this;
    if (madeOf?.length !== times.length) return false;
    for (let at = 0; at < times.length; at += 1) if (madeOf[at] !== times[at]) return false;
    return true;
  }

  private push(time: Micros, value: Value, given: Quality): void {
    this.join();
    if (given !== GOOD || this.given !== undefined) {
      this.given ??= new Array<Quality>(this.time.length).fill(GOOD);
      this.given.push(given);
    }
    this.madeOf = undefined;
    this.time.push(time);
    this.value.push(value);
  }

  /**
   * The points taken, in order of time, as one column for each hour. Nothing is taken any more afterwards. Of several
   * versions of a point all are there, in order of arrival: whoever merges the hour tells which stays.
   * @param like another channel that was asked already: times in common become one array
   */
  byHour(like?: ChannelRun): Map<Micros, SeriesColumn> {
    this.join(like);
    const { type, unit } = this.rules.channel;
    const { name: channel, time: times, value, given, order } = this;
    const all = inOrderOfTime({ channel, type, unit, time: times, value, quality: given, given, order });
    const { time } = all;
    const hours = new Map<Micros, SeriesColumn>();
    for (let start = 0; start < time.length; ) {
      const hour = hourOf(time[start] ?? 0);
      let end = time.length;
      if (hourOf(time[end - 1] ?? 0) !== hour) {
        end = start + 1;
        while (end < time.length && hourOf(time[end] ?? 0) === hour) end += 1;
      }
      hours.set(hour, start === 0 && end === time.length ? all : sliceColumn(all, start, end));
      start = end;
    }
    return hours;
  }
}
