/** A room sensor on a battery: the temperature follows the time of day, the pressure follows the weather. */
import { DAY, declarationsOf, declared, HOUR, type Instrument, lastControl, MINUTE } from '../model.ts';
import { clamp, toResolution } from '../noise.ts';

/** Seconds from one change of the battery to the next. */
const BATTERY_LIFE = 180 * DAY;

const commands: Instrument['commands'] = {
  'set-interval': {
    declaration: declared({
      description: 'Sets the time between two samples',
      parameters: {
        properties: {
          interval: { type: 'integer', title: 'Interval', unit: 's', minimum: 1, maximum: 3600 },
        },
        required: ['interval'],
      },
      timeout: 30,
      dryRun: true,
    }),
    async run(parameters, bench) {
      const interval = Number(parameters['interval']);
      bench.control('set-interval', { interval });
      return { interval };
    },
  },
};

export const environmentSensor: Instrument = {
  type: {
    id: 'environment-sensor',
    name: 'Environment sensor',
    description: 'Temperature, humidity and pressure of a room',
    manufacturer: 'labgate',
    model: 'simulated',
    channels: {
      temperature: {
        unit: 'Cel',
        type: 'number',
        kind: 'continuous',
        range: { min: 5, max: 45 },
        limits: { min: -60, max: 125 },
        maxRate: 2,
        stuckAfter: 30,
        resolution: 0.01,
      },
      humidity: {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 5, max: 95 },
        limits: { min: 0, max: 100 },
        maxRate: 10,
        stuckAfter: 30,
        resolution: 0.01,
      },
      pressure: {
        unit: 'hPa',
        type: 'number',
        kind: 'continuous',
        range: { min: 850, max: 1085 },
        limits: { min: 300, max: 1250 },
        maxRate: 10,
        stuckAfter: 30,
        resolution: 0.01,
      },
      battery: {
        unit: '%',
        type: 'number',
        kind: 'continuous',
        range: { min: 10, max: 100 },
        limits: { min: 0, max: 100 },
        resolution: 0.1,
      },
    },
    commands: declarationsOf(commands),
  },
  commands,
  intervalOf: (controls) =>
    lastControl(controls, Number.POSITIVE_INFINITY, 'set-interval')?.values['interval'],
  read(noise, seconds) {
    const day = (2 * Math.PI * (seconds % DAY)) / DAY;
    const milli = Math.floor(seconds * 1000);
    const base = noise.between(19, 23, 'base');
    // Warmest in the afternoon (UTC).
    const course = 1.4 * Math.sin(day - 2.3) + 0.35 * noise.wander('room', seconds, 20 * MINUTE);
    // Air pressure also has a small tide, twice a day.
    const weather = 6 * noise.wander('weather', seconds, 12 * HOUR) + 0.8 * Math.sin(2 * day);
    const humidity =
      noise.between(38, 52, 'humidity') - 1.6 * course + 2 * noise.wander('air', seconds, 35 * MINUTE);
    const used = ((seconds + noise.uniform('battery') * BATTERY_LIFE) % BATTERY_LIFE) / BATTERY_LIFE;
    return {
      temperature: toResolution(base + course + 0.03 * noise.normal('t', milli), 0.01),
      humidity: toResolution(clamp(humidity + 0.1 * noise.normal('h', milli), 6, 94), 0.01),
      pressure: toResolution(1009 + weather + 0.05 * noise.normal('p', milli), 0.01),
      battery: toResolution(100 - 80 * used, 0.1),
    };
  },
};
