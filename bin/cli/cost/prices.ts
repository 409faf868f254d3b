/** List prices of AWS on one day, in US dollars, in us-east-1, without free tiers. */

/** When the prices were looked up. */
export const PRICES_DATE = '2026-11-21';
export const PRICES_REGION = 'us-east-1';
export const PRICES_SOURCE =
  'AWS price lists (https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json); those marked second-hand from the pricing pages of the services or from what others write of them';

const MILLION = 1e6;
const GIGABYTE = 1e9;

/** The price of a unit, and where it was found. */
export interface Price {
  readonly dollars: number;
  readonly unit: string;
  readonly from: 'price list' | 'second-hand';
}

const price = (dollars: number, unit: string, from: Price['from'] = 'price list'): Price => ({
  dollars,
  unit,
  from,
});

export const PRICES = {
  iotConnection: price(0.08 / MILLION, 'device-minute', 'second-hand'),
  iotMessage: price(1 / MILLION, 'message of 5 KB', 'second-hand'),
  iotRule: price(0.15 / MILLION, 'rule triggered, of 5 KB', 'second-hand'),
  iotAction: price(0.15 / MILLION, 'action of a rule, of 5 KB', 'second-hand'),
  kinesisShard: price(0.015, 'shard-hour'),
  kinesisPut: price(0.014 / MILLION, 'record of 25 KB'),
  kinesisStream: price(0.04, 'on-demand stream-hour'),
  kinesisIn: price(0.08 / GIGABYTE, 'byte in, records of 1 KB'),
  kinesisOut: price(0.04 / GIGABYTE, 'byte out'),
  lambdaRequest: price(0.2 / MILLION, 'request'),
  lambdaSecond: price(0.0000133334, 'gigabyte-second on arm64'),
  dynamoWrite: price(0.625 / MILLION, 'write unit of 1 KB'),
  dynamoRead: price(0.125 / MILLION, 'read unit of 4 KB, consistent'),
  dynamoByte: price(0.25 / GIGABYTE, 'byte-month'),
  dynamoBackup: price(0.2 / GIGABYTE, 'byte-month of point-in-time recovery'),
  s3Byte: price(0.023 / GIGABYTE, 'byte-month'),
  s3Put: price(0.005 / 1000, 'PUT'),
  logsByte: price(0.5 / GIGABYTE, 'byte of logs in'),
  metric: price(0.3, 'metric-month'),
  alarm: price(0.1, 'alarm-metric-month'),
  dashboard: price(3, 'dashboard-month'),
  key: price(1, 'key-month'),
  trace: price(5 / MILLION, 'trace recorded', 'second-hand'),
  apiRequest: price(3.5 / MILLION, 'request of a REST API'),
  firewall: price(5, 'firewall-month'),
  firewallRule: price(1, 'rule-month'),
  firewallRequest: price(0.6 / MILLION, 'request'),
  programClient: price(6, 'program-month', 'second-hand'),
  programToken: price(2.25 / 1000, 'token of a program', 'second-hand'),
} as const satisfies Readonly<Record<string, Price>>;
