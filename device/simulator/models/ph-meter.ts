/** A pH electrode moved from sample to sample; its offset drifts until the calibration of the next morning. */
import { CommandFailed } from '../../commands/handler.ts';
import {
  type Control,
  DAY,
  declarationsOf,
  declared,
  type Instrument,
  lastControl,
  MINUTE,
  response,
  roundOf,
} from '../model.ts';
import { clamp, type Noise, toResolution } from '../noise.ts';

const SAMPLE = 10 * MINUTE;
/** Response of the glass. */
const ELECTRODE_SECONDS = 2.5;
/** Millivolts a pH at 25 °C, by Nernst; it grows with absolute temperature. */
const NERNST = 59.16;

/** The electrode is so long in each buffer, and so far from its value at most then. */
const BUFFER_SECONDS = 12;
const BUFFER_TOLERANCE = 0.3;

/** What the electrode is in, from before the moment on: samples in turn, or the buffer that it is put into. */
const levelsAt = (
  noise: Noise,
  seconds: number,
  controls: readonly Control[],
): readonly { at: number; level: number }[] => {
  const { round } = roundOf(seconds, SAMPLE);
  const dips = controls.filter(({ at, name }) => at <= seconds && name !== 'calibrated');
  const levelAt = (moment: number): number => {
    const dip = lastControl(dips, moment, 'buffer', 'sample');
    return dip?.name === 'buffer'
      ? (dip.values['ph'] ?? 7)
      : noise.between(3, 10, 'sample', roundOf(moment, SAMPLE).round);
  };
  const changes = [(round - 1) * SAMPLE, round * SAMPLE, ...dips.map(({ at }) => at)];
  return changes.sort((left, right) => left - right).map((at) => ({ at, level: levelAt(at) }));
};

const commands: Instrument['commands'] = {
  calibrate: {
    declaration: declared({
      description: 'Measures buffers one after the other and takes the offset of the electrode away',
      parameters: {
        properties: {
          buffers: {
            type: 'array',
            title: 'Buffers',
            unit: '[pH]',
            items: { type: 'number', minimum: 2, maximum: 12 },
            minItems: 1,
            maxItems: 5,
          },
        },
        required: ['buffers'],
      },
      timeout: 120,
      dryRun: true,
    }),
    async run(parameters, bench) {
      const buffers = (parameters['buffers'] as readonly number[]).map(Number);
      const measured: { buffer: number; ph: number; potential: number }[] = [];
      try {
        for (const [index, buffer] of buffers.entries()) {
          bench.control('buffer', { ph: buffer });
          for (let waited = 0; waited < BUFFER_SECONDS; waited += 1) {
            const percent = (100 * (index + waited / BUFFER_SECONDS)) / buffers.length;
            bench.progress({ percent, detail: `buffer ${buffer}: ${String(bench.read()['ph'])}` });
            await bench.wait(1);
          }
          const { ph, potential } = bench.read();
          const point = { buffer, ph: Number(ph), potential: Number(potential) };
          if (Math.abs(point.ph - buffer) > BUFFER_TOLERANCE)
            throw new CommandFailed('buffer-not-found', `buffer ${buffer} reads ${point.ph}`);
          measured.push(point);
          bench.progress({ percent: (100 * (index + 1)) / buffers.length, value: point });
        }
        bench.control('calibrated');
      } finally {
        bench.control('sample');
      }
      return { measured, slope: Number(bench.read()['slope']) };
    },
  },
};

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
    commands: declarationsOf(commands),
  },
  commands,
  read(noise, seconds, controls = []) {
    const { round: day } = roundOf(seconds, DAY);
    const calibrated = Math.max(day * DAY, lastControl(controls, seconds, 'calibrated')?.at ?? 0);
    const sinceCalibration = seconds - calibrated;
    const drift = noise.between(-0.004, 0.004, 'drift', day) * (sinceCalibration / 3600);
    const milli = Math.floor(seconds * 1000);
    const ph =
      response(levelsAt(noise, seconds, controls), seconds, ELECTRODE_SECONDS) +
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
