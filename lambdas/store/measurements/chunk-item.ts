/** Chunks as items. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Micros } from '../../../contracts/time.ts';
import { decodeChunk, type Effort, encodeChunk } from '../../../series/codec/chunk.ts';
import { type SeriesColumn, sliceColumn } from '../../../series/points/column.ts';
import type { Ledger } from '../../domain/ledger/ledger.ts';
import {
  encodeMessages,
  type MessageIdentity,
  parseBase36,
  toRunMessages,
} from '../../domain/ledger/messages.ts';
import type { Item } from '../dynamodb/attributes.ts';
import {
  type ChunkKey,
  type ChunkOrigin,
  checkFormat,
  chunkKey,
  hourKey,
  ITEM_FORMAT,
  itemName,
  parseChunkKey,
} from './keys.ts';

/** Larger chunks and blocks are split: by channel, then by time. */
const MAX_ITEM_BYTES = 100 * 1024;

/** What a batch's records of one device come to: one chunk for each hour, and the ledger with one of them. */
export interface PackedRun {
  readonly device: string;
  readonly origin: ChunkOrigin;
  readonly hours: readonly { readonly hour: Micros; readonly columns: readonly SeriesColumn[] }[];
  /** The hour whose chunk carries the ledger: that in which the first record arrived. */
  readonly ledgerHour: Micros;
  readonly ledger: Ledger;
  readonly messages: readonly MessageIdentity[];
}

const distance = (first: string, last: string): string => (BigInt(last) - BigInt(first)).toString(36);

/** Sequence number of the last record of a chunk's run. */
export const lastOfChunk = ({ first }: ChunkOrigin, item: Item): string => {
  const text = item['e']?.S;
  return text === undefined ? first : (BigInt(first) + parseBase36(text)).toString();
};

/** Columns that fit an item. */
export interface Piece {
  readonly columns: readonly SeriesColumn[];
  readonly bytes: Buffer;
}

/** Cuts a list into so many parts of about one length. */
const cut = <T>(count: number, parts: number, slice: (from: number, to: number) => T): T[] =>
  Array.from({ length: parts }, (_, part) =>
    slice(Math.floor((part * count) / parts), Math.floor(((part + 1) * count) / parts)),
  );

/** Columns as bytes in pieces that fit an item each; at least one. */
export const splitColumns = (columns: readonly SeriesColumn[], effort: Effort = 'quick'): Piece[] => {
  const bytes = encodeChunk(columns, effort);
  const [only] = columns;
  if (bytes.length <= MAX_ITEM_BYTES || only === undefined) return [{ columns, bytes }];
  const parts = Math.ceil((1.1 * bytes.length) / MAX_ITEM_BYTES);
  const pieces =
    columns.length > 1
      ? cut(columns.length, Math.min(parts, columns.length), (from, to) => columns.slice(from, to))
      : cut(only.time.length, parts, (from, to) => [sliceColumn(only, from, to)]);
  return pieces.flatMap((piece) => splitColumns(piece, effort));
};

const number = (value: number): AttributeValue => ({ N: String(value) });

const toItem = (device: string, key: string, { columns, bytes }: Piece): Item => ({
  pk: { S: device },
  sk: { S: key },
  f: number(ITEM_FORMAT),
  n: number(columns.reduce((sum, { time }) => sum + time.length, 0)),
  b: { B: bytes },
  ...(columns.length === 0 ? {} : { ch: { S: columns.map(({ channel }) => channel).join() } }),
});

/** A ledger as JSON without what is nothing: most of it is, and a write costs by the KB. */
const ledgerText = (ledger: Ledger): string =>
  JSON.stringify(ledger, (_, value: unknown) =>
    value === 0 || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
      ? undefined
      : value,
  );

/**
 * A run as items:
 * `f` format, `n` points, `ch` channels, `b` columns, `e` how far the last record is from the first in base 36, `a` the hour of arrival where that is another; one of them also carries
 * `l`, the run's ledger as JSON without zeros, and `m`, its messages. Besides its columns an item has some 250 bytes. They are quick: dense ones are a
 * twentieth smaller where there are thousands of points, larger below, and take twice to eight times as long.
 */
export const toChunkItems = (run: PackedRun): Item[] => {
  const hours = run.hours.some(({ hour }) => hour === run.ledgerHour)
    ? run.hours
    : [...run.hours, { hour: run.ledgerHour, columns: [] }];
  const { first } = run.origin;
  const last = run.messages.at(-1)?.sequence ?? first;
  return hours.flatMap(({ hour, columns }) =>
    splitColumns(columns).map((part, index) => {
      const item = toItem(run.device, chunkKey(hour, run.origin, index), part);
      if (last !== first) item['e'] = { S: distance(first, last) };
      if (hour !== run.ledgerHour) item['a'] = { S: hourKey(run.ledgerHour) };
      if (hour === run.ledgerHour && index === 0) {
        item['l'] = { S: ledgerText(run.ledger) };
        item['m'] = { B: encodeMessages(toRunMessages(run.messages, first), first) };
      }
      return item;
    }),
  );
};

/** A chunk as stored. */
export interface StoredChunk extends ChunkKey {
  readonly columns: readonly SeriesColumn[];
}

/**
 * Reads a chunk.
 * @returns `undefined` for an item that is no chunk
 * @throws {UnknownFormat} for a chunk of another format
 * @throws {CorruptChunk} for bytes that are not those that were written
 */
export const fromChunkItem = (item: Item): StoredChunk | undefined => {
  const key = item['sk']?.S ?? '';
  const parsed = parseChunkKey(key);
  if (parsed === undefined) return undefined;
  checkFormat(item);
  return { ...parsed, columns: decodeChunk(item['b']?.B ?? Buffer.alloc(0), itemName(item)) };
};
