/** Records that ask for messages of the quarantine to be taken again. */
import type { Arrival } from '../../domain/ingestion/arrival.ts';
import { parseReplay } from '../../domain/ingestion/replay.ts';
import { runLimited } from '../../runtime/limit.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { GetObject } from '../../store/objects/objects.ts';
import {
  DamagedEntry,
  type EntryPlace,
  entryId,
  type QuarantineEntry,
  readQuarantined,
} from '../../store/objects/quarantine.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { claimReplay } from '../../store/registry/replays.ts';
import type { DeviceRun } from './batch.ts';

/** Whether a run has such records. */
export const asksForReplay = ({ origin, arrivals }: DeviceRun): boolean =>
  origin !== undefined && arrivals.some(({ bytes }) => parseReplay(bytes) !== undefined);

const READS = 8;

export interface ReplayDependencies {
  readonly registry: Registry;
  readonly getObject: GetObject;
  readonly logger: Logger;
}

/** An entry; one that is gone or damaged is none: the record that asks for it is set aside. */
const readEntry = async (
  { getObject, logger }: ReplayDependencies,
  place: EntryPlace,
  signal: AbortSignal,
): Promise<QuarantineEntry | undefined> => {
  try {
    return await readQuarantined(getObject, place, signal);
  } catch (error) {
    if (!(error instanceof DamagedEntry)) throw error;
    logger.error('an entry of the quarantine is damaged and cannot be taken again', {
      entry: entryId(place),
      error,
    });
    return undefined;
  }
};

/**
 * Puts the messages themselves in the place of the records that ask for them. A record that names no entry of its
 * own device, or one that nobody ordered to be taken again, stays what it is: bytes of no format. So does any other than
 * the first that asks for an entry: taken twice, an old message would undo what came after it.
 */
export const resolveReplays = async <R extends DeviceRun>(
  dependencies: ReplayDependencies,
  run: R,
  signal: AbortSignal,
): Promise<R> => {
  const { origin } = run;
  if (origin === undefined || !asksForReplay(run)) return run;
  const placeOf = ({ bytes }: Arrival) => {
    const ref = parseReplay(bytes);
    return ref === undefined ? undefined : { ...origin, ...ref };
  };
  const arrivals = await runLimited(run.arrivals, READS, async (arrival): Promise<Arrival> => {
    const place = placeOf(arrival);
    if (place === undefined) return arrival;
    if (!(await claimReplay(dependencies.registry, entryId(place), arrival.sequence, signal))) return arrival;
    const entry = await readEntry(dependencies, place, signal);
    if (entry === undefined) return arrival;
    return { ...arrival, bytes: entry.bytes, original: entry.arrived };
  });
  return { ...run, arrivals };
};
