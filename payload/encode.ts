/** Writes messages in every format: what a device does, and the counterpart of decode.ts. */
import type { Message, Value } from '../contracts/messages/message.ts';
import { PAYLOAD_VERSION } from '../contracts/messages/message.ts';
import type { QualityName } from '../contracts/quality.ts';
import { formatTime, type Micros } from '../contracts/time.ts';
import { encodeProtobuf } from './encode-protobuf.ts';
import { encodeSenml, encodeSenmlCbor } from './encode-senml.ts';
import type { Outgoing } from './outgoing.ts';

/** What the bytes of a message are written in. */
export type PayloadFormat = Message['format'];
export const PAYLOAD_FORMATS = [
  'rows',
  'columns',
  'senml-json',
  'senml-cbor',
  'protobuf',
] as const satisfies readonly PayloadFormat[];

const utf8 = new TextEncoder();

const headerOf = ({ session, seq, sent, ack, facts }: Outgoing) => ({
  v: PAYLOAD_VERSION,
  session,
  seq,
  sent: sent === undefined ? undefined : formatTime(sent),
  ack,
  device: facts,
});

const encodeRows = (message: Outgoing): Uint8Array =>
  utf8.encode(
    JSON.stringify({
      ...headerOf(message),
      data: message.points.map(({ channel, time, value, unit, quality }) => ({
        n: channel,
        t: formatTime(time),
        v: value,
        u: unit,
        q: quality,
      })),
    }),
  );

interface Block {
  readonly u: string | undefined;
  readonly v: Value[];
  q?: (QualityName | number)[];
}

const encodeColumns = (message: Outgoing): Uint8Array => {
  const blocks = new Map<string, { readonly block: Block; readonly times: Micros[] }>();
  for (const { channel, time, value, unit, quality } of message.points) {
    const entry = blocks.get(channel) ?? { block: { u: unit, v: [] }, times: [] };
    blocks.set(channel, entry);
    if (entry.block.u !== unit) throw new RangeError(`Columns hold one unit a channel; ${channel} has two.`);
    if (quality !== undefined) entry.block.q ??= entry.block.v.map(() => 'good');
    entry.block.q?.push(quality ?? 'good');
    entry.block.v.push(value);
    entry.times.push(time);
  }
  const times = [...blocks.values()][0]?.times ?? [];
  for (const [channel, entry] of blocks) {
    if (entry.times.length !== times.length || entry.times.some((time, at) => time !== times[at])) {
      throw new RangeError(`Columns share their times; those of ${channel} differ.`);
    }
  }
  const c = Object.fromEntries([...blocks].map(([channel, { block }]) => [channel, block]));
  return utf8.encode(JSON.stringify({ ...headerOf(message), t: times.map((time) => time / 1000), c }));
};

const encoders: Readonly<Record<PayloadFormat, (message: Outgoing) => Uint8Array>> = {
  rows: encodeRows,
  columns: encodeColumns,
  'senml-json': encodeSenml,
  'senml-cbor': encodeSenmlCbor,
  protobuf: encodeProtobuf,
};

/**
 * Writes a message. Who wants it smaller wraps the bytes in gzip or zstd.
 * @returns what `decodeMessage` reads back as the same points
 * @throws {RangeError} when the format cannot say it: columns of differing times or units; in SenML facts, a session,
 * a quality other than good, or a name or unit that is read otherwise; a value that is not finite
 * @example
 * const point = { channel: 'temp', time: 1_772_359_200_000_000, value: 37.02, unit: 'Cel' };
 * const bytes = encodeMessage({ session: 's-1', seq: 0, points: [point] }, 'rows');
 */
export const encodeMessage = (message: Outgoing, format: PayloadFormat): Uint8Array => {
  for (const { channel, value } of message.points) {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new RangeError(`${channel} has the value ${value}; send no point instead.`);
    }
  }
  return encoders[format](message);
};
