/** An HPLC pump running a gradient: back pressure follows the viscosity of the mixture and pulses with the pistons. */
import { type Instrument, MINUTE, roundOf } from '../model.ts';
import { toResolution } from '../noise.ts';

const RUN = 20 * MINUTE;
/** Millilitres of one piston stroke. */
const STROKE = 0.1;

/** End of each step of the method in seconds, its state, and the share of solvent B at its end. */
const METHOD = [
  { until: 1 * MINUTE, state: 'injecting', from: 5, to: 5 },
  { until: 12 * MINUTE, state: 'gradient', from: 5, to: 95 },
  { until: 14 * MINUTE, state: 'washing', from: 95, to: 95 },
  { until: 15 * MINUTE, state: 'equilibrating', from: 95, to: 5 },
  { until: RUN, state: 'equilibrating', from: 5, to: 5 },
] as const;

const stepAt = (at: number): { readonly state: string; readonly b: number } => {
  let began = 0;
  for (const { until, state, from, to } of METHOD) {
    if (at < until) return { state, b: from + ((to - from) * (at - began)) / (until - began) };
    began = until;
  }
  return { state: 'equilibrating', b: 5 };
};

/** Viscosity of water with a share of acetonitrile, in mPa.s: highest near a fifth of acetonitrile. */
const viscosity = (b: number): number => {
  const share = b / 100;
  return 0.89 + 0.62 * share - 2.1 * share ** 2 + 0.94 * share ** 3;
};

export const hplcPump: Instrument = {
  type: {
    id: 'hplc-pump',
    name: 'HPLC pump',
    description: 'Binary gradient pump with column oven',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      pressure: {
        unit: 'bar',
        type: 'number',
        kind: 'continuous',
        range: { min: 5, max: 400 },
        limits: { min: 0, max: 700 },
        maxRate: 100,
        stuckAfter: 60,
        resolution: 0.1,
      },
      flow: {
        unit: 'mL/min',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 5 },
        limits: { min: 0, max: 20 },
        resolution: 0.001,
      },
      'composition.b': {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 0, max: 100 },
        limits: { min: 0, max: 100 },
        resolution: 0.1,
      },
      'oven.temp': {
        unit: 'Cel',
        type: 'number',
        kind: 'continuous',
        range: { min: 20, max: 80 },
        limits: { min: 0, max: 150 },
        maxRate: 2,
        stuckAfter: 120,
        resolution: 0.01,
      },
      injection: { unit: '1', type: 'integer', kind: 'step' },
      state: {
        unit: '1',
        type: 'string',
        kind: 'step',
        values: ['injecting', 'gradient', 'washing', 'equilibrating'],
      },
    },
  },
  read(noise, seconds) {
    const { round, at } = roundOf(seconds, RUN);
    const { state, b } = stepAt(at);
    const milli = Math.floor(seconds * 1000);
    const flow = noise.pick([0.8, 1, 1.2], 'flow', Math.floor(round / 12));
    const ageing = 1 + 0.1 * noise.uniform('column') + 0.02 * noise.wander('clogging', seconds, 600 * MINUTE);
    const pulse = 1 + 0.004 * Math.sin((2 * Math.PI * flow * seconds) / (60 * STROKE));
    const pressure = 130 * flow * viscosity(b) * ageing * pulse + 0.15 * noise.normal('p', milli);
    return {
      pressure: toResolution(pressure, 0.1),
      flow: toResolution(flow * (1 + 0.001 * noise.normal('f', milli)), 0.001),
      'composition.b': toResolution(b, 0.1),
      'oven.temp': toResolution(
        40 + 0.08 * noise.wander('oven', seconds, 5 * MINUTE) + 0.01 * noise.normal('o', milli),
        0.01,
      ),
      injection: ((round % 100_000) + 100_000) % 100_000,
      state,
    };
  },
};
