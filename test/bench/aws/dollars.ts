/** What a use of AWS costs. */

/** What a million measurements use. */
export interface Use {
  /** Messages in units of 5 KB. */
  readonly iotUnits: number;
  /** Minutes that devices are connected. */
  readonly connectedMinutes: number;
  /** GB that the stream takes, each record rounded up to 1 KB. */
  readonly streamGb: number;
  readonly invocations: number;
  /** GB times seconds. */
  readonly lambdaGbSeconds: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly s3Puts: number;
  readonly logGb: number;
}

/** USD in us-east-1 on demand, as of 2026-11-21 (AWS price list). */
const PRICES = {
  iotMessage: 1.0e-6,
  iotRule: 0.15e-6,
  iotAction: 0.15e-6,
  iotConnectedMinute: 0.08e-6,
  kinesisGbIn: 0.08,
  kinesisGbOut: 0.04,
  lambdaRequest: 0.2e-6,
  lambdaArmGbSecond: 0.0000133334,
  dynamodbWriteUnit: 0.625e-6,
  dynamodbReadUnit: 0.125e-6,
  s3Put: 0.005e-3,
  logsGb: 0.5,
};

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
  messaging: use.iotUnits * PRICES.iotMessage,
  rules: use.iotUnits * (PRICES.iotRule + PRICES.iotAction),
  connections: use.connectedMinutes * PRICES.iotConnectedMinute,
  stream: use.streamGb * (PRICES.kinesisGbIn + PRICES.kinesisGbOut),
  functions: use.invocations * PRICES.lambdaRequest + use.lambdaGbSeconds * PRICES.lambdaArmGbSecond,
  table: use.writeUnits * PRICES.dynamodbWriteUnit + use.readUnits * PRICES.dynamodbReadUnit,
  archive: use.s3Puts * PRICES.s3Put,
  logs: use.logGb * PRICES.logsGb,
});
