/** Tables as an Arrow IPC stream. */
import { arrowBatch, arrowEnd, arrowSchema } from './arrow-messages.ts';
import { type Encoder, rowsWithin } from './encoder.ts';
import type { Batch, Table } from './table.ts';
import { cellsOf, typedColumns } from './typed-columns.ts';

/** Rows of a record batch: enough that the reader's vectors pay, few enough to be held. */
const BATCH_ROWS = 16 * 1024;
/** Cells of one, where rows are wide. */
const BATCH_CELLS = 256 * 1024;

/** The encoder of Arrow for a table. */
export const arrowEncoder = <B extends Batch>({ columns }: Table<B>): Encoder<B> => {
  const typed = typedColumns(columns);
  return {
    contentType: 'application/vnd.apache.arrow.stream',
    rowsAtOnce: Math.min(BATCH_ROWS, rowsWithin(BATCH_CELLS, typed.length)),
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
