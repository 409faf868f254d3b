/**
 * What a function's reply says of a batch, when the mapping reports item failures.
 * Source: "Configuring partial batch response with Kinesis Data Streams and Lambda", AWS Lambda developer guide.
 */
import type { InvokeResult } from '../types.ts';

/** Identifiers of what failed; `all` for the whole batch. */
export type BatchFailures = readonly string[] | 'all';

/**
 * @param reportsFailures whether FunctionResponseTypes has ReportBatchItemFailures; without it only an error
 *   of the function counts
 */
export const failuresOf = (result: InvokeResult, reportsFailures: boolean): BatchFailures => {
  if (!result.ok) return 'all';
  if (!reportsFailures) return [];
  const { payload } = result;
  // An empty reply, in whatever form, says that nothing failed.
  if (payload === null || payload === undefined || payload === '') return [];
  if (typeof payload !== 'object') return 'all';
  if (Array.isArray(payload)) return payload.length === 0 ? [] : 'all';
  if (!('batchItemFailures' in payload)) return Object.keys(payload).length === 0 ? [] : 'all';
  const items = payload.batchItemFailures;
  if (items === null) return [];
  if (!Array.isArray(items)) return 'all';
  const identifiers = items.map(identifierOf);
  const named = identifiers.filter((identifier) => identifier !== undefined);
  return named.length === identifiers.length ? named : 'all';
};

const identifierOf = (item: unknown): string | undefined => {
  if (typeof item !== 'object' || item === null || !('itemIdentifier' in item)) return undefined;
  const { itemIdentifier } = item;
  return typeof itemIdentifier === 'string' && itemIdentifier !== '' ? itemIdentifier : undefined;
};

/** Index of the first record of a stream's batch that has to come again; the length when none has to. */
export const firstFailed = (
  sequenceNumbers: readonly { readonly sequenceNumber: string }[],
  failures: BatchFailures,
): number => {
  if (failures === 'all') return 0;
  if (failures.length === 0) return sequenceNumbers.length;
  const failed = new Set(failures);
  const first = sequenceNumbers.findIndex(({ sequenceNumber }) => failed.delete(sequenceNumber));
  if (first < 0) return 0;
  // One that names a record outside of the batch cannot be trusted with the others.
  for (let index = first + 1; failed.size > 0 && index < sequenceNumbers.length; index += 1) {
    failed.delete(sequenceNumbers[index]?.sequenceNumber ?? '');
  }
  return failed.size === 0 ? first : 0;
};
