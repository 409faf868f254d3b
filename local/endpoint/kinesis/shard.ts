/** One shard: an ordered log of records, kept in segments, oldest first. */
import type { ShardFiles } from './files.ts';
import type { RecordData, StoredRecord } from './segment.ts';
import { SEGMENT_BYTES, Segment } from './segment.ts';

/** Records of one shard that are appended together. */
export interface Append {
  readonly partitionKey: string;
  readonly data: RecordData;
}

export class Shard {
  readonly id: string;
  readonly #files: ShardFiles | undefined;
  #segments: Segment[];
  #next: number;
  /** Readers see only what a restart would find too: a checkpoint can never be ahead of the log. */
  #visible: number;
  #bytes = 0;
  readonly #released = new Map<string, number>();

  constructor(id: string, segments: readonly Segment[], next: number, files?: ShardFiles) {
    this.id = id;
    this.#segments = [...segments];
    this.#next = next;
    this.#visible = next;
    this.#files = files;
    for (const segment of segments) this.#bytes += segment.bytes;
  }

  /** Counter the next record gets. */
  get next(): number {
    return this.#next;
  }

  /** Counter after the last record that readers may see. */
  get tip(): number {
    return this.#visible;
  }

  /** Counter of the oldest record that is kept. */
  get horizon(): number {
    return this.#segments[0]?.first ?? this.#visible;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends records in order. They are in memory when this returns, and durable (if the shard has files) and
   * visible when the promise is kept.
   * @returns counter of the first of them
   */
  append(records: readonly Append[], now: number): { first: number; done: Promise<void> } {
    const first = this.#next;
    for (const { partitionKey, data } of records) {
      const size = Segment.size(partitionKey, data);
      let last = this.#segments.at(-1);
      if (!last?.fits(size) || last.next !== this.#next) {
        last = new Segment(this.#next, Math.max(SEGMENT_BYTES, size));
        this.#segments.push(last);
      }
      last.append(partitionKey, data, now);
      this.#next += 1;
      this.#bytes += size;
    }
    const upTo = this.#next;
    if (!this.#files) {
      this.#visible = upTo;
      return { first, done: Promise.resolve() };
    }
    const done = this.#files
      .write(() => this.#segments, upTo)
      .then(() => {
        this.#visible = Math.max(this.#visible, upTo);
      });
    return { first, done };
  }

  /** Writes what a write that failed has left in memory: until that is on disk, no more may come. */
  async settle(): Promise<void> {
    if (this.#files?.failing !== true) return;
    const upTo = this.#next;
    await this.#files.write(() => this.#segments, upTo);
    this.#visible = Math.max(this.#visible, upTo);
  }

  /**
   * Reads records from a counter on.
   * @param maxBytes bound on the sum of data; the first record comes even if it is larger
   */
  read(from: number, limit: number, maxBytes: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    let room = maxBytes;
    for (let i = this.#segmentOf(from); i < this.#segments.length; i += 1) {
      const segment = this.#segments[i];
      if (!segment) break;
      const end = Math.min(segment.next, this.#visible);
      for (let counter = Math.max(from, segment.first); counter < end; counter += 1) {
        room -= segment.dataLength(counter);
        if (records.length === limit || (room < 0 && records.length > 0)) return records;
        records.push(segment.read(counter));
      }
    }
    return records;
  }

  /** Counter of the first record that arrived at or after a time. */
  atTime(time: number): number {
    const segment = this.#segments.find((s) => s.lastArrival >= time);
    if (!segment) return this.#visible;
    for (let counter = segment.first; counter < segment.next; counter += 1) {
      if (segment.arrivalOf(counter) >= time) return counter;
    }
    return this.#visible;
  }

  /** Milliseconds that a reader who is at this counter is behind the newest record. */
  behind(counter: number, now: number): number {
    const segment = this.#segments[this.#segmentOf(counter)];
    if (!segment || counter >= this.#visible) return 0;
    return Math.max(0, now - segment.arrivalOf(Math.max(counter, segment.first)));
  }

  /** A consumer needs nothing before this counter any more. */
  release(consumer: string, counter: number): void {
    this.#released.set(consumer, Math.max(counter, this.#released.get(consumer) ?? 0));
  }

  /** Drops the oldest segments that every consumer has released, at least `bytes` if that can be. */
  async makeRoom(bytes: number): Promise<void> {
    const released = this.#released.size === 0 ? 0 : Math.min(...this.#released.values());
    let freed = 0;
    await this.#dropWhile((segment) => {
      if (freed >= bytes || segment.next > released) return false;
      freed += segment.bytes;
      return true;
    });
  }

  /** Drops segments whose records are all older than the retention, as the service does. */
  async expire(before: number): Promise<void> {
    await this.#dropWhile((segment) => segment.lastArrival < before);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }

  async #dropWhile(may: (segment: Segment) => boolean): Promise<void> {
    const dropped: Segment[] = [];
    // The last segment stays: from it a restart knows how far the counter has come.
    for (const segment of this.#segments.slice(0, -1)) {
      if (segment.next > this.#visible || !may(segment)) break;
      dropped.push(segment);
      this.#bytes -= segment.bytes;
    }
    if (dropped.length === 0) return;
    this.#segments = this.#segments.slice(dropped.length);
    await this.#files?.remove(dropped);
  }

  #segmentOf(counter: number): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#segments[middle]?.next ?? 0) > counter) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
