/**
 * Ten million points of one device, at 10 Hz, whole as CSV through `query-api`: peak memory of its process, Node
 * itself included, and how fast the lines come. `--scale` is the part of the ten million.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MICROS_PER_HOUR } from '../../contracts/time.ts';
import { column, startWorld, time } from '../support/query-api.ts';
import { atMost, type Figure, inform } from './figure.ts';

const BENCH = 'csv';
const POINTS = 10_000_000;
const PER_HOUR = 36_000;
const MAX_MEGABYTES = 256;
const START = '2026-01-01T00:00:00.000Z';

const execute = promisify(execFile);
const READER = fileURLToPath(new URL('csv/reader.ts', import.meta.url));

interface Read {
  readonly bytes: number;
  readonly rows: number;
  readonly millis: number;
  readonly peakMegabytes: number;
}

/** A slow wave with noise, three decimals. */
const valueAt = (at: number): number =>
  Math.round((20 + 5 * Math.sin(at / 5000) + ((at * 7919) % 101) / 1000) * 1000) / 1000;

/** Runs the benches of this file. */
export const run = async ({
  scale = 1,
}: {
  readonly scale?: number | undefined;
}): Promise<readonly Figure[]> => {
  const world = await startWorld();
  try {
    await world.addDevice('bench-1');
    const hours = Math.ceil((POINTS * scale) / PER_HOUR);
    const start = time(START);
    for (let hour = 0; hour < hours; hour += 1) {
      const points = Array.from({ length: PER_HOUR }, (_, at) => {
        const jitter = (at * 331) % 20_000;
        return [
          start + hour * MICROS_PER_HOUR + at * 100_000 + jitter,
          valueAt(hour * PER_HOUR + at),
        ] as const;
      });
      await world.addChunk('bench-1', [column('temp', points)]);
    }
    const to = new Date((start + hours * MICROS_PER_HOUR) / 1000).toISOString();
    const path = `/v1/devices/bench-1/series?from=${START}&to=${to}`;
    // Bounded as the heap of a function of so much memory is: what is not needed any more does not pile up.
    const bounds = ['--max-old-space-size=128', '--max-semi-space-size=4'];
    const { stdout } = await execute(process.execPath, [...bounds, READER, path, 'text/csv']);
    const read: Read = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    if (read.rows !== hours * PER_HOUR + 1)
      throw new Error(`${read.rows} lines came instead of ${hours * PER_HOUR + 1}`);
    const millions = (read.rows - 1) / 1e6;
    return [
      atMost(BENCH, `peak memory for ${millions} million points`, read.peakMegabytes, 'MB', MAX_MEGABYTES),
      inform(BENCH, 'points a second', (read.rows - 1) / (read.millis / 1000), '1/s'),
      inform(BENCH, 'bytes a second', read.bytes / 1e6 / (read.millis / 1000), 'MB/s'),
    ];
  } finally {
    await world.close();
  }
};
