/** A device's run through the rules, and what it comes to for the table. */
import type { Origin } from '../../../contracts/messages/topics.ts';
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { Watch } from '../../domain/alerts/watch.ts';
import { hourOf } from '../../domain/ingestion/channel-run.ts';
import type { DeviceState } from '../../domain/ingestion/device-state.ts';
import { type RunResult, setAside, takeRuns } from '../../domain/ingestion/run.ts';
import type { Recalled } from '../../domain/ingestion/session-run.ts';
import type { PackedRun } from '../../store/measurements/chunk-item.ts';
import type { DeviceRun } from './batch.ts';

/** A run of a device that is registered. */
export interface KnownRun extends DeviceRun {
  readonly origin: Origin;
  readonly type: InstrumentType;
  /** Its alert rules; absent where they cannot be read. */
  readonly watch?: Watch | undefined;
}

/**
 * Takes a run. Where the rules fail, which they should not, each record is taken by itself, and the one that they fail on is
 * set aside.
 */
export const takeSafely = (
  { type, watch, shardKey, arrivals }: Pick<KnownRun, 'type' | 'watch' | 'shardKey' | 'arrivals'>,
  before: DeviceState,
  recalled?: Recalled,
): readonly RunResult[] => {
  try {
    return takeRuns(before, type, shardKey, arrivals, recalled, watch);
  } catch (error) {
    const [only] = arrivals;
    if (arrivals.length === 1 && only !== undefined) return [setAside(before, type, shardKey, only, error)];
    const results: RunResult[] = [];
    let state = before;
    for (const arrival of arrivals) {
      results.push(...takeSafely({ type, watch, shardKey, arrivals: [arrival] }, state, recalled));
      state = results.at(-1)?.state ?? state;
    }
    return results;
  }
};

/** A result as the table takes it. */
export const packed = (run: KnownRun, { messages, hours, ledger }: RunResult): PackedRun => {
  const [first] = messages;
  if (first === undefined) throw new RangeError('a run without new messages has nothing to write');
  return {
    device: run.origin.device,
    origin: { shardKey: run.shardKey, first: first.sequence, count: messages.length },
    hours,
    ledgerHour: hourOf(first.arrived),
    ledger,
    messages,
  };
};
