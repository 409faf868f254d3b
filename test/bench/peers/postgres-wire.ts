/**
 * The part of PostgreSQL's protocol that the bench needs: trust authentication, simple queries with rows as text, COPY
 * FROM STDIN (PostgreSQL 15, chapter 55, "Frontend/Backend Protocol").
 *
 * Kept in place of the package `pg`, which would make PostgreSQL look slower than it is: `pg` reads each row as it
 * comes, with its rows as arrays of text 50 000 points take 46 ms, here 29 ms (medians of 260, in turn, one server).
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const READY = Buffer.from([0x5a, 0, 0, 0, 5]);
const READY_BYTES = 6;

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(type.length + 4);
  head.write(type);
  head.writeInt32BE(body.length + 4, type.length);
  return Buffer.concat([head, body]);
};

/** Splits an answer into the messages of the server. */
function* messagesOf(bytes: Buffer): Generator<{ readonly type: string; readonly body: Buffer }> {
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readInt32BE(at + 1);
    yield { type: String.fromCharCode(bytes[at] ?? 0), body: bytes.subarray(at + 5, at + 1 + length) };
    at += 1 + length;
  }
}

export class Connection {
  private readonly socket: Socket;
  private parts: Buffer[] = [];
  private waiting: ((bytes: Buffer) => void) | undefined;
  private broken: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (part: Buffer) => {
      this.parts.push(part);
      this.look();
    });
    socket.on('error', (error) => this.broken?.(error));
    socket.on('close', () => this.broken?.(new Error('PostgreSQL closed the connection')));
  }

  static async open(path: string, user: string): Promise<Connection> {
    const socket = connect(path);
    await once(socket, 'connect');
    const connection = new Connection(socket);
    const version = Buffer.from([0, 3, 0, 0]);
    const fields = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
    await connection.exchange(message('', Buffer.concat([version, fields])));
    return connection;
  }

  /** An answer ends with ReadyForQuery, or with CopyInResponse when the server waits for data. */
  private look(): void {
    const last = this.parts.at(-1);
    if (last === undefined) return;
    const bytes = last.length >= READY_BYTES ? last : Buffer.concat(this.parts);
    const ready = bytes.subarray(-READY_BYTES, -1).equals(READY);
    const copy = this.parts.length === 1 && bytes[0] === 0x47;
    if (!ready && !copy) return;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    this.waiting?.(whole);
  }

  private async exchange(sent: Buffer): Promise<Buffer> {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      this.waiting = resolve;
      this.broken = reject;
      this.socket.write(sent);
    });
    this.broken = undefined;
    return answer;
  }

  /** @throws Error with the message of the server */
  async query(sql: string): Promise<Buffer> {
    const answer = await this.exchange(message('Q', Buffer.from(`${sql}\0`)));
    // Rows may be many: an error is looked for only before the first row.
    for (const { type, body } of messagesOf(answer)) {
      if (type === 'E') throw new Error(`PostgreSQL: ${body.toString().replaceAll('\0', ' ')}: ${sql}`);
      if (type === 'D') break;
    }
    return answer;
  }

  /** COPY ... FROM STDIN. */
  async copy(sql: string, parts: Iterable<Buffer>): Promise<void> {
    await this.query(sql);
    for (const part of parts) if (!this.socket.write(message('d', part))) await once(this.socket, 'drain');
    const answer = await this.exchange(message('c', Buffer.alloc(0)));
    for (const { type, body } of messagesOf(answer))
      if (type === 'E') throw new Error(`PostgreSQL: ${body.toString().replaceAll('\0', ' ')}`);
  }

  close(): void {
    this.socket.end(message('X', Buffer.alloc(0)));
  }
}

/** Numbers of one column of an answer, row by row. */
export function* columnOf(answer: Buffer, column: number): Generator<number> {
  for (const { type, body } of messagesOf(answer)) {
    if (type !== 'D') continue;
    let at = 2;
    for (let field = 0; field < column; field += 1) at += 4 + Math.max(0, body.readInt32BE(at));
    const length = body.readInt32BE(at);
    if (length >= 0) yield Number(body.toString('latin1', at + 4, at + 4 + length));
  }
}
