/** What the schemas of all Parquet files are made of. */
import type { TypedKind } from './typed-columns.ts';

/** The element of a column, without its name and whether it may be null. */
export const ELEMENTS = {
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  number: { type: 'DOUBLE' },
  integer: { type: 'INT64' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  truth: { type: 'BOOLEAN' },
} as const satisfies Record<TypedKind, object>;

/** Encodings of columns for which the writer would choose another. In a dictionary 0 and −0 would be one. */
export const ENCODINGS = {
  time: { encoding: 'DELTA_BINARY_PACKED' },
  number: { encoding: 'PLAIN' },
} as const;
