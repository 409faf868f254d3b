/** An HPLC pump running a gradient: back pressure follows the viscosity of the mixture and pulses with the pistons. */
import { CommandRejected } from '../../commands/handler.ts';
import { type Control, declarationsOf, declared, type Instrument, MINUTE, roundOf } from '../model.ts';
import { type Noise, toResolution } from '../noise.ts';

/** Seconds of one run of the method, from injection to injection. */
const RUN = 20 * MINUTE;
/** Millilitres of one piston stroke. */
const STROKE = 0.1;

/** Steps of the method: when each ends, in seconds, its state, and the percentage of solvent B at its start and end. */
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

/** Viscosity in mPa.s of water with `b` percent of acetonitrile. It is highest, 0.94, near 17 percent. */
const viscosity = (b: number): number => {
  const share = b / 100;
  return 0.89 + 0.62 * share - 2.1 * share ** 2 + 0.94 * share ** 3;
};

/** Back pressure of a new column in bar, at a flow of 1 mL/min and a viscosity of 1 mPa.s. */
const RESISTANCE = 130;
/** How fast the flow can change, in mL/min per second. */
const FLOW_RAMP = 0.5;
/** Highest allowed pressure in bar. A flow that would lead to more is refused. */
const MOST_PRESSURE = 350;
/** Highest viscosity of the gradient, times the ageing of the most clogged column. */
const WORST = 0.94 * 1.15;

/**
 * The flow at a moment. After a command it goes from the flow before to the flow that was set, no faster than the pump
 * can.
 */
const flowAt = (noise: Noise, seconds: number, controls: readonly Control[]): number => {
  // Before the first command the method sets the flow: it is picked anew every twelve runs.
  let flow = noise.pick(
    [0.8, 1, 1.2],
    'flow',
    Math.floor(roundOf(controls[0]?.at ?? seconds, RUN).round / 12),
  );
  let target = flow;
  let since = 0;
  const ramped = (until: number): number => {
    const most = FLOW_RAMP * (until - since);
    return target > flow ? Math.min(target, flow + most) : Math.max(target, flow - most);
  };
  for (const { at, values } of controls) {
    flow = ramped(at);
    target = values['flow'] ?? flow;
    since = at;
  }
  return ramped(seconds);
};

const commands: Instrument['commands'] = {
  'set-flow': {
    declaration: declared({
      description: 'Sets the flow; done when the pump has reached it',
      parameters: {
        properties: {
          flow: { type: 'number', title: 'Flow', unit: 'mL/min', minimum: 0, maximum: 5 },
        },
        required: ['flow'],
      },
      lease: true,
      timeout: 60,
      interlocks: [{ channel: 'pressure', max: MOST_PRESSURE, maxAge: 60 }],
      dryRun: true,
    }),
    check(parameters) {
      const pressure = Math.round(Number(parameters['flow']) * RESISTANCE * WORST);
      if (pressure > MOST_PRESSURE)
        throw new CommandRejected('pressure-limit', `it would reach ${pressure} bar of ${MOST_PRESSURE}`);
    },
    async run(parameters, bench) {
      const flow = Number(parameters['flow']);
      const before = Number(bench.read()['flow']);
      bench.control('set-flow', { flow });
      const seconds = Math.ceil(Math.abs(flow - before) / FLOW_RAMP);
      for (let waited = 0; waited < seconds; waited += 1) {
        bench.progress({
          percent: (100 * waited) / seconds,
          detail: `${String(bench.read()['flow'])} mL/min`,
        });
        await bench.wait(1);
      }
      const now = bench.read();
      return { flow: Number(now['flow']), pressure: Number(now['pressure']) };
    },
  },
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
    commands: declarationsOf(commands),
  },
  commands,
  read(noise, seconds, controls = []) {
    const { round, at } = roundOf(seconds, RUN);
    const { state, b } = stepAt(at);
    const milli = Math.floor(seconds * 1000);
    const flow = flowAt(
      noise,
      seconds,
      controls.filter((control) => control.at <= seconds),
    );
    const ageing = 1 + 0.1 * noise.uniform('column') + 0.02 * noise.wander('clogging', seconds, 600 * MINUTE);
    const pulse = 1 + 0.004 * Math.sin((2 * Math.PI * flow * seconds) / (60 * STROKE));
    const pressure = RESISTANCE * flow * viscosity(b) * ageing * pulse + 0.15 * noise.normal('p', milli);
    return {
      pressure: toResolution(Math.max(0, pressure), 0.1),
      flow: toResolution(flow * (1 + 0.001 * noise.normal('f', milli)), 0.001),
      'composition.b': toResolution(b, 0.1),
      'oven.temp': toResolution(
        40 + 0.08 * noise.wander('oven', seconds, 5 * MINUTE) + 0.01 * noise.normal('o', milli),
        0.01,
      ),
      // A number of five digits at most. For times before 1970 `round` is negative, and so is its remainder.
      injection: ((round % 100_000) + 100_000) % 100_000,
      state,
    };
  },
};
