/** Protobuf messages of labgate.proto. Pointers are into its JSON form: `/sensorReadings/3/temperature`. */
import { LIMITS } from '../contracts/limits.ts';
import {
  type Message,
  PAYLOAD_VERSION,
  type PointFault,
  UndecodableMessage,
  type Value,
} from '../contracts/messages/message.ts';
import type { QuarantineCode } from '../contracts/problems.ts';
import { GOOD, type Quality } from '../contracts/quality.ts';
import { MAX_MICROS, type Micros } from '../contracts/time.ts';
import { ColumnSet } from './column-set.ts';
import { checkIdentity, readFacts } from './header.ts';
import { readWire, type WireMessage, type WireReading, type WireSensorReading } from './protobuf-reader.ts';
import { faultOfValue, readQuality } from './values.ts';

/** Tags of the fields of Message: what a protobuf message can begin with. */
const TAGS: ReadonlySet<number> = new Set([0x10, 0x1a, 0x22, 0x2a, 0x32, 0x38, 0x40, 0x48]);
/** Whether a protobuf message can begin with a byte. */
export const startsProtobuf = (byte: number): boolean => TAGS.has(byte);

/** Channels of a SensorReading with their UCUM units. */
export const SENSOR_CHANNELS = { temperature: 'Cel', humidity: '%', pressure: 'hPa', battery: '%' } as const;
const SENSOR_UNITS = Object.entries(SENSOR_CHANNELS) as [keyof typeof SENSOR_CHANNELS, string][];
/** Where sensor readings stand, by channel. */
const SENSOR_POINTERS = {
  temperature: '/sensorReadings/*/temperature',
  humidity: '/sensorReadings/*/humidity',
  pressure: '/sensorReadings/*/pressure',
  battery: '/sensorReadings/*/battery',
} as const;

const parse = (bytes: Uint8Array): WireMessage => {
  try {
    return readWire(bytes);
  } catch (error) {
    throw new UndecodableMessage('malformed-protobuf', error instanceof Error ? error.message : 'malformed');
  }
};

/** Zero is what a field that was not sent reads as. */
const timeOf = (micros: bigint): Micros => {
  const time = Number(micros);
  return time !== 0 && time <= MAX_MICROS && time >= -MAX_MICROS ? time : Number.NaN;
};

const sentValue = ({ value }: WireReading): unknown => {
  if (value.case !== 'integer') return value.value;
  const whole = Number(value.value);
  // Beyond 2^53 a float64 would hold a neighbour of the number.
  return Number.isSafeInteger(whole) ? whole : undefined;
};

class Gathering {
  /** Apart, though both may name a channel: a column points into one list. */
  readonly readings = new ColumnSet();
  readonly sensorReadings = new ColumnSet();
  readonly faults: PointFault[] = [];
  points = 0;

  private add(
    set: ColumnSet,
    channel: string,
    unit: string | undefined,
    micros: Micros,
    value: unknown,
    quality: Quality,
    row: number,
    pointer: string,
  ): void {
    const column = set.of(channel, unit, value, pointer);
    column.time.push(micros);
    column.value.push(value as Value);
    column.row.push(row);
    if (quality !== GOOD || column.quality !== undefined) column.qualify(quality);
    this.points += 1;
  }

  private refuse(code: QuarantineCode, pointer: string): void {
    this.faults.push({ code, pointer, points: 1 });
    this.points += 1;
  }

  reading(reading: WireReading, row: number): void {
    const at = `/readings/${row}`;
    const micros = timeOf(reading.time);
    const value = sentValue(reading);
    const wrong = faultOfValue(value);
    const quality = readQuality(reading.quality);
    if (reading.channel === '') this.refuse('invalid-structure', `${at}/channel`);
    else if (Number.isNaN(micros)) this.refuse('invalid-time', `${at}/time`);
    else if (wrong !== undefined) this.refuse(wrong, `${at}/${reading.value.case ?? 'value'}`);
    else if (quality < 0) this.refuse('invalid-quality', `${at}/quality`);
    else {
      const unit = reading.unit === '' ? undefined : reading.unit;
      this.add(this.readings, reading.channel, unit, micros, value, quality, row, '/readings/*');
    }
  }

  sensorReading(reading: WireSensorReading, row: number): void {
    const micros = timeOf(reading.time);
    let values = 0;
    for (const [channel, unit] of SENSOR_UNITS) {
      const value = reading[channel];
      if (value === undefined) continue;
      values += 1;
      if (Number.isNaN(micros)) this.refuse('invalid-time', `/sensorReadings/${row}/time`);
      else if (!Number.isFinite(value)) this.refuse('not-a-number', `/sensorReadings/${row}/${channel}`);
      else this.add(this.sensorReadings, channel, unit, micros, value, GOOD, row, SENSOR_POINTERS[channel]);
    }
    if (values === 0) this.refuse('invalid-structure', `/sensorReadings/${row}`);
  }
}

/**
 * Decodes a protobuf message of labgate.proto.
 * @throws {UndecodableMessage} for bytes that are not one, another version, an unusable identity, or too many points
 */
export const decodeProtobuf = (bytes: Uint8Array): Message => {
  const sent = parse(bytes);
  if (sent.version !== PAYLOAD_VERSION) {
    throw new UndecodableMessage(
      'unsupported-version',
      `Version ${sent.version}; ${PAYLOAD_VERSION} is supported.`,
      '/version',
    );
  }
  const session = sent.session === '' ? undefined : sent.session;
  const seq = sent.seq === undefined ? undefined : Number(sent.seq);
  checkIdentity(session, seq, sent.ack);
  const count = sent.readings.length + sent.sensorReadings.length;
  if (count > LIMITS.messagePoints) {
    throw new UndecodableMessage(
      'too-many-points',
      `${count} readings; at most ${LIMITS.messagePoints} points are taken.`,
    );
  }
  const gathering = new Gathering();
  const { faults } = gathering;
  const sentAt = sent.sent === undefined ? undefined : timeOf(sent.sent);
  if (Number.isNaN(sentAt)) faults.push({ code: 'invalid-time', pointer: '/sent', points: 0 });
  const facts = readFacts(sent.device, '/device', faults);
  sent.readings.forEach((reading, row) => {
    gathering.reading(reading, row);
  });
  sent.sensorReadings.forEach((reading, row) => {
    gathering.sensorReading(reading, row);
  });
  gathering.readings.shareTimes();
  gathering.sensorReadings.shareTimes();
  return {
    format: 'protobuf',
    session,
    seq,
    sent: Number.isNaN(sentAt) ? undefined : sentAt,
    ack: sent.ack,
    facts,
    columns: [...gathering.readings.columns, ...gathering.sensorReadings.columns],
    faults,
    points: gathering.points,
  };
};
