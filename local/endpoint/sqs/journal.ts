/** Lines of JSON appended to one file; what is appended together is written together. */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, rename, writeFile } from 'node:fs/promises';

export class Journal {
  readonly #path: string;
  #file: FileHandle;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #length: number;

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path;
    this.#file = file;
    this.#length = length;
  }

  /** Entries in the file. */
  get length(): number {
    return this.#length;
  }

  /** Opens a journal for appending and gives what it holds; a torn last line is left out. */
  static async open(path: string): Promise<{ journal: Journal; entries: unknown[] }> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const entries = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
    const file = await open(path, 'a');
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return { journal: new Journal(path, file, entries.length), entries };
  }

  /** Kept when the entry is in the file. */
  append(entry: object): Promise<void> {
    this.#length += 1;
    this.#pending.push(`${JSON.stringify(entry)}\n`);
    this.#queued ??= this.#writing
      .catch(() => undefined) // those who waited for the failed write were told
      .then(() => {
        this.#queued = undefined;
        const text = this.#pending.join('');
        this.#pending = [];
        this.#writing = this.#file.appendFile(text);
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
      const kept = entries();
      this.#length = kept.length;
      const next = `${this.#path}.new`;
      await writeFile(next, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      await rename(next, this.#path);
      await this.#file.close();
      this.#file = await open(this.#path, 'a');
    };
    this.#writing = this.#writing.then(replace, replace);
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.#queued;
    await this.#writing;
    await this.#file.close();
  }
}
