/** Conditions, one judge each: whether it holds at a point. */

import { statusOf } from '../../../contracts/quality.ts';
import type { AlertCondition, EvaluatedNumbers } from '../../../contracts/resources/alert-rules.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../contracts/time.ts';
import type { Tracks } from '../ingestion/quality.ts';
import { numberOf, type Piece, type Pieces, type Points } from './piece.ts';
import type { RuleState } from './rule-state.ts';
import type { WatchedRule } from './watch.ts';

/** What else is known while a rule is held against points. */
export interface Surroundings {
  readonly pieces: Pieces;
  /** What was remembered of channels before the batch. */
  readonly tracks: Tracks;
}

export interface Judge {
  /**
   * Whether the condition holds at a point; asked of each point once, in order.
   * @param isActive whether there is an alert: it takes more to end one than not to begin one
   * @returns `undefined` where the point says nothing
   */
  holds(piece: Piece, at: number, isActive: boolean): boolean | undefined;
  /** Whether points can be passed over while the rule is at rest. */
  passes(points: Points): boolean;
  /** What it looks back at, to be remembered. */
  readonly memory: Pick<RuleState, 'from' | 'bad'>;
}

const NOTHING = {};

/** What lies outside of two limits; and, once it does, outside of closer ones. */
class LimitJudge implements Judge {
  readonly memory = NOTHING;
  private readonly least: number;
  private readonly most: number;
  private readonly hysteresis: number;

  constructor(least: number, most: number, hysteresis: number) {
    this.least = least;
    this.most = most;
    this.hysteresis = hysteresis;
  }

  holds(piece: Piece, at: number, isActive: boolean): boolean | undefined {
    const value = piece.isBad(at) ? undefined : numberOf(piece.value[at] ?? 0);
    if (value === undefined) return undefined;
    const closer = isActive ? this.hysteresis : 0;
    return value < this.least + closer || value > this.most - closer;
  }

  passes(points: Points): boolean {
    return points.isWithin(this.least, this.most);
  }
}

/** How far a channel is from another: from what was known of that when the message came. */
class DeviationJudge implements Judge {
  readonly memory = NOTHING;
  private readonly limit: number;
  private readonly hysteresis: number;
  private readonly others: readonly Piece[];
  /** How far they are known, and what is known by that. */
  private piece = 0;
  private point = 0;
  private known: number | undefined;

  constructor(channel: string, { limit, hysteresis }: EvaluatedNumbers, { pieces, tracks }: Surroundings) {
    this.limit = limit;
    this.hysteresis = hysteresis;
    this.others = pieces.get(channel)?.list ?? [];
    const track = tracks.get(channel);
    this.known = track === undefined || statusOf(track.quality) === 'bad' ? undefined : numberOf(track.value);
  }

  /** Of earlier messages the newest value, of the same message that of the time. Times and messages ascend. */
  private setPoint(message: number, time: Micros): number | undefined {
    for (; this.piece < this.others.length; this.piece += 1, this.point = 0) {
      const other = this.others[this.piece];
      if (other === undefined || other.message > message) break;
      for (; this.point < other.time.length; this.point += 1) {
        if (other.message === message && (other.time[this.point] ?? 0) > time) return this.known;
        this.known = other.isBad(this.point) ? undefined : numberOf(other.value[this.point] ?? 0);
      }
    }
    return this.known;
  }

  holds(piece: Piece, at: number, isActive: boolean): boolean | undefined {
    const value = piece.isBad(at) ? undefined : numberOf(piece.value[at] ?? 0);
    if (value === undefined) return undefined;
    const setPoint = this.setPoint(piece.message, piece.time[at] ?? 0);
    if (setPoint === undefined) return undefined;
    return Math.abs(value - setPoint) > this.limit - (isActive ? this.hysteresis : 0);
  }

  passes(): boolean {
    return false;
  }
}

/** How fast values change, over half of a window to the whole of it. */
class RateJudge implements Judge {
  private readonly least: number;
  private readonly most: number;
  private readonly window: Micros;
  /** The point that is measured from. */
  private began: Micros | undefined;
  private first: number;
  /** The first one half a window after it: it is measured from next. */
  private nextBegan: Micros | undefined;
  private next: number;

  constructor(
    { direction, window }: Extract<AlertCondition, { kind: 'rate' }>,
    limit: number,
    before: RuleState | undefined,
  ) {
    this.most = direction === 'falling' ? Number.POSITIVE_INFINITY : limit;
    this.least = direction === 'rising' ? Number.NEGATIVE_INFINITY : -limit;
    this.window = window * MICROS_PER_SECOND;
    [this.began, this.first = 0, this.nextBegan, this.next = 0] = before?.from ?? [];
  }

  get memory(): Pick<RuleState, 'from'> {
    const { began, first, nextBegan, next } = this;
    if (began === undefined) return NOTHING;
    return { from: nextBegan === undefined ? [began, first] : [began, first, nextBegan, next] };
  }

  /** Goes on to where the change is measured from at a time. */
  private moveOn(time: Micros): void {
    if (this.began === undefined || time - this.began <= this.window) return;
    this.began = this.nextBegan;
    this.first = this.next;
    this.nextBegan = undefined;
    if (this.began !== undefined && time - this.began > this.window) this.began = undefined;
  }

  holds(piece: Piece, at: number): boolean | undefined {
    const value = piece.isBad(at) ? undefined : numberOf(piece.value[at] ?? 0);
    if (value === undefined) return undefined;
    const time = piece.time[at] ?? 0;
    this.moveOn(time);
    if (this.began === undefined) {
      this.began = time;
      this.first = value;
      return undefined;
    }
    const span = time - this.began;
    if (span < this.window / 2) return undefined;
    if (this.nextBegan === undefined) {
      this.nextBegan = time;
      this.next = value;
    }
    const rate = ((value - this.first) * MICROS_PER_SECOND) / span;
    return rate < this.least || rate > this.most;
  }

  /** Before half the window is over nothing is measured, and nothing remembered. */
  passes({ end }: Points): boolean {
    return this.began !== undefined && end - this.began < this.window / 2;
  }
}

/** How many of the newest points are bad. What was before the first point counts as good. */
class QualityJudge implements Judge {
  private readonly points: number;
  private readonly most: number;
  private bad: string;

  constructor(
    { share, points }: Extract<AlertCondition, { kind: 'bad-quality' }>,
    before: RuleState | undefined,
  ) {
    this.points = points;
    this.most = share * points;
    this.bad = before?.bad ?? '';
  }

  get memory(): Pick<RuleState, 'bad'> {
    return this.bad === '' ? NOTHING : { bad: this.bad };
  }

  holds(piece: Piece, at: number): boolean {
    const all = `${this.bad}${piece.isBad(at) ? '1' : '0'}`.slice(-this.points);
    const first = all.indexOf('1');
    this.bad = first < 0 ? '' : all.slice(first);
    let count = 0;
    for (const one of this.bad) if (one === '1') count += 1;
    return count > 0 && count >= this.most;
  }

  passes({ isGood }: Points): boolean {
    return isGood && this.bad === '';
  }
}

/** @returns `undefined` for a condition that is not of points */
export const judgeOf = (
  { rule, channel }: WatchedRule,
  before: RuleState | undefined,
  surroundings: Surroundings,
): Judge | undefined => {
  const { condition } = rule;
  const numbers = rule.evaluated ?? {
    unit: channel?.unit ?? '1',
    limit: 'limit' in condition ? condition.limit : 0,
    hysteresis: 'hysteresis' in condition ? condition.hysteresis : 0,
  };
  switch (condition.kind) {
    case 'threshold':
      return condition.direction === 'high'
        ? new LimitJudge(Number.NEGATIVE_INFINITY, numbers.limit, numbers.hysteresis)
        : new LimitJudge(numbers.limit, Number.POSITIVE_INFINITY, numbers.hysteresis);
    case 'deviation': {
      if ('channel' in condition.from)
        return new DeviationJudge(condition.from.channel, numbers, surroundings);
      const { setPoint = condition.from.value, limit, hysteresis } = numbers;
      return new LimitJudge(setPoint - limit, setPoint + limit, hysteresis);
    }
    case 'rate':
      return new RateJudge(condition, numbers.limit, before);
    case 'bad-quality':
      return new QualityJudge(condition, before);
    case 'no-data':
      return undefined;
  }
};
