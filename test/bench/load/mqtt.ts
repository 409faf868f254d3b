/**
 * The part of MQTT 3.1.1 that a publisher needs (OASIS MQTT 3.1.1, chapters 2 and 3). A client library would take more
 * processor time than the broker that is measured.
 */
import { Buffer } from 'node:buffer';

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const packet = (head: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; ; ) {
    const digit = left & 0x7f;
    left >>>= 7;
    length.push(left > 0 ? digit | 0x80 : digit);
    if (left === 0) break;
  }
  return Buffer.concat([Buffer.from([head, ...length]), body]);
};

/** CONNECT with a clean session. @param keepAlive seconds */
export const connect = (
  clientId: string,
  keepAlive: number,
  who?: { readonly username: string; readonly password: string },
): Buffer => {
  const flags = who === undefined ? 0x02 : 0xc2;
  const rest = who === undefined ? [] : [text(who.username), text(who.password)];
  const head = Buffer.from([4, flags, keepAlive >> 8, keepAlive & 0xff]);
  return packet(0x10, text('MQTT'), head, text(clientId), ...rest);
};

/** SUBSCRIBE to one filter. */
export const subscribe = (id: number, filter: string, qos: 0 | 1 = 1): Buffer =>
  packet(0x82, Buffer.from([id >> 8, id & 0xff]), text(filter), Buffer.from([qos]));

export const puback = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 0xff]);

export const DISCONNECT = Buffer.from([0xe0, 0]);

/** Writes PUBLISH packets of QoS 1 on one topic, in one allocation each. */
export const publisherOf = (topic: string): ((id: number, payload: string) => Buffer) => {
  const name = text(topic);
  return (id, payload) => {
    const size = name.length + 2 + payload.length;
    const lengthBytes = size < 0x80 ? 1 : size < 0x4000 ? 2 : 3;
    const bytes = Buffer.allocUnsafe(1 + lengthBytes + size);
    bytes[0] = 0x32;
    for (let at = 1, left = size; at <= lengthBytes; at++) {
      bytes[at] = at < lengthBytes ? (left & 0x7f) | 0x80 : left & 0x7f;
      left >>>= 7;
    }
    let at = 1 + lengthBytes;
    at += name.copy(bytes, at);
    at = bytes.writeUInt16BE(id, at);
    bytes.write(payload, at, 'latin1');
    return bytes;
  };
};

/** Handlers of the packets that a publisher gets. */
export interface Heard {
  connack(code: number): void;
  suback(): void;
  puback(id: number): void;
  publish(payload: Buffer, id: number | undefined): void;
}

/** Reads packets out of the chunks of a connection. */
export class Reader {
  private rest: Buffer | undefined;
  private readonly heard: Heard;

  constructor(heard: Heard) {
    this.heard = heard;
  }

  take(chunk: Buffer): void {
    const bytes = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      let length = 0;
      let shift = 0;
      let body = at + 1;
      let digit = 0x80;
      while (body < bytes.length && (digit & 0x80) !== 0) {
        digit = bytes[body] ?? 0;
        length |= (digit & 0x7f) << shift;
        shift += 7;
        body++;
      }
      if ((digit & 0x80) !== 0 || body + length > bytes.length) break;
      this.hear(bytes[at] ?? 0, bytes.subarray(body, body + length));
      at = body + length;
    }
    this.rest = at < bytes.length ? bytes.subarray(at) : undefined;
  }

  private hear(head: number, body: Buffer): void {
    const { heard } = this;
    const kind = head >> 4;
    if (kind === 2) heard.connack(body[1] ?? 255);
    else if (kind === 4) heard.puback(body.readUInt16BE(0));
    else if (kind === 9) heard.suback();
    else if (kind === 3) {
      const end = 2 + body.readUInt16BE(0);
      const acknowledge = (head & 0x06) !== 0;
      const id = acknowledge ? body.readUInt16BE(end) : undefined;
      heard.publish(body.subarray(acknowledge ? end + 2 : end), id);
    } else throw new Error(`a publisher does not expect the packet 0x${head.toString(16)}`);
  }
}
