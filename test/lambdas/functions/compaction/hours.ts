/** An hour of a device on its way into a block, for the tests of all that may happen to it. */

import { expect } from 'vitest';
import { MICROS_PER_HOUR, type Micros } from '../../../../contracts/time.ts';
import {
  readAccounts,
  readDirtyHours,
  readHourSummaries,
  readHours,
} from '../../../../lambdas/store/measurements/index.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { isNumeric } from '../../../../series/points/column.ts';
import { KEEP_ALL } from '../../../../series/summaries/kept.ts';
import { hourOf } from '../../../../series/summaries/rollup.ts';
import type { SummaryRun } from '../../../../series/summaries/run.ts';
import { Summary } from '../../../../series/summaries/summary.ts';
import { encodeSummaries } from '../../../../series/summaries/summary-codec.ts';
import { WindowsBuilder } from '../../../../series/summaries/windows-builder.ts';
import { it as base } from './it.ts';
import { column, HOUR, type Point, type Told, TYPE, told } from './points.ts';
import type { World } from './world.ts';

let seed = 88_172_645_463_325_252n;
/** xorshift64 (Marsaglia): numbers that no packing makes small, the same in each run. */
const wild = (): number => {
  seed ^= BigInt.asUintN(64, seed << 13n);
  seed ^= seed >> 7n;
  seed ^= BigInt.asUintN(64, seed << 17n);
  return Number(seed >> 11n) / 2 ** 53;
};
export const noise = (channel: string, count: number, start = HOUR, step = 100_000): SeriesColumn =>
  column(
    channel,
    Array.from({ length: count }, (_, at): Point => [start + at * step, wild()]),
  );

const kindOf = (channel: string) => TYPE.channels[channel]?.kind;

/** The window of an hour, whatever else is in the run. */
const windowOf = (run: SummaryRun, hour: Micros): SummaryRun => ({
  start: hour,
  width: run.width,
  windows: 1,
  columns: run.columns.flatMap((column) => {
    const numeric = isNumeric(column.type);
    const summary = new Summary(column.kind, numeric);
    const window = (hour - run.start) / run.width;
    summary.merge(column.windows, window, window + 1);
    const windows = new WindowsBuilder(1, numeric, numeric);
    windows.put(0, summary);
    return [{ ...column, windows: windows.build() }];
  }),
});

export class Hour {
  private readonly world: World;
  private readonly device: string;

  constructor(world: World, device: string) {
    this.world = world;
    this.device = device;
  }

  /** Adds three runs; the second says otherwise of a point of the first, the third lies between. */
  async add(more: readonly SeriesColumn[] = [], size = 50): Promise<Told> {
    const { world, device } = this;
    const first = [noise('humidity', size), ...more, noise('temp', size)];
    const second = [
      column('temp', [
        [HOUR, 5],
        [HOUR + 3_000_000_000, 7, 1],
      ]),
    ];
    const third = [noise('temp', 20, HOUR + 50_000)];
    await world.add({ device, columns: first, first: 9, count: 2 });
    await world.add({ device, columns: second, first: 11 });
    await world.add({ device, columns: third, first: 12, count: 3 });
    return told([...first, ...second, ...third]);
  }

  /** What its items are: chunks, a block's head or parts with their number. */
  async kinds(): Promise<string[]> {
    const keys = await this.world.keys(this.device);
    return keys.map((key) => key.replace(/^[^#]*#(\w)(#\d+)?.*$/, '$1$2').replace(/^c.*/, 'c'));
  }

  async accounts() {
    const { world, device } = this;
    return await Array.fromAsync(readAccounts(world.measurements, device, HOUR, HOUR + MICROS_PER_HOUR));
  }

  async isDirty(): Promise<boolean> {
    const { world, device } = this;
    return (await readDirtyHours(world.measurements, device, HOUR, HOUR + MICROS_PER_HOUR)).size > 0;
  }

  async rollups(from: Micros, to: Micros): Promise<SummaryRun[]> {
    const range = { from, to, channels: undefined, kept: KEEP_ALL };
    return await Array.fromAsync(readHourSummaries(this.world.measurements, this.device, range));
  }

  /** Summaries that are stored of an hour are those of its points. */
  async expectRollups(hour = HOUR): Promise<void> {
    const range = { from: hour, to: hour + MICROS_PER_HOUR };
    const [points] = await Array.fromAsync(readHours(this.world.measurements, this.device, range));
    const [day] = await this.rollups(range.from, range.to);
    expect(day && encodeSummaries(windowOf(day, hour))).toStrictEqual(
      encodeSummaries(hourOf(points?.columns ?? [], hour, kindOf)),
    );
  }
}

export const it = base.extend('hour', ({ world, device }) => new Hour(world, device));
