/** One file of an export: points of one device in the table that queries write too. */
import type { CsvStyle } from '../../../contracts/csv.ts';
import type { ExportFile, ExportFormat } from '../../../contracts/resources/exports.ts';
import { VALUE_TYPES } from '../../../contracts/resources/instrument-types.ts';
import { concatenated } from '../../../series/formats/bytes.ts';
import { encoded } from '../../../series/formats/encoder.ts';
import { encoderOf } from '../../../series/formats/encoders.ts';
import { pointTable } from '../../../series/formats/point-table.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { type PointBatch, type PointPosition, pointBatches } from '../../../series/points/point-batches.ts';

const MEDIA_TYPES = { csv: 'text/csv', parquet: 'application/vnd.apache.parquet' } as const satisfies Record<
  ExportFormat,
  string
>;

/** What goes into a file. */
export interface FileRequest {
  readonly device: string;
  readonly format: ExportFormat;
  readonly csv?: CsvStyle | undefined;
  /** Only points after this one: the last of the file before. */
  readonly after: PointPosition | undefined;
  /** A file that gets so large ends there, even within an hour; one more batch of rows may be on its way. */
  readonly bytes: number;
}

/** A file, and where the next one goes on. */
export interface FileContent {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly rows: number;
  /** Those that have a point in it. */
  readonly channels: ExportFile['channels'];
  /** The last point, where the file was full before the points came to an end. */
  readonly fullAt: PointPosition | undefined;
}

/** Counts the points of a file as they go into it. */
class Tally {
  rows = 0;
  readonly channels: Record<string, ExportFile['channels'][string]> = {};
  last: PointPosition | undefined;

  /** @param columns those that the batch was made of */
  add({ length, time, place }: PointBatch, columns: readonly SeriesColumn[]): void {
    if (length === 0) return;
    this.rows += length;
    for (const at of new Set(place ?? [0])) {
      const column = columns[at];
      if (column !== undefined) this.channels[column.channel] = { unit: column.unit, type: column.type };
    }
    const channel = columns[place?.[length - 1] ?? 0]?.channel ?? '';
    this.last = { time: time[length - 1] ?? 0, channel };
  }
}

/**
 * Makes a file. Points are encoded as they come: besides the bytes of the file one hour of points and, for Parquet, one
 * row group are held. The same points always give the same bytes.
 * @param hours columns of points hour by hour, in order of time
 * @returns `undefined` when there is no point
 */
export const makeFile = async (
  { device, format, csv, after, bytes }: FileRequest,
  hours: AsyncIterable<{ readonly columns: readonly SeriesColumn[] }>,
): Promise<FileContent | undefined> => {
  const tally = new Tally();
  const pieces: Uint8Array[] = [];
  let size = 0;
  let isFull = false;
  // Reads on only when what came before has been encoded.
  async function* untilFull(): AsyncGenerator<PointBatch> {
    for await (const { columns } of hours) {
      for (const batch of pointBatches(columns, 0, { after })) {
        tally.add(batch, columns);
        yield batch;
        isFull = tally.rows > 0 && size >= bytes;
        if (isFull) return;
      }
    }
  }
  const table = pointTable({ devices: [device], types: VALUE_TYPES, hasQuality: true });
  for await (const piece of encoded(untilFull(), encoderOf(MEDIA_TYPES[format], table, csv))) {
    pieces.push(piece);
    size += piece.length;
  }
  if (tally.rows === 0) return undefined;
  const { rows, channels, last } = tally;
  return { content: concatenated(pieces), rows, channels, fullAt: isFull ? last : undefined };
};
