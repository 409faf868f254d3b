/**
 * The one way from bytes on `lab/{site}/{device}/data` to points. The first byte tells the format, so that one
 * topic serves all; no two formats share one:
 *
 * | first byte | format |
 * |---|---|
 * | `7b` `{` · `5b` `[` · white space · `ef` (byte order mark) | JSON: an object is native rows or columns, an array SenML |
 * | `80`–`9f` · `d9` (self-described CBOR) | SenML CBOR |
 * | `10` `1a` `22` `2a` `32` `38` `40` `48` | protobuf: the tags of the fields of `labgate.v1.Message` |
 * | `1f` | gzip around one of them |
 * | `28` | zstd around one of them |
 */
import { isObject } from '../contracts/json.ts';
import { LIMITS } from '../contracts/limits.ts';
import { type Message, UndecodableMessage } from '../contracts/messages/message.ts';
import type { Micros } from '../contracts/time.ts';
import { decodeColumns } from './columns.ts';
import { parseJson } from './json.ts';
import { decodeProtobuf, startsProtobuf } from './protobuf.ts';
import { readQuickColumns } from './quick-columns.ts';
import { decodeRows } from './rows.ts';
import { decodeSenml } from './senml.ts';
import { readSenmlCbor } from './senml-cbor.ts';
import { type Inflaters, unwrap } from './unwrap.ts';

const startsJson = (byte: number): boolean =>
  byte === 0x7b ||
  byte === 0x5b ||
  byte === 0x20 ||
  byte === 0x0a ||
  byte === 0x0d ||
  byte === 0x09 ||
  byte === 0xef;
const startsCbor = (byte: number): boolean => (byte >= 0x80 && byte <= 0x9f) || byte === 0xd9;

const decodeJson = (bytes: Uint8Array, arrival: Micros): Message => {
  const quick = readQuickColumns(bytes);
  if (quick !== undefined) return quick;
  const document = parseJson(bytes);
  if (Array.isArray(document)) return decodeSenml(document, arrival, 'senml-json');
  if (!isObject(document)) {
    throw new UndecodableMessage('invalid-structure', 'A message is an object or an array.', '');
  }
  if (!('c' in document)) return decodeRows(document);
  if ('data' in document) {
    throw new UndecodableMessage('invalid-structure', 'A message holds data or c, not both.', '');
  }
  return decodeColumns(document);
};

/**
 * Decodes a message of any format.
 * @param bytes the MQTT payload as it came in
 * @param arrival when the platform received it: what relative times of SenML count from
 * @param inflaters what gzip and zstd are taken off with
 * @returns columns of points; what could not be used of a message is in its `faults`
 * @throws {UndecodableMessage} when nothing of the message can be used
 * @example
 * const { columns, faults } = decodeMessage(payload, arrivedMicros, inflaters);
 * for (const column of columns)
 *   column.value.forEach((value, at) => console.log(column.channel, column.time[at], value));
 */
export const decodeMessage = (bytes: Uint8Array, arrival: Micros, inflaters: Inflaters): Message => {
  const plain = unwrap(bytes, inflaters);
  const first = plain[0] ?? 0;
  const message = startsJson(first)
    ? decodeJson(plain, arrival)
    : startsCbor(first)
      ? decodeSenml(readSenmlCbor(plain), arrival, 'senml-cbor')
      : startsProtobuf(first)
        ? decodeProtobuf(plain)
        : undefined;
  if (message === undefined) {
    throw new UndecodableMessage(
      'unknown-format',
      `No format begins with the byte 0x${first.toString(16).padStart(2, '0')}.`,
    );
  }
  if (message.points > LIMITS.messagePoints) {
    throw new UndecodableMessage(
      'too-many-points',
      `${message.points} points; at most ${LIMITS.messagePoints} are taken.`,
    );
  }
  if (message.points === 0 && message.facts === undefined && message.faults.length === 0) {
    throw new UndecodableMessage('no-content', 'The message holds neither a point nor a device fact.');
  }
  return message;
};
