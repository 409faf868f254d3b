/**
 * Body of a dense chunk. It has a head of bytes, which zstd may compress afterwards, and a tail of bits, which zstd
 * could not make smaller.
 *
 * The head begins with a directory:
 * 1. for each time column: its number of points, and the size of its part in head and tail;
 * 2. the orders, which say with which message each point came, see `series/points/order.ts`;
 * 3. for each channel: name, unit, value type, index of its time column, number of its order from 1 (0: it has none),
 *    and the size of its part in head and tail.
 *
 * Then come the parts of the time columns and those of the channels, in the same order. As their sizes are known, a
 * reader of some channels skips the others. The part of a channel holds its values, its quality as judged, and its
 * quality as the device gave it.
 *
 * Channels that were measured at the same times share a time column, which the code calls a clock.
 */
import { VALUE_TYPES, type ValueType } from '../../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../../contracts/time.ts';
import { givenOf, type SeriesColumn } from '../../points/column.ts';
import { ByteReader, ByteWriter, MalformedBytes } from '../bytes.ts';
import { placeClocks } from '../clocks.ts';
import { placeOrders, readOrder, writeOrder } from '../order-codec.ts';
import { readQuality, writeQuality } from '../quality-codec.ts';
import { readDenseTimes, writeDenseTimes } from './times.ts';
import { readDenseValues, writeDenseValues } from './values.ts';

/** Most points of a time column: an hour at 4 kHz. A forged chunk cannot claim more memory for a column. */
const MAX_POINTS = 2 ** 24;

/** Writing is synchronous, so that one buffer serves all calls. */
const parts = new ByteWriter(64 * 1024);

/** Writes columns in their order. */
export const writeDense = (head: ByteWriter, tail: ByteWriter, columns: readonly SeriesColumn[]): void => {
  const { clocks, places } = placeClocks(columns);
  parts.reset();
  const part = (write: () => void): void => {
    const [headStart, tailStart] = [parts.size, tail.size];
    write();
    head.unsigned(parts.size - headStart);
    head.unsigned(tail.size - tailStart);
  };
  head.unsigned(clocks.length);
  for (const clock of clocks) {
    if (clock.length > MAX_POINTS) throw new RangeError('too many points for a chunk');
    head.unsigned(clock.length);
    part(() => writeDenseTimes(parts, tail, clock));
  }
  const { orders, places: orderPlaces } = placeOrders(columns);
  head.unsigned(orders.length);
  for (const order of orders) writeOrder(head, order);
  head.unsigned(columns.length);
  for (const [at, column] of columns.entries()) {
    head.text(column.channel);
    head.text(column.unit);
    head.byte(VALUE_TYPES.indexOf(column.type));
    head.unsigned(places[at] ?? 0);
    head.unsigned(orderPlaces[at] ?? 0);
    part(() => {
      writeDenseValues(parts, tail, column.value);
      writeQuality(parts, column.quality ?? []);
      writeQuality(parts, givenOf(column) ?? []);
    });
  }
  head.bytes(parts.view());
};

interface Part {
  readonly headBytes: number;
  readonly tailBytes: number;
}

const readPart = (head: ByteReader): Part => ({ headBytes: head.unsigned(), tailBytes: head.unsigned() });

/**
 * Cuts the next part off head and tail; to be called in the order of the directory.
 * @returns reads the part, and checks that nothing of it is left over
 */
const cutting = (head: ByteReader, tail: ByteReader) => (part: Part) => {
  const [partHead, partTail] = [head.bytes(part.headBytes), tail.bytes(part.tailBytes)];
  return <T>(read: (head: ByteReader, tail: ByteReader) => T): T => {
    const readers = [new ByteReader(partHead), new ByteReader(partTail)] as const;
    const found = read(...readers);
    if (readers.some(({ left }) => left > 0)) throw new MalformedBytes('bytes are left over');
    return found;
  };
};

interface Entry extends Part {
  readonly channel: string;
  readonly unit: string;
  readonly type: ValueType;
  readonly clockIndex: number;
  /** From 1; 0 when it has no order. */
  readonly orderNumber: number;
}

const readEntry = (head: ByteReader): Entry => {
  const channel = head.text();
  const unit = head.text();
  const type = VALUE_TYPES[head.byte()];
  if (type === undefined) throw new MalformedBytes('unknown type of values');
  return {
    channel,
    unit,
    type,
    clockIndex: head.unsigned(),
    orderNumber: head.unsigned(),
    ...readPart(head),
  };
};

/**
 * Reads columns.
 * @param only channels that are wanted; all when absent
 * @throws {MalformedBytes}
 */
export const readDense = (
  head: ByteReader,
  tail: ByteReader,
  only: ReadonlySet<string> | undefined,
): SeriesColumn[] => {
  // The numbers are the least bytes that one entry of the directory takes.
  const clocks = Array.from({ length: head.count(3) }, () => {
    const points = head.unsigned();
    if (points > MAX_POINTS) throw new MalformedBytes(`${points} points in a chunk`);
    return { points, ...readPart(head) };
  });
  const orders = Array.from({ length: head.count(1) }, () => readOrder(head));
  const entries = Array.from({ length: head.count(7) }, () => readEntry(head));
  const cut = cutting(head, tail);
  // Decoded only when a channel that is wanted needs them, and then once.
  const times = clocks.map((clock) => {
    const read = cut(clock);
    let found: Micros[] | undefined;
    return {
      points: clock.points,
      read: () => {
        found ??= read((partHead, partTail) => readDenseTimes(partHead, partTail, clock.points));
        return found;
      },
    };
  });
  const columns = entries.flatMap((entry): SeriesColumn[] => {
    const read = cut(entry);
    if (only !== undefined && !only.has(entry.channel)) return [];
    const clock = times[entry.clockIndex];
    if (clock === undefined) throw new MalformedBytes('unknown time column');
    const { channel, type, unit } = entry;
    const { value, quality, given } = read((partHead, partTail) => ({
      value: readDenseValues(partHead, partTail, clock.points),
      quality: readQuality(partHead, clock.points),
      given: readQuality(partHead, clock.points),
    }));
    const order = orders[entry.orderNumber - 1];
    return [{ channel, type, unit, time: clock.read(), value, quality, given, order }];
  });
  if (head.left > 0 || tail.left > 0) throw new MalformedBytes('bytes are left over');
  return columns;
};
