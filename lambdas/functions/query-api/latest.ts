/** The newest point of each channel. */
import { qualityName } from '../../../contracts/quality.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { formatTime } from '../../../contracts/time.ts';
import { type Measurements, readLatest } from '../../store/measurements/index.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { instrumentsFor } from './instruments.ts';

/**
 * The newest point of each channel of a device by the time it was measured, by channel name.
 * @throws {ProblemError} `not-found` when the device is not there or not to be seen
 */
export const latestOf = async (
  measurements: Measurements,
  registry: Registry,
  id: string,
  principal: Principal,
) => {
  const [instruments, latest] = await Promise.all([
    instrumentsFor(registry, [id], principal),
    readLatest(measurements, id),
  ]);
  const items = (latest?.points ?? []).map(({ channel, time, value, quality, arrived }) => {
    const unit = instruments[0]?.channels[channel]?.unit;
    // Channels of a type are never removed: a point without one is a bug.
    if (unit === undefined) throw new Error(`device ${id} has no channel ${channel}`);
    return {
      n: channel,
      t: formatTime(time),
      v: value,
      u: unit,
      q: qualityName(quality),
      arrived: formatTime(arrived),
    };
  });
  return { device: id, items, next: null };
};
