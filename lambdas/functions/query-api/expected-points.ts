/** How many points are to be expected, told from what instrument types declare. */
import type { Series } from './series-query.ts';

/** Seconds between points of a channel whose type does not say. */
const USUAL_INTERVAL = 1;

/** Points an hour that are to be expected of the channels of a device that are asked for. */
export const pointsAnHour = ({ instruments, channels }: Series, device: number): number =>
  Object.entries(instruments[device]?.channels ?? {})
    .filter(([channel]) => channels?.has(channel) ?? true)
    .reduce((sum, [, { interval = USUAL_INTERVAL }]) => sum + 3600 / interval, 0);
