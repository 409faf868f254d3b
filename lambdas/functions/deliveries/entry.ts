/** Entries of the quarantine for what never got as far as `ingest`. */
import { QUARANTINE, type QuarantineCode } from '../../../contracts/problems.ts';
import { decodeArrival } from '../../domain/ingestion/arrival.ts';
import type { QuarantineEntry } from '../../store/objects/quarantine.ts';

/** Of a detail, at most. */
const DETAIL_CHARS = 1000;

/**
 * An entry with session and number of the message, as far as it can be read: they tell which gap it fills.
 * @param why what is known beyond the code
 */
export const entryOf = (
  record: Omit<QuarantineEntry, 'session' | 'seq' | 'notes'>,
  code: QuarantineCode,
  why: string,
): QuarantineEntry => {
  const message = decodeArrival(record);
  const { session, seq } = 'error' in message ? {} : message;
  const detail = `${QUARANTINE[code]} ${why}`.trim().slice(0, DETAIL_CHARS);
  return { ...record, session, seq, notes: [{ code, points: 0, detail }] };
};
