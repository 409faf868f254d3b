/** The fleet simulator: a fleet of devices, and what they send. */
import { type FleetOptions, fleetMessages, type SimulatedMessage } from './fleet.ts';
import { type RunOptions, type RunResult, runFleet } from './run.ts';
import { type SimulatedDevice, simulatedDevices } from './simulated-device.ts';

export { FAULTS, type FaultLabel, type FaultName } from './faults.ts';
export { encodeSimulated, type FleetOptions, type SimulatedMessage } from './fleet.ts';
export { INSTRUMENT_TYPES } from './instruments.ts';
export type { RunListener, RunOptions, RunResult } from './run.ts';
export type { SimulatedDevice } from './simulated-device.ts';

export interface Fleet {
  readonly devices: readonly SimulatedDevice[];
  /** Every message in the order of sending, without any I/O; the same messages each time. */
  messages(): Generator<SimulatedMessage>;
  /** Sends them over real connections, each at its time. */
  run(connection: Omit<RunOptions, keyof FleetOptions>): Promise<RunResult>;
}

/**
 * A fleet of simulated devices.
 * @example
 * const fleet = simulateFleet({ devices: 10, seed: 1, intervalMs: 1000, start: Date.now() * 1000, faults: ['spike'] });
 * for (const { device, points } of fleet.messages()) console.log(device.id, points);
 * @throws {RangeError} for an unknown instrument type
 */
export const simulateFleet = (options: FleetOptions): Fleet => {
  const devices = simulatedDevices(options);
  return {
    devices,
    messages: () => fleetMessages(options, devices),
    run: (connection) => runFleet({ ...connection, ...options }),
  };
};
