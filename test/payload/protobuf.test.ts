import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { quality } from '../../contracts/quality.ts';
import { MessageSchema } from '../../payload/gen/labgate_pb.ts';
import { pointTo } from '../../payload/pointer.ts';
import { decodeBytes, NOW, refused } from './decoding.ts';

describe('protobuf', () => {
  const encode = (init: MessageInitShape<typeof MessageSchema>): Uint8Array =>
    toBinary(MessageSchema, create(MessageSchema, { version: 1, ...init }));
  const time = BigInt(NOW);

  it('gives channels of readings and of sensor readings', () => {
    const message = decodeBytes(
      encode({
        session: 's',
        seq: 3n,
        sent: time,
        ack: true,
        device: {
          firmware: '1.0',
          mac: '02:00:00:00:00:01',
          ip: '10.0.0.1',
          location: 'Basel',
          latitude: 47.5,
          longitude: 7.6,
        },
        readings: [
          { channel: 'ph', time, value: { case: 'number', value: 7.1 }, unit: '[pH]', quality: 0x40900000 },
          { channel: 'count', time, value: { case: 'integer', value: -5n } },
          { channel: 'open', time, value: { case: 'flag', value: true } },
          { channel: 'state', time, value: { case: 'text', value: 'on' } },
        ],
        sensorReadings: [{ time, temperature: 21.5, humidity: 40, pressure: 1013, battery: 0 }],
      }),
      NOW,
    );
    expect(message).toMatchObject({
      format: 'protobuf',
      session: 's',
      seq: 3,
      sent: NOW,
      ack: true,
      points: 8,
      faults: [],
    });
    expect(message.facts).toEqual({
      firmware: '1.0',
      mac: '02:00:00:00:00:01',
      ip: '10.0.0.1',
      location: 'Basel',
      latitude: 47.5,
      longitude: 7.6,
    });
    expect(
      message.columns.map((column) => [
        column.channel,
        column.unit,
        column.value[0],
        column.quality?.[0],
        pointTo(column, 0),
      ]),
    ).toEqual([
      ['ph', '[pH]', 7.1, quality('uncertain/stale'), '/readings/0'],
      ['count', undefined, -5, undefined, '/readings/1'],
      ['open', undefined, true, undefined, '/readings/2'],
      ['state', undefined, 'on', undefined, '/readings/3'],
      ['temperature', 'Cel', 21.5, undefined, '/sensorReadings/0/temperature'],
      ['humidity', '%', 40, undefined, '/sensorReadings/0/humidity'],
      ['pressure', 'hPa', 1013, undefined, '/sensorReadings/0/pressure'],
      ['battery', '%', 0, undefined, '/sensorReadings/0/battery'],
    ]);
  });

  it('points into the list in which a point stands, where both name a channel', () => {
    const message = decodeBytes(
      encode({
        readings: [{ channel: 'temperature', time, value: { case: 'number', value: 20 }, unit: 'Cel' }],
        sensorReadings: [
          { time, humidity: 40 },
          { time: time + 1n, temperature: 21 },
        ],
      }),
      NOW,
    );
    expect(
      message.columns.flatMap((column) =>
        column.value.map((value, at) => [column.channel, value, pointTo(column, at)]),
      ),
    ).toEqual([
      ['temperature', 20, '/readings/0'],
      ['humidity', 40, '/sensorReadings/0/humidity'],
      ['temperature', 21, '/sensorReadings/1/temperature'],
    ]);
  });

  it('names what of it cannot be used', () => {
    const value = { case: 'number', value: 1 } as const;
    const message = decodeBytes(
      encode({
        sent: 0n,
        readings: [
          { channel: '', time, value },
          { channel: 'a', value },
          { channel: 'a', time: 2n ** 62n, value },
          { channel: 'a', time },
          { channel: 'a', time, value: { case: 'number', value: Number.NaN } },
          { channel: 'a', time, value: { case: 'integer', value: 2n ** 60n } },
          { channel: 'a', time, value, quality: 7 },
        ],
        sensorReadings: [{ time }, { temperature: 1 }, { time, temperature: Number.POSITIVE_INFINITY }],
      }),
      NOW,
    );
    expect(message.columns).toEqual([]);
    expect(message.points).toBe(10);
    expect(message.faults.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['invalid-time', '/sent'],
      ['invalid-structure', '/readings/0/channel'],
      ['invalid-time', '/readings/1/time'],
      ['invalid-time', '/readings/2/time'],
      ['wrong-value-type', '/readings/3/value'],
      ['not-a-number', '/readings/4/number'],
      ['wrong-value-type', '/readings/5/integer'],
      ['invalid-quality', '/readings/6/quality'],
      ['invalid-structure', '/sensorReadings/0'],
      ['invalid-time', '/sensorReadings/1/time'],
      ['not-a-number', '/sensorReadings/2/temperature'],
    ]);
  });

  it.each<[string, Uint8Array, string]>([
    ['another version', encode({ version: 2 }), 'unsupported-version'],
    ['no version', encode({ version: 0, session: 's' }), 'unsupported-version'],
    ['a session of blanks', encode({ session: 'a b' }), 'invalid-structure'],
    ['a number without a session', encode({ seq: 1n }), 'invalid-structure'],
    [
      'too many readings',
      encode({ sensorReadings: Array.from({ length: 2001 }, () => ({ time })) }),
      'too-many-points',
    ],
    [
      'too many values',
      encode({
        sensorReadings: Array.from({ length: 600 }, () => ({
          time,
          temperature: 1,
          humidity: 1,
          pressure: 1,
          battery: 1,
        })),
      }),
      'too-many-points',
    ],
    ['nothing', encode({}), 'no-content'],
    ['bytes that end early', encode({ session: 'abcdef' }).subarray(0, 5), 'malformed-protobuf'],
    ['a text that is not UTF-8', Uint8Array.of(0x10, 1, 0x1a, 1, 0xff), 'malformed-protobuf'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(() => decodeBytes(bytes, NOW)).toThrow(refused(code));
  });
});
