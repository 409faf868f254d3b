/**
 * Real data, weather and prices, from the npm package `vega-datasets`. npm fetches it once into the system's folder for
 * temporary files.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SeriesColumn } from '../../../series/points/column.ts';

const PACKAGE = 'vega-datasets';
const VERSION = '3.2.1';
const run = promisify(execFile);

/** @returns the folder of the package, which is fetched when it is not there yet */
const fetchPackage = async (): Promise<string> => {
  const folder = join(tmpdir(), `labgate-bench-${PACKAGE}-${VERSION}`);
  const there = await stat(folder).catch(() => undefined);
  if (there !== undefined) return folder;
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh);
  await run('npm', ['pack', '--silent', `${PACKAGE}@${VERSION}`, '--pack-destination', fresh]);
  await run('tar', ['-xzf', `${PACKAGE}-${VERSION}.tgz`], { cwd: fresh });
  // Renamed when complete. When two benches fetch at once, the second finds the folder taken.
  await rename(fresh, folder).catch(async (error: unknown) => {
    if ((await stat(folder).catch(() => undefined)) === undefined) throw error;
  });
  return folder;
};

export interface DataSet {
  readonly name: string;
  readonly columns: readonly SeriesColumn[];
}

const FILES = {
  'Seattle, a day': 'seattle-weather.csv',
  'Seattle, an hour': 'seattle-weather-hourly-normals.csv',
  'S&P 500, a day': 'sp500-2000.csv',
  'CO2 of Mauna Loa, a month': 'co2-concentration.csv',
} as const;

const toMicros = (text: string): number => Date.parse(text.includes('T') ? `${text}Z` : text) * 1000;

/** Reads CSV without quotes whose first column is the time. */
const parse = (csv: string): SeriesColumn[] => {
  const [header = '', ...lines] = csv.trim().split('\n');
  const rows = lines.map((line) => line.trim().split(','));
  const time = rows.map(([first = '']) => toMicros(first));
  return header
    .trim()
    .split(',')
    .slice(1)
    .map((name, index): SeriesColumn => {
      const texts = rows.map((row) => row[index + 1] ?? '');
      const numeric = texts.every((text) => text !== '' && Number.isFinite(Number(text)));
      return {
        channel: name,
        type: numeric ? 'number' : 'string',
        unit: '1',
        time,
        value: numeric ? texts.map(Number) : texts,
        quality: undefined,
      };
    });
};

/** All data sets; the columns of each share their times. */
export const loadDataSets = async (): Promise<DataSet[]> => {
  const folder = await fetchPackage();
  return Promise.all(
    Object.entries(FILES).map(async ([name, file]) => ({
      name,
      columns: parse(await readFile(join(folder, 'package', 'data', file), 'utf8')),
    })),
  );
};
