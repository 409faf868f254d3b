/** Rows of one file, gathered hour by hour, and what they come to as bytes. */
import { zstdCompressSync } from 'node:zlib';
import { ByteWriter, type ColumnSource, parquetWrite } from 'hyparquet-writer';
import { qualityName } from '../../contracts/quality.ts';
import type { ExportFormat } from '../../contracts/resources/exports.ts';
import { formatTime } from '../../contracts/time.ts';
import type { SeriesColumn } from '../points/column.ts';
import { rowsOf } from '../points/rows.ts';

/** Where a file ends: at the hour in which it gets so large. */
export interface FileSize {
  readonly bytes: number;
  readonly rows: number;
}

/** A file in the making. */
export interface FileRows {
  readonly rows: number;
  readonly isFull: boolean;
  add(columns: readonly SeriesColumn[]): void;
  /** The whole file. The same rows always give the same bytes. */
  bytes(): Uint8Array<ArrayBuffer>;
}

const CSV_HEAD = 'device,time,channel,value,unit,quality\r\n';

/** Quoted where RFC 4180 asks for it. */
const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

class CsvRows implements FileRows {
  rows = 0;
  private readonly pieces: Buffer[] = [Buffer.from(CSV_HEAD)];
  private size = CSV_HEAD.length;
  private readonly device: string;
  private readonly limit: FileSize;

  constructor(device: string, limit: FileSize) {
    this.device = device;
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.size >= this.limit.bytes;
  }

  add(columns: readonly SeriesColumn[]): void {
    let text = '';
    for (const { time, channel, value, unit, quality } of rowsOf(columns)) {
      text += `${this.device},${formatTime(time)},${channel},${cell(String(value))},${cell(unit)},${qualityName(quality)}\r\n`;
      this.rows += 1;
    }
    const piece = Buffer.from(text);
    this.pieces.push(piece);
    this.size += piece.length;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.concat(this.pieces));
  }
}

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const required = { repetition_type: 'REQUIRED' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;
const PARQUET_SCHEMA = [
  { name: 'root', num_children: 8 },
  { name: 'device', ...text, ...required },
  {
    name: 'time',
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    ...required,
  },
  { name: 'channel', ...text, ...required },
  { name: 'number', type: 'DOUBLE', ...optional },
  { name: 'flag', type: 'BOOLEAN', ...optional },
  { name: 'text', ...text, ...optional },
  { name: 'unit', ...text, ...required },
  { name: 'quality', ...text, ...required },
] as const;
const ROW_GROUP = 100_000;

class ParquetRows implements FileRows {
  private readonly device: string;
  private readonly limit: FileSize;
  private readonly time: bigint[] = [];
  private readonly channel: string[] = [];
  private readonly number: (number | null)[] = [];
  private readonly flag: (boolean | null)[] = [];
  private readonly text: (string | null)[] = [];
  private readonly unit: string[] = [];
  private readonly quality: string[] = [];

  constructor(device: string, limit: FileSize) {
    this.device = device;
    this.limit = limit;
  }

  get rows(): number {
    return this.time.length;
  }

  get isFull(): boolean {
    return this.rows >= this.limit.rows;
  }

  add(columns: readonly SeriesColumn[]): void {
    for (const { time, channel, value, unit, quality } of rowsOf(columns)) {
      this.time.push(BigInt(time));
      this.channel.push(channel);
      this.number.push(typeof value === 'number' ? value : null);
      this.flag.push(typeof value === 'boolean' ? value : null);
      this.text.push(typeof value === 'string' ? value : null);
      this.unit.push(unit);
      this.quality.push(qualityName(quality));
    }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const { time, channel, number, flag, text: texts, unit, quality } = this;
    const device = new Array<string>(this.rows).fill(this.device);
    const columnData: ColumnSource[] = Object.entries({
      device,
      time,
      channel,
      number,
      flag,
      text: texts,
      unit,
      quality,
    }).map(([name, data]) => ({ name, data }));
    const writer = new ByteWriter();
    parquetWrite({
      writer,
      columnData,
      schema: PARQUET_SCHEMA.map((element) => ({ ...element })),
      codec: 'ZSTD',
      compressors: { ZSTD: (input: Uint8Array) => zstdCompressSync(input) },
      rowGroupSize: ROW_GROUP,
      createdBy: 'labgate',
    });
    return new Uint8Array(writer.getBuffer());
  }
}

/** An empty file of a device. */
export const startFile = (format: ExportFormat, device: string, limit: FileSize): FileRows =>
  format === 'csv' ? new CsvRows(device, limit) : new ParquetRows(device, limit);
