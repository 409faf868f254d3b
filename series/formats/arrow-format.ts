/** Tables as an Arrow IPC stream. */

import { arrowBatch, arrowEnd, arrowSchema } from './arrow.ts';
import type { Encoder } from './encoder.ts';
import type { Batch, Table } from './table.ts';
import { cellsOf, typedColumns } from './typed.ts';

/** Rows of a record batch: enough that the reader's vectors pay, few enough to be held. */
const BATCH_ROWS = 16 * 1024;

/** The encoder of Arrow for a table. */
export const arrowEncoder = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const typed = typedColumns(columns);
  return {
    contentType: 'application/vnd.apache.arrow.stream',
    rowsAtOnce: BATCH_ROWS,
    head: () => arrowSchema(typed),
    rows: (batches) => [
      arrowBatch(
        typed,
        typed.map((column) => cellsOf(column, batches)),
      ),
    ],
    tail: arrowEnd,
  };
};
