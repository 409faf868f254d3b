/** An hour whose block is gone, out of the archive. */
import { MICROS_PER_HOUR, type Micros } from '../../../contracts/time.ts';
import type { SeriesColumn } from '../../../series/points/column.ts';
import { sliceColumns } from '../../../series/points/merge.ts';
import { readArchivedDay, readArchivedDays } from '../archive/days.ts';
import { type ArchivedAccount, readDayAccounts } from './day-accounts.ts';
import type { Measurements } from './keys.ts';

/** What was archived of an hour. */
export interface ArchivedHour extends ArchivedAccount {
  readonly columns: readonly SeriesColumn[];
}

/**
 * An hour as it was archived: two Queries and one GetObject, a Query when it was not.
 * @returns `undefined` for an hour that was not archived
 * @throws {CorruptArchive} naming the file
 */
export const readArchivedHour = async (
  measurements: Measurements,
  device: string,
  hour: Micros,
  signal: AbortSignal,
): Promise<ArchivedHour | undefined> => {
  const { archive } = measurements;
  const ends = hour + MICROS_PER_HOUR;
  const known = (await readDayAccounts(measurements, device, hour, ends, signal)).get(hour);
  if (known === undefined || archive === undefined) return undefined;
  for await (const day of readArchivedDays(measurements, device, hour, ends, signal)) {
    const columns = await readArchivedDay(archive, day, undefined, signal);
    return { ...known, columns: sliceColumns(columns, hour, ends) };
  }
  // The file may go before the accounts do, by DynamoDB's own time.
  return { ...known, columns: [] };
};
