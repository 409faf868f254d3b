/** A batch's way: who is known, what is refused, and the rest to the processor in groups. */
import { partitionKey } from '../../../contracts/messages/topics.ts';
import type { QuarantineCode } from '../../../contracts/problems.ts';
import { watchOf } from '../../domain/alerts/watch.ts';
import { isFrom } from '../../domain/devices/former-sites.ts';
import { compareSequences } from '../../domain/ledger/sequence.ts';
import { runLimited } from '../../runtime/limit.ts';
import { persist } from '../../runtime/retry.ts';
import type { DeviceRun } from './batch.ts';
import { type Batch, type Dependencies, OBJECTS, Processor } from './processor.ts';
import type { Registered } from './registry-cache.ts';
import { asksForReplay } from './replays.ts';
import type { KnownRun } from './take.ts';

/** Devices whose calls go together: 100 keys of BatchGetItem, two a device. */
const GROUP_DEVICES = 50;
/** Groups under way at once. While the answers of some are awaited, another is decoded. */
const GROUPS = 6;

/** Why a run is refused whole, or `undefined`. */
const refusal = (run: DeviceRun, known: Registered | undefined): QuarantineCode | undefined => {
  if (run.origin === undefined) return 'invalid-origin';
  if (known === undefined) return 'unknown-device';
  if ('damaged' in known) return undefined;
  if (!isAt(run, known)) return 'unknown-device';
  const { state } = known.device;
  return state === 'retired' || state === 'retiring' ? 'device-retired' : undefined;
};

/** Whether a run comes from where its device is, as far as is known. */
const isAt = ({ origin }: DeviceRun, known: Registered): boolean =>
  'damaged' in known || known.device.site === origin?.site;

/**
 * What came from where a device was before it was moved is its own, as long as it arrived by then: it is put among what comes
 * from where it is now, in the order of the shard. The rest stays what it is.
 */
const movedRuns = (
  runs: readonly DeviceRun[],
  registered: ReadonlyMap<string, Registered>,
): readonly DeviceRun[] => {
  const result = new Map<string, DeviceRun>();
  const add = (run: DeviceRun): void => {
    const other = result.get(run.partitionKey);
    const arrivals = [...(other?.arrivals ?? []), ...run.arrivals].sort((one, next) =>
      compareSequences(one.sequence, next.sequence),
    );
    const place = Math.min(run.place, other?.place ?? run.place);
    result.set(run.partitionKey, other === undefined ? run : { ...other, place, arrivals });
  };
  for (const run of runs) {
    const { origin, arrivals } = run;
    const known = origin === undefined ? undefined : registered.get(origin.device);
    const former = known === undefined || 'damaged' in known ? undefined : known.device.formerSites;
    if (
      origin === undefined ||
      known === undefined ||
      'damaged' in known ||
      former === undefined ||
      isAt(run, known)
    ) {
      add(run);
      continue;
    }
    const { site } = known.device;
    const now = { site, device: origin.device };
    const mine = arrivals.filter((arrival) => isFrom(former, origin.site, arrival));
    const others = arrivals.filter((arrival) => !isFrom(former, origin.site, arrival));
    if (mine.length > 0) add({ ...run, origin: now, partitionKey: partitionKey(now), arrivals: mine });
    if (others.length > 0) add({ ...run, arrivals: others });
  }
  return [...result.values()];
};

const grouped = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));

const processSome = async (
  dependencies: Dependencies,
  batch: Batch,
  processor: Processor,
  runs: readonly DeviceRun[],
): Promise<void> => {
  if (runs.length === 0) return;
  await processor.attempt('reading the registry', runs, async () => {
    const ids = runs.flatMap(({ origin }) => (origin === undefined ? [] : [origin.device]));
    const look = (devices: readonly string[]) =>
      persist(() => dependencies.devices.look(devices, batch.now, batch.time.first), batch.time.first);
    const registered = await look(ids);
    const elsewhere = runs.flatMap(({ origin }) => {
      const entry = origin === undefined ? undefined : registered.get(origin.device);
      const isElsewhere = entry !== undefined && !('damaged' in entry) && entry.device.site !== origin?.site;
      return isElsewhere && origin !== undefined ? [origin.device] : [];
    });
    if (elsewhere.length > 0) {
      // A device may have been moved since it was looked up.
      dependencies.devices.forget(elsewhere);
      for (const [id, entry] of await look(elsewhere)) registered.set(id, entry);
    }
    const known: KnownRun[] = [];
    const refused: (readonly [DeviceRun, QuarantineCode])[] = [];
    for (const run of elsewhere.length > 0 ? movedRuns(runs, registered) : runs) {
      const entry = run.origin === undefined ? undefined : registered.get(run.origin.device);
      const code = refusal(run, entry);
      if (code !== undefined) refused.push([run, code]);
      else if (entry === undefined || run.origin === undefined) refused.push([run, 'unknown-device']);
      else if ('damaged' in entry) {
        dependencies.logger.error('the registration of a device cannot be read', {
          partitionKey: run.partitionKey,
          error: entry.damaged,
        });
        refused.push([run, 'registration-damaged']);
      } else {
        const { type, alerts } = entry;
        const watch = alerts && watchOf(type.id, alerts.rules, run.origin, alerts.isWhole);
        known.push({ ...run, origin: run.origin, type, watch });
      }
    }
    await Promise.all([
      runLimited(grouped(known, GROUP_DEVICES), GROUPS, (group) => processor.take(group)),
      runLimited(refused, OBJECTS, ([run, code]) => processor.refuse(run, code)),
    ]);
  });
};

/**
 * Processes a batch. Each record ends stored, quarantined, or in one of the runs that are given back to come again.
 */
export const processRuns = async (
  dependencies: Dependencies,
  batch: Batch,
  runs: readonly DeviceRun[],
): Promise<ReadonlySet<DeviceRun>> => {
  const processor = new Processor(dependencies, batch, runs);
  const asking = runs.filter(asksForReplay);
  const usual = asking.length === 0 ? runs : runs.filter((run) => !asking.includes(run));
  // Someone waits for what was changed in the registry to count.
  dependencies.devices.forget(asking.flatMap(({ origin }) => origin?.device ?? []));
  await Promise.all([
    processSome(dependencies, batch, processor, usual),
    runLimited(asking, OBJECTS, async (run) =>
      processSome(dependencies, batch, processor, await processor.resolve(run)),
    ),
  ]);
  return processor.failed;
};
