/** A centrifuge: runs with ramps, as its controller steps through its states. */
import { type Instrument, MINUTE, roundOf } from '../model.ts';
import type { Noise } from '../noise.ts';
import { clamp, toResolution } from '../noise.ts';

const SLOT = 45 * MINUTE;
const ROTOR_CENTIMETRES = 8.4;
const ACCELERATION = 150;
const BRAKING = 120;
/** Relative centrifugal force of a radius in cm and a speed in 1/min. */
const rcfOf = (speed: number): number => 1.118e-5 * ROTOR_CENTIMETRES * speed ** 2;

export type CentrifugeState = 'idle' | 'accelerating' | 'running' | 'braking';

/** State and speed so many seconds into a slot. */
const stateOf = (
  noise: Noise,
  round: number,
  at: number,
): { readonly state: CentrifugeState; readonly speed: number } => {
  const idle = { state: 'idle', speed: 0 } as const;
  if (noise.uniform('used', round) > 0.8) return idle;
  const target = noise.pick([4000, 8000, 12_000, 15_000], 'target', round);
  const start = noise.between(0, 5 * MINUTE, 'start', round);
  const up = start + target / ACCELERATION;
  const end = up + noise.between(5 * MINUTE, 20 * MINUTE, 'length', round);
  const down = end + target / BRAKING;
  if (at < start || at >= down) return idle;
  if (at < up) return { state: 'accelerating', speed: (at - start) * ACCELERATION };
  if (at < end) return { state: 'running', speed: target };
  return { state: 'braking', speed: (down - at) * BRAKING };
};

export const centrifuge: Instrument = {
  type: {
    id: 'centrifuge',
    name: 'Centrifuge',
    description: 'Refrigerated bench centrifuge',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      speed: {
        unit: '/min',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 15_500 },
        limits: { min: 0, max: 30_000 },
        maxRate: 400,
        resolution: 1,
      },
      rcf: {
        unit: '[g]',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 24_000 },
        limits: { min: 0, max: 100_000 },
        resolution: 1,
      },
      temperature: {
        unit: 'Cel',
        type: 'number',
        kind: 'continuous',
        range: { min: -10, max: 40 },
        limits: { min: -40, max: 90 },
        maxRate: 2,
        stuckAfter: 60,
        resolution: 0.01,
      },
      vibration: {
        unit: 'mm/s',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 4 },
        limits: { min: 0, max: 50 },
        resolution: 0.001,
      },
      state: {
        unit: '1',
        type: 'string',
        kind: 'step',
        values: ['idle', 'accelerating', 'running', 'braking'],
      },
      'lid.locked': { unit: '1', type: 'boolean', kind: 'step' },
    },
  },
  read(noise, seconds) {
    const { round, at } = roundOf(seconds, SLOT);
    const { state, speed } = stateOf(noise, round, at);
    const milli = Math.floor(seconds * 1000);
    const share = speed / 15_000;
    const shown = speed === 0 ? 0 : clamp(speed + 3 * noise.normal('speed', milli), 0, 15_500);
    const vibration =
      share * (0.8 + noise.uniform('balance', round)) * (1 + 0.1 * noise.normal('vibration', milli));
    return {
      speed: toResolution(shown, 1),
      rcf: toResolution(rcfOf(shown), 1),
      temperature: toResolution(
        4 +
          1.5 * share +
          0.4 * noise.wander('cooling', seconds, 6 * MINUTE) +
          0.03 * noise.normal('t', milli),
        0.01,
      ),
      vibration: toResolution(clamp(vibration, 0, 40), 0.001),
      state,
      'lid.locked': state !== 'idle',
    };
  },
};
