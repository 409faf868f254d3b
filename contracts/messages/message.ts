/** What every payload format is decoded to: columns of points, and what the device says of itself. */

import { LIMITS } from '../limits.ts';
import type { QuarantineCode } from '../problems.ts';
import type { Quality } from '../quality.ts';
import type { DeviceFacts } from '../resources/devices.ts';
import type { Micros } from '../time.ts';

/** The version of the native formats. */
export const PAYLOAD_VERSION = 1;

/** The version of SenML that is read, RFC 8428; earlier ones were drafts of the same shape. */
export const SENML_VERSION = 10;

/** A session identifier: visible ASCII without spaces, 1 to 64 characters. */
export const SESSION = new RegExp(`^[!-~]{1,${LIMITS.sessionChars}}$`);

/** A measured value. */
export type Value = number | boolean | string;

/** Points of one channel in one message, in the order sent; all arrays have one length. */
export interface Column {
  readonly channel: string;
  /** UCUM code as sent, or `undefined` where the message leaves it to the instrument type. */
  readonly unit: string | undefined;
  /** Columns measured together share one array. */
  readonly time: readonly Micros[];
  readonly value: readonly Value[];
  /** `undefined`: all good. */
  readonly quality: readonly Quality[] | undefined;
  /** Where in the message each point stands, to point at it in an error; `undefined`: at its own index. */
  readonly row?: readonly number[];
  /** JSON Pointer to its points with `*` (the last one) for the row; `pointTo` puts them together. */
  readonly pointer?: string;
}

/** A fault of a part of a message; the rest stands. */
export interface PointFault {
  readonly code: QuarantineCode;
  /** JSON Pointer into the document as sent, e.g. `/data/3/t`. */
  readonly pointer: string;
  /** How many points it concerns. */
  readonly points: number;
}

/** A decoded message. */
export interface Message {
  readonly format: 'rows' | 'columns' | 'senml-json' | 'senml-cbor' | 'protobuf';
  /** The run of a device's sequence numbers: a new one after each loss of its counter. */
  readonly session: string | undefined;
  /** Whole number from 0, one more with each message of the session. */
  readonly seq: number | undefined;
  readonly sent: Micros | undefined;
  /** Whether the device wants to hear when the message is stored. */
  readonly ack: boolean;
  readonly facts: DeviceFacts | undefined;
  readonly columns: readonly Column[];
  readonly faults: readonly PointFault[];
  /** Points received: those in the columns and those of the faults. */
  readonly points: number;
}

/** Thrown for a message of which nothing can be used. */
export class UndecodableMessage extends Error {
  override readonly name = 'UndecodableMessage';
  readonly code: QuarantineCode;
  readonly pointer: string | undefined;
  constructor(code: QuarantineCode, detail: string, pointer?: string) {
    super(detail);
    this.code = code;
    this.pointer = pointer;
  }
}
