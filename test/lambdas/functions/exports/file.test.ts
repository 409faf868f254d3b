import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { EXPORT_SCHEMAS, type ExportFormat } from '../../../../contracts/resources/exports.ts';
import { formatTime, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { type FileContent, makeFile } from '../../../../lambdas/functions/exports/file.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { sliceColumns } from '../../../../series/points/merge.ts';

const START = Date.UTC(2026, 2, 1, 10) * 1000;
const CHANNELS = 12;
const PER_HOUR = 3000;

const columnOf = (name: string, hour: number, value: SeriesColumn['value'], more = {}): SeriesColumn => ({
  channel: name,
  type: 'number',
  unit: '1',
  // All channels at the same times: a file may end between two points of one time.
  time: value.map((_, at) => START + hour * MICROS_PER_HOUR + at * 1000),
  value,
  quality: undefined,
  ...more,
});

/** Three hours of many channels; the last channel only begins in the last of them. */
const HOURS = [0, 1, 2].map((hour) =>
  Array.from({ length: hour === 2 ? CHANNELS : CHANNELS - 1 }, (_, channel) =>
    columnOf(
      `c${String(channel).padStart(2, '0')}`,
      hour,
      Array.from({ length: PER_HOUR }, (_, at) => ((at * 7919 + channel) % 100_000) / 1000),
    ),
  ),
);
const ROWS = PER_HOUR * (3 * CHANNELS - 2);

/** Hours of a device from a time on, as the store gives them. */
async function* hoursFrom(from: number, hours: readonly (readonly SeriesColumn[])[] = HOURS) {
  for (const hour of hours) {
    const columns = sliceColumns(hour, from, Number.MAX_SAFE_INTEGER);
    if (columns.length > 0) yield { columns };
  }
}

/** All files of a device, each begun anew from what the one before said. */
const filesOf = async (format: ExportFormat, bytes: number): Promise<FileContent[]> => {
  const files: FileContent[] = [];
  for (let after: FileContent['fullAt']; ; ) {
    const file = await makeFile({ device: 'a', format, after, bytes }, hoursFrom(after?.time ?? 0));
    if (file === undefined) return files;
    files.push(file);
    if (file.fullAt === undefined) return files;
    after = file.fullAt;
  }
};

const rowsOf = async (format: ExportFormat, { content }: FileContent): Promise<string[]> => {
  if (format === 'csv') return Buffer.from(content).toString().split('\r\n').slice(1, -1);
  const rows = await parquetReadObjects({
    file: content.buffer,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
  });
  return rows.map(({ time, channel, value }) => `${time.toISOString()},${channel},${value}`);
};

describe('files of an export', () => {
  it.each([
    ['csv', 375_000, 5],
    ['parquet', 75_000, 2],
  ] as const)(
    'of %s end by their bytes within an hour, and hold each point once',
    async (format, bytes, least) => {
      const [whole] = await filesOf(format, Number.POSITIVE_INFINITY);
      const files = await filesOf(format, bytes);
      expect(files.length).toBeGreaterThanOrEqual(least);
      for (const { content } of files.slice(0, -1)) {
        expect(content.length).toBeGreaterThanOrEqual(bytes);
        // A batch of rows, or a row group.
        expect(content.length).toBeLessThan(bytes + 1024 * 1024);
      }
      const rows = (await Promise.all(files.map((file) => rowsOf(format, file)))).flat();
      expect(rows).toHaveLength(ROWS);
      expect(whole === undefined ? [] : await rowsOf(format, whole)).toEqual(rows);
      expect(files.map((file) => file.rows).reduce((sum, count) => sum + count)).toBe(ROWS);
    },
  );

  it.each(['csv', 'parquet'] as const)('of %s are the same whenever they are made', async (format) => {
    const [one, other] = [await filesOf(format, 100_000), await filesOf(format, 100_000)];
    expect(other.map(({ content }) => Buffer.from(content))).toEqual(
      one.map(({ content }) => Buffer.from(content)),
    );
  });

  it('name the channels that have a point in them', async () => {
    const files = await filesOf('csv', 375_000);
    expect(Object.keys(files[0]?.channels ?? {})).toHaveLength(CHANNELS - 1);
    expect(files.at(-1)?.channels['c11']).toEqual({ unit: '1', type: 'number' });
  });

  it('do not wait for the end of an hour', async () => {
    let asked = 0;
    async function* hours() {
      for await (const hour of hoursFrom(0)) {
        asked += 1;
        yield hour;
      }
    }
    await makeFile({ device: 'a', format: 'csv', after: undefined, bytes: 1000 }, hours());
    expect(asked).toBe(1);
  });

  it('are none where there is no point', async () => {
    const last = { time: Number.MAX_SAFE_INTEGER, channel: 'z' };
    expect(await makeFile({ device: 'a', format: 'csv', after: last, bytes: 1 }, hoursFrom(0))).toBe(
      undefined,
    );
  });
});

describe('rows of an export', () => {
  const MIXED = [
    [
      columnOf('door', 0, [true, false], { type: 'boolean' }),
      columnOf('note', 0, ['', 'a "b", c'], { type: 'string', quality: [0, 5] }),
      columnOf('temp', 0, [-0, 0], { unit: 'Cel' }),
    ],
  ];
  const made = async (format: ExportFormat, hours: readonly (readonly SeriesColumn[])[]) => {
    const file = await makeFile({ device: 'a', format, after: undefined, bytes: 1e9 }, hoursFrom(0, hours));
    if (file === undefined) throw new Error('no file');
    return file.content;
  };

  it('of CSV tell an empty text from none, and −0 from 0', async () => {
    const [first, second] = [START, START + 1000].map(formatTime);
    expect(Buffer.from(await made('csv', MIXED)).toString()).toBe(
      [
        EXPORT_SCHEMAS.csv.columns.map(({ name }) => name).join(','),
        `a,${first},door,true,1,good`,
        `a,${first},note,"",1,good`,
        `a,${first},temp,-0,Cel,good`,
        `a,${second},door,false,1,good`,
        `a,${second},note,"a ""b"", c",1,uncertain/out-of-range`,
        `a,${second},temp,0,Cel,good`,
        '',
      ].join('\r\n'),
    );
  });

  it('of CSV for spreadsheets are no formulas', async () => {
    const formula = [[columnOf('note', 0, ['=1+1'], { type: 'string' }), columnOf('temp', 0, [-1], {})]];
    const file = { device: 'a', format: 'csv', csv: 'spreadsheet', after: undefined, bytes: 1e9 } as const;
    const made = await makeFile(file, hoursFrom(0, formula));
    const head = EXPORT_SCHEMAS.csv.columns.map(({ name }) => name).join(',');
    expect(Buffer.from(made?.content ?? []).toString()).toBe(
      [
        `\uFEFF${head}`,
        `a,${formatTime(START)},note,'=1+1,1,good`,
        `a,${formatTime(START)},temp,-1,1,good`,
        '',
      ].join('\r\n'),
    );
  });

  it('of Parquet have the columns that the manifest tells of, whatever the types of the channels', async () => {
    const types: Readonly<Record<string, string>> = {
      BYTE_ARRAY: 'STRING',
      INT64: 'TIMESTAMP(MICROS, UTC)',
    };
    for (const hours of [MIXED, HOURS.slice(0, 1)]) {
      const { children } = parquetSchema(parquetMetadata((await made('parquet', hours)).buffer));
      expect(
        children.map(({ element: { name, type = '' } }) => ({ name, type: types[type] ?? type })),
      ).toEqual(EXPORT_SCHEMAS.parquet.columns.map(({ name, type }) => ({ name, type })));
    }
    const rows = await parquetReadObjects({
      file: (await made('parquet', MIXED)).buffer,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    const none = { value: null, value_text: null, value_truth: null };
    expect(
      rows.map(({ value, value_text, value_truth }) => ({ value, value_text, value_truth })),
    ).toStrictEqual([
      { ...none, value_truth: true },
      { ...none, value_text: '' },
      { ...none, value: -0 },
      { ...none, value_truth: false },
      { ...none, value_text: 'a "b", c' },
      { ...none, value: 0 },
    ]);
  });
});
