import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CommandFailed,
  CommandRejected,
  type Parameters,
  type ProgressReport,
} from '../../../device/commands/handler.ts';
import { commandsOf } from '../../../device/simulator/commands.ts';
import { FleetSignals } from '../../../device/simulator/fleet.ts';
import { type FleetOptions, simulateFleet } from '../../../device/simulator/index.ts';
import { INSTRUMENTS } from '../../../device/simulator/instruments.ts';
import type { Control, Instrument, Readings } from '../../../device/simulator/model.ts';
import type { Noise } from '../../../device/simulator/noise.ts';
import { commandOf, TestBroker } from '../../support/broker.ts';

const START = Date.UTC(2026, 2, 1, 10) / 1000;

/** An instrument on a clock of its own, which goes on when a command waits. */
class VirtualBench {
  now: number;
  readonly controls: Control[] = [];
  readonly reports: ProgressReport[] = [];
  /** Called after each wait. */
  onWait: () => void = () => undefined;
  readonly instrument: Instrument;
  private readonly noise: Noise;

  constructor(type: string, start = START) {
    const [device] = simulateFleet({
      devices: 1,
      seed: 7,
      types: [type],
      intervalMs: 1000,
      start: 0,
    }).devices;
    if (device === undefined) throw new Error('no device');
    this.instrument = device.instrument;
    this.noise = device.noise;
    this.now = start;
  }

  read = (): Readings => this.instrument.read(this.noise, this.now, this.controls);
  /** What it shows without having been told anything. */
  untold = (): Readings => this.instrument.read(this.noise, this.now);
  last = (): Control | undefined => this.controls.at(-1);
  progress = (report: ProgressReport): void => {
    this.reports.push(report);
  };
  control = (name: string, values: Control['values'] = {}): Control => {
    const control = { at: this.now, name, values };
    this.controls.push(control);
    return control;
  };
  wait = async (seconds: number): Promise<void> => {
    this.now += seconds;
    this.onWait();
  };

  /** Goes on until something holds. */
  until(holds: (readings: Readings) => boolean): this {
    while (!holds(this.read())) this.now += 1;
    return this;
  }

  run(name: string, parameters: Parameters = {}) {
    const command = this.instrument.commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    return command.run(parameters, this);
  }

  check(name: string, parameters: Parameters = {}): string | undefined {
    try {
      this.instrument.commands[name]?.check?.(parameters, this.read());
      return undefined;
    } catch (error) {
      if (error instanceof CommandRejected) return error.code;
      throw error;
    }
  }
}

describe('a simulated instrument does what it is told', () => {
  it('centrifuge: spins up, holds and brakes, and shows it', async () => {
    const bench = new VirtualBench('centrifuge').until(({ state }) => state === 'idle');
    expect(bench.check('spin')).toBeUndefined();
    const began = bench.now;
    const states = new Set<unknown>();
    bench.onWait = () => states.add(bench.read()['state']);
    const result = await bench.run('spin', { speed: 3000, duration: 5 });
    expect(result).toMatchObject({ speed: expect.closeTo(3000, -2) });
    expect(bench.now - began).toBeCloseTo(3000 / 250 + 5 + 3000 / 200, -1);
    expect(states).toEqual(new Set(['accelerating', 'running', 'braking', 'idle']));
    expect(bench.reports.length).toBeGreaterThan(30);
    const percents = bench.reports.map(({ percent = 0 }) => percent);
    expect(percents).toEqual(percents.toSorted((left, right) => left - right));
  });

  it('centrifuge: stops a spin, which fails, and what it does by itself', async () => {
    const bench = new VirtualBench('centrifuge').until(({ state }) => state === 'idle');
    const stopped: Promise<unknown>[] = [];
    bench.onWait = () => {
      if (bench.read()['state'] === 'running' && stopped.length === 0) stopped.push(bench.run('stop'));
    };
    const failure = await bench
      .run('spin', { speed: 3000, duration: 600 })
      .catch((error: CommandFailed) => error);
    expect(failure).toMatchObject({ code: 'stopped' });
    expect(await stopped[0]).toMatchObject({ from: expect.closeTo(3000, -2) });
    const used = new VirtualBench('centrifuge').until(({ state }) => state === 'running');
    expect(used.check('spin')).toBe('not-idle');
    await used.run('stop');
    expect(used.read()).toMatchObject({ state: 'idle', speed: 0 });
    expect(used.untold()).toMatchObject({ state: 'running' });
  });

  it('incubator: goes to its new set point, not at once', async () => {
    const bench = new VirtualBench('incubator').until(
      ({ 'chamber.temp': temp }) => Math.abs(Number(temp) - 37) < 0.2,
    );
    await bench.run('set-temperature', { temperature: 32 });
    expect(bench.read()['chamber.temp']).toBeGreaterThan(36);
    expect(bench.read()['chamber.heater']).toBeLessThan(10);
    bench.now += 400;
    expect(Number(bench.untold()['chamber.temp']) - Number(bench.read()['chamber.temp'])).toBeCloseTo(5, 0);
    bench.until(({ 'chamber.door': open }) => open === true);
    expect(bench.check('set-temperature', { temperature: 37 })).toBe('door-open');
  });

  it('balance: waits until it is stable, shows zero, and forgets the tare with its vessel', async () => {
    const bench = new VirtualBench('analytical-balance').until(({ mass }) => Number(mass) > 1);
    const result = await bench.run('tare');
    expect(bench.reports.length).toBeGreaterThan(0);
    expect(bench.untold()).toMatchObject({ stable: true });
    expect(result).toMatchObject({ tared: bench.untold()['mass'], mass: expect.closeTo(0, 2) });
    expect(bench.read()['mass']).toBeCloseTo(0, 2);
    bench.now += 90;
    expect(bench.read()).toEqual(bench.untold());
  });

  it('pH meter: measures each buffer, reports each, and has no drift then', async () => {
    const evening = START + 12 * 3600;
    const bench = new VirtualBench('ph-meter', evening);
    const result = (await bench.run('calibrate', { buffers: [4, 7, 10] })) as { measured: unknown[] };
    const parts = bench.reports.flatMap(({ value }) => (value === undefined ? [] : [value]));
    expect(parts).toEqual(result.measured);
    expect(parts).toMatchObject([4, 7, 10].map((buffer) => ({ buffer, ph: expect.closeTo(buffer, 0) })));
    bench.now += 60;
    const [shown, without] = [bench.read(), bench.untold()];
    // The drift of the day, and nothing else, is gone; the noise is that of the moment.
    const drift = Number(without['ph']) - Number(shown['ph']);
    expect(Math.abs(drift)).toBeGreaterThan(0.005);
    expect(Math.abs(drift)).toBeLessThan(0.1);
  });

  it('HPLC pump: goes to its new flow, and the pressure with it', async () => {
    const bench = new VirtualBench('hplc-pump');
    expect(bench.check('set-flow', { flow: 5 })).toBe('pressure-limit');
    expect(bench.check('set-flow', { flow: 2 })).toBeUndefined();
    const result = await bench.run('set-flow', { flow: 2 });
    expect(result).toMatchObject({ flow: expect.closeTo(2, 1) });
    const ratio = Number(bench.read()['pressure']) / Number(bench.untold()['pressure']);
    expect(ratio).toBeCloseTo(2 / Number(bench.untold()['flow']), 0);
    await bench.run('set-flow', { flow: 0 });
    expect(bench.read()).toMatchObject({ flow: 0, pressure: expect.closeTo(0, 0) });
  });

  it('sensor: has the interval that it is told, from its last sample on', () => {
    const options: FleetOptions = {
      devices: 1,
      seed: 7,
      types: ['environment-sensor'],
      intervalMs: 60_000,
      start: START * 1e6,
      samples: 6,
    };
    const signals = new FleetSignals(options, simulateFleet(options).devices);
    const times: number[] = [];
    const take = (count: number): void => {
      for (const end = times.length + count; times.length < end; )
        for (const { at } of signals.next()) times.push(at / 1e6 - START);
    };
    take(2);
    const tell = (after: number, interval: number) =>
      signals.control('environment-sensor-001', {
        at: START + after,
        name: 'set-interval',
        values: { interval },
      });
    expect(tell(65, 10)).toBe(true);
    take(2);
    expect(tell(81, 30)).toBe(true);
    expect(tell(81, 30)).toBe(false);
    take(2);
    expect(times).toEqual([0, 60, 70, 80, 110, 140]);
    expect(signals.next()).toEqual([]);
    expect(signals.due).toBeUndefined();
  });
});

describe('the simulated instruments', () => {
  it.each(INSTRUMENTS.map((instrument) => [instrument.type.id, instrument] as const))(
    '%s stays possible, and never too fast, whatever it is told',
    (type, instrument) => {
      const { noise } =
        simulateFleet({ devices: 1, seed: 3, types: [type], intervalMs: 1, start: 0 }).devices[0] ?? {};
      if (noise === undefined) throw new Error('no device');
      const names: Record<string, readonly [string, ...string[]]> = {
        centrifuge: ['spin', 'stop'],
        'ph-meter': ['buffer', 'calibrated', 'sample'],
        'analytical-balance': ['tare'],
        'hplc-pump': ['set-flow'],
        incubator: ['set-temperature'],
        'environment-sensor': ['set-interval'],
      };
      const control = fc.record({
        after: fc.integer({ min: 0, max: 300 }),
        name: fc.constantFrom(...(names[type] ?? [''])),
        values: fc.record({
          speed: fc.integer({ min: 200, max: 15_000 }),
          duration: fc.integer({ min: 1, max: 100 }),
          ph: fc.double({ min: 2, max: 12, noNaN: true }),
          flow: fc.double({ min: 0, max: 2.5, noNaN: true }),
          temperature: fc.double({ min: 30, max: 39, noNaN: true }),
          interval: fc.integer({ min: 1, max: 3600 }),
        }),
      });
      fc.assert(
        fc.property(
          fc.integer({ min: START, max: START + 1e7 }),
          fc.array(control, { minLength: 1, maxLength: 6 }),
          (start, told) => {
            const controls = told
              .map(({ after, name, values }) => ({ at: start + after, name, values }))
              .sort((left, right) => left.at - right.at)
              // A balance waits until it is stable.
              .filter(({ at }) => instrument.read(noise, at)['stable'] !== false);
            let before: Readings = {};
            // One comparison for all of them: each takes longer than a reading.
            const wrong: string[] = [];
            for (let second = 0; second < 400; second += 1) {
              const readings = instrument.read(noise, start + second, controls);
              for (const [name, { limits, maxRate = Infinity }] of Object.entries(instrument.type.channels)) {
                const value = readings[name];
                if (typeof value !== 'number') continue;
                const possible = value >= (limits?.min ?? -Infinity) && value <= (limits?.max ?? Infinity);
                if (!possible) wrong.push(`${name} at ${second} is ${value}`);
                const change = Math.abs(value - Number(before[name] ?? value));
                // A rotor that is told to spin while it spins: its check does not let that happen.
                if (type !== 'centrifuge' && !(change <= maxRate))
                  wrong.push(`${name} at ${second} changes by ${change}`);
              }
              before = readings;
            }
            expect(wrong).toEqual([]);
          },
        ),
        { numRuns: 15 },
      );
    },
  );

  it('refuse parameters that their type does not declare so', () => {
    for (const device of simulateFleet({ devices: 6, seed: 1, intervalMs: 1, start: 0 }).devices) {
      const { instrument, noise } = device;
      const controlled = {
        show: (seconds: number) => ({
          ...instrument.read(noise, seconds),
          state: 'idle',
          'chamber.door': false,
        }),
        control: () => undefined,
        lastControl: () => undefined,
      };
      for (const [name, { check }] of Object.entries(commandsOf(device, controlled))) {
        const { properties } = instrument.commands[name]?.declaration.parameters ?? {};
        const [parameter] = Object.keys(properties ?? {});
        if (parameter === undefined) continue;
        const request = { id: '', command: name, dryRun: true, traceparent: '' };
        for (const value of ['x', -1, 1e6, [], [0], [1, 2, 3, 4, 5, 6]])
          expect(() => check?.({ [parameter]: value }, request), `${name} ${String(value)}`).toThrow(
            CommandRejected,
          );
      }
    }
  });
});

describe('a fleet over real connections', () => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await TestBroker.start();
  });
  afterEach(() => broker.stop());

  it('takes commands, and what they do shows in what it sends', async () => {
    broker.acknowledgeAll();
    const end = new AbortController();
    const types = ['environment-sensor', 'hplc-pump'];
    const options: FleetOptions = {
      devices: 2,
      seed: 5,
      types,
      intervalMs: 60_000,
      start: Date.now() * 1000,
    };
    const fleet = simulateFleet(options);
    const [sensor, pump] = fleet.devices.map(({ id, site }) => ({ device: id, site }));
    if (sensor === undefined || pump === undefined) throw new Error('no devices');
    const connected = Promise.withResolvers<void>();
    const heard: string[] = [];
    const running = fleet.run({
      signal: end.signal,
      drainMs: 1,
      connect: ({ id, site }) => broker.options({}, { device: id, site }),
      on: {
        connected: (_device, count) => {
          if (count === 2) connected.resolve();
        },
        command: ({ id }, { command }, { kind }) => heard.push(`${id} ${command} ${kind}`),
      },
    });
    await connected.promise;
    const flow = commandOf('set-flow', { parameters: { flow: 5 }, dryRun: true });
    await broker.command(flow, pump);
    expect(await broker.reply(flow.id, 'rejected')).toMatchObject({ code: 'pressure-limit' });
    const interval = commandOf('set-interval', { parameters: { interval: 1 } });
    const samples = new Promise<void>((resolve) => {
      let count = 0;
      broker.onMessage = ({ columns }) => {
        if (columns.some(({ channel }) => channel === 'humidity')) count += 1;
        if (count === 2) resolve();
      };
    });
    await broker.command(interval, sensor);
    expect(await broker.reply(interval.id, 'result')).toMatchObject({ ok: true, value: { interval: 1 } });
    await samples;
    end.abort();
    await running;
    expect(heard).toEqual([
      `${pump.device} set-flow rejected`,
      `${sensor.device} set-interval accepted`,
      `${sensor.device} set-interval result`,
    ]);
  });
});
