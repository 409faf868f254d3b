/** What a device has to say, before it is written in a format. */

import type { Value } from '../contracts/messages/message.ts';
import type { QualityName } from '../contracts/quality.ts';
import type { DeviceFacts } from '../contracts/resources/devices.ts';
import type { Micros } from '../contracts/time.ts';

/** A point to send. */
export interface Measurement {
  readonly channel: string;
  readonly time: Micros;
  readonly value: Value;
  /** UCUM code; the unit of the channel when absent. */
  readonly unit?: string | undefined;
  /** Good when absent. A number is an OPC UA status code. */
  readonly quality?: QualityName | number | undefined;
}

/** A message to send. */
export interface Outgoing {
  readonly session?: string | undefined;
  readonly seq?: number | undefined;
  readonly sent?: Micros | undefined;
  /** Whether the device wants to hear when the message is stored. */
  readonly ack?: boolean | undefined;
  readonly facts?: DeviceFacts | undefined;
  readonly points: readonly Measurement[];
}
