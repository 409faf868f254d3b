/** Points into the table the short way: an hour as the one chunk that `ingest` could have written, and its mark. */
import type { Micros } from '../../../contracts/time.ts';
import { EMPTY_LEDGER } from '../../../lambdas/domain/ledger.ts';
import type { SeriesColumn } from '../../../lambdas/series/column.ts';
import {
  type Measurements,
  toChunkItems,
  toMarkItem,
  writeItems,
} from '../../../lambdas/store/measurements.ts';

/** Points of one channel in one hour. */
export interface HourOfChannel {
  readonly device: string;
  readonly channel: string;
  readonly unit: string;
  readonly hour: Micros;
  readonly times: readonly Micros[];
  readonly values: readonly number[];
}

const ITEMS_AT_ONCE = 200;
const LANE = 'bench.0';

const itemsOf = ({ device, channel, unit, hour, times, values }: HourOfChannel) => {
  const column: SeriesColumn = {
    channel,
    type: 'number',
    unit,
    time: times,
    value: values,
    quality: undefined,
  };
  const points = times.length;
  const ledger = { ...EMPTY_LEDGER, messages: 1, received: points, stored: points };
  const run = {
    device,
    origin: { lane: LANE, first: `${hour}`, count: 1 },
    hours: [{ hour, columns: [column] }],
    ledgerHour: hour,
    ledger,
    messages: [],
  };
  return [...toChunkItems(run), toMarkItem('dirty', device, hour)];
};

/** Writes hours as chunks that compaction will find. */
export const storeHours = async (
  measurements: Measurements,
  hours: Iterable<HourOfChannel>,
): Promise<void> => {
  let items: ReturnType<typeof itemsOf> = [];
  const write = async () => {
    const unwritten = await writeItems(measurements, items, { signal: AbortSignal.timeout(60_000) });
    if (unwritten.size > 0) throw new Error('the store did not take what was to be loaded');
    items = [];
  };
  for (const hour of hours) {
    items.push(...itemsOf(hour));
    if (items.length >= ITEMS_AT_ONCE) await write();
  }
  await write();
};
