/** Columns of points as the store keeps them. */

import type { Value } from '../../contracts/messages/message.ts';
import type { Quality } from '../../contracts/quality.ts';
import type { ValueType } from '../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../contracts/time.ts';

/** Points of one channel; all arrays have one length. */
export interface SeriesColumn {
  readonly channel: string;
  readonly type: ValueType;
  /** UCUM code. */
  readonly unit: string;
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
}
