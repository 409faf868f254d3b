/** A CO2 incubator: its controller brings it back, with a little overshoot, each time the door was open. */
import { CommandRejected } from '../../commands/handler.ts';
import {
  type Control,
  declarationsOf,
  declared,
  HOUR,
  type Instrument,
  MINUTE,
  response,
  roundOf,
} from '../model.ts';
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
/** How fast the chamber follows another set point: the controller drives it with all that it has. */
const SETPOINT_SECONDS = 45;
const DOOR_SLOT = 2 * HOUR;

interface Disturbance {
  readonly open: boolean;
  /** Kelvin below the set point. */
  readonly heat: number;
  /** Share of the gas that is missing. */
  readonly gas: number;
}

/** What an opening of the door in a slot still does to a chamber at a level, `at` seconds after the slot began. */
const disturbance = (noise: Noise, slot: number, at: number, level: number): Disturbance => {
  const none = { open: false, heat: 0, gas: 0 };
  if (noise.uniform('opened', slot) > 0.7) return none;
  const opened = noise.between(5 * MINUTE, 100 * MINUTE, 'when', slot);
  const length = noise.between(8, 60, 'how long', slot);
  const since = at - opened;
  if (since < 0) return none;
  const heatAt = (open: number): number => (level - AMBIENT) * (1 - Math.exp(-open / HEAT_LOSS_SECONDS));
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

const setpointsOf = (controls: readonly Control[]): readonly { at: number; level: number }[] => [
  { at: controls[0]?.at ?? 0, level: SETPOINT },
  ...controls.map(({ at, values }) => ({ at, level: values['temperature'] ?? SETPOINT })),
];

const commands: Instrument['commands'] = {
  'set-temperature': {
    declaration: declared({
      description: 'Sets the temperature of the chamber; done when the controller has taken it',
      parameters: {
        properties: {
          temperature: { type: 'number', title: 'Set point', unit: 'Cel', minimum: 30, maximum: 39 },
        },
        required: ['temperature'],
      },
      approval: true,
      timeout: 30,
      interlocks: [{ channel: 'chamber.door', equals: false, maxAge: 60 }],
      dryRun: true,
    }),
    check(_, readings) {
      if (readings['chamber.door'] === true) throw new CommandRejected('door-open', 'close the door first');
    },
    async run(parameters, bench) {
      const temperature = Number(parameters['temperature']);
      const before = Number(bench.read()['chamber.temp']);
      bench.control('set-temperature', { temperature });
      bench.progress({ percent: 50, detail: `from ${before} to ${temperature} Cel` });
      await bench.wait(1);
      return { temperature, before };
    },
  },
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
    commands: declarationsOf(commands),
  },
  commands,
  read(noise, seconds, controls = []) {
    const { round, at } = roundOf(seconds, DOOR_SLOT);
    const setpoints = setpointsOf(controls.filter((control) => control.at <= seconds));
    const level = response(setpoints, seconds, SETPOINT_SECONDS);
    const driven = (setpoints.at(-1)?.level ?? SETPOINT) - level;
    const now = disturbance(noise, round, at, level);
    // The opening of the slot before may still be felt.
    const before = disturbance(noise, round - 1, at + DOOR_SLOT, level);
    const heat = now.heat + before.heat;
    const gas = clamp(now.gas + before.gas, 0, 1);
    const milli = Math.floor(seconds * 1000);
    const ripple = 0.05 * noise.wander('ripple', seconds, 3 * MINUTE);
    return {
      'chamber.temp': toResolution(level - heat + ripple + 0.015 * noise.normal('t', milli), 0.01),
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
        clamp(18 + 14 * (heat + driven) - 20 * ripple + noise.normal('duty', milli), 0, 100),
        0.1,
      ),
      'chamber.door': now.open || before.open,
    };
  },
};
