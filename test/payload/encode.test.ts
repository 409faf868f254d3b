import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../contracts/messages/message.ts';
import {
  QUALITIES,
  type QualityName,
  qualityFromName,
  qualityFromOpcUa,
  qualityName,
} from '../../contracts/quality.ts';
import { WRAPPINGS, wrap } from '../../device/wrapping.ts';
import { encodeMessage, type PAYLOAD_FORMATS } from '../../payload/encode.ts';
import type { Measurement, Outgoing } from '../../payload/outgoing.ts';
import { decodeBytes } from './decoding.ts';

const START = Date.UTC(2026, 2, 1, 10) * 1000;
const names = QUALITIES.map((_, place) => qualityName(place)) as [QualityName, ...QualityName[]];
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const measurement = (quality: fc.Arbitrary<QualityName | number | undefined>): fc.Arbitrary<Measurement> =>
  fc.record({
    channel: fc.constantFrom('temperature', 'humidity', 'ph', 'chamber.temp', 'state'),
    // Whole milliseconds, as SenML writes seconds as a float64.
    time: fc.nat(3_600_000).map((offset) => START + offset * 1000),
    value: fc.oneof(number, fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 6 })),
    unit: fc.constantFrom(undefined, 'Cel', '%', '[pH]'),
    quality,
  });
const anyQuality = fc.oneof(fc.constant(undefined), fc.constantFrom(...names), fc.constant(0x80ab0000));
const facts = fc.record(
  {
    firmware: fc.constant('1.2.3'),
    mac: fc.constant('02:00:00:00:00:01'),
    ip: fc.constant('10.0.0.1'),
    location: fc.string({ maxLength: 30 }),
    latitude: fc.constant(47.5),
    longitude: fc.constant(7.6),
  },
  { requiredKeys: ['firmware'] },
);

/** Points in an order that does not depend on how a format groups them. */
const sortedOf = (message: Message): string[] =>
  message.columns
    .flatMap(({ channel, unit, time, value, quality }) =>
      value.map((point, at) => JSON.stringify([channel, unit, time[at], point, quality?.[at] ?? 0])),
    )
    .sort();
const numberOf = (quality: Measurement['quality']): number | undefined =>
  typeof quality === 'number' ? qualityFromOpcUa(quality) : qualityFromName(quality ?? 'good');
const expectedOf = ({ points }: Outgoing): string[] =>
  points
    .map(({ channel, unit, time, value, quality }) =>
      JSON.stringify([channel, unit, time, value, numberOf(quality)]),
    )
    .sort();

describe('what is written', () => {
  it('as rows reads back', () => {
    const outgoing = fc.record({
      session: fc.constant('01JABC'),
      seq: fc.nat(),
      sent: fc.constant(START + 123),
      ack: fc.boolean(),
      facts,
      points: fc.array(measurement(anyQuality), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(outgoing, fc.constantFrom(...WRAPPINGS), (message, wrapping) => {
        const { session, seq, sent, ack } = message;
        const read = decodeBytes(wrap(encodeMessage(message, 'rows'), wrapping), START);
        expect(read).toMatchObject({
          format: 'rows',
          session,
          seq,
          sent,
          ack,
          facts: message.facts,
          faults: [],
        });
        expect(sortedOf(read)).toEqual(expectedOf(message));
      }),
    );
  });

  it('as protobuf reads back, with the OPC UA code for the quality', () => {
    // Qualities that share their code come back as the first of them.
    const unambiguous = fc.constantFrom<QualityName | number | undefined>(
      undefined,
      'uncertain/stale',
      'bad',
      'bad/out-of-range',
      0x80ab0000,
    );
    const outgoing = fc.record({
      session: fc.constant('01JABC'),
      seq: fc.nat(),
      sent: fc.constant(START + 123),
      ack: fc.boolean(),
      facts,
      points: fc.array(measurement(unambiguous), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(outgoing, (message) => {
        const { session, seq, sent, ack } = message;
        const read = decodeBytes(encodeMessage(message, 'protobuf'), START);
        expect(read).toMatchObject({
          format: 'protobuf',
          session,
          seq,
          sent,
          ack,
          facts: message.facts,
          faults: [],
        });
        expect(sortedOf(read)).toEqual(expectedOf(message));
      }),
    );
  });

  it.each(['senml-json', 'senml-cbor'] as const)('as %s reads back', (format) => {
    // SenML has no unit for texts and truths but the one that they carry themselves.
    fc.assert(
      fc.property(
        fc.array(measurement(fc.constant(undefined)), { minLength: 1, maxLength: 30 }),
        (points) => {
          const read = decodeBytes(encodeMessage({ points }, format), START);
          expect(read).toMatchObject({ format, faults: [] });
          expect(sortedOf(read)).toEqual(expectedOf({ points }));
        },
      ),
    );
  });

  it('as columns reads back', () => {
    const block = fc.record({
      times: fc.array(fc.nat(1e9), { minLength: 1, maxLength: 10 }),
      names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
      values: fc.array(number, { minLength: 30, maxLength: 30 }),
      marked: fc.boolean(),
    });
    fc.assert(
      fc.property(block, ({ times, names: channels, values, marked }) => {
        const points = times.flatMap((offset, at) =>
          channels.map(
            (channel, column): Measurement => ({
              channel,
              time: START + offset,
              value: values[at * channels.length + column] ?? 0,
              unit: 'Cel',
              quality: marked && (at + column) % 3 === 2 ? 'bad' : undefined,
            }),
          ),
        );
        const read = decodeBytes(encodeMessage({ points }, 'columns'), START);
        expect(read).toMatchObject({ format: 'columns', faults: [] });
        expect(sortedOf(read)).toEqual(expectedOf({ points }));
        expect(new Set(read.columns.map(({ time }) => time)).size).toBe(1);
      }),
    );
  });
});

describe('what a format cannot say is refused', () => {
  const point = { channel: 'a', time: START, value: 1, unit: 'Cel' };
  it.each<[string, Outgoing, (typeof PAYLOAD_FORMATS)[number]]>([
    ['columns of differing times', { points: [point, { ...point, channel: 'b', time: 1 }] }, 'columns'],
    ['columns of differing length', { points: [point, { ...point, channel: 'b' }, point] }, 'columns'],
    ['two units in a column', { points: [point, { ...point, unit: 'K' }] }, 'columns'],
    ['a session in SenML', { session: 's', points: [point] }, 'senml-json'],
    ['facts in SenML', { facts: { firmware: '1' }, points: [point] }, 'senml-cbor'],
    ['a quality in SenML', { points: [{ ...point, quality: 'bad' }] }, 'senml-json'],
    ['a quality code in SenML', { points: [{ ...point, quality: 0x80ab0000 }] }, 'senml-json'],
    ['a name that SenML reads otherwise', { points: [{ ...point, channel: 'Temp' }] }, 'senml-json'],
    ['a unit that SenML reads otherwise', { points: [{ ...point, unit: 'B' }] }, 'senml-cbor'],
    ['not a number', { points: [{ ...point, value: Number.NaN }] }, 'protobuf'],
  ])('%s', (_, message, format) => {
    expect(() => encodeMessage(message, format)).toThrow(RangeError);
  });
});
