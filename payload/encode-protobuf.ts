/** Writes protobuf messages of labgate.proto. */
import { create, toBinary } from '@bufbuild/protobuf';
import { PAYLOAD_VERSION } from '../contracts/messages/message.ts';
import { opcUaOf, qualityFromName } from '../contracts/quality.ts';
import type { Micros } from '../contracts/time.ts';
import {
  MessageSchema,
  type Reading,
  ReadingSchema,
  type SensorReading,
  SensorReadingSchema,
} from './gen/labgate_pb.ts';
import type { Measurement, Outgoing } from './outgoing.ts';
import { SENSOR_CHANNELS } from './protobuf.ts';

const opcUa = (quality: Measurement['quality']): number =>
  typeof quality === 'number' ? quality : quality === undefined ? 0 : opcUaOf(qualityFromName(quality) ?? 0);

const readingOf = ({ channel, time, value, unit, quality }: Measurement): Reading =>
  create(ReadingSchema, {
    channel,
    time: BigInt(time),
    value:
      typeof value === 'number'
        ? { case: 'number', value }
        : typeof value === 'boolean'
          ? { case: 'flag', value }
          : { case: 'text', value },
    unit: unit ?? '',
    quality: opcUa(quality),
  });

const isSensorChannel = (channel: string): channel is keyof typeof SENSOR_CHANNELS =>
  Object.hasOwn(SENSOR_CHANNELS, channel);

/** Points that a SensorReading can say go there, the others become readings of their own. */
const split = (points: readonly Measurement[]) => {
  const readings: Reading[] = [];
  const sensorReadings = new Map<Micros, SensorReading>();
  for (const point of points) {
    const { channel, time, value, unit, quality } = point;
    if (
      isSensorChannel(channel) &&
      typeof value === 'number' &&
      unit === SENSOR_CHANNELS[channel] &&
      opcUa(quality) === 0
    ) {
      const reading = sensorReadings.get(time) ?? create(SensorReadingSchema, { time: BigInt(time) });
      sensorReadings.set(time, reading);
      if (reading[channel] === undefined) {
        reading[channel] = value;
        continue;
      }
    }
    readings.push(readingOf(point));
  }
  return { readings, sensorReadings: [...sensorReadings.values()] };
};

/**
 * Writes a protobuf message. Points that a `SensorReading` can say go into one for each time, the others become
 * readings.
 */
export const encodeProtobuf = ({ session, seq, sent, ack, facts, points }: Outgoing): Uint8Array =>
  toBinary(
    MessageSchema,
    create(MessageSchema, {
      version: PAYLOAD_VERSION,
      session: session ?? '',
      ack: ack ?? false,
      ...(seq === undefined ? {} : { seq: BigInt(seq) }),
      ...(sent === undefined ? {} : { sent: BigInt(sent) }),
      ...(facts === undefined ? {} : { device: { $typeName: 'labgate.v1.Device', ...defined(facts) } }),
      ...split(points),
    }),
  );

const defined = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
