/** What a laboratory costs a month: a model of the calls that the functions make. */
import { PRICES, type Price } from './prices.ts';

/** A laboratory. */
export interface Laboratory {
  /** Instruments that are connected all the time. */
  readonly devices: number;
  /** Measurements a second of each instrument. */
  readonly rate: number;
  /** Measurements in a message. */
  readonly batch: number;
  /** By Basic Ingest messages cost nothing, and nobody can watch live. */
  readonly basicIngest: boolean;
  /** Whether devices ask for durable acknowledgements, as the device library does. */
  readonly acks: boolean;
  readonly stream: 'provisioned' | 'on-demand';
  /** Batching window of the stream: `ingest.batchingWindowSeconds` of the settings. */
  readonly windowSeconds: number;
  /** How long measurements stay in DynamoDB. */
  readonly hotDays: number;
  /** How long they stay in S3. */
  readonly years: number;
  /** Requests to the API a month. */
  readonly requests: number;
  readonly firewall: boolean;
  /** Programs that call the API all the time; each gets a token an hour. */
  readonly programs: number;
}

/** One line of the bill. */
export interface CostLine {
  readonly part: string;
  readonly what: string;
  /** Units a month. */
  readonly units: number;
  readonly unit: string;
  readonly dollars: number;
  /** Where its price was found. */
  readonly from: Price['from'];
}

export interface Estimate {
  /** A month. */
  readonly measurements: number;
  readonly messages: number;
  readonly lines: readonly CostLine[];
  /** A month. */
  readonly dollars: number;
  readonly dollarsPerMillion: number;
}

const HOURS = 730;
const SECONDS = HOURS * 3600;
const MINUTES = HOURS * 60;

/*
 * What follows is measured by `npm run bench -- capacity`, with five channels of numbers that have three decimals and
 * noise in the last two. The bench compares this model with what it measures.
 */

/** Bytes of a message in columns: its header, and each measurement. */
const HEADER_BYTES = 120;
const POINT_BYTES = 10;
/** Bytes of a measurement in a chunk, a block and Parquet, and what an item of each has besides. */
const CHUNK_POINT = 1.06;
const CHUNK_BYTES = 400;
const BLOCK_POINT = 1;
const BLOCK_BYTES = 450;
const PARQUET_POINT = 2.3;
/** Write units of an hour of a device: its summaries, and its tasks, which are written and deleted. */
const ROLLUP_UNITS = 11;
const WORK_UNITS = 4;
/** Records and bytes of a batch, at most: 6 MB in base64. */
const BATCH_RECORDS = 10_000;
const BATCH_BYTES = 4.5e6;
const STATE_BYTES = 900;
/** Seconds of ingest: for a measurement, a message, a device in a batch, and a batch, which waits for answers. */
const INGEST_POINT = 0.15e-6;
const INGEST_MESSAGE = 8e-6;
const INGEST_RUN = 200e-6;
const BATCH_SECONDS = 0.02;
/** Seconds of compaction: for a measurement, and an hour of a device. */
const COMPACT_POINT = 1.7e-6;
const COMPACT_HOUR = 0.05;
/** Memory of the functions in the settings of `prod`. */
const INGEST_GIGABYTES = 1769 / 1024;
const COMPACT_GIGABYTES = 1769 / 1024;
/** Compaction runs every five minutes. */
const COMPACTIONS = MINUTES / 5;
/** Metered messages of an acknowledgement: published by ingest, delivered to the device, PUBACK of the device. */
const MESSAGES_OF_ACK = 3;
/** Bytes of logs of an invocation: start and report of Lambda, the line of the function, of requests the access log. */
const PLATFORM_LOG = 700;
const INGEST_LOG = PLATFORM_LOG + 390;
const COMPACT_LOG = PLATFORM_LOG + 750;
const REQUEST_LOG = PLATFORM_LOG + 650;
/** X-Ray's default rule records one request a second, and this part of the others. */
const TRACED_PART = 0.05;
/** Seconds and gigabytes of a function of the API for a request. */
const REQUEST_SECONDS = 0.05;
const REQUEST_GIGABYTES = 1;
/** Rules of the firewall in `lib/constructs/firewall.ts`. */
const FIREWALL_RULES = 5;
/** Custom metrics that functions write. */
const METRICS = 20;
/** Metrics that alarms look at. */
const ALARMS = 89;
/** Records and bytes a second of a shard. */
const SHARD_RECORDS = 1000;
const SHARD_BYTES = 1e6;

/** Traces a month of so many requests. */
const traced = (requests: number): number => {
  const perSecond = requests / SECONDS;
  return (Math.min(1, perSecond) + TRACED_PART * Math.max(0, perSecond - 1)) * SECONDS;
};

const steps = (value: number, size: number): number => Math.max(1, Math.ceil(value / size));

/** The cost of a laboratory in a month, when its storage has reached its full size. */
export const estimate = (lab: Laboratory): Estimate => {
  const measurements = lab.devices * lab.rate * SECONDS;
  const messages = measurements / lab.batch;
  const messageBytes = HEADER_BYTES + lab.batch * POINT_BYTES;
  const perSecond = messages / SECONDS;
  const lines: CostLine[] = [];
  const add = (part: string, what: string, units: number, { unit, dollars, from }: Price): void => {
    if (units > 0) lines.push({ part, what, units, unit, dollars: units * dollars, from });
  };

  const metered = messages * steps(messageBytes, 5000);
  add('IoT Core', 'connections', lab.devices * MINUTES, PRICES.iotConnection);
  if (!lab.basicIngest) add('IoT Core', 'messages', metered, PRICES.iotMessage);
  add('IoT Core', 'rules', metered, PRICES.iotRule);
  add('IoT Core', 'actions', metered, PRICES.iotAction);

  const shards = Math.max(
    Math.ceil(perSecond / SHARD_RECORDS),
    Math.ceil((perSecond * messageBytes) / SHARD_BYTES),
    1,
  );
  if (lab.stream === 'provisioned') {
    add('Kinesis', `${shards} shard${shards === 1 ? '' : 's'}`, shards * HOURS, PRICES.kinesisShard);
    add('Kinesis', 'records', messages * steps(messageBytes, 25_000), PRICES.kinesisPut);
  } else {
    add('Kinesis', 'stream', HOURS, PRICES.kinesisStream);
    add('Kinesis', 'bytes in', messages * steps(messageBytes, 1000) * 1000, PRICES.kinesisIn);
    add('Kinesis', 'bytes out', messages * messageBytes, PRICES.kinesisOut);
  }

  // Each shard has batches of its own. A device is in each batch of its shard in whose window it has sent something.
  const perShard = perSecond / shards;
  const full = Math.max(perShard / BATCH_RECORDS, (perShard * messageBytes) / BATCH_BYTES);
  const batchesPerSecond = Math.min(perShard, Math.max(1 / Math.max(1, lab.windowSeconds), full));
  const batches = batchesPerSecond * shards * SECONDS;
  const messagesOfDevice = lab.rate / lab.batch / batchesPerSecond;
  const runs = messages / Math.max(1, messagesOfDevice);
  const pointsOfRun = measurements / runs;
  if (lab.acks) add('IoT Core', 'acknowledgements', runs * MESSAGES_OF_ACK, PRICES.iotMessage);
  add('Lambda', 'requests of ingest', batches, PRICES.lambdaRequest);
  add(
    'Lambda',
    'time of ingest',
    (measurements * INGEST_POINT + messages * INGEST_MESSAGE + runs * INGEST_RUN + batches * BATCH_SECONDS) *
      INGEST_GIGABYTES,
    PRICES.lambdaSecond,
  );
  const chunkUnits = steps(CHUNK_BYTES + pointsOfRun * CHUNK_POINT, 1024);
  add('DynamoDB', 'chunks written', runs * chunkUnits, PRICES.dynamoWrite);
  add('DynamoDB', 'states written', runs * steps(STATE_BYTES, 1024), PRICES.dynamoWrite);
  add('DynamoDB', 'states read', runs * 2 * steps(STATE_BYTES, 4096), PRICES.dynamoRead);

  const deviceHours = lab.devices * Math.min(HOURS, HOURS * lab.rate * 3600);
  const blockBytes = BLOCK_BYTES + (measurements / deviceHours) * BLOCK_POINT;
  const bytesOfRuns = runs * chunkUnits * 1024;
  add('DynamoDB', 'chunks read to be merged', bytesOfRuns / 4096, PRICES.dynamoRead);
  add('DynamoDB', 'chunks taken away', runs * chunkUnits, PRICES.dynamoWrite);
  add('DynamoDB', 'blocks written', deviceHours * steps(blockBytes, 1024), PRICES.dynamoWrite);
  add('DynamoDB', 'summaries and tasks', deviceHours * (ROLLUP_UNITS + WORK_UNITS), PRICES.dynamoWrite);
  add('DynamoDB', 'blocks read to be archived', (deviceHours * blockBytes) / 4096, PRICES.dynamoRead);
  add(
    'Lambda',
    'time of compaction',
    (measurements * COMPACT_POINT + deviceHours * COMPACT_HOUR) * COMPACT_GIGABYTES,
    PRICES.lambdaSecond,
  );

  const hot = (measurements / HOURS) * 24 * lab.hotDays * BLOCK_POINT;
  add('DynamoDB', `${lab.hotDays} days stored`, hot, PRICES.dynamoByte);
  add('DynamoDB', 'recovery to any moment', hot, PRICES.dynamoBackup);
  add('S3', 'files of days written', lab.devices * (HOURS / 24) * 2, PRICES.s3Put);
  add('S3', `${lab.years} years stored`, measurements * 12 * lab.years * PARQUET_POINT, PRICES.s3Byte);

  const { requests, programs } = lab;
  add('API Gateway', 'requests', requests, PRICES.apiRequest);
  add('Lambda', 'requests of the API', requests, PRICES.lambdaRequest);
  add('Lambda', 'time of the API', requests * REQUEST_SECONDS * REQUEST_GIGABYTES, PRICES.lambdaSecond);
  if (lab.firewall) {
    add('WAF', 'firewall', 1, PRICES.firewall);
    add('WAF', 'rules', FIREWALL_RULES, PRICES.firewallRule);
    add('WAF', 'requests', requests, PRICES.firewallRequest);
  }
  add('Cognito', 'programs', programs, PRICES.programClient);
  add('Cognito', 'tokens', programs * HOURS, PRICES.programToken);

  const logs = batches * INGEST_LOG + COMPACTIONS * COMPACT_LOG + requests * REQUEST_LOG;
  add('CloudWatch', 'logs', logs, PRICES.logsByte);
  add('CloudWatch', 'metrics', METRICS, PRICES.metric);
  add('CloudWatch', 'alarms', ALARMS, PRICES.alarm);
  add('CloudWatch', 'dashboard', 1, PRICES.dashboard);
  add('X-Ray', 'traces', traced(batches) + traced(COMPACTIONS) + traced(requests), PRICES.trace);
  add('KMS', 'key', 1, PRICES.key);

  const dollars = lines.reduce((sum, line) => sum + line.dollars, 0);
  return { measurements, messages, lines, dollars, dollarsPerMillion: (dollars / measurements) * 1e6 };
};
