/** Messages of a run, to be known again when their device repeats them. */
import type { Recent } from './device-state.ts';
import { fingerprint } from './fingerprint.ts';

/** A message of this run. Only the last few of a run are asked for their fingerprint. */
export class NewMessage implements Recent {
  readonly seq: number;
  private readonly bytes: Uint8Array;
  private known: number | undefined;

  constructor(seq: number, bytes: Uint8Array) {
    this.seq = seq;
    this.bytes = bytes;
  }

  get print(): number {
    this.known ??= fingerprint(this.bytes);
    return this.known;
  }
}
