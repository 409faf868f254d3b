/** What is remembered of rules that are not at rest, with the state of their device. */
import type { Value } from '../../../contracts/messages/message.ts';
import type { Micros } from '../../../contracts/time.ts';

/**
 * Of one rule and device. The condition holds `since` a time and is not told yet, or the alert `active` since one is, and
 * perhaps over since `clear`; or only what the condition itself looks back at.
 */
export interface RuleState {
  readonly since?: Micros;
  /** When it was raised: its identifier follows from that. */
  readonly active?: Micros;
  readonly clear?: Micros;
  /** The newest point that was judged, and how far the next may lie from it. */
  readonly last?: Micros;
  readonly gap?: Micros;
  /** Its value, of a channel whose values hold. */
  readonly value?: Value;
  /** Of a rate: the points that the change is measured from, now and next, as time and value. */
  readonly from?: readonly number[];
  /** Of bad quality: the newest points, `1` for a bad one, from the oldest bad one on. */
  readonly bad?: string;
}

/** By rule. */
export type RuleStates = ReadonlyMap<string, RuleState>;

export const AT_REST: RuleStates = new Map();
