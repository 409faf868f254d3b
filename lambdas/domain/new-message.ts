/** Messages of a run, to be known again when their device repeats them. */
import { crc32 } from 'node:zlib';
import type { Recent } from './device-state.ts';

/** A message of this run. Only the last few of a run are asked for their checksum. */
export class NewMessage implements Recent {
  readonly seq: number;
  private readonly bytes: Uint8Array;
  private known: number | undefined;

  constructor(seq: number, bytes: Uint8Array) {
    this.seq = seq;
    this.bytes = bytes;
  }

  get crc(): number {
    this.known ??= crc32(this.bytes);
    return this.known;
  }
}
