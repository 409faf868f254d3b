/** What a use of AWS costs, without what is paid by the hour or month. */
import { PRICES } from '../../../bin/cli/cost/prices.ts';

/** What a million measurements use. */
export interface Use {
  /** Messages in units of 5 KB. */
  readonly iotUnits: number;
  /** Minutes that devices are connected. */
  readonly connectedMinutes: number;
  /** What the stream takes, each record rounded up to 1 KB, and what it gives. */
  readonly streamBytesIn: number;
  readonly streamBytesOut: number;
  readonly invocations: number;
  /** GB times seconds. */
  readonly lambdaGbSeconds: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly s3Puts: number;
  readonly logBytes: number;
}

/** Dollars by part. */
export interface Dollars {
  /** Through the broker's topics; Basic Ingest saves it. */
  readonly messaging: number;
  readonly rules: number;
  readonly connections: number;
  readonly stream: number;
  readonly functions: number;
  readonly table: number;
  readonly archive: number;
  readonly logs: number;
}

export const dollarsOf = (use: Use): Dollars => ({
  messaging: use.iotUnits * PRICES.iotMessage.dollars,
  rules: use.iotUnits * (PRICES.iotRule.dollars + PRICES.iotAction.dollars),
  connections: use.connectedMinutes * PRICES.iotConnection.dollars,
  stream: use.streamBytesIn * PRICES.kinesisIn.dollars + use.streamBytesOut * PRICES.kinesisOut.dollars,
  functions:
    use.invocations * PRICES.lambdaRequest.dollars + use.lambdaGbSeconds * PRICES.lambdaSecond.dollars,
  table: use.writeUnits * PRICES.dynamoWrite.dollars + use.readUnits * PRICES.dynamoRead.dollars,
  archive: use.s3Puts * PRICES.s3Put.dollars,
  logs: use.logBytes * PRICES.logsByte.dollars,
});
