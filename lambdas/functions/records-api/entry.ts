/** Entries of the quarantine as they are told. */
import type { Quarantined } from '../../../contracts/resources/quarantine.ts';
import { formatTime, type Micros, parseTime } from '../../../contracts/time.ts';
import { type GetObject, ObjectRefused } from '../../store/objects/objects.ts';
import {
  DamagedEntry,
  type EntryPlace,
  entryId,
  NOWHERE,
  type QuarantineEntry,
  readQuarantined,
} from '../../store/objects/quarantine.ts';
import type { Replay } from '../../store/registry/replays.ts';

/** An entry, what is left of it, or nothing where there is none. */
export const readEntry = async (
  get: GetObject,
  place: EntryPlace,
): Promise<QuarantineEntry | DamagedEntry | undefined> => {
  try {
    return await readQuarantined(get, place);
  } catch (error) {
    if (error instanceof DamagedEntry) return error;
    throw error;
  }
};

/** As {@link readEntry}, for a list: an object that S3 has lost (`InternalError`) is shown as damaged, and hides no other. */
export const readListed = async (
  get: GetObject,
  place: EntryPlace,
): Promise<QuarantineEntry | DamagedEntry | undefined> => {
  try {
    return await readEntry(get, place);
  } catch (error) {
    if (!(error instanceof ObjectRefused) || error.name !== 'InternalError') throw error;
    return new DamagedEntry(entryId(place), Buffer.alloc(0), error);
  }
};

/** Of a damaged entry all that is known is the beginning of its day. */
export const arrivalOf = (entry: QuarantineEntry | DamagedEntry, { date }: EntryPlace): Micros =>
  entry instanceof DamagedEntry ? (parseTime(`${date}T00:00:00Z`) ?? 0) : entry.arrived;

/** Whether it has been taken again; ordered alone, it may not be on its way. */
export const stateOf = (replay: Replay | undefined): Quarantined['state'] =>
  replay?.sequence === undefined ? 'open' : 'settled';

const damagedSummary = (entry: DamagedEntry, place: EntryPlace): Omit<Quarantined, 'state'> => ({
  id: entryId(place),
  site: place.site === NOWHERE ? null : place.site,
  device: place.device === NOWHERE ? null : place.device,
  arrived: formatTime(arrivalOf(entry, place)),
  damaged: true,
  size: entry.bytes.length,
  notes: [],
});

const readableSummary = (entry: QuarantineEntry, place: EntryPlace): Omit<Quarantined, 'state'> => ({
  id: entryId(place),
  site: entry.origin?.site ?? null,
  device: entry.origin?.device ?? null,
  arrived: formatTime(entry.arrived),
  ...(entry.session === undefined ? {} : { session: entry.session }),
  ...(entry.seq === undefined ? {} : { seq: entry.seq }),
  size: entry.bytes.length,
  notes: [...entry.notes],
});

export const summaryOf = (
  entry: QuarantineEntry | DamagedEntry,
  place: EntryPlace,
  replay: Replay | undefined,
): Quarantined => ({
  ...(entry instanceof DamagedEntry ? damagedSummary(entry, place) : readableSummary(entry, place)),
  state: stateOf(replay),
  ...(replay === undefined ? {} : { replay }),
});
