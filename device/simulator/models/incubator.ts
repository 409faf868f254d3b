/** A CO2 incubator at 37 °C: its controller brings it back, with a little overshoot, each time the door was open. */
import { HOUR, type Instrument, MINUTE, roundOf } from '../model.ts';
import type { Noise } from '../noise.ts';
import { clamp, toResolution } from '../noise.ts';

const SETPOINT = 37;
const AMBIENT = 22;
/** How fast heat and gas leave through the open door. */
const HEAT_LOSS_SECONDS = 220;
const GAS_LOSS_SECONDS = 25;
/** The controller's answer: damped by the first, swinging with the second. */
const DAMPING_SECONDS = 240;
const SWING_SECONDS = 1500;
const GAS_RECOVERY_SECONDS = 180;
const DOOR_SLOT = 2 * HOUR;

interface Disturbance {
  readonly open: boolean;
  /** Kelvin below the set point. */
  readonly heat: number;
  /** Share of the gas that is missing. */
  readonly gas: number;
}

/** What an opening of the door in a slot still does, `at` seconds after the slot began. */
const disturbance = (noise: Noise, slot: number, at: number): Disturbance => {
  const none = { open: false, heat: 0, gas: 0 };
  if (noise.uniform('opened', slot) > 0.7) return none;
  const opened = noise.between(5 * MINUTE, 100 * MINUTE, 'when', slot);
  const length = noise.between(8, 60, 'how long', slot);
  const since = at - opened;
  if (since < 0) return none;
  const heatAt = (open: number): number => (SETPOINT - AMBIENT) * (1 - Math.exp(-open / HEAT_LOSS_SECONDS));
  const gasAt = (open: number): number => 1 - Math.exp(-open / GAS_LOSS_SECONDS);
  if (since < length) return { open: true, heat: heatAt(since), gas: gasAt(since) };
  const closed = since - length;
  return {
    open: false,
    heat:
      heatAt(length) * Math.exp(-closed / DAMPING_SECONDS) * Math.cos((2 * Math.PI * closed) / SWING_SECONDS),
    gas: gasAt(length) * Math.exp(-closed / GAS_RECOVERY_SECONDS),
  };
};

export const incubator: Instrument = {
  type: {
    id: 'incubator',
    name: 'CO2 incubator',
    description: 'Cell culture incubator with CO2 control',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      'chamber.temp': {
        unit: 'Cel',
        type: 'number',
        kind: 'continuous',
        range: { min: 30, max: 39 },
        limits: { min: 0, max: 80 },
        maxRate: 1,
        stuckAfter: 60,
        resolution: 0.01,
      },
      'chamber.co2': {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 10 },
        limits: { min: 0, max: 100 },
        maxRate: 2,
        stuckAfter: 60,
        resolution: 0.001,
      },
      'chamber.humidity': {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 60, max: 100 },
        limits: { min: 0, max: 100 },
        maxRate: 5,
        resolution: 0.1,
      },
      'chamber.heater': {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 100 },
        limits: { min: 0, max: 100 },
        resolution: 0.1,
      },
      'chamber.door': { unit: '1', type: 'boolean', kind: 'step', label: 'Door open' },
    },
  },
  read(noise, seconds) {
    const { round, at } = roundOf(seconds, DOOR_SLOT);
    const now = disturbance(noise, round, at);
    // The opening of the slot before may still be felt.
    const before = disturbance(noise, round - 1, at + DOOR_SLOT);
    const heat = now.heat + before.heat;
    const gas = clamp(now.gas + before.gas, 0, 1);
    const milli = Math.floor(seconds * 1000);
    const ripple = 0.05 * noise.wander('ripple', seconds, 3 * MINUTE);
    return {
      'chamber.temp': toResolution(SETPOINT - heat + ripple + 0.015 * noise.normal('t', milli), 0.01),
      'chamber.co2': toResolution(
        clamp(
          5 * (1 - gas) +
            0.03 * noise.wander('valve', seconds, 4 * MINUTE) +
            0.008 * noise.normal('c', milli),
          0,
          20,
        ),
        0.001,
      ),
      'chamber.humidity': toResolution(
        clamp(93 - 25 * gas + noise.wander('water', seconds, 20 * MINUTE), 0, 100),
        0.1,
      ),
      'chamber.heater': toResolution(
        clamp(18 + 14 * heat - 20 * ripple + noise.normal('duty', milli), 0, 100),
        0.1,
      ),
      'chamber.door': now.open || before.open,
    };
  },
};
