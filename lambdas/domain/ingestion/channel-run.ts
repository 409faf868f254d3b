/** Points of one channel in one batch of a device: checked, judged, each once. */
import { LIMITS } from '../../../contracts/limits.ts';
import type { Column, Value } from '../../../contracts/messages/message.ts';
import type { QuarantineCode } from '../../../contracts/problems.ts';
import { GOOD, type Quality } from '../../../contracts/quality.ts';
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { judgeGood, judgeNext, judgeValue, type Rules, startTrack, type Track, worse } from './quality.ts';

/** Points of a column that were not taken, by code. */
export interface Refused {
  readonly code: QuarantineCode;
  /** Index in the column of the first of them. */
  readonly first: number;
  points: number;
}

/** What became of the points of a column. */
export interface Taken {
  stored: number;
  duplicate: number;
  overwritten: number;
  readonly refused: Refused[];
}

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
  /** Made with the first point that is not good. */
  private quality: Quality[] | undefined;
  private ascending = true;
  /** Place of each time, made when the first point comes out of order. */
  private places: Map<Micros, number> | undefined;

  constructor(name: string, rules: Rules, before: Readonly<Track> | undefined) {
    this.name = name;
    this.rules = rules;
    this.track = before === undefined ? undefined : { ...before };
  }

  /** What is to be remembered of the channel. */
  get after(): Readonly<Track> | undefined {
    return this.track;
  }

  /**
   * Takes the points of a message.
   * @param arrived when the message arrived: times are checked against it
   */
  take(column: Column, arrived: Micros): Taken {
    const { time: times, value: values, quality: given } = column;
    const start = this.appendAll(column, arrived);
    const taken: Taken = { stored: start, duplicate: 0, overwritten: 0, refused: [] };
    const earliest = arrived - LIMITS.pastMicros;
    const latest = arrived + LIMITS.futureMicros;
    for (let at = start; at < times.length; at += 1) {
      const time = times[at] ?? 0;
      const value = values[at] ?? 0;
      if (!fits(this.rules, value)) refuse(taken.refused, 'wrong-value-type', at);
      else if (time < earliest) refuse(taken.refused, 'too-old', at);
      else if (time > latest) refuse(taken.refused, 'in-future', at);
      else if (this.track === undefined || time > this.track.time)
        this.append(time, value, given?.[at] ?? GOOD, arrived, taken);
      else this.insert(this.track, time, value, given?.[at] ?? GOOD, arrived, taken);
    }
    return taken;
  }

  /**
   * The usual case, without detours: good numbers, each later than the one before.
   * @returns where it ends
   */
  private appendAll({ time: times, value: values, quality: given }: Column, arrived: Micros): number {
    const { rules, track } = this;
    if (rules.channel.type !== 'number' || track === undefined || given !== undefined) return 0;
    if (this.places !== undefined || !this.ascending) return 0;
    const after = Math.max(track.time, arrived - LIMITS.pastMicros - 1);
    const count = judgeGood(rules, track, times, values, after, arrived + LIMITS.futureMicros, arrived);
    if (count === 0) return 0;
    const whole = count === times.length;
    const piece = {
      time: whole ? times : times.slice(0, count),
      value: whole ? values : values.slice(0, count),
    };
    this.pieces.push(piece);
    if (this.quality !== undefined) for (let at = 0; at < count; at += 1) this.quality.push(GOOD);
    return count;
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

  private append(time: Micros, value: Value, given: Quality, arrived: Micros, taken: Taken): void {
    this.track ??= startTrack(time, value, arrived);
    this.push(time, value, judgeNext(this.rules, this.track, time, value, given, arrived));
    taken.stored += 1;
  }

  /** A point at or before the newest: known already, a correction, or late. */
  private insert(
    track: Track,
    time: Micros,
    value: Value,
    given: Quality,
    arrived: Micros,
    taken: Taken,
  ): void {
    this.join();
    this.places ??= new Map(this.time.map((one, place) => [one, place]));
    const place = this.places.get(time);
    const isNewest = time === track.time;
    const known = place === undefined ? (isNewest ? track.value : undefined) : this.value[place];
    if (known === value) {
      taken.duplicate += 1;
      return;
    }
    // Only what a value says by itself: neighbours of a late point are not at hand.
    const judged = worse(given, judgeValue(this.rules, value));
    taken.stored += 1;
    if (known !== undefined) taken.overwritten += 1;
    if (place === undefined) this.push(time, value, judged);
    else {
      this.value[place] = value;
      if (judged !== GOOD || this.quality !== undefined) this.qualities()[place] = judged;
    }
    if (isNewest) {
      Object.assign(track, { value, quality: judged, arrived, run: 1 });
      if (track.credibleTime === time) track.credibleValue = value;
    }
  }

  private push(time: Micros, value: Value, quality: Quality): void {
    this.join();
    const place = this.time.length;
    if (place > 0 && time <= (this.time[place - 1] ?? 0)) this.ascending = false;
    if (quality !== GOOD || this.quality !== undefined) this.qualities().push(quality);
    this.madeOf = undefined;
    this.time.push(time);
    this.value.push(value);
    this.places?.set(time, place);
  }

  private qualities(): Quality[] {
    this.quality ??= new Array<Quality>(this.time.length).fill(GOOD);
    return this.quality;
  }

  /**
   * The points taken, in order of time, as one column for each hour. Nothing is taken any more afterwards.
   * @param like another channel that was asked already: times in common become one array
   */
  byHour(like?: ChannelRun): Map<Micros, SeriesColumn> {
    const { time, value, quality } = this.sorted(like);
    const hours = new Map<Micros, SeriesColumn>();
    for (let start = 0; start < time.length; ) {
      const hour = hourOf(time[start] ?? 0);
      let end = time.length;
      if (hourOf(time[end - 1] ?? 0) !== hour) {
        end = start + 1;
        while (end < time.length && hourOf(time[end] ?? 0) === hour) end += 1;
      }
      const whole = start === 0 && end === time.length;
      hours.set(hour, {
        channel: this.name,
        type: this.rules.channel.type,
        unit: this.rules.channel.unit,
        time: whole ? time : time.slice(start, end),
        value: whole ? value : value.slice(start, end),
        quality: whole ? quality : quality?.slice(start, end),
      });
      start = end;
    }
    return hours;
  }

  private sorted(like: ChannelRun | undefined): {
    time: Micros[];
    value: Value[];
    quality: Quality[] | undefined;
  } {
    this.join(like);
    if (this.ascending) return { time: this.time, value: this.value, quality: this.quality };
    const order = this.time
      .map((_, at) => at)
      .sort((left, right) => (this.time[left] ?? 0) - (this.time[right] ?? 0));
    return {
      time: order.map((at) => this.time[at] ?? 0),
      value: order.map((at) => this.value[at] ?? 0),
      quality: this.quality === undefined ? undefined : order.map((at) => this.quality?.[at] ?? GOOD),
    };
  }
}
