/** A centrifuge: runs with ramps, as its controller steps through its states, or as it is told. */
import { CommandFailed, CommandRejected } from '../../commands/handler.ts';
import {
  type Bench,
  type Control,
  declarationsOf,
  declared,
  type Instrument,
  MINUTE,
  roundOf,
} from '../model.ts';
import type { Noise } from '../noise.ts';
import { clamp, toResolution } from '../noise.ts';

const SLOT = 45 * MINUTE;
const ROTOR_CENTIMETRES = 8.4;
/** Changes of speed per second. */
const ACCELERATION = 250;
const BRAKING = 200;
/** Relative centrifugal force of a radius in cm and a speed in 1/min. */
const rcfOf = (speed: number): number => 1.118e-5 * ROTOR_CENTIMETRES * speed ** 2;

export type CentrifugeState = 'idle' | 'accelerating' | 'running' | 'braking';

interface Motion {
  readonly state: CentrifugeState;
  readonly speed: number;
}

/** One run, and when it is over. Times are seconds since the epoch. */
interface SpinRun {
  readonly start: number;
  readonly end: number;
  at(seconds: number): Motion;
}

const IDLE: Motion = { state: 'idle', speed: 0 };

const spinRun = (start: number, target: number, duration: number): SpinRun => {
  const up = start + target / ACCELERATION;
  const down = up + duration;
  const end = down + target / BRAKING;
  const at = (seconds: number): Motion => {
    if (seconds < start || seconds >= end) return IDLE;
    if (seconds < up) return { state: 'accelerating', speed: (seconds - start) * ACCELERATION };
    if (seconds < down) return { state: 'running', speed: target };
    return { state: 'braking', speed: (end - seconds) * BRAKING };
  };
  return { start, end, at };
};

const stopRun = (start: number, { speed }: Motion): SpinRun => {
  const end = start + speed / BRAKING;
  const at = (seconds: number): Motion =>
    seconds < start || seconds >= end ? IDLE : { state: 'braking', speed: (end - seconds) * BRAKING };
  return { start, end, at };
};

/** The run of a slot, if anybody uses it then. */
const slotRun = (noise: Noise, round: number): SpinRun | undefined => {
  if (noise.uniform('used', round) > 0.8) return undefined;
  const target = noise.pick([4000, 8000, 12_000, 15_000], 'target', round);
  const start = round * SLOT + noise.between(0, 5 * MINUTE, 'start', round);
  return spinRun(start, target, noise.between(5 * MINUTE, 20 * MINUTE, 'length', round));
};

/** What it does at a moment: what it was told, or what is usual where nobody told it anything during that. */
const motionOf = (noise: Noise, seconds: number, told: readonly SpinRun[]): Motion => {
  const last = told.at(-1);
  if (last !== undefined && seconds < last.end) return last.at(seconds);
  const usual = slotRun(noise, roundOf(seconds, SLOT).round);
  const disturbed = told.some(({ start, end }) => start <= (usual?.end ?? 0) && end >= (usual?.start ?? 0));
  return usual === undefined || disturbed ? IDLE : usual.at(seconds);
};

const motionAt = (noise: Noise, seconds: number, controls: readonly Control[]): Motion => {
  const told: SpinRun[] = [];
  for (const { at, name, values } of controls) {
    if (at > seconds) break;
    const { speed = 0, duration = 0 } = values;
    told.push(name === 'spin' ? spinRun(at, speed, duration) : stopRun(at, motionOf(noise, at, told)));
  }
  return motionOf(noise, seconds, told);
};

/** Reports each second until it stands still. @returns seconds */
const untilIdle = async (bench: Bench, report: (waited: number) => void): Promise<number> => {
  let waited = 0;
  for (; bench.read()['state'] !== 'idle'; waited += 1) {
    report(waited);
    await bench.wait(1);
  }
  return waited;
};

const commands: Instrument['commands'] = {
  spin: {
    declaration: declared({
      description: 'Accelerates, holds the speed and brakes; done when the rotor stands still',
      parameters: {
        properties: {
          speed: {
            type: 'integer',
            title: 'Speed',
            unit: '/min',
            minimum: 200,
            maximum: 15_000,
            default: 3000,
          },
          duration: {
            type: 'integer',
            title: 'Time at speed',
            unit: 's',
            minimum: 1,
            maximum: 600,
            default: 5,
          },
        },
      },
      timeout: 900,
      expiresAfter: 300,
      interlocks: [{ channel: 'state', equals: 'idle', maxAge: 60 }],
      dryRun: true,
    }),
    check(_, { state }) {
      if (state !== 'idle') throw new CommandRejected('not-idle', `the rotor is ${String(state)}`);
    },
    async run(parameters, bench) {
      const [target, duration] = [Number(parameters['speed']), Number(parameters['duration'])];
      const total = target / ACCELERATION + duration + target / BRAKING;
      const mine = bench.control('spin', { speed: target, duration });
      let reached = 0;
      const seconds = await untilIdle(bench, (waited) => {
        const { state, speed } = bench.read();
        reached = Math.max(reached, Number(speed));
        bench.progress({ percent: (100 * waited) / total, detail: `${String(state)}, ${String(speed)}/min` });
      });
      if (bench.last() !== mine)
        throw new CommandFailed('stopped', `it was stopped after ${seconds} s, at most at ${reached}/min`);
      return { speed: reached, rcf: toResolution(rcfOf(reached), 1), seconds };
    },
  },
  stop: {
    declaration: declared({
      description: 'Brakes at once, also while a spin is under way',
      timeout: 120,
      expiresAfter: 60,
    }),
    atOnce: true,
    async run(_, bench) {
      const speed = Number(bench.read()['speed']);
      bench.control('stop');
      return { from: speed, seconds: await untilIdle(bench, () => undefined) };
    },
  },
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
    commands: declarationsOf(commands),
  },
  commands,
  read(noise, seconds, controls = []) {
    const { round } = roundOf(seconds, SLOT);
    const { state, speed } = motionAt(noise, seconds, controls);
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
