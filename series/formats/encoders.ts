/** The formats of a series, and the encoder of each. A page of JSON is written by `json.ts`. */
import type { CsvStyle } from '../../contracts/csv.ts';
import { arrowEncoder } from './arrow.ts';
import { csvEncoder } from './csv.ts';
import type { Encoder } from './encoder.ts';
import { ndjsonEncoder } from './json.ts';
import { parquetEncoder } from './parquet.ts';
import type { Batch, Table } from './table.ts';

/** Media types of a series, the first for who does not care. */
export const SERIES_TYPES = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'application/vnd.apache.arrow.stream',
  'application/vnd.apache.parquet',
] as const;
export type SeriesType = (typeof SERIES_TYPES)[number];

/** The encoder of a format for a table. @param csv how CSV is written; plain when absent */
export const encoderOf = <B extends Batch>(
  type: Exclude<SeriesType, 'application/json'>,
  table: Table<B>,
  csv?: CsvStyle,
): Encoder<B> => {
  switch (type) {
    case 'text/csv':
      return csvEncoder(table, csv);
    case 'application/x-ndjson':
      return ndjsonEncoder(table);
    case 'application/vnd.apache.arrow.stream':
      return arrowEncoder(table);
    case 'application/vnd.apache.parquet':
      return parquetEncoder(table);
  }
};
