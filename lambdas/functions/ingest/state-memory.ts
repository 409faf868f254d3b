/**
 * Device states that this environment wrote, so that a write that arrives late does no harm.
 *
 * A device's state is written without a condition, because DynamoDB takes conditions one request a device only,
 * and a thousand requests a second cost ten times what forty batches do. That is safe for these reasons:
 *
 * 1. A partition key is in one shard, and Lambda works on one batch of a shard at a time: nobody else writes the state
 *    of a device but an invocation that timed out and whose last requests are still on their way.
 * 2. A state is a function of the device's records up to its checkpoint, so that a late write can only set a device back,
 *    never mix; of two states the one that goes further is right (`compareReach`).
 * 3. States go to two slots in turn and both are read: a late write of a batch that was since repeated lands in the
 *    slot of that batch or an older one and the newer slot wins.
 * 4. What this environment wrote it remembers, and takes when it goes further than what it reads: this covers a
 *    late write that hits the newest slot.
 * 5. An invocation gives up before its time is up and waits for every answer, so that only a crash leaves a request
 *    on its way.
 * 6. Points never depend on it: a chunk's key names its records, so that no late chunk replaces a longer one, and
 *    what is stored twice is one point when read. What a state that is set back costs is a count in the ledger.
 */
import type { DeviceState } from '../../domain/ingestion/device-state.ts';

const MAX_DEVICES = 20_000;

export class StateMemory {
  private readonly states = new Map<string, DeviceState>();

  of(device: string): DeviceState | undefined {
    return this.states.get(device);
  }

  keep(device: string, state: DeviceState): void {
    this.states.delete(device);
    this.states.set(device, state);
    if (this.states.size > MAX_DEVICES) {
      const oldest = this.states.keys().next().value;
      if (oldest !== undefined) this.states.delete(oldest);
    }
  }
}
