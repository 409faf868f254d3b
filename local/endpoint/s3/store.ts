/**
 * Objects of the buckets: in memory, or one file each (u32 length of the head · head as JSON · body · u32 CRC-32 of
 * the head) that is put in place by renaming, so that a reader or a restart sees an object whole or not at all. Keys
 * and heads are always in memory. Versions are not kept.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { replaceFile } from '../../checked-file.ts';
import type { Log } from '../../types.ts';
import { AwsError } from '../../types.ts';
import { DiskWatch } from '../disk-watch.ts';
import { type Checksum, checksumOf } from './checksums.ts';
import { checkLock, type Retention } from './lock.ts';

export interface ObjectHead {
  readonly key: string;
  readonly size: number;
  /** With quotes, as in the header. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** The one that came with it. */
  readonly checksum?: Checksum | undefined;
  /** CRC-32 of the body in base64: the store adds it in files, to know damage. Not all had it once. */
  readonly crc32?: string;
  /** Until when it may not be deleted or replaced, in milliseconds since the epoch. */
  readonly lockedUntil?: number;
  /** What goes back with the object: content type and encoding, `x-amz-meta-*`, ... */
  readonly headers: Readonly<Record<string, string>>;
}

export class Bucket {
  readonly name: string;
  readonly keyArn: string | undefined;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** How long what is put into it stays; as anyone wants when absent. */
  retention: Retention | undefined;
  readonly #dir: string | undefined;
  readonly #log: Log;
  readonly #disk: DiskWatch;
  readonly #heads = new Map<string, ObjectHead>();
  readonly #bodies = new Map<string, Buffer>();
  /** Writes of one key happen one after another. */
  readonly #busy = new Map<string, Promise<unknown>>();
  #sorted: readonly ObjectHead[] | undefined;

  private constructor(
    name: string,
    keyArn: string | undefined,
    dir: string | undefined,
    log: Log,
    created = Date.now(),
  ) {
    this.name = name;
    this.keyArn = keyArn;
    this.created = created;
    this.#dir = dir;
    this.#log = log;
    this.#disk = new DiskWatch(`bucket ${name}`, log);
  }

  /**
   * One damaged object stops nothing: it is named, and refused to those who ask for it.
   * @param dir folder of the bucket's files; in memory when absent
   */
  static async open(
    name: string,
    keyArn: string | undefined,
    dir: string | undefined,
    log: Log,
  ): Promise<Bucket> {
    if (dir === undefined) return new Bucket(name, keyArn, dir, log);
    await mkdir(dir, { recursive: true });
    const bucket = new Bucket(name, keyArn, dir, log, (await stat(dir)).birthtimeMs);
    for (const file of await readdir(dir)) {
      const path = join(dir, file);
      // A write that the last run did not finish: nobody was told that it was done.
      if (file.endsWith('.new')) await rm(path);
      else if (/^[\da-f]{64}$/.test(file)) {
        const { head, what } = await inspect(path);
        if (what !== undefined) bucket.#damaged(path, head?.key, what);
        if (head !== undefined) bucket.#heads.set(head.key, head);
      }
    }
    return bucket;
  }

  head(key: string): ObjectHead | undefined {
    return this.#heads.get(key);
  }

  /**
   * Bytes `[start, end)` of an object that exists; call it within {@link alone}.
   * @throws {AwsError} `InternalError` when they are not what was written
   */
  async read(head: ObjectHead, start = 0, end = head.size): Promise<Buffer> {
    if (this.#dir === undefined) {
      const body = this.#bodies.get(head.key);
      if (!body) throw new Error(`no body of ${head.key} in bucket ${this.name}`);
      return body.subarray(start, end);
    }
    const path = this.#path(head.key);
    const file = await open(path);
    try {
      const bytes = await readExactly(file, (await headLength(file)) + start, end - start);
      const isWhole = end - start === head.size;
      if (bytes === undefined) throw this.#damaged(path, head.key, 'it is cut short');
      if (isWhole && head.crc32 !== undefined && (await checksumOf('CRC32', bytes)) !== head.crc32)
        throw this.#damaged(path, head.key, 'its body does not fit its checksum');
      return bytes;
    } finally {
      await file.close();
    }
  }

  #damaged(path: string, key: string | undefined, what: string): AwsError {
    this.#log('error', `${path} is damaged: ${what}`, { bucket: this.name, key });
    return new AwsError('InternalError', `the object ${key} is damaged on disk: ${what}`, 500);
  }

  /**
   * Writes an object whole.
   * @param check sees the head that would be replaced and throws when it may not be
   */
  put(head: ObjectHead, body: Buffer, check: (before: ObjectHead | undefined) => void): Promise<void> {
    return this.alone(head.key, async () => {
      const before = this.#heads.get(head.key);
      check(before);
      checkLock(before);
      let kept = head;
      if (this.#dir === undefined) this.#bodies.set(head.key, Buffer.from(body));
      else {
        kept = { ...head, crc32: await checksumOf('CRC32', body) };
        await this.#disk.write(() => this.#write(this.#path(head.key), kept, body));
      }
      if (!this.#heads.has(head.key)) this.#sorted = undefined;
      else this.#sorted = this.#sorted?.map((old) => (old.key === head.key ? kept : old));
      this.#heads.set(head.key, kept);
    });
  }

  /**
   * @param check whether the object that is there then is to go; whichever it is when absent
   * @throws {AwsError} `AccessDenied` when it is locked
   */
  delete(key: string, check: (head: ObjectHead) => boolean = () => true): Promise<void> {
    return this.alone(key, async () => {
      const head = this.#heads.get(key);
      if (head === undefined || !check(head)) return;
      checkLock(head);
      this.#heads.delete(key);
      this.#sorted = undefined;
      if (this.#dir === undefined) this.#bodies.delete(key);
      else await rm(this.#path(key), { force: true });
    });
  }

  /** Heads of all objects in the order of their keys' UTF-8 bytes, as S3 lists them. */
  list(): readonly ObjectHead[] {
    this.#sorted ??= [...this.#heads.values()]
      .map((head) => ({ head, bytes: Buffer.from(head.key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
      .map(({ head }) => head);
    return this.#sorted;
  }

  #path(key: string): string {
    return join(this.#dir ?? '', createHash('sha256').update(key).digest('hex'));
  }

  async #write(path: string, head: ObjectHead, body: Buffer): Promise<void> {
    const json = Buffer.from(JSON.stringify(head));
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32LE(json.length);
    checksum.writeUInt32LE(crc32(json));
    await replaceFile(path, [length, json, body, checksum], `${path}.${randomUUID()}.new`);
  }

  /** Runs one piece of work on a key at a time, so that what is read belongs to the head that was seen. */
  async alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(key) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#busy.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#busy.get(key) === own) this.#busy.delete(key);
    }
  }
}

/** @returns `undefined` when the file ends before */
async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

/** Bytes before the body; nonsense in a file that is damaged, which `inspect` has told. */
const headLength = async (file: FileHandle): Promise<number> =>
  4 + ((await readExactly(file, 0, 4))?.readUInt32LE() ?? 0);

/** Looks at all of a file but the body. @returns the head as far as it can be read, and what is wrong */
async function inspect(path: string): Promise<{ head: ObjectHead | undefined; what: string | undefined }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = await headLength(file);
    const json = start > size ? undefined : await readExactly(file, 4, start - 4);
    if (json === undefined) return { head: undefined, what: 'its head is cut short' };
    const head = headOf(json);
    const end = start + (head?.size ?? 0);
    // Files had no checksum of the head once.
    const checksum = size === end ? undefined : (await readExactly(file, end, 4))?.readUInt32LE();
    if (head === undefined || (size > end && checksum !== crc32(json)))
      return { head: undefined, what: 'its head does not fit its checksum' };
    return { head, what: size < end ? 'it is cut short' : undefined };
  } finally {
    await file.close();
  }
}

const headOf = (json: Buffer): ObjectHead | undefined => {
  try {
    return JSON.parse(json.toString('utf8')) as ObjectHead;
  } catch {
    return undefined;
  }
};
