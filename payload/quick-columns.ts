/**
 * Native columns of numbers as the device library sends them, read straight from the bytes. With it `ingest` takes 2.8
 * times as long as `JSON.parse` for columns of 100 points, without it 3.7 times; the limit is 3 (`npm run bench ingest`).
 */
import { LIMITS } from '../contracts/limits.ts';
import { type Column, type Message, PAYLOAD_VERSION } from '../contracts/messages/message.ts';
import type { Micros } from '../contracts/time.ts';
import { pointerToValues } from './columns.ts';
import { faultOfIdentity } from './header.ts';
import { JsonScanner } from './json-scanner.ts';
import { readTimeMillis, readTimeText } from './times.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

// One scanner serves all messages, as reading never waits: with one for each, `ingest` takes half as long again.
const scanner = new JsonScanner();

/** A channel, before it is known how many times there are. */
interface Block {
  readonly channel: string;
  readonly unit: string | undefined;
  readonly value: readonly number[];
}

const readNumbers = (): number[] | undefined => (scanner.pass(OPEN_LIST) ? scanner.numbers() : undefined);

const readTimes = (): Micros[] | undefined => {
  const times = readNumbers();
  if (times === undefined) return undefined;
  for (let at = 0; at < times.length; at += 1) {
    const time = readTimeMillis(times[at] ?? 0);
    if (Number.isNaN(time)) return undefined;
    times[at] = time;
  }
  return times;
};

/** @returns NaN for what is no time */
const readTime = (): Micros =>
  scanner.peek() === QUOTE ? readTimeText(scanner.text() ?? '') : readTimeMillis(scanner.whole());

const readBlock = (channel: string): Block | undefined => {
  let unit: string | undefined;
  let value: number[] | undefined;
  if (!scanner.pass(OPEN_OBJECT)) return undefined;
  do {
    const member = scanner.text();
    if (!scanner.pass(COLON)) return undefined;
    if (member === 'v' && value === undefined) value = readNumbers();
    else if (member === 'u' && unit === undefined) unit = scanner.text();
    else return undefined;
    if (value === undefined && unit === undefined) return undefined;
  } while (scanner.pass(COMMA));
  return scanner.pass(CLOSE_OBJECT) && value !== undefined ? { channel, unit, value } : undefined;
};

const readBlocks = (): Block[] | undefined => {
  const blocks: Block[] = [];
  if (!scanner.pass(OPEN_OBJECT)) return undefined;
  do {
    const channel = scanner.text();
    // Names that are whole numbers come first in a parsed object, wherever they stand in its text.
    if (channel === undefined || /^\d/.test(channel) || !scanner.pass(COLON)) return undefined;
    for (const block of blocks) if (block.channel === channel) return undefined;
    const block = readBlock(channel);
    if (block === undefined) return undefined;
    blocks.push(block);
  } while (scanner.pass(COMMA));
  return scanner.pass(CLOSE_OBJECT) ? blocks : undefined;
};

/**
 * Reads a message as `decodeColumns` would, when nothing in it is unusual: times are milliseconds, values decimal
 * numbers of at most 15 digits, names and units printable ASCII, no name stands twice, and every point can be used.
 * @returns `undefined` when something is unusual; nothing is said of the message then
 */
export const readQuickColumns = (bytes: Uint8Array): Message | undefined => {
  scanner.start(bytes);
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
      time = readTimes();
      if (time === undefined) return undefined;
    } else if (member === 'c' && blocks === undefined) {
      blocks = readBlocks();
      if (blocks === undefined) return undefined;
    } else if (member === 'v' && version === undefined) version = scanner.whole();
    else if (member === 'session' && session === undefined) {
      session = scanner.text();
      if (session === undefined) return undefined;
    } else if (member === 'seq' && seq === undefined) seq = scanner.whole();
    else if (member === 'ack' && ack === undefined) {
      ack = scanner.boolean();
      if (ack === undefined) return undefined;
    } else if (member === 'sent' && sent === undefined) {
      sent = readTime();
      if (Number.isNaN(sent)) return undefined;
    } else return undefined;
  } while (scanner.pass(COMMA));
  if (!scanner.pass(CLOSE_OBJECT) || !scanner.isDone()) return undefined;
  if (version !== PAYLOAD_VERSION || faultOfIdentity(session, seq, ack) !== undefined) return undefined;
  if (time === undefined || blocks === undefined) return undefined;
  const points = time.length * blocks.length;
  if (points > LIMITS.messagePoints) return undefined;
  const columns: Column[] = [];
  for (const { channel, unit, value } of blocks) {
    if (value.length !== time.length) return undefined;
    const pointer = pointerToValues(channel);
    columns.push({ channel, unit, time, value, quality: undefined, pointer });
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
