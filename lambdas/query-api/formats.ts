/** Series as text: NDJSON and CSV (RFC 4180). */
import { type Aggregate, type Bucket, POINT_COLUMNS, type Point } from '../../contracts/series.ts';

/** Media types of a series, the first for who does not care. */
export const SERIES_TYPES = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

/** How rows are written in a line-based format. */
export interface Lines {
  readonly contentType: string;
  /** Before the first row. */
  readonly head: string;
  readonly line: (item: Point | Bucket) => string;
}

type Cell = string | number | boolean | null | undefined;

/** Quoted where RFC 4180 asks for it; nothing else is changed, so that values come back as they were. */
const cell = (value: Cell): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const record = (cells: readonly Cell[]): string => `${cells.map(cell).join(',')}\r\n`;

const isBucket = (item: Point | Bucket): item is Bucket => 'quality' in item;

const csv = (buckets: boolean, aggregates: readonly Aggregate[]): Lines => ({
  contentType: 'text/csv; charset=utf-8; header=present',
  head: record(
    buckets
      ? ['time', 'channel', 'unit', ...aggregates, 'good', 'uncertain', 'bad', 'partial']
      : POINT_COLUMNS,
  ),
  line: (item) =>
    isBucket(item)
      ? record([
          item.t,
          item.n,
          item.u,
          ...aggregates.map((name) => item[name]),
          item.quality.good,
          item.quality.uncertain,
          item.quality.bad,
          item.partial,
        ])
      : record([item.t, item.n, item.v, item.u, item.q]),
});

const ndjson: Lines = {
  contentType: 'application/x-ndjson',
  head: '',
  line: (item) => `${JSON.stringify(item)}\n`,
};

/**
 * The lines of a format.
 * @param buckets whether rows are buckets
 * @param aggregates columns of the buckets
 */
export const linesOf = (
  type: Exclude<SeriesType, 'application/json'>,
  buckets: boolean,
  aggregates: readonly Aggregate[],
): Lines => (type === 'text/csv' ? csv(buckets, aggregates) : ndjson);

/** Text that goes out at once: large enough not to pay for each line, small enough not to wait. */
const PIECE_CHARS = 64 * 1024;

/** Rows as pieces of text. */
export async function* textOf(items: AsyncIterable<Point | Bucket>, lines: Lines): AsyncGenerator<string> {
  let piece = lines.head;
  for await (const item of items) {
    piece += lines.line(item);
    if (piece.length >= PIECE_CHARS) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}
