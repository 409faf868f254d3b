/**
 * Bytes a point and time a point of dense chunks: on generated data whose size in VictoriaMetrics is known, and on real
 * data beside CSV with gzip and Parquet with zstd.
 *
 * The size of a chunk counts everything in it: header, checksum, names and units. What a table item adds (keys, ledger,
 * sources of the merge) is a figure of its own. Times are the fastest of many rounds of 50 000 points, because other
 * work on the computer can only add time.
 */
import { EMPTY_ACCOUNT } from '../../lambdas/domain/ledger/hour-account.ts';
import type { Item } from '../../lambdas/store/dynamodb/attributes.ts';
import { toBlockItems } from '../../lambdas/store/measurements/block-item.ts';
import { decodeChunk, encodeChunk } from '../../series/codec/chunk.ts';
import type { SeriesColumn } from '../../series/points/column.ts';
import { loadDataSets } from './codec/datasets.ts';
import { type Jitter, POINTS, SERIES, seriesOf } from './codec/jitter.ts';
import { gzippedCsv, zstdParquet } from './codec/others.ts';
import { victoriaBytes } from './codec/victoria.ts';
import { atMost, type Figure, inform } from './figure.ts';

const TARGET = { bytes: 1.55, encode: 60, decode: 25 } as const;
/** Series that are timed, and how often each. */
const TIMED_SERIES = 10;
const ROUNDS = 15;

const pointsOf = (columns: readonly SeriesColumn[]): number =>
  columns.reduce((sum, { time }) => sum + time.length, 0);

/** Size of an item as DynamoDB counts it: names and values; a number has a byte for two digits, and one more. */
const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, { S, N, B }]) => {
    const value = S === undefined ? (B?.length ?? Math.ceil((N?.length ?? 0) / 2) + 1) : Buffer.byteLength(S);
    return sum + name.length + value;
  }, 0);

const sizes = (jitter: Jitter): { readonly chunks: number; readonly items: number } => {
  const sum = { chunks: 0, items: 0 };
  for (let index = 0; index < SERIES; index += 1) {
    for (const { hour, column } of seriesOf(index, jitter)) {
      sum.chunks += encodeChunk([column], 'dense').length;
      const block = { version: 1, columns: [column], reach: {}, account: EMPTY_ACCOUNT, expires: hour };
      const { head, parts } = toBlockItems(`sensor-${index}`, hour, block);
      for (const item of [head, ...parts]) sum.items += itemBytes(item);
    }
  }
  return sum;
};

const speed = (): { readonly encode: number; readonly decode: number } => {
  const best = { encode: Number.POSITIVE_INFINITY, decode: Number.POSITIVE_INFINITY };
  for (let index = 0; index < TIMED_SERIES; index += 1) {
    const columns = seriesOf(index, 'clock').map(({ column }) => [column]);
    const points = pointsOf(columns.flat());
    for (let round = 0; round < ROUNDS; round += 1) {
      const start = performance.now();
      const chunks = columns.map((column) => encodeChunk(column, 'dense'));
      const middle = performance.now();
      let decoded = 0;
      for (const chunk of chunks) decoded += pointsOf(decodeChunk(chunk, 'bench'));
      const end = performance.now();
      if (decoded !== points) throw new Error('the bench lost points');
      best.encode = Math.min(best.encode, ((middle - start) * 1e6) / points);
      best.decode = Math.min(best.decode, ((end - middle) * 1e6) / points);
    }
  }
  return best;
};

const compare = async (): Promise<Figure[]> => {
  const sets = await loadDataSets();
  return sets.flatMap(({ name, columns }) => {
    const values = pointsOf(columns);
    const ours = encodeChunk(columns, 'dense').length;
    const csv = gzippedCsv(columns);
    const parquet = zstdParquet(columns);
    return [
      inform('codec', `${name}: chunk`, ours / values, 'B/value'),
      inform('codec', `${name}: CSV under gzip`, csv / values, 'B/value'),
      inform('codec', `${name}: Parquet under zstd`, parquet / values, 'B/value'),
      atMost('codec', `${name}: chunk over the smaller of both`, ours / Math.min(csv, parquet), 'times', 1),
    ];
  });
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  const all = SERIES * POINTS;
  const figures: Figure[] = [];
  for (const [jitter, name] of [
    ['clock', '1 s ± 20 ms by the clock'],
    ['intervals', '1 s ± 20 ms after the last'],
  ] as const) {
    const { chunks, items } = sizes(jitter);
    figures.push(
      atMost('codec', `${name}: chunks`, chunks / all, 'B/point', TARGET.bytes),
      inform('codec', `${name}: what items add`, (items - chunks) / all, 'B/point'),
    );
  }
  const series = function* () {
    for (let index = 0; index < SERIES; index += 1)
      yield seriesOf(index, 'clock').map(({ column }) => column);
  };
  const victoria = await victoriaBytes(series());
  if (victoria !== undefined)
    figures.push(inform('codec', '1 s ± 20 ms by the clock: VictoriaMetrics', victoria / all, 'B/point'));
  const { encode, decode } = speed();
  figures.push(
    atMost('codec', 'encode', encode, 'ns/point', TARGET.encode),
    atMost('codec', 'decode', decode, 'ns/point', TARGET.decode),
    ...(await compare()),
  );
  return figures;
};
