/** Native JSON columns: `{"v":1,…,"t":["2026-03-01T10:00:00Z",…],"c":{"temp":{"u":"Cel","v":[37.02,…],"q":["good",…]}}}`. */
import { isObject } from '../contracts/json.ts';
import { LIMITS } from '../contracts/limits.ts';
import {
  type Column,
  type Message,
  type PointFault,
  UndecodableMessage,
  type Value,
} from '../contracts/messages/message.ts';
import type { QuarantineCode } from '../contracts/problems.ts';
import type { Quality } from '../contracts/quality.ts';
import type { Micros } from '../contracts/time.ts';
import { readHeader } from './header.ts';
import { pointerToken } from './pointer.ts';
import { readTime } from './times.ts';
import { faultOfValue, readQuality } from './values.ts';

const refuse = (detail: string, pointer: string): UndecodableMessage =>
  new UndecodableMessage('invalid-structure', detail, pointer);

interface Times {
  readonly micros: readonly Micros[];
  /** Whether any could not be read and is NaN. */
  readonly broken: boolean;
}

const readTimes = (times: readonly unknown[], channels: number, faults: PointFault[]): Times => {
  const micros: Micros[] = [];
  let broken = false;
  for (let at = 0; at < times.length; at += 1) {
    const time = readTime(times[at]);
    if (Number.isNaN(time)) {
      broken = true;
      faults.push({ code: 'invalid-time', pointer: `/t/${at}`, points: channels });
    }
    micros.push(time);
  }
  return { micros, broken };
};

/** Whether all are finite numbers: then the array of the parser is the column. */
const allNumbers = (values: readonly unknown[]): values is readonly number[] => {
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  }
  return true;
};

const hasFault = (values: readonly unknown[]): boolean =>
  !allNumbers(values) && values.some((value) => faultOfValue(value) !== undefined);

const readQualities = (qualities: readonly unknown[] | undefined): readonly Quality[] | undefined => {
  if (qualities === undefined) return undefined;
  const read: Quality[] = [];
  let notable = false;
  for (let at = 0; at < qualities.length; at += 1) {
    // A hole in the list cannot be left out as a member of a row can.
    const quality = qualities[at] === undefined ? -1 : readQuality(qualities[at]);
    if (quality !== 0) notable = true;
    read.push(quality);
  }
  return notable ? read : undefined;
};

const pointerTo = (channel: string): string => `/c/${pointerToken(channel)}`;

/** See {@link Column.pointer}. */
export const pointerToValues = (channel: string): string => `${pointerTo(channel)}/v/*`;

/** Leaves out the points that cannot be used, and names each. */
const sift = (
  channel: string,
  unit: string | undefined,
  values: readonly unknown[],
  qualities: readonly Quality[] | undefined,
  times: Times,
  faults: PointFault[],
): Column => {
  const pointer = pointerTo(channel);
  const kept = { time: [] as Micros[], value: [] as Value[], quality: [] as Quality[], row: [] as number[] };
  const fault = (code: QuarantineCode, member: string, at: number): void => {
    faults.push({ code, pointer: `${pointer}/${member}/${at}`, points: 1 });
  };
  for (let at = 0; at < values.length; at += 1) {
    const micros = times.micros[at] ?? Number.NaN;
    const value = values[at];
    const quality = qualities?.[at] ?? 0;
    const wrong = faultOfValue(value);
    // A time that could not be read is already named, for all channels at once.
    if (Number.isNaN(micros)) continue;
    if (wrong !== undefined) fault(wrong, 'v', at);
    else if (quality < 0) fault('invalid-quality', 'q', at);
    else {
      kept.time.push(micros);
      kept.value.push(value as Value);
      kept.quality.push(quality);
      kept.row.push(at);
    }
  }
  const quality = qualities === undefined ? undefined : kept.quality;
  return {
    channel,
    unit,
    time: kept.time,
    value: kept.value,
    quality,
    row: kept.row,
    pointer: pointerToValues(channel),
  };
};

/** Checks that a list of a channel has an entry for each time. */
const listOf = (list: unknown, length: number, channel: string, member: string): readonly unknown[] => {
  if (!Array.isArray(list)) throw refuse('A column is an array.', `${pointerTo(channel)}/${member}`);
  if (list.length !== length) {
    throw refuse(`${list.length} entries for ${length} times.`, `${pointerTo(channel)}/${member}`);
  }
  return list;
};

/** The column of a channel, or `undefined` when nothing of it can be used. */
const readChannel = (
  channel: string,
  block: unknown,
  times: Times,
  faults: PointFault[],
): Column | undefined => {
  if (!isObject(block)) throw refuse('A channel is an object of u, v and q.', pointerTo(channel));
  const { u, v, q } = block;
  const time = times.micros;
  const values = listOf(v, time.length, channel, 'v');
  const quality = q === undefined ? undefined : readQualities(listOf(q, time.length, channel, 'q'));
  if (u !== undefined && typeof u !== 'string') {
    // Points without a time are already counted with their time.
    const points = time.reduce((count, micros) => count + (Number.isNaN(micros) ? 0 : 1), 0);
    faults.push({ code: 'wrong-unit', pointer: `${pointerTo(channel)}/u`, points });
    return undefined;
  }
  if (times.broken || hasFault(values) || quality?.includes(-1) === true) {
    const column = sift(channel, u, values, quality, times, faults);
    return column.time.length === 0 ? undefined : column;
  }
  const value = values as readonly Value[];
  return { channel, unit: u, time, value, quality, pointer: pointerToValues(channel) };
};

/**
 * Decodes native columns: all channels measured at the same times. Members that the format does not know are
 * ignored.
 * @param document what the JSON text of the message says
 * @returns a column a channel; a time or a point that cannot be used is a fault
 * @throws {UndecodableMessage} for a header that cannot be used, too many points, or lists of differing lengths
 */
export const decodeColumns = (document: object): Message => {
  const faults: PointFault[] = [];
  const header = readHeader(document, faults);
  const { t, c } = document as { readonly t?: unknown; readonly c?: unknown };
  if (!Array.isArray(t)) throw refuse('t is an array of times.', '/t');
  if (!isObject(c)) throw refuse('c is an object of channels.', '/c');
  const channels = Object.keys(c);
  const points = channels.length * t.length;
  if (points > LIMITS.messagePoints || t.length > LIMITS.messagePoints) {
    throw new UndecodableMessage(
      'too-many-points',
      `${points} points; at most ${LIMITS.messagePoints} are taken.`,
    );
  }
  const times = readTimes(t, channels.length, faults);
  const columns: Column[] = [];
  for (const channel of channels) {
    const column = readChannel(channel, c[channel], times, faults);
    if (column !== undefined && t.length > 0) columns.push(column);
  }
  const { session, seq, sent, ack, facts } = header;
  return { format: 'columns', session, seq, sent, ack, facts, columns, faults, points };
};
