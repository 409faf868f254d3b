/** Sequence numbers of Kinesis: decimal integers of up to 129 digits, ascending within a shard. */

/** @returns below 0 when `left` comes first, above 0 when `right` does */
export const compareSequences = (left: string, right: string): number =>
  left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);

/** Where a device's records are known to be durable up to, in one shard of one stream. */
export interface Checkpoint {
  readonly sequence: string;
  /** When that record arrived. */
  readonly arrived: number;
}

/** How long after a checkpoint a record with a lower number may have arrived: clocks of shards differ a little. */
const SLACK_MICROS = 60_000_000;

/**
 * Whether a record is at or before a checkpoint. A stream that was deleted and made again under its old name may
 * number anew: a record that arrived well after the checkpoint is new whatever its number.
 */
export const isDurable = (checkpoint: Checkpoint | undefined, sequence: string, arrived: number): boolean =>
  checkpoint !== undefined &&
  compareSequences(sequence, checkpoint.sequence) <= 0 &&
  arrived <= checkpoint.arrived + SLACK_MICROS;
