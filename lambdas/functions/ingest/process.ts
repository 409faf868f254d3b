/** A batch's way: recall devices, take their records, write, remember, tell. */

import type { Origin } from '../../../contracts/messages/topics.ts';
import { QUARANTINE, type QuarantineCode } from '../../../contracts/problems.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { Micros } from '../../../contracts/time.ts';
import { hourOf } from '../../domain/ingestion/channel-run.ts';
import { type DeviceState, NEW_STATE } from '../../domain/ingestion/device-state.ts';
import { type Quarantined, type RunResult, takeRuns } from '../../domain/ingestion/run.ts';
import type { Deadlines } from '../../runtime/batch-outcome.ts';
import { runLimited } from '../../runtime/limit.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Publish } from '../../runtime/publisher.ts';
import type { Item } from '../../store/dynamodb/attributes.ts';
import {
  deviceOfItem,
  hourOfItem,
  type Measurements,
  readSessions,
  readStates,
  toChunkItems,
  toSessionItem,
  toStateItem,
  toTaskItem,
  writeItems,
} from '../../store/measurements/index.ts';
import type { GetObject, PutObject } from '../../store/objects/objects.ts';
import { quarantine } from '../../store/objects/quarantine.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { saveReported } from '../../store/registry/lookup.ts';
import { persist } from '../../store/retry.ts';
import type { DeviceRun } from './batch.ts';
import type { BatchCounts } from './counts.ts';
import { type Notification, notify, toAcks, toErrors } from './notify.ts';
import type { QueuedHours } from './queued-hours.ts';
import type { Registered, RegistryCache } from './registry-cache.ts';
import { asksForReplay, resolveReplays } from './replays.ts';
import type { StateMemory } from './state-memory.ts';

/** Everything around a batch; made once per environment. */
export interface Dependencies {
  readonly measurements: Measurements;
  readonly registry: Registry;
  readonly putObject: PutObject;
  readonly getObject: GetObject;
  readonly publish: Publish;
  readonly logger: Logger;
  readonly devices: RegistryCache;
  readonly memory: StateMemory;
  readonly tasks: QueuedHours;
}

/** What belongs to one batch. */
export interface Batch {
  readonly counts: BatchCounts;
  readonly time: Deadlines;
  /** Milliseconds. */
  readonly now: number;
}

/** Devices whose calls go together: 100 keys of BatchGetItem, two a device. */
const GROUP_DEVICES = 50;
/** Groups under way at once. While the answers of some are awaited, another is decoded. */
const GROUPS = 6;
const OBJECTS = 16;

interface KnownRun extends DeviceRun {
  readonly origin: Origin;
  readonly type: InstrumentType;
}

/** A device's records of one hour of arrival. */
interface Taken {
  readonly run: KnownRun;
  readonly result: RunResult;
}

/** A device's records of a batch, in most cases of one hour. */
interface TakenRun {
  readonly run: KnownRun;
  readonly results: readonly RunResult[];
}

class Processor {
  private readonly dependencies: Dependencies;
  private readonly batch: Batch;
  /** Runs that must come again. */
  readonly failed = new Set<DeviceRun>();

  constructor(dependencies: Dependencies, batch: Batch) {
    this.dependencies = dependencies;
    this.batch = batch;
  }

  private readonly onRetry = (): void => {
    this.batch.counts.callRetries += 1;
  };

  private get patience() {
    return { signal: this.batch.time.first, onRetry: this.onRetry };
  }

  private get lastPatience() {
    return { signal: this.batch.time.last, onRetry: this.onRetry };
  }

  /** Does what concerns some runs; when it fails, they all come again. */
  async attempt(what: string, runs: readonly DeviceRun[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      for (const run of runs) this.failed.add(run);
      this.dependencies.logger.error(`${what} failed and will be tried again`, {
        devices: runs.length,
        first: runs[0]?.partitionKey,
        error,
      });
    }
  }

  /** The run with messages in the place of the records that ask for them; where that fails, it comes again. */
  async resolve(run: DeviceRun): Promise<readonly DeviceRun[]> {
    const { first } = this.batch.time;
    const resolved: DeviceRun[] = [];
    await this.attempt('reading the quarantine', [run], async () => {
      resolved.push(await persist(() => resolveReplays(this.dependencies, run, first), first, this.onRetry));
    });
    return resolved;
  }

  /** Puts messages of one run into the quarantine. @returns the notes to its device */
  async quarantine(run: DeviceRun, messages: readonly Quarantined[]): Promise<Notification[]> {
    const { origin, partitionKey, stream, shard } = run;
    return runLimited(messages, OBJECTS, async (message) => {
      const { arrival, session, seq, notes, defect } = message;
      if (defect !== undefined)
        this.dependencies.logger.error('the decoder failed', {
          partitionKey,
          sequence: arrival.sequence,
          error: defect,
        });
      const { original, ...record } = arrival;
      const arrived = original ?? record.arrived;
      const entry = { origin, partitionKey, stream, shard, ...record, arrived, session, seq, notes };
      const key = await persist(
        () => quarantine(this.dependencies.putObject, entry, this.batch.time.first),
        this.batch.time.first,
        this.onRetry,
      );
      return origin === undefined ? [] : [toErrors(origin, message, key)];
    }).then((notifications) => notifications.flat());
  }

  /** Records that no device may send: nothing is remembered of them, the quarantine keeps them by their number. */
  async refuse(run: DeviceRun, code: QuarantineCode): Promise<void> {
    const notes = [{ code, points: 0, detail: QUARANTINE[code] }];
    const messages = run.arrivals.map((arrival) => ({ arrival, session: undefined, seq: undefined, notes }));
    await this.attempt('quarantine', [run], async () => {
      const notifications = await this.quarantine(run, messages);
      this.batch.counts.messages += messages.length;
      this.batch.counts.quarantinedMessages += messages.length;
      await this.notify(notifications);
    });
  }

  private async notify(notifications: readonly Notification[]): Promise<void> {
    const { publish, logger } = this.dependencies;
    this.batch.counts.untold += await notify(publish, notifications, logger, this.batch.time.last);
  }

  /** A group of devices: recalled, taken, written, remembered, told. */
  async take(runs: readonly KnownRun[]): Promise<void> {
    await this.attempt('storing', runs, async () => {
      const { measurements, memory } = this.dependencies;
      const ids = runs.map(({ origin }) => origin.device);
      const remembered = (device: string) => memory.of(device);
      const states = await readStates(measurements, ids, remembered, this.patience);
      const stateOf = (run: KnownRun) => states.get(run.origin.device) ?? NEW_STATE;
      const taken = runs.map((run): TakenRun => {
        const results = takeRuns(stateOf(run), run.type, run.shardKey, run.arrivals);
        return { run, results };
      });
      await this.write(await this.recall(taken, stateOf));
    });
  }

  /** Takes runs once more whose sessions the state did not know: mostly they are new, and nobody knows them. */
  private async recall(
    taken: readonly TakenRun[],
    stateOf: (run: KnownRun) => DeviceState,
  ): Promise<readonly TakenRun[]> {
    const unknown = new Map<string, readonly string[]>();
    for (const { run, results } of taken) {
      const ids = results.flatMap((result) => result.unknown);
      if (ids.length > 0) unknown.set(run.origin.device, ids);
    }
    if (unknown.size === 0) return taken;
    const found = await readSessions(this.dependencies.measurements, unknown, this.batch.time.first);
    return taken.map((one): TakenRun => {
      const { run } = one;
      const sessions = found.get(run.origin.device);
      // Of sessions that nobody knows the run was taken as it is.
      if (sessions === undefined || [...sessions.values()].every((session) => session === undefined))
        return one;
      return { run, results: takeRuns(stateOf(run), run.type, run.shardKey, run.arrivals, sessions) };
    });
  }

  private async write(runs: readonly TakenRun[]): Promise<void> {
    const taken = runs.flatMap(({ run, results }) => results.map((result): Taken => ({ run, result })));
    const fresh = taken.filter(({ result }) => result.messages.length > 0);
    const chunks = fresh.flatMap(({ run, result }) => toChunkItems(packed(run, result)));
    const now = this.batch.now * 1000;
    const parted = fresh.flatMap(({ run, result }) =>
      result.parted.map((session) => toSessionItem(run.origin.device, session, now)),
    );
    const notes = new Map<DeviceRun, Notification[]>();
    const [unwritten, unkept] = await Promise.all([
      this.writeChunks(chunks),
      writeItems(this.dependencies.measurements, parted, this.patience),
      ...fresh.map((one) => this.keepAside(one, notes)),
    ]);
    this.fail(fresh, unwritten.union(unkept));
    // A device is remembered only once all that its state speaks of is durable.
    const durable = new Map(
      fresh.filter(({ run }) => !this.failed.has(run)).map(({ run, result }) => [run, result.state]),
    );
    const states = [...durable].map(([run, state]) => toStateItem(run.origin.device, state));
    this.fail(fresh, await writeItems(this.dependencies.measurements, states, this.lastPatience));
    for (const [run, state] of durable)
      if (!this.failed.has(run)) this.dependencies.memory.keep(run.origin.device, state);
    const done = taken.filter(({ run }) => !this.failed.has(run));
    for (const { result } of done) this.batch.counts.add(result.ledger, result.quarantined.length);
    await this.notify(
      runs
        .filter(({ run }) => !this.failed.has(run))
        .flatMap(({ run, results }) => [
          ...(notes.get(run) ?? []),
          ...results.flatMap(({ durable: heard }) => toAcks(run.origin, heard)),
        ]),
    );
  }

  /**
   * Writes chunks and then tasks their hours for compaction: a task that came before its chunk could be taken away
   * before it.
   * @returns devices of which not all is known to be written
   */
  private async writeChunks(chunks: readonly Item[]): Promise<ReadonlySet<string>> {
    const { tasks, measurements } = this.dependencies;
    const unwritten = await writeItems(measurements, chunks, this.patience);
    const due = new Map<string, readonly [device: string, hour: Micros]>();
    for (const chunk of chunks) {
      const device = deviceOfItem(chunk);
      const hour = hourOfItem(chunk);
      if (hour !== undefined && !tasks.isQueued(device, hour, this.batch.now * 1000))
        due.set(`${device}#${hour}`, [device, hour]);
    }
    const items = [...due.values()].map(([device, hour]) => toTaskItem('dirty', device, hour));
    // Chunks that cannot be written take all of the first time: the others are still to be queued.
    const unqueued = await writeItems(measurements, items, this.lastPatience);
    for (const [device, hour] of due.values()) if (!unqueued.has(device)) tasks.keep(device, hour);
    return unwritten.union(unqueued);
  }

  /** What goes elsewhere than the table: quarantined messages and reported facts. */
  private async keepAside({ run, result }: Taken, notes: Map<DeviceRun, Notification[]>): Promise<void> {
    const { quarantined, facts } = result;
    if (quarantined.length === 0 && facts === undefined) return;
    await this.attempt('quarantine or facts', [run], async () => {
      const own = await this.quarantine(run, quarantined);
      notes.set(run, [...(notes.get(run) ?? []), ...own]);
      if (facts === undefined) return;
      await persist(
        () => saveReported(this.dependencies.registry, run.origin.device, facts.facts, facts.at),
        this.batch.time.first,
        this.onRetry,
      );
    });
  }

  private fail(taken: readonly Taken[], devices: ReadonlySet<string>): void {
    if (devices.size === 0) return;
    this.dependencies.logger.warn('no time was left to write some devices', { devices: devices.size });
    for (const { run } of taken) if (devices.has(run.origin.device)) this.failed.add(run);
  }
}

const packed = (run: KnownRun, { messages, hours, ledger }: RunResult) => {
  const [first] = messages;
  if (first === undefined) throw new RangeError('a run without new messages has nothing to write');
  return {
    device: run.origin.device,
    origin: { shardKey: run.shardKey, first: first.sequence, count: messages.length },
    hours,
    ledgerHour: hourOf(first.arrived),
    ledger,
    messages,
  };
};

/** Why a run is refused whole, or `undefined`. */
const refusal = (run: DeviceRun, known: Registered | undefined): QuarantineCode | undefined => {
  if (run.origin === undefined) return 'invalid-origin';
  if (known === undefined || known.device.site !== run.origin.site) return 'unknown-device';
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
      else if (entry?.type === undefined || run.origin === undefined) {
        dependencies.logger.error('the registry lacks the type of a device', {
          partitionKey: run.partitionKey,
        });
        processor.failed.add(run);
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
  const processor = new Processor(dependencies, batch);
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
