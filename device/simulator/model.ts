/** What an instrument shows at a moment. */

import type { Value } from '../../contracts/messages/message.ts';
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import type { Noise } from './noise.ts';

export interface Instrument {
  readonly type: InstrumentTypeInput;
  /**
   * Readings of all channels, by name.
   * @param seconds since the epoch
   */
  readonly read: (noise: Noise, seconds: number) => Readonly<Record<string, Value>>;
}

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

/** Place of a moment in a repeating program: which round, and how many seconds into it. */
export const roundOf = (seconds: number, period: number): { readonly round: number; readonly at: number } => {
  const round = Math.floor(seconds / period);
  return { round, at: seconds - round * period };
};
