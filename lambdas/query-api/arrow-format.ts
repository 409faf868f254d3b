/** Tables as an Arrow IPC stream. */
import { arrowBatch, arrowEnd, arrowSchema } from '../series/arrow.ts';
import type { Encoder } from './encoder.ts';
import type { Table } from './table.ts';
import { typedColumns } from './typed.ts';

/** Rows of a record batch: enough that the reader's vectors pay, few enough to be held. */
const BATCH_ROWS = 16 * 1024;

/** The encoder of Arrow for a table. */
export const arrowEncoder = <R>({ columns }: Table<R>): Encoder<R> => {
  const typed = typedColumns(columns);
  return {
    contentType: 'application/vnd.apache.arrow.stream',
    rowsAtOnce: BATCH_ROWS,
    head: () => arrowSchema(typed),
    batch: (rows) =>
      arrowBatch(
        typed,
        typed.map(({ of }) => rows.map(of)),
      ),
    tail: arrowEnd,
  };
};
