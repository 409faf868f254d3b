/**
 * One device's records of one batch: decoded, checked, judged, counted, and put into columns by hour. What was
 * remembered goes in, what is to be remembered comes out; nothing is read or written here.
 */
import { crc32 } from 'node:zlib';
import type { AlertTransition } from '../../../contracts/messages/alert-work.ts';
import type { ErrorNote } from '../../../contracts/messages/downstream.ts';
import { type Message, UndecodableMessage } from '../../../contracts/messages/message.ts';
import type { QuarantineCode } from '../../../contracts/problems.ts';
import type { DeviceFacts } from '../../../contracts/resources/devices.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../../contracts/time.ts';
import { AGAIN, NO_NUMBER } from '../../../series/points/order.ts';
import { evaluate } from '../alerts/evaluate.ts';
import type { Watch } from '../alerts/watch.ts';
import { addLedgers, type Counts, type Ledger } from '../ledger/ledger.ts';
import type { MessageIdentity } from '../ledger/messages.ts';
import { compareSequences, isDurable } from '../ledger/sequence.ts';
import type { Session } from '../ledger/sessions.ts';
import { type Arrival, decodeArrival, type Undecoded } from './arrival.ts';
import { ChannelRuns, type HourColumns } from './channel-runs.ts';
import { type DeviceState, moveCheckpoint } from './device-state.ts';
import { Faults } from './faults.ts';
import { type Durable, type MessageOrder, REPEATED, type Recalled, SessionRun } from './session-run.ts';

/** A message that goes to the quarantine, whole or for some of its points. */
export interface Quarantined {
  readonly arrival: Arrival;
  readonly session: string | undefined;
  readonly seq: number | undefined;
  /** One for each code: where it stands first, and how many points it concerns. */
  readonly notes: readonly ErrorNote[];
  /** See {@link Undecoded.defect}. */
  readonly defect?: unknown;
}

export interface RunResult {
  /** Records that were not durable before; nothing is to be written when there are none. */
  readonly messages: readonly MessageIdentity[];
  readonly hours: readonly HourColumns[];
  /** Of this run alone. */
  readonly ledger: Ledger;
  readonly quarantined: readonly Quarantined[];
  /** Facts that differ from those last reported, and when they came. */
  readonly facts: { readonly facts: DeviceFacts; readonly at: Micros } | undefined;
  /** What the device wants to hear, those already durable included. */
  readonly durable: readonly Durable[];
  readonly state: DeviceState;
  /** Sessions that the state no longer holds: to be kept before it is. */
  readonly parted: readonly Session[];
  /** Alerts that came or went. */
  readonly transitions: readonly AlertTransition[];
  /** What kept alert rules from being held against the points: nothing came or went by them. */
  readonly alertDefect?: unknown;
  /** Sessions to be asked for: where there are any, the run is to be taken once more with what is known of them. */
  readonly unknown: readonly string[];
}

type MutableCounts = { -readonly [C in keyof Counts]: Counts[C] };

/** How long after its end an hour is still open for points that are not late. */
const OPEN_MICROS = 10 * MICROS_PER_MINUTE;

/** Points of hours that were closed when the run began to arrive. */
const lateOf = (hours: readonly HourColumns[], arrived: Micros): number =>
  hours
    .filter(({ hour }) => hour + MICROS_PER_HOUR + OPEN_MICROS <= arrived)
    .flatMap(({ columns }) => columns)
    .reduce((sum, { time }) => sum + time.length, 0);

const NONE_TOLD: readonly AlertTransition[] = [];

class Run {
  private readonly before: DeviceState;
  private readonly watch: Watch | undefined;
  private readonly channels: ChannelRuns;
  private readonly sessions: SessionRun;
  private facts: DeviceFacts | undefined;
  private factsAt = 0;
  private received = 0;
  private stored = 0;
  /** Of messages that came before. */
  private repeated = 0;
  private replayed = 0;
  private readonly lost: { readonly quarantined: MutableCounts; readonly rejected: MutableCounts } = {
    quarantined: {},
    rejected: {},
  };
  private readonly messages: MessageIdentity[] = [];
  private readonly quarantined: Quarantined[] = [];

  constructor(type: InstrumentType, before: DeviceState, recalled: Recalled, watch: Watch | undefined) {
    this.before = before;
    this.watch = watch;
    this.channels = new ChannelRuns(type, before.tracks, watch?.channels);
    this.sessions = new SessionRun(before.sessions, recalled);
  }

  /** A record that is durable already: only its acknowledgement may have been lost. */
  repeat(arrival: Arrival): void {
    if (arrival.original !== undefined) return;
    const message = decodeArrival(arrival);
    if (!('error' in message)) this.sessions.noteSeq(message);
  }

  take(arrival: Arrival): void {
    const message = decodeArrival(arrival);
    if ('error' in message) {
      this.reject(arrival, message);
      return;
    }
    const { session, seq, points } = message;
    this.messages.push({ sequence: arrival.sequence, arrived: arrival.arrived, session, seq, points });
    this.received += points;
    if (arrival.original !== undefined) {
      // What it says of its session and its device was true then. It fills holes, and undoes no correction.
      this.replayed += points;
      this.takePoints(message, arrival, REPEATED);
      return;
    }
    this.takePoints(message, arrival, this.orderOf(message, arrival));
    if (message.facts !== undefined) {
      this.facts = { ...this.facts, ...message.facts };
      this.factsAt = arrival.arrived;
    }
    this.sessions.noteSeq(message);
  }

  private reject(arrival: Arrival, { error, defect }: Undecoded): void {
    const faults = new Faults();
    faults.add(error.code, 0, error.pointer, error.message);
    this.lost.rejected[error.code] = (this.lost.rejected[error.code] ?? 0) + 1;
    const { sequence, arrived } = arrival;
    this.messages.push({ sequence, arrived, session: undefined, seq: undefined, points: 0 });
    this.quarantined.push({
      arrival,
      session: undefined,
      seq: undefined,
      notes: faults.notes,
      ...(defect === undefined ? {} : { defect }),
    });
  }

  private orderOf({ session, seq }: Message, { arrived, sequence }: Arrival): MessageOrder {
    if (session !== undefined && seq !== undefined) return this.sessions.take(session, seq, arrived);
    // Records of one millisecond are told apart by their places in the stream.
    return { rank: arrived + Number(sequence.slice(-3)), number: NO_NUMBER };
  }

  private takePoints(message: Message, arrival: Arrival, order: MessageOrder): void {
    const faults = new Faults();
    for (const { code, points, pointer } of message.faults) faults.add(code, points, pointer);
    const arrived = arrival.original ?? arrival.arrived;
    let taken = 0;
    this.channels.nextMessage();
    for (const column of message.columns) taken += this.channels.take(column, arrived, order, faults);
    // Merging finds out whether the points of a message that came before are stored already.
    if (order.rank === AGAIN) this.repeated += taken;
    else this.stored += taken;
    const { notes } = faults;
    if (notes.length === 0) return;
    for (const { code, points } of notes)
      this.lost.quarantined[code] = (this.lost.quarantined[code] ?? 0) + points;
    this.quarantined.push({ arrival, session: message.session, seq: message.seq, notes });
  }

  private ledgerOf(hours: readonly HourColumns[]): Ledger {
    const late = lateOf(hours, this.messages[0]?.arrived ?? 0);
    return {
      messages: this.messages.length,
      received: this.received,
      stored: this.stored,
      duplicate: this.repeated,
      // What takes the place of what is found when the points are merged.
      overwritten: 0,
      ...this.lost,
      ...(late === 0 ? {} : { late }),
      ...(this.replayed === 0 ? {} : { replayed: this.replayed }),
    };
  }

  /** Sets a record aside unread: the platform fails on it. */
  refuse(arrival: Arrival, code: QuarantineCode, defect: unknown): void {
    const detail = defect instanceof Error ? defect.message : String(defect);
    this.reject(arrival, { error: new UndecodableMessage(code, detail), defect });
  }

  /** Holds the alert rules against what is new. Points are stored whatever becomes of that. */
  private alerts(): Pick<RunResult, 'transitions' | 'alertDefect'> & Pick<DeviceState, 'alerts'> {
    const { tracks, alerts } = this.before;
    const [first] = this.messages;
    const { watch } = this;
    const isIdle = watch === undefined || (watch.rules.length === 0 && alerts.size === 0);
    if (isIdle || first === undefined) return { alerts, transitions: NONE_TOLD };
    try {
      const batch = { tracks, states: alerts, pieces: this.channels.newer(), arrived: first.arrived };
      const { states, transitions } = evaluate(watch, batch);
      return { alerts: states, transitions };
    } catch (alertDefect) {
      return { alerts, transitions: NONE_TOLD, alertDefect };
    }
  }

  finish(shardKey: string): RunResult {
    const { alerts, ...found } = this.alerts();
    const { before, facts, messages, quarantined } = this;
    const hours = this.channels.hours();
    const ledger = this.ledgerOf(hours);
    const { durable, sessions, parted, unknown } = this.sessions.finish();
    const factsCrc = facts === undefined ? before.facts : crc32(JSON.stringify(facts));
    const last = messages.at(-1);
    return {
      messages,
      hours,
      ledger,
      quarantined,
      facts: facts === undefined || factsCrc === before.facts ? undefined : { facts, at: this.factsAt },
      durable,
      state: {
        version: before.version + 1,
        checkpoints:
          last === undefined ? before.checkpoints : moveCheckpoint(before.checkpoints, shardKey, last),
        tracks: this.channels.tracks(),
        sessions,
        facts: factsCrc,
        ledger: addLedgers(before.ledger, ledger),
        alerts,
      },
      ...found,
      parted,
      unknown,
    };
  }
}

const NONE_RECALLED: Recalled = new Map();

/**
 * Takes a device's records of one batch.
 * @param before what is remembered of the device
 * @param type its instrument type
 * @param shardKey the shard that they come from
 * @param arrivals in the order of the shard; those at or before the shardKey's checkpoint are acknowledged again and
 *   otherwise left alone
 * @param recalled sessions that were asked for, because an earlier try named them as unknown
 * @param watch alert rules of the device; absent: what is remembered of them stays as it is
 */
export const takeRun = (
  before: DeviceState,
  type: InstrumentType,
  shardKey: string,
  arrivals: readonly Arrival[],
  recalled: Recalled = NONE_RECALLED,
  watch?: Watch,
): RunResult => {
  const run = new Run(type, before, recalled, watch);
  const checkpoint = before.checkpoints.get(shardKey);
  // Numbers ascend: what comes after the first beyond the checkpoint is new.
  let beyond = checkpoint === undefined;
  for (const arrival of arrivals) {
    if (!beyond && isDurable(checkpoint, arrival.sequence, arrival.arrived)) {
      run.repeat(arrival);
      continue;
    }
    beyond ||= checkpoint !== undefined && compareSequences(arrival.sequence, checkpoint.sequence) > 0;
    run.take(arrival);
  }
  return run.finish(shardKey);
};

const hourOf = (time: Micros): Micros => Math.floor(time / MICROS_PER_HOUR);

/** Records that follow on each other and arrived in one hour. */
const byHourOfArrival = (arrivals: readonly Arrival[]): (readonly Arrival[])[] => {
  const parts: Arrival[][] = [];
  let hour = Number.NaN;
  for (const arrival of arrivals) {
    const next = hourOf(arrival.arrived);
    if (next === hour) parts.at(-1)?.push(arrival);
    else parts.push([arrival]);
    hour = next;
  }
  return parts;
};

/**
 * Takes a device's records of one batch, those that arrived in one hour at a time: a ledger is kept by the hour, and a batch
 * that comes again, cut elsewhere, must find each record in the hour in which it was told before.
 * @returns one result for each hour, in order; each state goes on from the one before
 */
export const takeRuns = (
  before: DeviceState,
  type: InstrumentType,
  shardKey: string,
  arrivals: readonly Arrival[],
  recalled: Recalled = NONE_RECALLED,
  watch?: Watch,
): readonly RunResult[] => {
  const results: RunResult[] = [];
  let state = before;
  for (const part of byHourOfArrival(arrivals)) {
    const result = takeRun(state, type, shardKey, part, recalled, watch);
    results.push(result);
    ({ state } = result);
  }
  return results;
};

/**
 * Sets one record aside that cannot be stored: nothing of it is taken but its place in the stream.
 * @param defect why
 */
export const setAside = (
  before: DeviceState,
  type: InstrumentType,
  shardKey: string,
  arrival: Arrival,
  defect: unknown,
): RunResult => {
  const run = new Run(type, before, NONE_RECALLED, undefined);
  run.refuse(arrival, 'not-storable', defect);
  return run.finish(shardKey);
};
