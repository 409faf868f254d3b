/** What time alone brings: silence, and conditions of channels whose values hold until the next one comes. */
import type { AlertTransition } from '../../../contracts/messages/alert-work.ts';
import { MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import type { Tracks } from '../ingestion/quality.ts';
import { dueAt } from './calendar.ts';
import { heardOf, silenceOf } from './evaluate.ts';
import type { RuleStates } from './rule-state.ts';
import { raised, returned } from './transitions.ts';
import type { Watch, WatchedRule } from './watch.ts';

/** What is known of a device when the clock is looked at. */
export interface Known {
  readonly tracks: Tracks;
  readonly states: RuleStates;
  /** Since when it is registered: silence of one that was never heard counts from here. */
  readonly registered: Micros;
  /** Silence counts from here on: before, nobody looked. */
  readonly countsFrom: Micros;
}

/** What was measured in time is given so long to arrive before time alone decides. */
const GRACE = MICROS_PER_MINUTE;

/** Whether anybody has to look at the clock for a rule. */
export const isTimed = ({ rule, holds, onDelay, offDelay, calendar }: WatchedRule): boolean =>
  rule.condition.kind === 'no-data' || (holds && (onDelay > 0 || offDelay > 0 || calendar !== undefined));

const silent = (watch: Watch, one: WatchedRule, silence: Micros, known: Known, now: Micros) => {
  const heard = heardOf(known.tracks, one.rule.channel) ?? known.registered;
  const due = dueAt(one.calendar, heard, silence);
  // Obeys its delay after a pause too: what was not looked at is no silence.
  const isDue = due <= now && Math.max(heard, known.countsFrom) + silence <= now;
  return isDue ? [raised(watch, one, due)] : [];
};

const held = (watch: Watch, one: WatchedRule, { states, tracks }: Known, now: Micros): AlertTransition[] => {
  const { rule, calendar, onDelay, offDelay } = one;
  const { since, active, clear, value, last = 0 } = states.get(rule.id) ?? {};
  const track = tracks.get(rule.channel ?? '');
  const reading = { at: last, value: value ?? track?.value ?? 0 };
  if (active === undefined) {
    if (since === undefined) return [];
    const due = dueAt(calendar, since, onDelay);
    return due + GRACE <= now ? [raised(watch, one, due, reading)] : [];
  }
  if (clear === undefined || clear + offDelay + GRACE > now) return [];
  return [returned(watch, rule, active, clear + offDelay, 'condition', reading)];
};

/**
 * Transitions that time alone has brought to a device. They are found again each time: their identifiers are the same,
 * and `evaluate` finds the same ones with the next point.
 */
export const evaluateByTime = (watch: Watch, known: Known, now: Micros): readonly AlertTransition[] =>
  watch.rules.flatMap((one): readonly AlertTransition[] => {
    const silence = silenceOf(one);
    if (silence !== undefined) return silent(watch, one, silence, known, now);
    return one.holds ? held(watch, one, known, now) : [];
  });
