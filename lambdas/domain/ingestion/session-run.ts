/** Messages of a device's sessions in one batch: which of them came before, and which become durable. */
import type { Message } from '../../../contracts/messages/message.ts';
import { contiguous, holds, noteDurable, type SeqRange, type Session, toRanges } from '../ledger/sessions.ts';
import { type DeviceState, MAX_RECENT, type Recent } from './device-state.ts';
import { NewMessage } from './new-message.ts';

/** Messages of one session that are durable once the run is written. */
export interface Durable {
  readonly session: string;
  readonly ranges: readonly SeqRange[];
  readonly seq: number | undefined;
}

export class SessionRun {
  private sessions: readonly Session[];
  private recent: Recent[];
  /** The session of the message before, and numbers of it that are not yet in {@link sessions}. */
  private current: string | undefined;
  private readonly fresh = new Set<number>();
  private readonly seqs = new Map<string, { readonly seqs: number[]; ack: boolean }>();

  constructor({ sessions, recent }: DeviceState) {
    this.sessions = sessions;
    this.recent = [...recent];
  }

  /** Whether the same bytes came under the same `seq` before; remembers them when not. */
  isRepeated({ session, seq }: Message, bytes: Uint8Array): boolean {
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

  /** Notes that the device wants to hear of a message, whether it came before or not. */
  noteSeq({ session, seq, ack }: Message): void {
    if (session === undefined || seq === undefined) return;
    const known = this.seqs.get(session);
    if (known === undefined) this.seqs.set(session, { seqs: [seq], ack });
    else {
      known.seqs.push(seq);
      known.ack ||= ack;
    }
  }

  /** What the device is to hear, and what is to be remembered of its sessions. */
  finish(): { readonly durable: Durable[] } & Pick<DeviceState, 'sessions' | 'recent'> {
    this.noteFresh();
    const { sessions } = this;
    const durable = [...this.seqs].flatMap(([session, { seqs, ack }]) => {
      if (!ack) return [];
      const ranges = sessions.find(({ id }) => id === session)?.ranges ?? [];
      return [{ session, ranges: toRanges(seqs), seq: contiguous(ranges) }];
    });
    // Without the bytes, which would be kept as long as the state.
    return { durable, sessions, recent: this.recent.map(({ seq, print }) => ({ seq, print })) };
  }
}
