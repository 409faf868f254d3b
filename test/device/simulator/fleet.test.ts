import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slug } from '../../../contracts/messages/topics.ts';
import { deviceFacts, deviceMetadata } from '../../../contracts/resources/devices.ts';
import { instrumentTypeInput } from '../../../contracts/resources/instrument-types.ts';
import {
  encodeSimulated,
  type FleetOptions,
  INSTRUMENT_TYPES,
  simulateFleet,
} from '../../../device/simulator/index.ts';
import { INSTRUMENTS } from '../../../device/simulator/instruments.ts';
import { PAYLOAD_FORMATS } from '../../../payload/encode.ts';
import { decodeBytes } from '../../payload/decoding.ts';

const START = Date.UTC(2026, 2, 1, 10) * 1000;
const shape: FleetOptions = { devices: 12, seed: 7, intervalMs: 1000, start: START, samples: 5 };

describe('the instrument types', () => {
  it.each(INSTRUMENT_TYPES.map((type) => [type.id, type] as const))('%s can be registered', (_, type) => {
    expect(instrumentTypeInput.parse(type)).toEqual(type);
  });

  it.each(INSTRUMENTS.map((instrument) => [instrument.type.id, instrument] as const))(
    '%s reads every channel, of its type and within its range, at any time',
    (_, instrument) => {
      const { noise } = simulateFleet({ ...shape, types: [instrument.type.id] }).devices[0] ?? {};
      if (noise === undefined) throw new Error('no device');
      fc.assert(
        fc.property(fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }), (millis) => {
          const readings = instrument.read(noise, millis / 1000);
          expect(Object.keys(readings)).toEqual(Object.keys(instrument.type.channels));
          for (const [name, channel] of Object.entries(instrument.type.channels)) {
            const value = readings[name];
            if (channel.type === 'string') expect(channel.values).toContain(value);
            else if (channel.type === 'boolean') expect(value).toBeTypeOf('boolean');
            else {
              expect(value, name).toBeTypeOf('number');
              if (channel.type === 'integer') expect(Number.isInteger(value)).toBe(true);
              const { min = -Infinity, max = Infinity } = channel.limits ?? {};
              expect(value, name).toBeGreaterThanOrEqual(min);
              expect(value, name).toBeLessThanOrEqual(max);
            }
          }
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each(INSTRUMENTS.map((instrument) => [instrument.type.id, instrument] as const))(
    '%s is normal in its own eyes: hardly ever out of range, never too fast, never stuck',
    (id, { type }) => {
      const last = new Map<string, { time: number; value: unknown; run: number }>();
      let outside = 0;
      let count = 0;
      // One comparison for all of them: each takes longer than a reading.
      const wrong: string[] = [];
      for (const { points } of simulateFleet({
        ...shape,
        devices: 1,
        types: [id],
        samples: 7200,
      }).messages()) {
        for (const { channel: name, time, value } of points) {
          const channel = type.channels[name];
          const before = last.get(name);
          const run = before?.value === value ? before.run + 1 : 1;
          last.set(name, { time, value, run });
          if (channel === undefined || typeof value !== 'number') continue;
          count += 1;
          const { min = -Infinity, max = Infinity } = channel.range ?? {};
          if (value < min || value > max) outside += 1;
          if (channel.stuckAfter !== undefined && run >= channel.stuckAfter) wrong.push(`${name} is stuck`);
          if (channel.maxRate !== undefined && before !== undefined) {
            const rate = (Math.abs(value - Number(before.value)) * 1e6) / (time - before.time);
            if (!(rate <= channel.maxRate)) wrong.push(`${name} at ${time} changes by ${rate} a second`);
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(outside / count).toBeLessThan(0.01);
    },
  );
});

describe('a fleet', () => {
  it('is the same for the same seed, and another for another', () => {
    const run = (seed: number): string =>
      JSON.stringify(
        [...simulateFleet({ ...shape, seed, faults: ['spike', 'noise'] }).messages()].map(
          ({ at, points, device }) => [at, device.id, points],
        ),
      );
    expect(run(7)).toBe(run(7));
    expect(run(8)).not.toBe(run(7));
  });

  it('shows the same signal whatever the start and the interval', () => {
    const at = (options: Partial<FleetOptions>, time: number) =>
      [...simulateFleet({ ...shape, devices: 1, ...options }).messages()]
        .flatMap(({ points }) => points)
        .filter((point) => point.time === time);
    const time = START + 4_000_000;
    const seen = at({}, time);
    expect(seen).toHaveLength(4);
    expect(at({ start: START + 2_000_000, intervalMs: 500 }, time)).toEqual(seen);
  });

  it('has devices that can be registered, each its own', () => {
    const { devices } = simulateFleet({ ...shape, devices: 300, sites: ['basel', 'lund'] });
    for (const { id, site, facts, metadata } of devices) {
      expect(slug.safeParse(id).success && slug.safeParse(site).success).toBe(true);
      expect(deviceFacts.parse(facts)).toEqual(facts);
      expect(Object.keys(facts)).toHaveLength(6);
      expect(deviceMetadata.parse(metadata)).toEqual(metadata);
    }
    expect(new Set(devices.map(({ facts }) => facts.mac)).size).toBe(300);
    expect(new Set(devices.map(({ facts }) => facts.ip)).size).toBe(300);
  });

  it.each(PAYLOAD_FORMATS)('speaks %s', (format) => {
    let points = 0;
    for (const message of simulateFleet({
      ...shape,
      formats: [format],
      wrappings: ['none', 'gzip', 'zstd'],
    }).messages()) {
      const decoded = decodeBytes(encodeSimulated(message), START);
      expect(decoded).toMatchObject({ format, faults: [], points: message.points.length });
      const units = new Map(
        Object.entries(message.device.instrument.type.channels).map(([name, { unit }]) => [name, unit]),
      );
      for (const { channel, unit } of decoded.columns)
        if (unit !== undefined) expect(unit).toBe(units.get(channel));
      points += decoded.points;
    }
    expect(points).toBeGreaterThan(0);
  });

  it.each([1, 2, 3, 4, 5, 6])('gives every type every format when %i types take turns', (count) => {
    const types = INSTRUMENTS.slice(0, count).map(({ type }) => type.id);
    const { devices } = simulateFleet({ ...shape, types, devices: 60, formats: PAYLOAD_FORMATS });
    const pairs = new Set(devices.map(({ instrument, format }) => `${instrument.type.id} ${format}`));
    expect(pairs.size).toBe(count * PAYLOAD_FORMATS.length);
  });

  it('sends in order of time, with the facts first', () => {
    const messages = [...simulateFleet({ ...shape, samples: 20, samplesPerMessage: 3 }).messages()];
    for (let at = 1; at < messages.length; at += 1) {
      expect(messages[at]?.at).toBeGreaterThanOrEqual(messages[at - 1]?.at ?? 0);
    }
    expect(messages.filter(({ facts }) => facts !== undefined)).toHaveLength(12);
    expect(messages).toHaveLength(12 * 7);
    const samples = messages.flatMap(({ points }) => points.map(({ channel, time }) => `${channel} ${time}`));
    expect(samples.length).toBe(messages.reduce((sum, { points }) => sum + points.length, 0));
  });

  it('names what it does not know', () => {
    expect(() => simulateFleet({ ...shape, types: ['toaster'] })).toThrow('toaster');
    expect(() => simulateFleet({ ...shape, formats: [] })).toThrow('formats');
  });
});
