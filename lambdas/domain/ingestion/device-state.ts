/**
 * What is remembered of a device between batches. A pure function of the device's records up to its checkpoints: two
 * states of one device differ only in how far they reach, and the one that reaches further is right.
 */
import { AT_REST, type RuleStates } from '../alerts/rule-state.ts';
import { EMPTY_LEDGER, type Ledger } from '../ledger/ledger.ts';
import { type Checkpoint, compareSequences } from '../ledger/sequence.ts';
import type { Session } from '../ledger/sessions.ts';
import type { Track } from './quality.ts';

/** Shards whose checkpoints are kept: resharding moves a device on, and its old shards drain. */
export const MAX_CHECKPOINTS = 4;

export interface DeviceState {
  /** One more with each batch of the device. */
  readonly version: number;
  /** By shard key, which names the stream and its shard. */
  readonly checkpoints: ReadonlyMap<string, Checkpoint>;
  readonly tracks: ReadonlyMap<string, Readonly<Track>>;
  /** The newest last. */
  readonly sessions: readonly Session[];
  /** CRC-32 of the facts last reported. */
  readonly facts: number | undefined;
  /** Totals since the device is known. */
  readonly ledger: Ledger;
  /** Of alert rules that are not at rest. */
  readonly alerts: RuleStates;
}

export const NEW_STATE: DeviceState = {
  version: 0,
  checkpoints: new Map(),
  tracks: new Map(),
  sessions: [],
  facts: undefined,
  ledger: EMPTY_LEDGER,
  alerts: AT_REST,
};

/** How far a state goes: what two states of one device are compared by. */
export interface Reach {
  /** The greatest sequence number of its checkpoints; empty for none. */
  readonly sequence: string;
  readonly version: number;
}

export const reachOf = ({ checkpoints, version }: DeviceState): Reach => {
  let greatest = '';
  for (const { sequence } of checkpoints.values())
    if (compareSequences(sequence, greatest) > 0) greatest = sequence;
  return { sequence: greatest, version };
};

/** @returns above 0 when `left` goes further */
export const compareReach = (left: Reach, right: Reach): number =>
  compareSequences(left.sequence, right.sequence) || left.version - right.version;

/** Moves the checkpoint of a shard; of too many shards the one that lies furthest back is forgotten. */
export const moveCheckpoint = (
  checkpoints: ReadonlyMap<string, Checkpoint>,
  shardKey: string,
  checkpoint: Checkpoint,
): ReadonlyMap<string, Checkpoint> => {
  const moved = new Map(checkpoints).set(shardKey, checkpoint);
  while (moved.size > MAX_CHECKPOINTS) {
    const [oldest] = [...moved].reduce((one, other) => (other[1].arrived < one[1].arrived ? other : one));
    moved.delete(oldest);
  }
  return moved;
};
