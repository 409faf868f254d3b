/** A batch's way: who is known, what is refused, and the rest to the processor in groups. */
import type { QuarantineCode } from '../../../contracts/problems.ts';
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
  if (known.device.site !== run.origin.site) return 'unknown-device';
  const { state } = known.device;
  return state === 'retired' || state === 'retiring' ? 'device-retired' : undefined;
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
    const registered = await persist(
      () => dependencies.devices.look(ids, batch.now, batch.time.first),
      batch.time.first,
    );
    const known: KnownRun[] = [];
    const refused: (readonly [DeviceRun, QuarantineCode])[] = [];
    for (const run of runs) {
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
      } else known.push({ ...run, origin: run.origin, type: entry.type });
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
