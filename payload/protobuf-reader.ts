/**
 * Reads the wire format of labgate.proto field by field, into what the generated code would give. The generated
 * reader is general: it brings a reflection layer ten times the size of this into the start of every function
 * environment. Tests hold the two together.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Device, Message, Reading, SensorReading } from './gen/labgate_pb.ts';

type Plain<T> = { [K in keyof T as Exclude<K, '$typeName' | '$unknown'>]: T[K] };
export type WireReading = Plain<Reading>;
export type WireSensorReading = Plain<SensorReading>;
export interface WireMessage extends Omit<Plain<Message>, 'device' | 'readings' | 'sensorReadings'> {
  device?: Plain<Device>;
  readonly readings: WireReading[];
  readonly sensorReadings: WireSensorReading[];
}

const { Varint, Bit64, LengthDelimited, Bit32 } = WireType;

/** Reads one field; `false` for one that is not known. */
type ReadField<T> = (into: T, field: number, reader: BinaryReader, want: (wire: WireType) => void) => boolean;

/** Reads fields up to `end` into a message. */
const readInto = <T>(reader: BinaryReader, end: number, into: T, readField: ReadField<T>): T => {
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    const want = (expected: WireType): void => {
      if (wire !== expected) throw new Error(`field ${field} has the wire type ${wire}, not ${expected}`);
    };
    if (!readField(into, field, reader, want)) reader.skip(wire, field);
    if (reader.pos > end) throw new Error(`field ${field} ends after its message`);
  }
  return into;
};

const readMessage = <T>(reader: BinaryReader, into: T, readField: ReadField<T>): T => {
  const length = reader.uint32();
  return readInto(reader, reader.pos + length, into, readField);
};

const deviceField: ReadField<Plain<Device>> = (into, field, reader, want) => {
  if (field < 1 || field > 6) return false;
  want(field <= 4 ? LengthDelimited : Bit64);
  if (field === 1) into.location = reader.string(true);
  else if (field === 2) into.mac = reader.string(true);
  else if (field === 3) into.ip = reader.string(true);
  else if (field === 4) into.firmware = reader.string(true);
  else if (field === 5) into.latitude = reader.double();
  else into.longitude = reader.double();
  return true;
};

const READING_WIRES = [
  Varint,
  LengthDelimited,
  Varint,
  Bit64,
  Varint,
  Varint,
  LengthDelimited,
  LengthDelimited,
  Bit32,
] as const;

const readingField: ReadField<WireReading> = (into, field, reader, want) => {
  const wire = READING_WIRES[field];
  if (wire === undefined || field === 0) return false;
  want(wire);
  if (field === 1) into.channel = reader.string(true);
  else if (field === 2) into.time = BigInt(reader.int64());
  else if (field === 3) into.value = { case: 'number', value: reader.double() };
  else if (field === 4) into.value = { case: 'integer', value: BigInt(reader.sint64()) };
  else if (field === 5) into.value = { case: 'flag', value: reader.bool() };
  else if (field === 6) into.value = { case: 'text', value: reader.string(true) };
  else if (field === 7) into.unit = reader.string(true);
  else into.quality = reader.fixed32();
  return true;
};

const sensorReadingField: ReadField<WireSensorReading> = (into, field, reader, want) => {
  if (field < 1 || field > 5) return false;
  want(field === 1 ? Varint : Bit64);
  if (field === 1) into.time = BigInt(reader.int64());
  else if (field === 2) into.temperature = reader.double();
  else if (field === 3) into.humidity = reader.double();
  else if (field === 4) into.pressure = reader.double();
  else into.battery = reader.double();
  return true;
};

const messageField: ReadField<WireMessage> = (into, field, reader, want) => {
  if (field < 2 || field > 9) return false;
  want(field >= 3 && field <= 6 ? LengthDelimited : Varint);
  if (field === 2) into.version = reader.uint32();
  else if (field === 3) into.session = reader.string(true);
  // A message that comes in parts is one, as the format says.
  else if (field === 4) into.device = readMessage(reader, into.device ?? {}, deviceField);
  else if (field === 5) {
    const empty: WireReading = { channel: '', time: 0n, value: { case: undefined }, unit: '', quality: 0 };
    into.readings.push(readMessage(reader, empty, readingField));
  } else if (field === 6) into.sensorReadings.push(readMessage(reader, { time: 0n }, sensorReadingField));
  else if (field === 7) into.seq = BigInt(reader.uint64());
  else if (field === 8) into.sent = BigInt(reader.int64());
  else into.ack = reader.bool();
  return true;
};

/**
 * Reads a message.
 * @throws {Error} when the bytes are not of this format
 */
export const readWire = (bytes: Uint8Array): WireMessage =>
  readInto(
    new BinaryReader(bytes),
    bytes.length,
    { version: 0, session: '', readings: [], sensorReadings: [], ack: false },
    messageField,
  );
