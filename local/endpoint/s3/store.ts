/**
 * Objects of the buckets: in memory, or one file each (u32 length of the head · head as JSON · body) that is
 * put in place by renaming, so that a reader or a restart sees an object whole or not at all. Keys and heads are
 * always in memory. Versions are not kept.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from './checksums.ts';

export interface ObjectHead {
  readonly key: string;
  readonly size: number;
  /** With quotes, as in the header. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
  /** The one that came with it. */
  readonly checksum?: Checksum | undefined;
  /** What goes back with the object: content type and encoding, `x-amz-meta-*`, ... */
  readonly headers: Readonly<Record<string, string>>;
}

export class Bucket {
  readonly name: string;
  readonly keyArn: string | undefined;
  /** Milliseconds since the epoch. */
  readonly created: number;
  readonly #dir: string | undefined;
  readonly #heads = new Map<string, ObjectHead>();
  readonly #bodies = new Map<string, Buffer>();
  /** Writes of one key happen one after another. */
  readonly #busy = new Map<string, Promise<unknown>>();
  #sorted: readonly ObjectHead[] | undefined;

  private constructor(
    name: string,
    keyArn: string | undefined,
    dir: string | undefined,
    created = Date.now(),
  ) {
    this.name = name;
    this.keyArn = keyArn;
    this.created = created;
    this.#dir = dir;
  }

  /** @param dir folder of the bucket's files; in memory when absent */
  static async open(name: string, keyArn: string | undefined, dir: string | undefined): Promise<Bucket> {
    if (dir === undefined) return new Bucket(name, keyArn, dir);
    await mkdir(dir, { recursive: true });
    const bucket = new Bucket(name, keyArn, dir, (await stat(dir)).birthtimeMs);
    for (const file of await readdir(dir)) {
      const path = join(dir, file);
      // A write that the last run did not finish: nobody was told that it was done.
      if (file.endsWith('.new')) await rm(path);
      else {
        const head = (await readHead(path)).head;
        bucket.#heads.set(head.key, head);
      }
    }
    return bucket;
  }

  head(key: string): ObjectHead | undefined {
    return this.#heads.get(key);
  }

  /** Bytes `[start, end)` of an object that exists; call it within {@link alone}. */
  async read(head: ObjectHead, start = 0, end = head.size): Promise<Buffer> {
    if (this.#dir === undefined) {
      const body = this.#bodies.get(head.key);
      if (!body) throw new Error(`no body of ${head.key} in bucket ${this.name}`);
      return body.subarray(start, end);
    }
    const { offset } = await readHead(this.#path(head.key));
    const file = await open(this.#path(head.key));
    try {
      const bytes = Buffer.alloc(end - start);
      await file.read(bytes, 0, bytes.length, offset + start);
      return bytes;
    } finally {
      await file.close();
    }
  }

  /**
   * Writes an object whole.
   * @param check sees the head that would be replaced and throws when it may not be
   */
  put(head: ObjectHead, body: Buffer, check: (before: ObjectHead | undefined) => void): Promise<void> {
    return this.alone(head.key, async () => {
      check(this.#heads.get(head.key));
      if (this.#dir === undefined) this.#bodies.set(head.key, Buffer.from(body));
      else await this.#write(this.#path(head.key), head, body);
      if (!this.#heads.has(head.key)) this.#sorted = undefined;
      else this.#sorted = this.#sorted?.map((old) => (old.key === head.key ? head : old));
      this.#heads.set(head.key, head);
    });
  }

  delete(key: string): Promise<void> {
    return this.alone(key, async () => {
      if (!this.#heads.delete(key)) return;
      this.#sorted = undefined;
      if (this.#dir === undefined) this.#bodies.delete(key);
      else await rm(this.#path(key));
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
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const next = `${path}.${randomUUID()}.new`;
    await writeFile(next, [length, json, body]);
    await rename(next, path);
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

async function readHead(path: string): Promise<{ head: ObjectHead; offset: number }> {
  const file = await open(path);
  try {
    const length = Buffer.alloc(4);
    await file.read(length, 0, 4, 0);
    const json = Buffer.alloc(length.readUInt32LE());
    await file.read(json, 0, json.length, 4);
    return { head: JSON.parse(json.toString('utf8')) as ObjectHead, offset: 4 + json.length };
  } finally {
    await file.close();
  }
}
