/** How long things are kept, by site. */
import { type Period, type Retention, retention } from '../../../contracts/deployment/retention.ts';
import { MICROS_PER_DAY, type Micros } from '../../../contracts/time.ts';
import { startOfDay } from '../../store/measurements/index.ts';

export type { Retention };

/** @throws {ZodError} for what is no retention */
export const parseRetention = (text: string): Retention => retention.parse(JSON.parse(text));

/** The periods of a site; the default ones where it has none of its own. */
export const periodOf = ({ sites, default: usual }: Retention, site: string | undefined): Period =>
  (site === undefined ? undefined : sites[site]) ?? usual;

/** When a block may go that is written now: when the hot days after its day are over, and not sooner after now. */
export const blocksUntil = (hour: Micros, now: Micros, { hotDays }: Period): Micros =>
  Math.max(startOfDay(hour) + MICROS_PER_DAY, now) + hotDays * MICROS_PER_DAY;

/** When summaries of a time may go. */
export const rollupsUntil = (time: Micros, { rollupYears }: Period): Micros =>
  time + Math.ceil(rollupYears * 365.25) * MICROS_PER_DAY;
