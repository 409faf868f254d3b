/**
 * What is remembered of a device, as an item: `f` format, `v` version, `m` the greatest sequence number of its checkpoints,
 * and `s` the rest as JSON, because DynamoDB's own maps take more bytes and more time; where it is long, `z`, the same under
 * zstd.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Value } from '../../../contracts/messages/message.ts';
import { AGAIN, NO_NUMBER } from '../../../series/points/order.ts';
import { AT_REST, type RuleState } from '../../domain/alerts/rule-state.ts';
import { type DeviceState, type Reach, reachOf } from '../../domain/ingestion/device-state.ts';
import type { Track } from '../../domain/ingestion/quality.ts';
import type { Counts } from '../../domain/ledger/ledger.ts';
import type { SeqRange, Session } from '../../domain/ledger/sessions.ts';
import type { Item } from '../dynamodb/attributes.ts';
import { checkFormat, ITEM_FORMAT, latestKey } from './keys.ts';

/**
 * Time, value, quality, arrived, run, rank, number; then time and value of the credible point where that is another. The
 * rank is 0 where the point came with no number, and otherwise, as far as possible, the place of the session from 1.
 */
type PackedTrack = readonly [number, Value, number, number, number, number, number, number?, Value?];

interface PackedState {
  /** An empty sequence number is that of `m`. */
  readonly k: Readonly<Record<string, readonly [sequence: string, arrived: number]>>;
  readonly c: Readonly<Record<string, PackedTrack>>;
  readonly s: readonly (readonly [id: string, began: number, ...ranges: number[]])[];
  readonly f?: number;
  readonly l: readonly [number, number, number, number, number, Counts, Counts];
  /** Alert rules that are not at rest; absent when all are. */
  readonly a?: Readonly<Record<string, RuleState>>;
}

const packTrack = (track: Readonly<Track>, sessions: readonly Session[]): PackedTrack => {
  const { time, value, quality, arrived, run, rank, number, ...credible } = track;
  const place = sessions.findIndex(({ began }) => began === rank);
  const order = number === NO_NUMBER && rank !== AGAIN ? 0 : place >= 0 ? place + 1 : rank;
  const packed = [time, value, quality, arrived, run, order, number] as const;
  if (credible.credibleTime === time && credible.credibleValue === value) return packed;
  return credible.credibleValue === undefined
    ? [...packed, credible.credibleTime]
    : [...packed, credible.credibleTime, credible.credibleValue];
};

const unpackTrack = (packed: PackedTrack, sessions: PackedState['s']): Track => {
  const [time, value, quality, arrived, run, order, number, credibleTime = time, credibleValue] = packed;
  return {
    time,
    value,
    quality,
    arrived,
    run,
    rank: order === 0 ? arrived : (sessions[order - 1]?.[1] ?? order),
    number,
    credibleTime,
    credibleValue: packed.length === 7 ? value : credibleValue,
  };
};

const pack = (state: DeviceState, greatest: string): PackedState => {
  const c: Record<string, PackedTrack> = {};
  for (const [channel, track] of state.tracks) c[channel] = packTrack(track, state.sessions);
  const k: Record<string, readonly [string, number]> = {};
  for (const [shardKey, { sequence, arrived }] of state.checkpoints)
    k[shardKey] = [sequence === greatest ? '' : sequence, arrived];
  const { messages, received, stored, duplicate, overwritten, quarantined, rejected } = state.ledger;
  return {
    k,
    c,
    s: state.sessions.map(({ id, began, ranges }) => [id, began, ...ranges.flat()]),
    ...(state.facts === undefined ? {} : { f: state.facts }),
    l: [messages, received, stored, duplicate, overwritten, quarantined, rejected],
    ...(state.alerts.size === 0 ? {} : { a: Object.fromEntries(state.alerts) }),
  };
};

const unpackRanges = (bounds: readonly number[]): SeqRange[] =>
  Array.from({ length: bounds.length / 2 }, (_, at) => [bounds[2 * at] ?? 0, bounds[2 * at + 1] ?? 0]);

/** Above this a state is packed: an item has 400 KB, and 200 channels of texts that JSON escapes have more. */
const MAX_PLAIN = 16 * 1024;
/** What 200 channels can come to, and much more. */
const MAX_UNPACKED = 8 * 1024 * 1024;

const packText = (text: string): Item =>
  text.length <= MAX_PLAIN ? { s: { S: text } } : { z: { B: zstdCompressSync(Buffer.from(text)) } };

const unpackText = (item: Item): PackedState => {
  const packed = item['z']?.B;
  const text =
    packed === undefined
      ? (item['s']?.S ?? '')
      : zstdDecompressSync(packed, { maxOutputLength: MAX_UNPACKED }).toString();
  return JSON.parse(text);
};

/** A device's state as the item of its version's slot. */
export const toStateItem = (device: string, state: DeviceState): Item => {
  const { sequence } = reachOf(state);
  return {
    pk: { S: device },
    sk: { S: latestKey(state.version) },
    f: { N: String(ITEM_FORMAT) },
    v: { N: String(state.version) },
    m: { S: sequence },
    ...packText(JSON.stringify(pack(state, sequence))),
  };
};

/**
 * How far the state of an item goes, without reading the state.
 * @throws {UnknownFormat} for an item of another format
 */
export const reachOfItem = (item: Item): Reach => {
  checkFormat(item);
  return { sequence: item['m']?.S ?? '', version: Number(item['v']?.N) };
};

/**
 * The newest point of each channel alone, which is less work than the whole state.
 * @throws {UnknownFormat} for an item of another format
 */
export const tracksOfItem = (item: Item): Map<string, Track> => {
  reachOfItem(item);
  const { c, s } = unpackText(item);
  return new Map(Object.entries(c).map(([channel, track]) => [channel, unpackTrack(track, s)]));
};

/** @throws {UnknownFormat} for an item of another format */
export const fromStateItem = (item: Item): DeviceState => {
  const { sequence: greatest, version } = reachOfItem(item);
  const packed = unpackText(item);
  const [messages, received, stored, duplicate, overwritten, quarantined, rejected] = packed.l;
  return {
    version,
    checkpoints: new Map(
      Object.entries(packed.k).map(([shardKey, [sequence, arrived]]) => [
        shardKey,
        { sequence: sequence || greatest, arrived },
      ]),
    ),
    tracks: new Map(
      Object.entries(packed.c).map(([channel, track]) => [channel, unpackTrack(track, packed.s)]),
    ),
    sessions: packed.s.map(([id, began, ...bounds]) => ({ id, began, ranges: unpackRanges(bounds) })),
    facts: packed.f,
    ledger: { messages, received, stored, duplicate, overwritten, quarantined, rejected },
    alerts: packed.a === undefined ? AT_REST : new Map(Object.entries(packed.a)),
  };
};
