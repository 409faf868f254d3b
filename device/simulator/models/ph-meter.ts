/** A pH electrode moved from sample to sample; its offset drifts until the calibration of the next morning. */
import { DAY, type Instrument, MINUTE, roundOf } from '../model.ts';
import { clamp, toResolution } from '../noise.ts';

const SAMPLE = 10 * MINUTE;
/** Response of the glass. */
const ELECTRODE_SECONDS = 12;
/** Millivolts a pH at 25 °C, by Nernst; it grows with absolute temperature. */
const NERNST = 59.16;

export const phMeter: Instrument = {
  type: {
    id: 'ph-meter',
    name: 'pH meter',
    description: 'Bench pH meter with temperature probe',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      ph: {
        unit: '[pH]',
        type: 'number',
        kind: 'continuous',
        range: { min: 1, max: 13 },
        limits: { min: -2, max: 16 },
        maxRate: 4,
        stuckAfter: 60,
        resolution: 0.001,
      },
      temperature: {
        unit: 'Cel',
        type: 'number',
        kind: 'continuous',
        range: { min: 5, max: 60 },
        limits: { min: -10, max: 130 },
        maxRate: 2,
        resolution: 0.1,
      },
      potential: {
        unit: 'mV',
        type: 'number',
        kind: 'continuous',
        range: { min: -450, max: 450 },
        limits: { min: -2000, max: 2000 },
        resolution: 0.1,
      },
      slope: {
        unit: '%',
        type: 'number',
        kind: 'step',
        range: { min: 92, max: 102 },
        limits: { min: 0, max: 120 },
        resolution: 0.1,
      },
    },
  },
  read(noise, seconds) {
    const { round, at } = roundOf(seconds, SAMPLE);
    const { round: day, at: sinceCalibration } = roundOf(seconds, DAY);
    const before = noise.between(3, 10, 'sample', round - 1);
    const sample = noise.between(3, 10, 'sample', round);
    const drift = noise.between(-0.004, 0.004, 'drift', day) * (sinceCalibration / 3600);
    const milli = Math.floor(seconds * 1000);
    const ph =
      sample +
      (before - sample) * Math.exp(-at / ELECTRODE_SECONDS) +
      drift +
      0.002 * noise.normal('ph', milli);
    const temperature = 22 + 0.5 * noise.wander('temperature', seconds, 15 * MINUTE);
    const slope = clamp(99.5 - 0.4 * noise.uniform('age') - 0.1 * (((day % 30) + 30) % 30), 93, 101);
    const potential = ((7 - ph) * NERNST * slope * (temperature + 273.15)) / (100 * 298.15);
    return {
      ph: toResolution(ph, 0.001),
      temperature: toResolution(temperature, 0.1),
      potential: toResolution(potential, 0.1),
      slope: toResolution(slope, 0.1),
    };
  },
};
