/**
 * One device's records of one batch: decoded, checked, judged, counted, and put into columns by hour. What was
 * remembered goes in, what is to be remembered comes out; nothing is read or written here.
 */
import { crc32 } from 'node:zlib';
import type { DeviceFacts } from '../../contracts/devices.ts';
import type { InstrumentType } from '../../contracts/instrument-types.ts';
import { decodeMessage } from '../../contracts/payload/decode.ts';
import type { ErrorNote } from '../../contracts/payload/downstream.ts';
import { type Column, type Message, UndecodableMessage } from '../../contracts/payload/message.ts';
import { pointTo } from '../../contracts/payload/pointer.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, type Micros } from '../../contracts/time.ts';
import type { SeriesColumn } from '../series/column.ts';
import type { MessageIdentity } from '../series/messages.ts';
import { ChannelRun } from './channel-run.ts';
import { type DeviceState, MAX_RECENT, moveMark, type Recent } from './device-state.ts';
import { Faults } from './faults.ts';
import { addLedgers, type Counts, type Ledger } from './ledger.ts';
import { NewMessage } from './new-message.ts';
import { type Rules, rulesOf } from './quality.ts';
import { compareSequences, isDurable } from './sequence.ts';
import { contiguous, holds, noteDurable, type SeqRange, type Session, toRanges } from './sessions.ts';

/** One record as it came in. */
export interface Arrival {
  readonly sequence: string;
  readonly arrived: Micros;
  readonly bytes: Uint8Array;
  /** When it arrived first, for a message that comes out of the quarantine again: its points are held to that. */
  readonly original?: Micros;
}

/** A message that goes to the quarantine, whole or for some of its points. */
export interface Quarantined {
  readonly arrival: Arrival;
  readonly session: string | undefined;
  readonly seq: number | undefined;
  /** One for each code: where it stands first, and how many points it concerns. */
  readonly notes: readonly ErrorNote[];
  /** Set when the decoder failed in a way it should not: a defect of ours, not of the message. */
  readonly defect?: unknown;
}

/** Messages of one session that are durable once the run is written. */
export interface Durable {
  readonly session: string;
  readonly ranges: readonly SeqRange[];
  readonly seq: number | undefined;
}

export interface HourColumns {
  readonly hour: Micros;
  readonly columns: readonly SeriesColumn[];
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
}

const rulesByType = new WeakMap<InstrumentType, Map<string, Rules>>();

const rulesOfType = (type: InstrumentType): Map<string, Rules> => {
  let rules = rulesByType.get(type);
  if (rules === undefined) {
    rules = new Map(Object.entries(type.channels).map(([name, channel]) => [name, rulesOf(channel)]));
    rulesByType.set(type, rules);
  }
  return rules;
};

const decode = (
  arrival: Arrival,
): Message | { readonly error: UndecodableMessage; readonly defect?: unknown } => {
  try {
    return decodeMessage(arrival.bytes, arrival.original ?? arrival.arrived);
  } catch (error) {
    if (error instanceof UndecodableMessage) return { error };
    // A defect of the decoder must not stop the shard: the bytes are kept, and the handler logs the defect.
    return { error: new UndecodableMessage('invalid-structure', 'The decoder failed.'), defect: error };
  }
};

type MutableCounts = { -readonly [C in keyof Counts]: Counts[C] };

/** How long after its end an hour is still open for points that are not late. */
const OPEN_MICROS = 10 * MICROS_PER_MINUTE;

/** Points of hours that were closed when the run began to arrive. */
const lateOf = (hours: readonly HourColumns[], arrived: Micros): number =>
  hours
    .filter(({ hour }) => hour + MICROS_PER_HOUR + OPEN_MICROS <= arrived)
    .flatMap(({ columns }) => columns)
    .reduce((sum, { time }) => sum + time.length, 0);

class Run {
  private readonly type: InstrumentType;
  private readonly before: DeviceState;
  private readonly rules: Map<string, Rules>;
  private readonly channels = new Map<string, ChannelRun>();
  private sessions: readonly Session[];
  private recent: Recent[];
  /** The session of the message before, and numbers of it that are not yet in {@link sessions}. */
  private current: string | undefined;
  private readonly fresh = new Set<number>();
  private readonly seqs = new Map<string, { readonly seqs: number[]; ack: boolean }>();
  private facts: DeviceFacts | undefined;
  private factsAt = 0;
  private readonly counts = { messages: 0, received: 0, stored: 0, duplicate: 0, overwritten: 0 };
  private readonly lost: { readonly quarantined: MutableCounts; readonly rejected: MutableCounts } = {
    quarantined: {},
    rejected: {},
  };
  private replayed = 0;
  readonly messages: MessageIdentity[] = [];
  readonly quarantined: Quarantined[] = [];

  constructor(type: InstrumentType, before: DeviceState) {
    this.type = type;
    this.before = before;
    this.rules = rulesOfType(type);
    this.sessions = before.sessions;
    this.recent = [...before.recent];
  }

  /** A record that is durable already: only its acknowledgement may have been lost. */
  repeat(arrival: Arrival): void {
    if (arrival.original !== undefined) return;
    const message = decode(arrival);
    if (!('error' in message)) this.noteSeq(message);
  }

  take(arrival: Arrival): void {
    this.counts.messages += 1;
    const message = decode(arrival);
    if ('error' in message) {
      this.reject(arrival, message.error, message.defect);
      return;
    }
    const { session, seq, points } = message;
    this.messages.push({ sequence: arrival.sequence, arrived: arrival.arrived, session, seq, points });
    this.counts.received += points;
    if (arrival.original !== undefined) {
      // What it says of its session and its device was true then.
      this.replayed += points;
      this.takePoints(message, arrival);
      return;
    }
    if (this.isRepeated(message, arrival)) this.counts.duplicate += points;
    else this.takePoints(message, arrival);
    if (message.facts !== undefined) {
      this.facts = { ...this.facts, ...message.facts };
      this.factsAt = arrival.arrived;
    }
    this.noteSeq(message);
  }

  private reject(arrival: Arrival, error: UndecodableMessage, defect: unknown): void {
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

  /** Whether the same bytes came under the same `seq` before; remembers them when not. */
  private isRepeated({ session, seq }: Message, { bytes }: Arrival): boolean {
    if (session === undefined || seq === undefined) return false;
    if (this.current !== session) this.turnTo(session);
    const known = this.fresh.has(seq) || holds(this.sessions.at(-1)?.ranges ?? [], seq);
    const message = new NewMessage(seq, bytes);
    if (known && this.recent.some((one) => one.seq === seq && one.print === message.print)) return true;
    this.recent.push(message);
    if (this.recent.length > MAX_RECENT) this.recent.shift();
    this.fresh.add(seq);
    return false;
  }

  /** Makes a session the newest. */
  private turnTo(session: string): void {
    this.noteFresh();
    if (this.sessions.at(-1)?.id !== session) {
      this.recent = [];
      this.sessions = noteDurable(this.sessions, session, []);
    }
    this.current = session;
  }

  private noteFresh(): void {
    if (this.current !== undefined && this.fresh.size > 0)
      this.sessions = noteDurable(this.sessions, this.current, [...this.fresh]);
    this.fresh.clear();
  }

  private takePoints(message: Message, arrival: Arrival): void {
    const faults = new Faults();
    for (const { code, points, pointer } of message.faults) faults.add(code, points, pointer);
    for (const column of message.columns)
      this.takeColumn(column, arrival.original ?? arrival.arrived, faults);
    const { notes } = faults;
    if (notes.length === 0) return;
    for (const { code, points } of notes)
      this.lost.quarantined[code] = (this.lost.quarantined[code] ?? 0) + points;
    this.quarantined.push({ arrival, session: message.session, seq: message.seq, notes });
  }

  private takeColumn(column: Column, arrived: Micros, faults: Faults): void {
    const rules = this.rules.get(column.channel);
    if (rules === undefined) {
      const detail = `${this.type.id} has no channel ${column.channel}.`;
      faults.add('unknown-channel', column.time.length, pointTo(column, 0), detail);
      return;
    }
    if (column.unit !== undefined && column.unit !== rules.channel.unit) {
      const detail = `${column.channel} is in ${rules.channel.unit}, not ${column.unit}.`;
      faults.add('wrong-unit', column.time.length, pointTo(column, 0), detail);
      return;
    }
    let channel = this.channels.get(column.channel);
    if (channel === undefined) {
      channel = new ChannelRun(column.channel, rules, this.before.tracks.get(column.channel));
      this.channels.set(column.channel, channel);
    }
    const taken = channel.take(column, arrived);
    this.counts.stored += taken.stored;
    this.counts.duplicate += taken.duplicate;
    this.counts.overwritten += taken.overwritten;
    for (const { code, first, points } of taken.refused) faults.add(code, points, pointTo(column, first));
  }

  private noteSeq({ session, seq, ack }: Message): void {
    if (session === undefined || seq === undefined) return;
    const known = this.seqs.get(session);
    if (known === undefined) this.seqs.set(session, { seqs: [seq], ack });
    else {
      known.seqs.push(seq);
      known.ack ||= ack;
    }
  }

  private hours(): HourColumns[] {
    const hours = new Map<Micros, SeriesColumn[]>();
    let before: ChannelRun | undefined;
    for (const channel of this.channels.values()) {
      for (const [hour, column] of channel.byHour(before)) {
        const columns = hours.get(hour);
        if (columns === undefined) hours.set(hour, [column]);
        else columns.push(column);
      }
      before = channel;
    }
    return [...hours].map(([hour, columns]) => ({ hour, columns }));
  }

  private durable(): Durable[] {
    return [...this.seqs].flatMap(([session, { seqs, ack }]) => {
      if (!ack) return [];
      const ranges = this.sessions.find(({ id }) => id === session)?.ranges ?? [];
      return [{ session, ranges: toRanges(seqs), seq: contiguous(ranges) }];
    });
  }

  finish(lane: string): RunResult {
    this.noteFresh();
    const hours = this.hours();
    const late = lateOf(hours, this.messages[0]?.arrived ?? 0);
    const ledger: Ledger = {
      ...this.counts,
      ...this.lost,
      ...(late === 0 ? {} : { late }),
      ...(this.replayed === 0 ? {} : { replayed: this.replayed }),
    };
    const tracks = new Map(this.before.tracks);
    for (const [name, { after }] of this.channels) if (after !== undefined) tracks.set(name, after);
    const factsCrc = this.facts === undefined ? this.before.facts : crc32(JSON.stringify(this.facts));
    const last = this.messages.at(-1);
    return {
      messages: this.messages,
      hours,
      ledger,
      quarantined: this.quarantined,
      facts:
        this.facts === undefined || factsCrc === this.before.facts
          ? undefined
          : { facts: this.facts, at: this.factsAt },
      durable: this.durable(),
      state: {
        version: this.before.version + 1,
        marks: last === undefined ? this.before.marks : moveMark(this.before.marks, lane, last),
        tracks,
        sessions: this.sessions,
        // Without the bytes, which would be kept as long as the state.
        recent: this.recent.map(({ seq, print }) => ({ seq, print })),
        facts: factsCrc,
        ledger: addLedgers(this.before.ledger, ledger),
      },
    };
  }
}

/**
 * Takes a device's records of one batch.
 * @param before what is remembered of the device
 * @param type its instrument type
 * @param lane the shard that they come from
 * @param arrivals in the order of the shard; those at or before the lane's mark are acknowledged again and
 *   otherwise left alone
 */
export const takeRun = (
  before: DeviceState,
  type: InstrumentType,
  lane: string,
  arrivals: readonly Arrival[],
): RunResult => {
  const run = new Run(type, before);
  const mark = before.marks.get(lane);
  // Numbers ascend: what comes after the first beyond the mark is new.
  let beyond = mark === undefined;
  for (const arrival of arrivals) {
    if (!beyond && isDurable(mark, arrival.sequence, arrival.arrived)) {
      run.repeat(arrival);
      continue;
    }
    beyond ||= mark !== undefined && compareSequences(arrival.sequence, mark.sequence) > 0;
    run.take(arrival);
  }
  return run.finish(lane);
};
