/** What is done with the runs of a batch: taken, written, remembered, told, or set aside. */

import { QUARANTINE, type QuarantineCode } from '../../../contracts/problems.ts';
import type { Micros } from '../../../contracts/time.ts';
import { type DeviceState, NEW_STATE } from '../../domain/ingestion/device-state.ts';
import { type Quarantined, type RunResult, setAside } from '../../domain/ingestion/run.ts';
import type { SendTransitions } from '../../runtime/alert-queue.ts';
import type { Deadlines } from '../../runtime/batch-outcome.ts';
import { runLimited } from '../../runtime/limit.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Publish } from '../../runtime/publisher.ts';
import { isRefusal, persist } from '../../runtime/retry.ts';
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
  type Written,
  writeItems,
  writeOrRefuse,
} from '../../store/measurements/index.ts';
import type { GetObject, PutObject } from '../../store/objects/objects.ts';
import { quarantine } from '../../store/objects/quarantine.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { saveReported } from '../../store/registry/lookup.ts';
import type { DeviceRun } from './batch.ts';
import type { BatchCounts } from './counts.ts';
import { type Notification, notify, toAcks, toErrors } from './notify.ts';
import type { QueuedHours } from './queued-hours.ts';
import type { RegistryCache } from './registry-cache.ts';
import { resolveReplays } from './replays.ts';
import type { StateMemory } from './state-memory.ts';
import { type KnownRun, packed, takeSafely } from './take.ts';

/** Everything around a batch; made once per environment. */
export interface Dependencies {
  readonly measurements: Measurements;
  readonly registry: Registry;
  readonly putObject: PutObject;
  readonly getObject: GetObject;
  readonly publish: Publish;
  readonly sendAlerts: SendTransitions;
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

/** Objects and refused runs under way at once. */
export const OBJECTS = 16;

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

export class Processor {
  private readonly dependencies: Dependencies;
  private readonly batch: Batch;
  private readonly runs: readonly DeviceRun[];
  /** Runs that must come again. */
  readonly failed = new Set<DeviceRun>();

  constructor(dependencies: Dependencies, batch: Batch, runs: readonly DeviceRun[]) {
    this.dependencies = dependencies;
    this.batch = batch;
    this.runs = runs;
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
      const { measurements, memory, logger } = this.dependencies;
      const ids = runs.map(({ origin }) => origin.device);
      const remembered = (device: string) => memory.of(device);
      const states = await readStates(measurements, ids, remembered, this.patience, (device, error) => {
        // What was stored stays, and is found again when it is merged; repeats are not known by their numbers.
        this.batch.counts.statesDamaged += 1;
        logger.error('what is remembered of a device cannot be read', { device, error });
      });
      const stateOf = (run: KnownRun) => states.get(run.origin.device) ?? NEW_STATE;
      const taken = runs.map((run): TakenRun => ({ run, results: takeSafely(run, stateOf(run)) }));
      const refused = await this.write(await this.recall(taken, stateOf));
      for (const run of refused) await this.storeAlone(run, stateOf(run));
    });
  }

  /**
   * Stores a run of which DynamoDB refuses something, part by part, until the record that it refuses is alone and set
   * aside. So many writes as parts, for one device only.
   * @returns what is remembered of the device then; `undefined` when the run has to come again
   */
  private async storeAlone(run: KnownRun, before: DeviceState): Promise<DeviceState | undefined> {
    const { arrivals } = run;
    const [only] = arrivals;
    if (arrivals.length > 1) {
      const half = Math.ceil(arrivals.length / 2);
      const first = await this.storeAlone({ ...run, arrivals: arrivals.slice(0, half) }, before);
      return first && (await this.storeAlone({ ...run, arrivals: arrivals.slice(half) }, first));
    }
    if (only === undefined) return before;
    const results = takeSafely(run, before);
    const refused = await this.write([{ run, results }]);
    if (this.failed.has(run)) this.failAll(run);
    if (refused.length === 0) return this.failed.has(run) ? undefined : (results.at(-1)?.state ?? before);
    const aside = setAside(
      before,
      run.type,
      run.shardKey,
      only,
      new Error('DynamoDB refuses what it comes to'),
    );
    await this.write([{ run, results: [aside] }]);
    if (this.failed.has(run)) this.failAll(run);
    return this.failed.has(run) ? undefined : aside.state;
  }

  /** A part of a run failed: the whole has to come again. */
  private failAll({ partitionKey, shardKey }: DeviceRun): void {
    for (const run of this.runs)
      if (run.partitionKey === partitionKey && run.shardKey === shardKey) this.failed.add(run);
  }

  /** Takes runs again whose sessions the state did not hold, if the table does; most of those sessions are new. */
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
      // All its sessions are new: the run was taken rightly.
      if (sessions === undefined || [...sessions.values()].every((session) => session === undefined))
        return one;
      return { run, results: takeSafely(run, stateOf(run), sessions) };
    });
  }

  /** @returns runs of which DynamoDB refuses something for good: nothing is remembered of them */
  private async write(runs: readonly TakenRun[]): Promise<readonly KnownRun[]> {
    const taken = runs.flatMap(({ run, results }) => results.map((result): Taken => ({ run, result })));
    const fresh = taken.filter(({ result }) => result.messages.length > 0);
    const chunks = fresh.flatMap(({ run, result }) => toChunkItems(packed(run, result)));
    const now = this.batch.now * 1000;
    const parted = fresh.flatMap(({ run, result }) =>
      result.parted.map((session) => toSessionItem(run.origin.device, session, now)),
    );
    const notes = new Map<DeviceRun, Notification[]>();
    const [written, unkept] = await Promise.all([
      this.writeChunks(chunks),
      writeItems(this.dependencies.measurements, parted, this.patience),
      ...fresh.map((one) => this.keepAside(one, notes)),
    ]);
    this.fail(fresh, written.undone.union(unkept));
    const isRefused = ({ run }: { readonly run: KnownRun }): boolean =>
      written.refused.has(run.origin.device);
    for (const [device, error] of written.refused)
      this.dependencies.logger.error('DynamoDB refuses points of a device', { device, error });
    await this.tellAlerts(fresh.filter((one) => !this.failed.has(one.run) && !isRefused(one)));
    // A device is remembered only once all that its state speaks of is durable.
    const durable = new Map(
      fresh
        .filter((one) => !this.failed.has(one.run) && !isRefused(one))
        .map(({ run, result }) => [run, result.state]),
    );
    this.fail(fresh, await this.writeStates(durable));
    for (const [run, state] of durable)
      if (!this.failed.has(run)) this.dependencies.memory.keep(run.origin.device, state);
    const done = taken.filter((one) => !this.failed.has(one.run) && !isRefused(one));
    for (const { result } of done) this.batch.counts.add(result.ledger, result.quarantined.length);
    await this.notify(
      runs
        .filter((one) => !this.failed.has(one.run) && !isRefused(one))
        .flatMap(({ run, results }) => [
          ...(notes.get(run) ?? []),
          ...results.flatMap(({ durable: heard }) => toAcks(run.origin, heard)),
        ]),
    );
    return runs.filter((one) => isRefused(one) && !this.failed.has(one.run)).map(({ run }) => run);
  }

  /**
   * Tells of alerts that came or went: after the points are durable, and before that is remembered, so that whoever dies
   * in between finds the same again. A device of which that fails comes again.
   */
  private async tellAlerts(fresh: readonly Taken[]): Promise<void> {
    for (const { run, result } of fresh) {
      if (result.alertDefect === undefined) continue;
      this.batch.counts.alertsFailed += 1;
      this.dependencies.logger.error('alert rules of a device could not be held against its points', {
        device: run.origin.device,
        error: result.alertDefect,
      });
    }
    const telling = fresh.filter(({ result }) => result.transitions.length > 0);
    if (telling.length === 0) return;
    const transitions = telling.flatMap(({ result }) => result.transitions);
    const runs = telling.map(({ run }) => run);
    await this.attempt('telling of alerts', runs, async () => {
      await this.dependencies.sendAlerts(transitions, this.batch.time.last, this.onRetry);
      this.batch.counts.alerts += transitions.length;
    });
  }

  /**
   * Remembers devices. A state that DynamoDB refuses is remembered without the newest points, which are found among all of
   * them: a device must not stop because of what is remembered of it.
   */
  private async writeStates(states: Map<KnownRun, DeviceState>): Promise<ReadonlySet<string>> {
    const { measurements, logger } = this.dependencies;
    const items = [...states].map(([run, state]) => toStateItem(run.origin.device, state));
    const { undone, refused } = await writeOrRefuse(measurements, items, this.lastPatience);
    if (refused.size === 0) return undone;
    const lesser: Item[] = [];
    for (const [run, state] of states) {
      const error = refused.get(run.origin.device);
      if (error === undefined) continue;
      logger.error('DynamoDB refuses what is to be remembered of a device', {
        device: run.origin.device,
        error,
      });
      const less = { ...state, tracks: NEW_STATE.tracks };
      states.set(run, less);
      lesser.push(toStateItem(run.origin.device, less));
    }
    return undone.union(await writeItems(measurements, lesser, this.lastPatience));
  }

  /**
   * Writes chunks and then tasks their hours for compaction: a task that came before its chunk could be taken away
   * before it.
   */
  private async writeChunks(chunks: readonly Item[]): Promise<Written> {
    const { tasks, measurements } = this.dependencies;
    const { undone, refused } = await writeOrRefuse(measurements, chunks, this.patience);
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
    return { undone: undone.union(unqueued), refused };
  }

  /** What goes elsewhere than the table: quarantined messages and reported facts. */
  private async keepAside({ run, result }: Taken, notes: Map<DeviceRun, Notification[]>): Promise<void> {
    const { quarantined, facts } = result;
    if (quarantined.length === 0 && facts === undefined) return;
    await this.attempt('quarantine or facts', [run], async () => {
      const own = await this.quarantine(run, quarantined);
      notes.set(run, [...(notes.get(run) ?? []), ...own]);
      if (facts === undefined) return;
      try {
        await persist(
          () => saveReported(this.dependencies.registry, run.origin.device, facts.facts, facts.at),
          this.batch.time.first,
          this.onRetry,
        );
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // What a device says of itself is no measurement: its points go on without it.
        this.batch.counts.factsRefused += 1;
        this.dependencies.logger.error('facts of a device are refused', { device: run.origin.device, error });
      }
    });
  }

  private fail(taken: readonly Taken[], devices: ReadonlySet<string>): void {
    if (devices.size === 0) return;
    this.dependencies.logger.warn('no time was left to write some devices', { devices: devices.size });
    for (const { run } of taken) if (devices.has(run.origin.device)) this.failed.add(run);
  }
}
