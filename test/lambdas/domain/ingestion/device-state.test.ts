import { describe, expect, it } from 'vitest';
import {
  compareReach,
  MAX_CHECKPOINTS,
  moveCheckpoint,
  NEW_STATE,
  reachOf,
} from '../../../../lambdas/domain/ingestion/device-state.ts';
import { addLedgers, EMPTY_LEDGER, isBalanced } from '../../../../lambdas/domain/ledger/ledger.ts';
import { type Checkpoint, compareSequences, isDurable } from '../../../../lambdas/domain/ledger/sequence.ts';

describe('sequence numbers', () => {
  it('are compared as the integers they are', () => {
    expect(compareSequences('9', '10')).toBeLessThan(0);
    expect(compareSequences('11', '10')).toBeGreaterThan(0);
    expect(compareSequences('10', '10')).toBe(0);
  });
});

describe('isDurable', () => {
  const checkpoint: Checkpoint = { sequence: '100', arrived: 5_000_000 };
  it('holds up to the checkpoint', () => {
    expect(isDurable(checkpoint, '99', 1)).toBe(true);
    expect(isDurable(checkpoint, '100', 5_000_000)).toBe(true);
    expect(isDurable(checkpoint, '101', 5_000_000)).toBe(false);
    expect(isDurable(undefined, '1', 1)).toBe(false);
  });
  it('does not trust a number that a new stream may have given anew', () => {
    expect(isDurable(checkpoint, '7', 5_000_000 + 120_000_000)).toBe(false);
  });
});

describe('checkpoints', () => {
  it('are bounded, and the one furthest back goes', () => {
    let checkpoints: ReadonlyMap<string, Checkpoint> = new Map();
    for (let shard = 0; shard < 10; shard += 1)
      checkpoints = moveCheckpoint(checkpoints, `shard.${shard}`, {
        sequence: String(shard),
        arrived: shard,
      });
    expect([...checkpoints.keys()]).toStrictEqual(['shard.6', 'shard.7', 'shard.8', 'shard.9']);
    expect(checkpoints.size).toBe(MAX_CHECKPOINTS);
    expect(reachOf({ ...NEW_STATE, checkpoints }).sequence).toBe('9');
  });
});

describe('compareReach', () => {
  it('prefers the longer run of records, then the newer version', () => {
    expect(compareReach({ sequence: '10', version: 1 }, { sequence: '9', version: 5 })).toBeGreaterThan(0);
    expect(compareReach({ sequence: '9', version: 1 }, { sequence: '9', version: 2 })).toBeLessThan(0);
  });
});

describe('ledgers', () => {
  it('add up', () => {
    const one = { ...EMPTY_LEDGER, messages: 1, received: 3, stored: 2, quarantined: { 'too-old': 1 } };
    const sum = addLedgers(one, addLedgers(one, { ...EMPTY_LEDGER, rejected: { 'no-content': 1 } }));
    expect(sum).toStrictEqual({
      ...EMPTY_LEDGER,
      messages: 2,
      received: 6,
      stored: 4,
      quarantined: { 'too-old': 2 },
      rejected: { 'no-content': 1 },
    });
    expect(isBalanced(sum)).toBe(true);
    expect(isBalanced({ ...sum, stored: 5 })).toBe(false);
  });
});
