/**
 * What is remembered of a device, as an item: `f` format, `v` version, `m` the greatest sequence number of its checkpoints,
 * and `s` the rest as JSON, because DynamoDB's own maps take more bytes and more time.
 */
import type { Value } from '../../../contracts/messages/message.ts';
import { type DeviceState, type Reach, type Recent, reachOf } from '../../domain/ingestion/device-state.ts';
import type { Track } from '../../domain/ingestion/quality.ts';
import type { Counts } from '../../domain/ledger/ledger.ts';
import type { SeqRange } from '../../domain/ledger/sessions.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { ITEM_FORMAT, latestKey, UnknownItemFormat } from './keys.ts';

/** time, value, quality, arrived, run; then time and value of the credible point where that is another. */
type PackedTrack = readonly [number, Value, number, number, number, number?, Value?];

interface PackedState {
  /** An empty sequence number is that of `m`. */
  readonly k: Readonly<Record<string, readonly [sequence: string, arrived: number]>>;
  readonly c: Readonly<Record<string, PackedTrack>>;
  readonly s: readonly (readonly [id: string, ...ranges: number[]])[];
  readonly r: string;
  readonly f?: number;
  readonly l: readonly [number, number, number, number, number, Counts, Counts];
}

const packTrack = ({ time, value, quality, arrived, run, ...credible }: Readonly<Track>): PackedTrack =>
  credible.credibleTime === time && credible.credibleValue === value
    ? [time, value, quality, arrived, run]
    : credible.credibleValue === undefined
      ? [time, value, quality, arrived, run, credible.credibleTime]
      : [time, value, quality, arrived, run, credible.credibleTime, credible.credibleValue];

const unpackTrack = (packed: PackedTrack): Track => {
  const [time, value, quality, arrived, run, credibleTime = time, credibleValue] = packed;
  return {
    time,
    value,
    quality,
    arrived,
    run,
    credibleTime,
    credibleValue: packed.length === 5 ? value : credibleValue,
  };
};

const RECENT_BYTES = 12;

const packRecent = (recent: readonly Recent[]): string => {
  const first = recent[0]?.seq ?? 0;
  const near = recent.every(({ seq }) => Math.abs(seq - first) < 0x7fff);
  const bytes = Buffer.alloc(near ? 8 + recent.length * 6 : recent.length * RECENT_BYTES);
  if (!near) {
    for (const [at, { seq, print }] of recent.entries())
      bytes.writeUInt32LE(print, bytes.writeDoubleLE(seq, at * RECENT_BYTES));
    return `w${bytes.toString('base64')}`;
  }
  let at = bytes.writeDoubleLE(first, 0);
  for (const { seq, print } of recent) at = bytes.writeUInt32LE(print, bytes.writeInt16LE(seq - first, at));
  return `n${bytes.toString('base64')}`;
};

const unpackRecent = (text: string): Recent[] => {
  const bytes = Buffer.from(text.slice(1), 'base64');
  if (text.startsWith('w'))
    return Array.from({ length: bytes.length / RECENT_BYTES }, (_, at) => ({
      seq: bytes.readDoubleLE(at * RECENT_BYTES),
      print: bytes.readUInt32LE(at * RECENT_BYTES + 8),
    }));
  const first = bytes.readDoubleLE(0);
  return Array.from({ length: (bytes.length - 8) / 6 }, (_, at) => ({
    seq: first + bytes.readInt16LE(8 + at * 6),
    print: bytes.readUInt32LE(10 + at * 6),
  }));
};

const pack = (state: DeviceState, greatest: string): PackedState => {
  const c: Record<string, PackedTrack> = {};
  for (const [channel, track] of state.tracks) c[channel] = packTrack(track);
  const k: Record<string, readonly [string, number]> = {};
  for (const [shardKey, { sequence, arrived }] of state.checkpoints)
    k[shardKey] = [sequence === greatest ? '' : sequence, arrived];
  const { messages, received, stored, duplicate, overwritten, quarantined, rejected } = state.ledger;
  return {
    k,
    c,
    s: state.sessions.map(({ id, ranges }) => [id, ...ranges.flat()]),
    r: packRecent(state.recent),
    ...(state.facts === undefined ? {} : { f: state.facts }),
    l: [messages, received, stored, duplicate, overwritten, quarantined, rejected],
  };
};

const unpackRanges = (bounds: readonly number[]): SeqRange[] =>
  Array.from({ length: bounds.length / 2 }, (_, at) => [bounds[2 * at] ?? 0, bounds[2 * at + 1] ?? 0]);

/** A device's state as the item of its version's slot. */
export const toStateItem = (device: string, state: DeviceState): Item => {
  const { sequence } = reachOf(state);
  return {
    pk: { S: device },
    sk: { S: latestKey(state.version) },
    f: { N: String(ITEM_FORMAT) },
    v: { N: String(state.version) },
    m: { S: sequence },
    s: { S: JSON.stringify(pack(state, sequence)) },
  };
};

/**
 * How far the state of an item goes, without reading the state.
 * @throws {UnknownItemFormat} for an item of another format
 */
export const reachOfItem = (item: Item): Reach => {
  if (item['f']?.N !== String(ITEM_FORMAT))
    throw new UnknownItemFormat(`${item['pk']?.S}/${item['sk']?.S}`, item['f']?.N);
  return { sequence: item['m']?.S ?? '', version: Number(item['v']?.N) };
};

/**
 * The newest point of each channel alone, which is less work than the whole state.
 * @throws {UnknownItemFormat} for an item of another format
 */
export const tracksOfItem = (item: Item): Map<string, Track> => {
  reachOfItem(item);
  const { c }: PackedState = JSON.parse(item['s']?.S ?? '');
  return new Map(Object.entries(c).map(([channel, track]) => [channel, unpackTrack(track)]));
};

/** @throws {UnknownItemFormat} for an item of another format */
export const fromStateItem = (item: Item): DeviceState => {
  const { sequence: greatest, version } = reachOfItem(item);
  const packed: PackedState = JSON.parse(item['s']?.S ?? '');
  const [messages, received, stored, duplicate, overwritten, quarantined, rejected] = packed.l;
  return {
    version,
    checkpoints: new Map(
      Object.entries(packed.k).map(([shardKey, [sequence, arrived]]) => [
        shardKey,
        { sequence: sequence || greatest, arrived },
      ]),
    ),
    tracks: new Map(Object.entries(packed.c).map(([channel, track]) => [channel, unpackTrack(track)])),
    sessions: packed.s.map(([id, ...bounds]) => ({ id, ranges: unpackRanges(bounds) })),
    recent: unpackRecent(packed.r),
    facts: packed.f,
    ledger: { messages, received, stored, duplicate, overwritten, quarantined, rejected },
  };
};
