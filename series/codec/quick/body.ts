/**
 * Body of a quick chunk, as `ingest` writes it: the number of time columns, and each; the number of orders, and each; the
 * number of channels, and for each its name, unit, value type, indexes of its time column and of its order, values, and
 * runs of the quality that the device gave.
 */
import { VALUE_TYPES } from '../../../contracts/resources/instrument-types.ts';
import { givenOf, type SeriesColumn } from '../../points/column.ts';
import { type ByteReader, type ByteWriter, MalformedBytes } from '../bytes.ts';
import { placeClocks } from '../clocks.ts';
import { placeOrders, readOrder, writeOrder } from '../order-codec.ts';
import { readQuality, writeQuality } from '../quality-codec.ts';
import { readTimes, writeTimes } from './times.ts';
import { readValues, writeValues } from './values.ts';

/**
 * Writes columns in their order.
 * @returns how many of the bytes zstd could make smaller
 */
export const writeQuick = (out: ByteWriter, columns: readonly SeriesColumn[]): number => {
  let compressible = 0;
  const { clocks, places } = placeClocks(columns);
  out.unsigned(clocks.length);
  for (const clock of clocks) writeTimes(out, clock);
  const { orders, places: orderPlaces } = placeOrders(columns);
  out.unsigned(orders.length);
  for (const order of orders) writeOrder(out, order);
  out.unsigned(columns.length);
  for (const [at, column] of columns.entries()) {
    out.text(column.channel);
    out.text(column.unit);
    out.byte(VALUE_TYPES.indexOf(column.type));
    out.unsigned(places[at] ?? 0);
    out.unsigned(orderPlaces[at] ?? 0);
    const start = out.size;
    if (writeValues(out, column.value) === 'compressible') compressible += out.size - start;
    writeQuality(out, givenOf(column) ?? []);
  }
  return compressible;
};

/** @throws {MalformedBytes} */
export const readQuick = (input: ByteReader): SeriesColumn[] => {
  const clocks = Array.from({ length: input.count(2) }, () => readTimes(input));
  const orders = Array.from({ length: input.count(1) }, () => readOrder(input));
  const columns = Array.from({ length: input.count(6) }, (): SeriesColumn => {
    const channel = input.text();
    const unit = input.text();
    const type = VALUE_TYPES[input.byte()];
    const time = clocks[input.unsigned()];
    if (type === undefined || time === undefined) throw new MalformedBytes('unknown type or time column');
    const order = orders[input.unsigned() - 1];
    const value = readValues(input, time.length);
    const given = readQuality(input, time.length);
    return { channel, type, unit, time, value, quality: given, given, order };
  });
  if (input.left > 0) throw new MalformedBytes('bytes are left over');
  return columns;
};
