/** Native columns of numbers as instruments usually send them, read straight from the bytes. */
import { LIMITS } from '../contracts/limits.ts';
import type { Column, Message } from '../contracts/messages/message.ts';
import { PAYLOAD_VERSION } from '../contracts/messages/message.ts';
import type { Micros } from '../contracts/time.ts';
import {
  ByteScanner,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  UNUSUAL,
} from './byte-scanner.ts';
import { pointerToValues } from './columns.ts';
import { isIdentity } from './header.ts';
import { type Part, Pattern } from './pattern.ts';
import { readTimeMillis, readTimeText } from './times.ts';

// Reading never waits, so that one scanner serves all messages.
const scanner = new ByteScanner();

/** Parts of the message under way that differ from one message of a device to the next. */
const parts: Part[] = [];

/** Reads such a part, and notes where it stands. */
const part = <T>(kind: Part['kind'], read: () => T): T => {
  const start = scanner.place;
  const value = read();
  parts.push({ kind, start, end: scanner.place });
  return value;
};

const KNOWN_POINTERS = 1000;
const pointers = new Map<string, string>();

/** {@link pointerToValues}, made once for each channel. */
const pointerOf = (channel: string): string => {
  let pointer = pointers.get(channel);
  if (pointer === undefined) {
    if (pointers.size >= KNOWN_POINTERS) pointers.clear();
    pointer = pointerToValues(channel);
    pointers.set(channel, pointer);
  }
  return pointer;
};

/** A channel before the times are known, which may come after it. */
interface Block {
  readonly channel: string;
  readonly unit: string | undefined;
  readonly value: number[];
}

const readNumbers = (): number[] | undefined => {
  const count = scanner.pass(OPEN_LIST) ? scanner.allNumbers() : UNUSUAL;
  return count > 0 ? scanner.numbers.slice(0, count) : undefined;
};

const readMillis = (): Micros[] | undefined => {
  const usual = scanner.usualMillis();
  if (usual !== undefined) return usual;
  const count = scanner.allNumbers();
  if (count <= 0) return undefined;
  const times = scanner.numbers.slice(0, count);
  for (let at = 0; at < count; at += 1) {
    const time = readTimeMillis(times[at] ?? 0);
    if (Number.isNaN(time)) return undefined;
    times[at] = time;
  }
  return times;
};

/** The rest of a list of times as texts. */
const readTexts = (): Micros[] | undefined => {
  const times: Micros[] = [];
  do {
    const text = scanner.newText();
    const time = text === undefined ? Number.NaN : readTimeText(text);
    if (Number.isNaN(time)) return undefined;
    times.push(time);
  } while (scanner.pass(COMMA));
  return scanner.pass(CLOSE_LIST) ? times : undefined;
};

const readTimes = (): Micros[] | undefined => {
  if (!scanner.pass(OPEN_LIST)) return undefined;
  return scanner.peek() === QUOTE ? readTexts() : readMillis();
};

/** @returns NaN for what is no time */
const readTime = (): Micros => {
  if (scanner.peek() !== QUOTE) return readTimeMillis(scanner.number());
  const text = scanner.text();
  return text === undefined ? Number.NaN : readTimeText(text);
};

const readBlock = (channel: string): Block | undefined => {
  let unit: string | undefined;
  let value: number[] | undefined;
  if (!scanner.pass(OPEN_OBJECT)) return undefined;
  do {
    const member = scanner.text();
    if (!scanner.pass(COLON)) return undefined;
    if (member === 'v' && value === undefined) value = part('values', readNumbers);
    else if (member === 'u' && unit === undefined) unit = scanner.text();
    else return undefined;
    if (value === undefined && unit === undefined) return undefined;
  } while (scanner.pass(COMMA));
  return scanner.pass(CLOSE_OBJECT) && value !== undefined ? { channel, unit, value } : undefined;
};

/** Whether a name may be a whole number: those come first in an object, wherever they stand in its text. */
const beginsWithDigit = (name: string): boolean => {
  const first = name.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
};

const readBlocks = (): Block[] | undefined => {
  const blocks: Block[] = [];
  if (!scanner.pass(OPEN_OBJECT)) return undefined;
  do {
    const channel = scanner.text();
    if (channel === undefined || beginsWithDigit(channel) || !scanner.pass(COLON)) return undefined;
    // Of equal names the last counts.
    for (const block of blocks) if (block.channel === channel) return undefined;
    const block = readBlock(channel);
    if (block === undefined) return undefined;
    blocks.push(block);
  } while (scanner.pass(COMMA));
  return scanner.pass(CLOSE_OBJECT) ? blocks : undefined;
};

/** What was read of a message. */
interface Read {
  readonly session: string | undefined;
  readonly seq: number | undefined;
  readonly sent: Micros | undefined;
  readonly ack: boolean | undefined;
  readonly time: readonly Micros[];
  readonly blocks: readonly Block[];
}

/** @returns `undefined` where something is wrong with it, which the full parser will name */
const toMessage = ({ session, seq, sent, ack, time, blocks }: Read): Message | undefined => {
  const points = time.length * blocks.length;
  if (!isIdentity(session, seq, ack) || points > LIMITS.messagePoints) return undefined;
  const columns: Column[] = [];
  for (const { channel, unit, value } of blocks) {
    if (value.length !== time.length) return undefined;
    columns.push({ channel, unit, time, value, quality: undefined, pointer: pointerOf(channel) });
  }
  return {
    format: 'columns',
    session,
    seq,
    sent,
    ack: ack === true,
    facts: undefined,
    columns,
    faults: [],
    points,
  };
};

const readSession = (): string | undefined => scanner.text();
const readSeq = (): number => scanner.number();

const readAny = (): Read | undefined => {
  let version: number | undefined;
  let session: string | undefined;
  let seq: number | undefined;
  let sent: Micros | undefined;
  let ack: boolean | undefined;
  let time: Micros[] | undefined;
  let blocks: Block[] | undefined;
  if (!scanner.pass(OPEN_OBJECT)) return undefined;
  do {
    const member = scanner.text();
    if (!scanner.pass(COLON)) return undefined;
    if (member === 't' && time === undefined) {
      time = part('times', readTimes);
      if (time === undefined) return undefined;
    } else if (member === 'c' && blocks === undefined) {
      blocks = readBlocks();
      if (blocks === undefined) return undefined;
    } else if (member === 'v' && version === undefined) version = scanner.number();
    else if (member === 'session' && session === undefined) {
      session = part('session', readSession);
      if (session === undefined) return undefined;
    } else if (member === 'seq' && seq === undefined) seq = part('seq', readSeq);
    else if (member === 'ack' && ack === undefined) {
      ack = scanner.truth();
      if (ack === undefined) return undefined;
    } else if (member === 'sent' && sent === undefined) {
      sent = part('sent', readTime);
      if (Number.isNaN(sent)) return undefined;
    } else return undefined;
  } while (scanner.pass(COMMA));
  if (!scanner.pass(CLOSE_OBJECT) || !scanner.isDone()) return undefined;
  if (time === undefined || blocks === undefined || version !== PAYLOAD_VERSION) return undefined;
  return { session, seq, sent, ack, time, blocks };
};

/** Reads a message that is like one read before but for its parts. */
const readAlike = ({ between, kinds, like }: Pattern<Read>, length: number): Read | undefined => {
  let { session, seq, sent, time } = like;
  const blocks: Block[] = [];
  for (let at = 0; at < kinds.length; at += 1) {
    const literal = between[at];
    if (literal === undefined || !scanner.passAll(literal)) return undefined;
    const kind = kinds[at];
    if (kind === 'values') {
      const value = readNumbers();
      const block = like.blocks[blocks.length];
      if (value === undefined || block === undefined) return undefined;
      blocks.push({ channel: block.channel, unit: block.unit, value });
    } else if (kind === 'times') {
      const times = readTimes();
      if (times === undefined) return undefined;
      time = times;
    } else if (kind === 'seq') seq = readSeq();
    else if (kind === 'session') {
      session = readSession();
      if (session === undefined) return undefined;
    } else {
      sent = readTime();
      if (Number.isNaN(sent)) return undefined;
    }
  }
  const end = between[kinds.length];
  if (end === undefined || !scanner.passAll(end) || scanner.place !== length) return undefined;
  return { session, seq, sent, ack: like.ack, time, blocks };
};

const sameChannels = (left: readonly Block[], right: readonly Block[]): boolean => {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1)
    if (left[at]?.channel !== right[at]?.channel || left[at]?.unit !== right[at]?.unit) return false;
  return true;
};

// Messages of a device come one after the other and are alike.
let pattern: Pattern<Read> | undefined;
let before: readonly Block[] = [];

/**
 * Reads a message as `decodeColumns` would, when nothing in it is unusual: times and values are numbers, names and
 * units printable ASCII, all points usable.
 * @returns `undefined` when something is; nothing is said of the message then
 */
export const readQuickColumns = (bytes: Uint8Array): Message | undefined => {
  if (pattern !== undefined) {
    scanner.start(bytes);
    const alike = readAlike(pattern, bytes.length);
    if (alike !== undefined) return toMessage(alike);
  }
  scanner.start(bytes);
  parts.length = 0;
  const read = readAny();
  const message = read === undefined ? undefined : toMessage(read);
  if (read === undefined || message === undefined) return undefined;
  // Where each is of another kind than the one before, nothing would be won.
  if (sameChannels(before, read.blocks)) pattern = new Pattern(bytes, parts, read);
  before = read.blocks.map(({ channel, unit }) => ({ channel, unit, value: [] }));
  return message;
};
