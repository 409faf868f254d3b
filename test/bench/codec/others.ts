/** Columns that share their times, in formats of others. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { formatTime } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';

/** Bytes of CSV with gzip: a line a time. */
export const gzippedCsv = (columns: readonly SeriesColumn[]): number => {
  const [first] = columns;
  const lines = (first?.time ?? []).map((time, at) =>
    [formatTime(time), ...columns.map(({ value }) => value[at])].join(),
  );
  return gzipSync([['time', ...columns.map(({ channel }) => channel)].join(), ...lines].join('\n')).length;
};

/** Bytes of Parquet with zstd: one row group, a column a channel. */
export const zstdParquet = (columns: readonly SeriesColumn[]): number => {
  const [first] = columns;
  return parquetWriteBuffer({
    columnData: [
      { name: 'time', data: (first?.time ?? []).map(BigInt), type: 'INT64' },
      ...columns.map(({ channel, type, value }) => ({
        name: channel,
        data: [...value],
        type: type === 'string' ? ('STRING' as const) : ('DOUBLE' as const),
      })),
    ],
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
  }).byteLength;
};
