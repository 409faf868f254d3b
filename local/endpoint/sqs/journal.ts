/** Lines of JSON appended to one file; what is appended together is written and flushed together. */
import type { FileHandle } from 'node:fs/promises';
import { constants, open, readFile } from 'node:fs/promises';
import { checkedLine, readLines, refuseDamage, replaceFile, writeAll } from '../../checked-file.ts';
import type { OnDamage } from '../../damage.ts';

export class Journal {
  readonly #path: string;
  #file: FileHandle;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #length: number;
  /** Bytes of whole lines: a write that failed may have left part of one after them. */
  #size: number;

  private constructor(path: string, file: FileHandle, length: number, size: number) {
    this.#path = path;
    this.#file = file;
    this.#length = length;
    this.#size = size;
  }

  /** Entries in the file. */
  get length(): number {
    return this.#length;
  }

  /**
   * Opens a journal for appending and gives what it holds; a torn last line is left out.
   * @param onDamage is told of lines that are not what was written; these are left out where it returns
   */
  static async open(
    path: string,
    onDamage: OnDamage = refuseDamage,
  ): Promise<{ journal: Journal; entries: readonly unknown[] }> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const { values, whole } = readLines(path, text, onDamage);
    const file = await openToWrite(path);
    return { journal: new Journal(path, file, values.length, whole), entries: values };
  }

  /** Kept when the entry is on disk. */
  append(entry: object): Promise<void> {
    this.#pending.push(checkedLine(entry));
    this.#queued ??= this.#writing
      .catch(() => undefined) // those who waited for the failed write were told
      .then(() => {
        this.#queued = undefined;
        const lines = this.#pending;
        this.#pending = [];
        this.#writing = this.#write(lines);
        return this.#writing;
      });
    return this.#queued;
  }

  /**
   * Replaces everything by what is still needed. What is appended meanwhile comes after it, perhaps a second
   * time: reading has to bear that.
   * @param entries gives what is needed when the writing starts
   */
  rewrite(entries: () => readonly object[]): Promise<void> {
    const replace = async () => {
      const lines = entries().map(checkedLine);
      const bytes = Buffer.from(lines.join(''));
      await replaceFile(this.#path, [bytes]);
      await this.#file.close();
      this.#file = await openToWrite(this.#path);
      this.#length = lines.length;
      this.#size = bytes.length;
    };
    this.#writing = this.#writing.then(replace, replace);
    return this.#writing;
  }

  async close(): Promise<void> {
    // Whoever waited for a write that failed was told.
    await this.#queued?.catch(() => undefined);
    await this.#writing.catch(() => undefined);
    await this.#file.close();
  }

  async #write(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''));
    await this.#file.truncate(this.#size);
    await writeAll(this.#file, bytes, this.#size);
    await this.#file.datasync();
    this.#size += bytes.length;
    this.#length += lines.length;
  }
}

/** Not for appending: where a line goes is said each time. */
const openToWrite = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
