import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Value } from '../../../contracts/messages/message.ts';
import { opcUaOf, QUALITIES, qualityName } from '../../../contracts/quality.ts';
import { ParquetDay, readParquetDay } from '../../../series/formats/parquet-archive.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labgate-parquet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const DAY = Date.parse('2026-03-01T00:00:00Z') * 1000;

const fileOf = (...groups: readonly (readonly SeriesColumn[])[]): Uint8Array<ArrayBuffer> => {
  const day = new ParquetDay();
  for (const columns of groups) day.add(columns);
  return day.finish();
};

const columnOf = (
  channel: string,
  type: SeriesColumn['type'],
  value: readonly Value[],
  quality?: readonly number[],
): SeriesColumn => ({
  channel,
  type,
  unit: channel === 'ph' ? '[pH]' : '1',
  time: value.map((_, at) => DAY + at * 999_983 + (at % 7)),
  value,
  quality,
});

const EVERY_TYPE: readonly SeriesColumn[] = [
  columnOf('count', 'integer', [0, -1, 2 ** 53 - 1]),
  columnOf('door', 'boolean', [true, false]),
  columnOf('note', 'string', ['', 'ä"\n,', '🧪']),
  columnOf('ph', 'number', [7.1, -0, 5e-324, Number.MAX_VALUE, 0], [0, 1, 11, 0x80ab_0000, 5]),
];

const duck = async (bytes: Uint8Array, sql: string): Promise<Record<string, unknown>[]> => {
  const file = join(folder, `${crypto.randomUUID()}.parquet`);
  await writeFile(file, bytes);
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql.replaceAll('FILE', `'${file}'`));
    return reader.getRowObjects() as Record<string, unknown>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

describe('a day as Parquet', () => {
  it('comes back as it was, every type, −0 and codes without a name included', async () => {
    expect(await readParquetDay(fileOf(EVERY_TYPE))).toStrictEqual(EVERY_TYPE);
    // As it comes out of a reply, somewhere within shared memory.
    expect(await readParquetDay(Buffer.from(fileOf(EVERY_TYPE)))).toStrictEqual(EVERY_TYPE);
    expect(await readParquetDay(fileOf(EVERY_TYPE.slice(0, 2), EVERY_TYPE.slice(2)))).toStrictEqual(
      EVERY_TYPE,
    );
  });

  it('gives only the channels that are asked for', async () => {
    const found = await readParquetDay(fileOf(EVERY_TYPE), new Set(['note', 'absent']));
    expect(found.map(({ channel }) => channel)).toStrictEqual(['note']);
  });

  it('is the same bytes for the same points', () => {
    expect(Buffer.compare(fileOf(EVERY_TYPE), fileOf(EVERY_TYPE))).toBe(0);
  });

  it('holds any float64', async () => {
    const float = fc.double({ noNaN: true, noDefaultInfinity: true });
    await fc.assert(
      fc.asyncProperty(fc.array(float, { minLength: 1 }), async (values) => {
        const columns = [columnOf('ph', 'number', values)];
        expect(await readParquetDay(fileOf(columns))).toStrictEqual(columns);
      }),
    );
  });

  it('is read by DuckDB point by point', async () => {
    const rows = await duck(
      fileOf(EVERY_TYPE),
      'SELECT epoch_us(time) AS time, * EXCLUDE (time) FROM read_parquet(FILE)',
    );
    expect(rows).toStrictEqual(
      EVERY_TYPE.flatMap(({ channel, type, unit, time, value, quality }) =>
        time.map((at, index) => {
          const one = value[index];
          return {
            time: BigInt(at),
            channel,
            type,
            value: typeof one === 'string' ? null : Number(one),
            value_text: typeof one === 'string' ? one : null,
            unit,
            quality: qualityName(quality?.[index] ?? 0),
            quality_code: BigInt(opcUaOf(quality?.[index] ?? 0)),
          };
        }),
      ),
    );
    const [schema] = await duck(fileOf(EVERY_TYPE), 'SELECT typeof(time) AS time FROM read_parquet(FILE)');
    expect(schema).toStrictEqual({ time: 'TIMESTAMP WITH TIME ZONE' });
  });

  it('has row groups with statistics, zstd and dictionaries', async () => {
    const many = Array.from({ length: 100_000 }, (_, at) => Math.round(Math.sin(at / 100) * 1000) / 1000);
    const file = fileOf([columnOf('a', 'number', many), columnOf('b', 'number', many)]);
    const groups = await duck(
      file,
      `SELECT row_group_id AS id, stats_min_value AS least, stats_max_value AS greatest, compression, encodings
       FROM parquet_metadata(FILE) WHERE path_in_schema = 'channel' ORDER BY id`,
    );
    expect(groups).toMatchObject([
      {
        least: 'a',
        greatest: 'b',
        compression: 'ZSTD',
        encodings: expect.stringContaining('RLE_DICTIONARY'),
      },
      { least: 'b', greatest: 'b', compression: 'ZSTD' },
    ]);
    const [sum] = await duck(
      file,
      "SELECT count(*) AS n, sum(value) AS s FROM read_parquet(FILE) WHERE channel = 'b'",
    );
    expect(sum?.['n']).toBe(100_000n);
    expect(file.length / 200_000).toBeLessThan(6);
  });

  it('names every quality', async () => {
    const columns = [
      columnOf(
        'ph',
        'number',
        QUALITIES.map(() => 1),
        [...QUALITIES.keys()],
      ),
    ];
    expect(await readParquetDay(fileOf(columns))).toStrictEqual(columns);
  });
});
