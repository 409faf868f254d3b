/**
 * Rules of a device held against a batch of its points. Pure: the same points give the same transitions, in whatever
 * batches they come; points that are not newer than all before them change nothing.
 *
 * An alert is raised when its condition has held for the whole delay, by the times of the points. That is known with the
 * first point after it at which the condition holds; of a channel whose values hold until the next, with time alone.
 */
import type { AlertTransition } from '../../../contracts/messages/alert-work.ts';
import type { Value } from '../../../contracts/messages/message.ts';
import type { Micros } from '../../../contracts/time.ts';
import { dueAt } from './calendar.ts';
import { type Judge, judgeOf, type Surroundings } from './judges.ts';
import type { ChannelPieces, Piece, Pieces } from './piece.ts';
import type { RuleState, RuleStates } from './rule-state.ts';
import { raised, returned } from './transitions.ts';
import type { Watch, WatchedRule } from './watch.ts';

/** What an evaluation comes to. */
export interface Evaluated {
  readonly states: RuleStates;
  readonly transitions: readonly AlertTransition[];
}

/** What is known before a batch, and the batch. */
export interface Batch extends Surroundings {
  readonly states: RuleStates;
  /** When its first message arrived. */
  readonly arrived: Micros;
}

/** Usual distances of points that a gap is longer than. */
const USUAL = 3;

/** One rule going through the points of its channel. */
class RuleRun {
  private readonly watch: Watch;
  private readonly one: WatchedRule;
  private readonly judge: Judge;
  private readonly told: AlertTransition[];
  private since: Micros | undefined;
  private active: Micros | undefined;
  private clear: Micros | undefined;
  private last: Micros;
  private value: Value | undefined;
  private gap: Micros;
  private due = Number.POSITIVE_INFINITY;
  /** Time of the point before, whatever it was. */
  private before: Micros | undefined;

  constructor(
    watch: Watch,
    one: WatchedRule,
    judge: Judge,
    known: RuleState | undefined,
    told: AlertTransition[],
  ) {
    this.watch = watch;
    this.one = one;
    this.judge = judge;
    this.told = told;
    this.since = known?.since;
    this.active = known?.active;
    this.clear = known?.clear;
    this.last = known?.last ?? 0;
    this.gap = known?.gap ?? one.gap ?? Number.POSITIVE_INFINITY;
    this.value = known?.value;
    if (this.since !== undefined) this.due = dueAt(one.calendar, this.since, one.onDelay);
  }

  private get isAtRest(): boolean {
    return this.since === undefined && this.active === undefined;
  }

  take(pieces: ChannelPieces, before: Micros | undefined): void {
    this.before = before;
    if (this.isAtRest && this.judge.passes(pieces)) return;
    for (const piece of pieces.list) {
      if (piece.isCorrection) continue;
      if (this.isAtRest && this.judge.passes(piece)) {
        this.before = piece.end;
        continue;
      }
      for (let at = 0; at < piece.time.length; at += 1) {
        this.step(piece, at);
        this.before = piece.time[at];
      }
    }
  }

  private step(piece: Piece, at: number): void {
    const time = piece.time[at] ?? 0;
    this.passTime(time);
    const holds = this.judge.holds(piece, at, this.active !== undefined);
    if (holds === undefined) return;
    const value = piece.value[at] ?? 0;
    if (this.active === undefined) this.whileNormal(holds, time, value, piece.arrived);
    else this.whileActive(holds, time, value);
    this.last = time;
    this.value = value;
  }

  /** What time alone has brought before a point, of a channel whose values hold. */
  private passTime(time: Micros): void {
    const { holds, offDelay } = this.one;
    if (!holds) return;
    if (this.active === undefined && this.since !== undefined && this.due < time)
      this.raise(this.due, this.last, this.value ?? 0);
    if (this.active !== undefined && this.clear !== undefined && this.clear + offDelay < time)
      this.end(this.clear + offDelay, this.last, this.value ?? 0);
  }

  /** Points that lie so far apart usually, as the one before tells; of channels that do not say it. */
  private begin(time: Micros, delay: Micros): void {
    const { holds, gap } = this.one;
    if (holds) this.gap = Number.POSITIVE_INFINITY;
    else this.gap = gap ?? Math.max(delay, this.before === undefined ? 0 : USUAL * (time - this.before));
  }

  private whileNormal(holds: boolean, time: Micros, value: Value, arrived: Micros): void {
    const { calendar, onDelay, rule } = this.one;
    if (!holds) {
      // Whoever looked at the clock may have raised it before this point was here.
      if (this.since !== undefined && this.one.holds && arrived >= this.due)
        this.told.push(returned(this.watch, rule, this.due, time, 'condition', { at: time, value }));
      this.since = undefined;
      return;
    }
    if (this.since === undefined || time - this.last > this.gap) {
      this.begin(time, onDelay);
      this.since = time;
      this.due = dueAt(calendar, time, onDelay);
    }
    if (time >= this.due) this.raise(this.due, time, value);
  }

  private whileActive(holds: boolean, time: Micros, value: Value): void {
    const { offDelay } = this.one;
    if (holds) {
      this.clear = undefined;
      return;
    }
    if (this.clear === undefined || time - this.last > this.gap) {
      this.begin(time, offDelay);
      this.clear = time;
    }
    if (time >= this.clear + offDelay) this.end(this.clear + offDelay, time, value);
  }

  private raise(at: Micros, time: Micros, value: Value): void {
    this.told.push(raised(this.watch, this.one, at, { at: time, value }));
    this.active = at;
    this.since = undefined;
    this.clear = undefined;
  }

  private end(at: Micros, time: Micros, value: Value): void {
    if (this.active === undefined) return;
    this.told.push(returned(this.watch, this.one.rule, this.active, at, 'condition', { at: time, value }));
    this.active = undefined;
    this.clear = undefined;
    this.since = undefined;
  }

  /** What is to be remembered; `undefined` at rest. */
  get after(): RuleState | undefined {
    const { since, active, clear, last, gap, value } = this;
    const { memory } = this.judge;
    const isMoving = since !== undefined || clear !== undefined;
    if (!isMoving && active === undefined) return Object.keys(memory).length === 0 ? undefined : memory;
    return {
      ...(since === undefined ? {} : { since }),
      ...(active === undefined ? {} : { active }),
      ...(clear === undefined ? {} : { clear }),
      ...(isMoving ? { last } : {}),
      ...(isMoving && Number.isFinite(gap) && this.one.gap === undefined ? { gap } : {}),
      ...(isMoving && this.one.holds && value !== undefined ? { value } : {}),
      ...memory,
    };
  }
}

/** Pieces of a channel, or of all. */
const piecesOf = (pieces: Pieces, channel: string | undefined): readonly ChannelPieces[] => {
  if (channel === undefined) return [...pieces.values()];
  const found = pieces.get(channel);
  return found === undefined ? [] : [found];
};

/** Arrivals of what was newer than all before it, in order, each once. */
const arrivalsOf = (pieces: readonly ChannelPieces[]): readonly Micros[] => {
  const arrivals = new Set<Micros>();
  for (const { list } of pieces) for (const { arrived } of list) arrivals.add(arrived);
  return [...arrivals].sort((one, other) => one - other);
};

const latestOf = (pieces: readonly ChannelPieces[]): Micros => {
  let latest = 0;
  for (const { list } of pieces) for (const { arrived } of list) if (arrived > latest) latest = arrived;
  return latest;
};

/** When something was heard of a channel last, or of the device: `undefined`, never. */
export const heardOf = (tracks: Surroundings['tracks'], channel: string | undefined): Micros | undefined => {
  if (channel !== undefined) return tracks.get(channel)?.arrived;
  let heard: Micros | undefined;
  for (const { arrived } of tracks.values()) heard = Math.max(heard ?? arrived, arrived);
  return heard;
};

/** How long nothing must be heard for a rule of silence. */
export const silenceOf = ({ rule, onDelay }: WatchedRule): Micros | undefined =>
  rule.condition.kind === 'no-data' ? rule.condition.after * 1e6 + onDelay : undefined;

/** Something is heard after a silence: whoever looked at the clock has raised an alert, or is about to. */
const endSilence = (
  watch: Watch,
  one: WatchedRule,
  { tracks, pieces }: Batch,
  told: AlertTransition[],
): void => {
  const { rule, calendar } = one;
  const silence = silenceOf(one);
  if (silence === undefined) return;
  const own = piecesOf(pieces, rule.channel);
  let heard = heardOf(tracks, rule.channel);
  if (heard !== undefined && latestOf(own) - heard < silence) return;
  for (const arrived of arrivalsOf(own)) {
    if (heard !== undefined && arrived - heard >= silence) {
      const due = dueAt(calendar, heard, silence);
      if (arrived >= due) told.push(returned(watch, rule, due, arrived, 'heard-again'));
    }
    heard = Math.max(heard ?? arrived, arrived);
  }
};

/** Ends alerts of rules that are gone, or no longer of this device. What may be of rules that are unread here stays. */
const endGone = (
  watch: Watch,
  states: Map<string, RuleState>,
  batch: Batch,
  told: AlertTransition[],
): void => {
  const rules = new Set(watch.rules.map(({ rule }) => rule.id));
  for (const [id, state] of batch.states) {
    if (rules.has(id)) continue;
    if (!watch.isWhole) states.set(id, state);
    else if (state.active !== undefined)
      told.push(returned(watch, { id }, state.active, batch.arrived, 'rule-changed'));
  }
};

/** Holds the rules of a device against the points of a batch. */
export const evaluate = (watch: Watch, batch: Batch): Evaluated => {
  const told: AlertTransition[] = [];
  const states = new Map<string, RuleState>();
  for (const one of watch.rules) {
    const { rule } = one;
    const known = batch.states.get(rule.id);
    const judge = judgeOf(one, known, batch);
    if (judge === undefined) {
      endSilence(watch, one, batch, told);
      continue;
    }
    const pieces = batch.pieces.get(rule.channel ?? '');
    if (pieces === undefined) {
      if (known !== undefined) states.set(rule.id, known);
      continue;
    }
    const run = new RuleRun(watch, one, judge, known, told);
    run.take(pieces, batch.tracks.get(rule.channel ?? '')?.time);
    if (run.after !== undefined) states.set(rule.id, run.after);
  }
  if (batch.states.size > 0) endGone(watch, states, batch, told);
  return { states, transitions: told };
};
