/**
 * The exported handler of `ingest` with AWS answering from memory, beside `JSON.parse` of the same bytes in the same
 * run, round by round in turn. What serializing, hashing and signing of requests take is measured, what the network
 * does is not.
 */
import { Readable } from 'node:stream';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { encodeMessage } from '../../payload/encode.ts';
import type { Measurement } from '../../payload/outgoing.ts';
import { atMost, type Figure, inform } from './figure.ts';
import { allocatedBytes } from './ingest/allocated.ts';

/**
 * A full batch of 6 MB holds some 600 messages of 100 rows or 3 400 of 100 points in columns; here 1 000 of 20
 * devices, 50 of each. What each further device costs is in the last figure, where each sends only 50 points.
 */
const DEVICES_OF_100 = 20;
const MESSAGES_OF_100 = 50;
const ROUNDS = 40;
/** So many until the engine has compiled what it will. */
const WARM_UP = 20;
/** Times as long as the parser alone. */
const TARGET = 3;
const START = Date.now() * 1000 - 3600e6;
const CHANNELS = ['temp', 'humidity', 'pressure', 'battery'] as const;

const environment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  REGISTRY_TABLE: 'registry',
  MEASUREMENTS_TABLE: 'measurements',
  ARCHIVE_BUCKET: 'archive',
  ALERTS_QUEUE_URL: 'http://127.0.0.1:9/000000000000/alerts',
  POWERTOOLS_SERVICE_NAME: 'ingest',
  POWERTOOLS_METRICS_NAMESPACE: 'labgate',
  POWERTOOLS_METRICS_DISABLED: 'true',
  LOG_LEVEL: 'ERROR',
};

/** Seeded, so that every run measures the same data. */
const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** What AWS would answer: the registry knows every device, and states are those written last. */
class Wire {
  private readonly states = new Map<string, string>();
  private written: Buffer[] = [];

  answer(target: string, bytes: Buffer): string {
    if (target.endsWith('BatchWriteItem')) {
      this.written.push(bytes);
      return '{"UnprocessedItems":{}}';
    }
    if (!target.endsWith('BatchGetItem')) throw new Error(`the bench has no answer to ${target}`);
    const body = bytes.toString();
    const keys = [...body.matchAll(/"pk":\{"S":"([^"]+)"\},"sk":\{"S":"([^"]+)"/g)];
    const [table, items] = body.includes('"registry"')
      ? ['registry', keys.flatMap(([, pk = '']) => registryItem(pk) ?? [])]
      : ['measurements', keys.flatMap(([, pk, sk]) => this.states.get(`${pk}/${sk}`) ?? [])];
    return `{"Responses":{"${table}":[${items.join()}]},"UnprocessedKeys":{}}`;
  }

  /** Does between the rounds what is not the handler's work: of what was written, states are asked for again. */
  settle(): void {
    for (const bytes of this.written)
      if (bytes.includes('"latest#'))
        for (const { PutRequest } of JSON.parse(bytes.toString()).RequestItems.measurements)
          this.states.set(`${PutRequest.Item.pk.S}/${PutRequest.Item.sk.S}`, JSON.stringify(PutRequest.Item));
    this.written = [];
  }
}

/** Type of devices that alert rules are held against. */
const WATCHED = 'watched';

/** Ten rules at rest: of each channel a high and but for one a low limit, a rate, silence, and bad points. */
const rulesItem = (): string => {
  const said = { createdAt: '2026-01-01T00:00:00Z', createdBy: 'bench' };
  const rule = (channel: string | undefined, condition: object, at: number) => ({
    ...{ id: `rule-${at}`, type: WATCHED, name: 'Rule', channel, condition, version: 1, onDelay: 60 },
    ...{ ...said, updatedAt: said.createdAt, updatedBy: said.createdBy },
  });
  const limit = (direction: string, value: number) => ({ kind: 'threshold', direction, limit: value });
  const rules = [
    ...CHANNELS.map((name) => [name, limit('high', 900)] as const),
    ...CHANNELS.slice(1).map((name) => [name, limit('low', -900)] as const),
    ['temp', { kind: 'rate', limit: 1e6, window: 60 }] as const,
    [undefined, { kind: 'no-data', after: 600 }] as const,
    ['temp', { kind: 'bad-quality', share: 0.5, points: 20 }] as const,
  ].map(([channel, condition], at) => rule(channel, condition, at));
  const text = (value: string) => ({ S: value });
  const item = { pk: text(`ALERTRULES#${WATCHED}`), sk: text('META'), rules: text(JSON.stringify(rules)) };
  return JSON.stringify({ ...item, format: { N: '1' }, version: { N: '1' } });
};

const registryItem = (pk: string): string | undefined => {
  const [kind, id = ''] = pk.split('#');
  if (kind === 'ALERTRULES') return id === WATCHED ? rulesItem() : undefined;
  const text = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => [name, { S: value }]);
  const one = { N: '1' };
  const common = { pk, sk: 'META', id, createdAt: '2026-01-01T00:00:00Z', createdBy: 'bench' };
  if (kind === 'DEVICE')
    return JSON.stringify({
      ...Object.fromEntries(
        text({
          ...common,
          kind: 'DEVICE',
          site: 'lab',
          type: id.startsWith(WATCHED) ? WATCHED : 'sensor',
          state: 'active',
          updatedAt: common.createdAt,
        }),
      ),
      version: one,
      format: one,
    });
  const channel = (unit: string) => ({
    M: {
      unit: { S: unit },
      type: { S: 'number' },
      kind: { S: 'continuous' },
      range: { M: { min: { N: '-1000' }, max: { N: '2000' } } },
      maxRate: { N: '1000' },
      stuckAfter: { N: '100' },
    },
  });
  return JSON.stringify({
    ...Object.fromEntries(text({ ...common, kind: 'TYPE', name: 'Sensor' })),
    version: one,
    format: one,
    channels: { M: Object.fromEntries(CHANNELS.map((name) => [name, channel('1')])) },
  });
};

const patchWire = (wire: Wire): void => {
  const { requestHandler } = new DynamoDBClient({}).config;
  const prototype: { handle: unknown } = Object.getPrototypeOf(requestHandler);
  prototype.handle = async ({
    headers,
    body,
  }: {
    headers: Record<string, string>;
    body: string | Uint8Array;
  }) => {
    const answer = wire.answer(
      headers['x-amz-target'] ?? '',
      Buffer.isBuffer(body) ? body : Buffer.from(body),
    );
    return {
      response: {
        statusCode: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: Readable.from([Buffer.from(answer)]),
      },
    };
  };
};

interface Shape {
  readonly format: 'rows' | 'columns';
  readonly points: number;
  readonly devices: number;
  readonly messages: number;
  /** Whether ten alert rules are held against each device. */
  readonly watched?: boolean;
}

let sequence = 49_545_115_243_490_985_018_280_067_714_973_144_582_180_062_593_244_200_961n;

/** Messages of devices in turn; each goes on in time where its last one ended. */
const batchOf = (shape: Shape, round: number): { event: KinesisStreamEvent; bytes: Uint8Array[] } => {
  const random = randomFrom(round + 1);
  const bytes: Uint8Array[] = [];
  const Records: KinesisStreamRecord[] = [];
  const times = Math.ceil(shape.points / CHANNELS.length);
  const perDevice = shape.messages / shape.devices;
  for (let message = 0; message < shape.messages; message += 1) {
    const seq = round * perDevice + Math.floor(message / shape.devices);
    const points = Array.from({ length: shape.points }, (_, at): Measurement => {
      const step = Math.floor(at / CHANNELS.length);
      const time = START + (seq * times + step) * 10_000;
      return {
        channel: CHANNELS[at % CHANNELS.length] ?? '',
        time,
        value: Math.round(1000 * (20 + 5 * Math.sin(time / 1e8 + at) + random())) / 1000,
      };
    });
    const payload = encodeMessage({ session: 'bench', seq, points }, shape.format);
    sequence += 12_345_678_901n;
    bytes.push(payload);
    Records.push({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: `lab/${shape.watched === true ? WATCHED : 'device'}-${shape.points}-${shape.format}-${message % shape.devices}`,
        sequenceNumber: String(sequence),
        data: Buffer.from(payload).toString('base64'),
        approximateArrivalTimestamp: Date.now() / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000000:${sequence}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn',
      awsRegion: 'us-east-1',
      eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
    });
  }
  // As Lambda makes events: of text, at once.
  return { event: JSON.parse(JSON.stringify({ Records })), bytes };
};

const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
/** Of all rounds together: clocks of processor time tick coarsely, so that single rounds say little. */
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Processor time of this thread in milliseconds: what other programs do does not count. */
const threadMillis = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Processor time of all threads: collecting rubbish and compiling go on beside. */
const processMillis = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const parseAll = (bytes: readonly Uint8Array[]): number => {
  const start = threadMillis();
  for (const one of bytes)
    JSON.parse(Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('utf8'));
  return threadMillis() - start;
};

/** Runs the benches of this file. */
export const run = async (): Promise<readonly Figure[]> => {
  Object.assign(process.env, environment);
  const wire = new Wire();
  patchWire(wire);
  const { handler } = await import('../../lambdas/functions/ingest/handler.ts');
  const measure = async (shape: Shape) => {
    const handled: number[] = [];
    const parsed: number[] = [];
    const cpu: number[] = [];
    // Made beforehand: the rubbish of making them is not to be collected on the handler's time.
    const batches = Array.from({ length: ROUNDS + WARM_UP }, (_, round) => batchOf(shape, round));
    for (const [round, { event, bytes }] of batches.entries()) {
      const parse = parseAll(bytes);
      const [processStart, start] = [processMillis(), threadMillis()];
      const { batchItemFailures } = await handler(event, context);
      const [took, spent] = [threadMillis() - start, processMillis() - processStart];
      if (batchItemFailures.length > 0) throw new Error('the bench lost data');
      wire.settle();
      if (round < WARM_UP) continue;
      handled.push(took);
      parsed.push(parse);
      cpu.push(spent);
    }
    const points = shape.messages * shape.points;
    // One more batch by itself, because looking slows down what is looked at.
    const last = batchOf(shape, ROUNDS + WARM_UP);
    const ours = await allocatedBytes(() => handler(last.event, context));
    const parsers = await allocatedBytes(() => void parseAll(last.bytes));
    return {
      allocated: ours / points,
      parserAllocated: parsers / points,
      handler: (1000 * mean(handled)) / points,
      parse: (1000 * mean(parsed)) / points,
      ratio: mean(handled) / mean(parsed),
      cpuMillis: mean(cpu),
    };
  };
  const figures: Figure[] = [];
  for (const format of ['rows', 'columns'] as const) {
    const {
      handler: micros,
      parse,
      ratio,
      allocated,
      parserAllocated,
    } = await measure({
      format,
      points: 100,
      devices: DEVICES_OF_100,
      messages: MESSAGES_OF_100 * DEVICES_OF_100,
    });
    figures.push(
      inform('ingest', `${format} of 100: handler`, micros, 'µs/measurement'),
      inform('ingest', `${format} of 100: JSON.parse`, parse, 'µs/measurement'),
      atMost('ingest', `${format} of 100: handler over JSON.parse`, ratio, 'times', TARGET),
      inform('ingest', `${format} of 100: handler allocates`, allocated, 'B/measurement'),
      inform('ingest', `${format} of 100: JSON.parse allocates`, parserAllocated, 'B/measurement'),
    );
  }
  // Both in turn, in the same run: other things done on the computer meet both.
  const shape = { format: 'columns', points: 100, devices: DEVICES_OF_100, messages: 1000 } as const;
  const watched = { ...shape, watched: true };
  const pairs = Array.from({ length: ROUNDS + WARM_UP }, (_, round) => [
    batchOf(shape, round + 100),
    batchOf(watched, round + 100),
  ]);
  const took = [0, 0];
  for (const [round, pair] of pairs.entries())
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const event = pair[which]?.event ?? { Records: [] };
      const start = threadMillis();
      const { batchItemFailures } = await handler(event, context);
      if (batchItemFailures.length > 0) throw new Error('the bench lost data');
      if (round >= WARM_UP) took[which] = (took[which] ?? 0) + threadMillis() - start;
      wire.settle();
    }
  const [plain = 1, ruled = 0] = took;
  figures.push(atMost('ingest', 'columns of 100: ten alert rules over none', ruled / plain, 'times', 1.05));
  const small = await measure({ format: 'rows', points: 10, devices: 1000, messages: 5000 });
  figures.push(
    atMost('ingest', '5000 rows of 10 from 1000 devices: processor time', small.cpuMillis / 1000, 's', 1),
  );
  return figures;
};
