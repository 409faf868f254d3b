/**
 * A million measurements through a storm of faults: `ingest` is killed while it works, the table throttles, writes fail
 * or their answers are lost. Nothing may be missing, doubled or changed, and everything must be acknowledged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StormOptions, storm } from '../flow/storm.ts';
import { synthesizeTo } from '../support/assembly.ts';
import { openLab } from '../support/lab.ts';
import { comeAgainAfter, variantOf } from '../support/variant.ts';
import { atLeast, atMost, type Figure, inform } from './figure.ts';

const BENCH = 'exactly-once';
const STORM: StormOptions = { devices: 50, messages: 200, rounds: 10, points: 100, kills: 3, seed: 11 };

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  const assembly = await mkdtemp(join(tmpdir(), 'labgate-bench-assembly-'));
  try {
    await synthesizeTo(assembly);
    // Retries of the queues after seconds instead of minutes: they are not what is tested.
    using variant = variantOf(assembly, comeAgainAfter(15));
    await using lab = await openLab(variant.folder);
    await lab.createType();
    const begin = performance.now();
    const result = await storm(lab, STORM);
    const { sent, acknowledged, missing, doubled, wrong, faults, killed } = result;
    return [
      atLeast(BENCH, 'sent', sent, 'measurements', 1_000_000),
      atLeast(BENCH, 'acknowledged as durable', acknowledged, 'measurements', sent),
      atMost(BENCH, 'missing', missing, 'measurements', 0),
      atMost(BENCH, 'doubled', doubled, 'measurements', 0),
      atMost(BENCH, 'changed', wrong, 'measurements', 0),
      atLeast(BENCH, 'functions killed at work', killed, 'times', STORM.rounds),
      atLeast(BENCH, 'failures injected', faults, 'calls', 100),
      inform(BENCH, 'took', (performance.now() - begin) / 1000, 's'),
    ];
  } finally {
    await rm(assembly, { recursive: true, force: true });
  }
};
