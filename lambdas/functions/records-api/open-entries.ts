/** How many entries of the quarantine are still to be seen to. */
import { formatTime, MICROS_PER_DAY, type Micros, parseTime } from '../../../contracts/time.ts';
import { runLimited } from '../../runtime/limit.ts';
import { type EntryPlace, entryId, listQuarantined } from '../../store/objects/quarantine.ts';
import { readReplays } from '../../store/registry/replays.ts';
import { arrivalOf, readListed, stateOf } from './entry.ts';
import { LISTS, type Quarantine, READS } from './quarantine.ts';

/**
 * Counts entries of a device that arrived in `[from, to)` and were not taken again. Objects are read only of days that the
 * range cuts.
 */
export const countOpen = async (
  { registry, get, list }: Quarantine,
  { site, id: device }: { readonly site: string; readonly id: string },
  { from, to }: { readonly from: Micros; readonly to: Micros },
): Promise<number> => {
  const dayOf = (time: Micros): string => formatTime(time).slice(0, 10);
  const range = { site, device, fromDate: dayOf(from), toDate: dayOf(to - 1) };
  const isWhole = ({ date }: EntryPlace): boolean => {
    const day = parseTime(`${date}T00:00:00Z`) ?? 0;
    return from <= day && day + MICROS_PER_DAY <= to;
  };
  let open = 0;
  let after: EntryPlace | undefined;
  for (let lists = 0; lists < LISTS; lists += 1) {
    const { places, seen } = await listQuarantined(list, range, after);
    const replays = await readReplays(registry, places.map(entryId));
    const left = places.filter((place) => stateOf(replays.get(entryId(place))) === 'open');
    const cut = left.filter((place) => !isWhole(place));
    const arrivals = await runLimited(cut, READS, async (place) => {
      const entry = await readListed(get, place);
      return entry === undefined ? undefined : arrivalOf(entry, place);
    });
    open += left.length - cut.length;
    open += arrivals.filter((at) => at !== undefined && at >= from && at < to).length;
    if (seen === undefined) break;
    after = seen;
  }
  return open;
};
