/** The newest point of each channel. */
import type { Device } from '../../contracts/devices.ts';
import { qualityName } from '../../contracts/quality.ts';
import { formatTime } from '../../contracts/time.ts';
import { type Measurements, readLatest } from '../store/measurements.ts';
import type { Registry } from '../store/registry/keys.ts';
import { readType } from '../store/registry/types.ts';

/** The newest point of each channel of a device by the time it was measured, by channel name. */
export const latestOf = async (measurements: Measurements, registry: Registry, device: Device) => {
  const [latest, type] = await Promise.all([
    readLatest(measurements, device.id),
    readType(registry, device.type),
  ]);
  const items = (latest?.points ?? []).map(({ channel, time, value, quality, arrived }) => {
    const unit = type?.channels[channel]?.unit;
    // Types are never taken away and channels never change: a point without one is a fault of ours.
    if (unit === undefined) throw new Error(`type ${device.type} has no channel ${channel}`);
    return {
      n: channel,
      t: formatTime(time),
      v: value,
      u: unit,
      q: qualityName(quality),
      arrived: formatTime(arrived),
    };
  });
  return { device: device.id, items, next: null };
};
