/** A balance in use: a vessel is put on, the pan swings and settles, the vessel is taken off. */
import {
  type Control,
  declarationsOf,
  declared,
  type Instrument,
  lastControl,
  MINUTE,
  roundOf,
} from '../model.ts';
import { type Noise, toResolution } from '../noise.ts';

/** Seconds of one weighing, and when in it the vessel is put on and taken off. */
const WEIGHING = 90;
const PUT_ON = 10;
const TAKEN_OFF = 70;
/** Period of the swinging pan, and time constant with which the swing dies away. */
const SWING_SECONDS = 0.8;
const SETTLE_SECONDS = 0.3;
/** Seconds after a change of load from which the reading counts as stable. */
const STABLE_AFTER = 8;

/** Mass on the pan once it has settled, without the noise. */
const loadAt = (noise: Noise, seconds: number): number => {
  const { round, at } = roundOf(seconds, WEIGHING);
  return at >= PUT_ON && at < TAKEN_OFF ? noise.between(0.5, 180, 'mass', round) : 0;
};

/**
 * What is subtracted from the mass. A tare holds until its vessel is taken off: the balance sets an empty pan to zero
 * by itself.
 */
const tareAt = (noise: Noise, seconds: number, controls: readonly Control[]): number => {
  const tared = lastControl(controls, seconds, 'tare')?.at;
  const same = tared !== undefined && Math.floor(tared / WEIGHING) === Math.floor(seconds / WEIGHING);
  return same && loadAt(noise, seconds) > 0 ? loadAt(noise, tared) : 0;
};

const commands: Instrument['commands'] = {
  tare: {
    declaration: declared({
      description: 'Sets the reading to zero with what is on the pan, once it is stable',
      timeout: 30,
      expiresAfter: 300,
      interlocks: [{ channel: 'draft', max: 0.3, maxAge: 60 }],
    }),
    async run(_, bench) {
      while (bench.read()['stable'] !== true) {
        bench.progress({ detail: 'waiting for a stable reading' });
        await bench.wait(1);
      }
      const tared = Number(bench.read()['mass']);
      bench.control('tare');
      return { tared, mass: Number(bench.read()['mass']) };
    },
  },
};

export const analyticalBalance: Instrument = {
  type: {
    id: 'analytical-balance',
    name: 'Analytical balance',
    description: 'Balance of 220 g with 0.1 mg resolution',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      mass: {
        unit: 'g',
        type: 'number',
        kind: 'continuous',
        range: { min: -1, max: 220 },
        limits: { min: -100, max: 350 },
        resolution: 0.0001,
      },
      stable: { unit: '1', type: 'boolean', kind: 'step' },
      draft: {
        unit: 'm/s',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 0.3 },
        limits: { min: 0, max: 10 },
        stuckAfter: 100,
        resolution: 0.0001,
      },
    },
    commands: declarationsOf(commands),
  },
  commands,
  read(noise, seconds, controls = []) {
    const { round, at } = roundOf(seconds, WEIGHING);
    const loaded = at >= PUT_ON && at < TAKEN_OFF;
    // Seconds since the last change of load. Before a vessel is put on, that was in the weighing before.
    const since = at >= TAKEN_OFF ? at - TAKEN_OFF : at >= PUT_ON ? at - PUT_ON : at + WEIGHING - TAKEN_OFF;
    const mass = noise.between(0.5, 180, 'mass', round);
    const lastRemoved = noise.between(0.5, 180, 'mass', at < PUT_ON ? round - 1 : round);
    const target = loadAt(noise, seconds) - tareAt(noise, seconds, controls);
    // The reading starts at the load before the change, and swings towards the new one.
    const step = loaded ? -mass : lastRemoved;
    const swing = step * Math.exp(-since / SETTLE_SECONDS) * Math.cos((2 * Math.PI * since) / SWING_SECONDS);
    const milli = Math.floor(seconds * 1000);
    const draft = Math.abs(
      0.05 + 0.02 * noise.wander('draft', seconds, 2 * MINUTE) + 0.004 * noise.normal('d', milli),
    );
    return {
      mass: toResolution(target + swing + 0.002 * draft * noise.normal('m', milli), 0.0001),
      stable: since >= STABLE_AFTER,
      draft: toResolution(draft, 0.0001),
    };
  },
};
