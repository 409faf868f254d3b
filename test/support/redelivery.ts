/**
 * Histories of deliveries: what a device sent, and how it came. Whatever way it came, what is stored has to be what one
 * delivery in order stores.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import type { QualityName } from '../../contracts/quality.ts';
import type { InstrumentType } from '../../contracts/resources/instrument-types.ts';
import { MICROS_PER_HOUR, MICROS_PER_SECOND, type Micros } from '../../contracts/time.ts';
import type { Arrival } from '../../lambdas/domain/ingestion/arrival.ts';
import { NEW_STATE } from '../../lambdas/domain/ingestion/device-state.ts';
import { rulesOfType } from '../../lambdas/domain/ingestion/quality.ts';
import { type RunResult, takeRuns } from '../../lambdas/domain/ingestion/run.ts';
import { addFindings, sumFindings } from '../../lambdas/domain/ledger/findings.ts';
import { gapsOf } from '../../lambdas/domain/ledger/gaps.ts';
import { addLedgers, EMPTY_LEDGER, type Ledger, settle } from '../../lambdas/domain/ledger/ledger.ts';
import { mergeRanges } from '../../lambdas/domain/ledger/sequence-ranges.ts';
import {
  completeTask,
  type Measurements,
  mergeHour,
  mergeHourItems,
  readAccounts,
  readDirtyHours,
  readFindings,
  readHourItems,
  readHours,
  readLatest,
  readSessions,
  readStates,
  readTasks,
  taskPartitionOf,
  toChunkItems,
  toSessionItem,
  toStateItem,
  toTaskItem,
  writeAll,
  writeItems,
} from '../../lambdas/store/measurements/index.ts';
import { DynamoEngine } from '../../local/endpoint/dynamodb/engine.ts';
import { createTable } from './table.ts';

const TABLE = 'measurements';

/** The last seconds of this hour and the first of the next. */
export const BORDER: Micros = Date.parse('2026-03-01T10:00:00Z') * 1000;

/** Judged by value, by jumps, and by values that stay the same. */
export const METER: InstrumentType = {
  id: 'meter',
  name: 'Meter',
  version: 1,
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'test',
  channels: {
    temp: {
      unit: 'Cel',
      type: 'number',
      kind: 'continuous',
      range: { min: 0, max: 50 },
      limits: { min: -50, max: 150 },
      maxRate: 2,
      stuckAfter: 3,
    },
    door: { unit: '1', type: 'boolean', kind: 'step' },
  },
};

/** A point of a message; its time in seconds after {@link BORDER}. */
export interface SentPoint {
  readonly channel: 'temp' | 'door';
  readonly second: number;
  readonly value: number | boolean;
  readonly quality?: QualityName;
}

export interface SentMessage {
  /** `undefined`: a message without a number. */
  readonly session?: string;
  readonly seq?: number;
  readonly points: readonly SentPoint[];
}

/** How messages come. */
export interface History {
  /** In the order in which the device sent them. */
  readonly messages: readonly SentMessage[];
  /** Places of messages, each at least once, in the order in which they come. */
  readonly deliveries: readonly number[];
  /** After so many deliveries a batch ends. */
  readonly batches: readonly Batch[];
}

export interface Batch {
  readonly records: number;
  /** The batch is written and given up before it is remembered; it comes again, cut so. */
  readonly givenUp?: number;
  /** The batch comes again although it was remembered. */
  readonly again?: boolean;
  /** What is known is forgotten by then: another environment goes on. */
  readonly compact?: boolean;
  /** The chunks of the hours, which are still open, are merged; or that ends before what was merged is deleted. */
  readonly merge?: 'whole' | 'broken';
}

const VALUES = [20, 20.5, 21, 21, 26, 40, 60, -127] as const;

/**
 * Points of messages: the time goes on from message to message, at times a point of before is corrected or sent once more.
 * Sessions and messages without numbers have seconds of their own: which of two sessions is the later one is told by when
 * they began, and of messages without numbers nothing is told but when they came.
 */
const messagesOf = (of: string | undefined, offset: number): fc.Arbitrary<readonly SentMessage[]> =>
  fc
    .array(
      fc.record({
        step: fc.integer({ min: 0, max: 3 }),
        points: fc.integer({ min: 1, max: 3 }),
        value: fc.constantFrom(...VALUES),
        door: fc.boolean(),
        quality: fc.constantFrom<QualityName | undefined>(
          undefined,
          undefined,
          undefined,
          'bad/sensor-failure',
        ),
        back: fc.constantFrom(0, 0, 0, 1, 2),
        corrected: fc.boolean(),
      }),
      { maxLength: of === undefined ? 3 : 7 },
    )
    .map((steps) => {
      let second = -12;
      const sent: SentPoint[] = [];
      return steps.map(({ step, points, value, door, quality, back, corrected }, seq): SentMessage => {
        const own: SentPoint[] = [];
        for (let at = 0; at < points; at += 1) {
          second += 1 + step;
          own.push({
            channel: 'temp',
            second: second * 4 + offset,
            value: value + at / 4,
            ...(quality === undefined ? {} : { quality }),
          });
        }
        if (door) own.push({ channel: 'door', second: second * 4 + offset, value: seq % 2 === 0 });
        const before = back === 0 || of === undefined ? undefined : sent[sent.length - back];
        if (before !== undefined && before.channel === 'temp')
          // Each correction has a value of its own: two of one point never are the same.
          own.push(corrected ? { ...before, value: 30 + seq + back / 8 } : before);
        sent.push(...own);
        return { ...(of === undefined ? {} : { session: of, seq }), points: own };
      });
    });

const batch: fc.Arbitrary<Batch> = fc.record(
  {
    records: fc.integer({ min: 1, max: 6 }),
    givenUp: fc.integer({ min: 1, max: 5 }),
    again: fc.boolean(),
    compact: fc.boolean(),
    merge: fc.constantFrom('whole', 'broken'),
  },
  { requiredKeys: ['records'], noNullPrototype: true },
);

/** Any history. Messages without numbers come first in the order in which they were sent. */
export const history: fc.Arbitrary<History> = fc
  .tuple(messagesOf('a', 0), messagesOf('b', 1), messagesOf('c', 2), messagesOf(undefined, 3))
  .filter((lists) => lists.some((list) => list.length > 0))
  .chain((lists) => {
    const messages = lists.flat();
    const all = messages.map((_, at) => at);
    const repeats = fc.array(fc.nat(messages.length - 1), { maxLength: 6 });
    return fc.record(
      {
        messages: fc.constant(messages),
        deliveries: repeats.chain((again) =>
          fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }),
        ),
        batches: fc.array(batch, { minLength: 1, maxLength: 8 }),
      },
      { noNullPrototype: true },
    );
  });

const payloadOf = ({ session, seq, points }: SentMessage): Buffer =>
  Buffer.from(
    JSON.stringify({
      v: 1,
      ...(session === undefined ? {} : { session, seq }),
      data: points.map(({ channel, second, value, quality }) => ({
        n: channel,
        t: (BORDER + second * MICROS_PER_SECOND) / 1000,
        v: value,
        ...(quality === undefined ? {} : { q: quality }),
      })),
    }),
  );

/** What is stored of a device, and what its ledger says. */
export interface Outcome {
  readonly points: readonly (readonly [string, number, number | boolean | string, number])[];
  readonly ledger: Ledger;
  readonly missing: number;
}

/** Where histories are played: a real DynamoDB emulator, without HTTP between. */
export class Stage {
  private readonly engine: DynamoEngine;
  private readonly measurements: Measurements;
  private readonly patience = { signal: new AbortController().signal };

  private constructor(engine: DynamoEngine, client: DynamoDBClient) {
    this.engine = engine;
    this.measurements = { client, table: TABLE };
  }

  static async open(): Promise<Stage> {
    const engine = await DynamoEngine.open(
      undefined,
      new Map(),
      'us-east-1',
      '000000000000',
      () => undefined,
    );
    const requestHandler = {
      handle: async ({ headers, body }: { headers: Record<string, string>; body: string | Uint8Array }) => {
        const operation = headers['x-amz-target']?.split('.')[1] ?? '';
        const reply = await engine.call(operation, Buffer.from(body).toString());
        return {
          response: {
            statusCode: reply.status,
            headers: {},
            body: new Blob([new Uint8Array(reply.body)]).stream(),
          },
        };
      },
    };
    const client = new DynamoDBClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
      requestHandler: requestHandler as never,
    });
    await createTable(client, TABLE);
    return new Stage(engine, client);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async write(device: string, first: Arrival, result: RunResult): Promise<void> {
    const { messages, hours, ledger, parted } = result;
    const [message] = messages;
    if (message === undefined) return;
    const hourOf = (time: Micros): Micros => time - (time % MICROS_PER_HOUR);
    const chunks = toChunkItems({
      device,
      origin: { shardKey: 's.1', first: message.sequence, count: messages.length },
      hours,
      ledgerHour: hourOf(message.arrived),
      ledger,
      messages,
    });
    const sessions = parted.map((session) => toSessionItem(device, session, first.arrived));
    await writeAll(this.measurements, [...chunks, ...sessions], [], this.patience);
    const due = new Set(chunks.map((item) => item['sk']?.S?.slice(0, 13) ?? ''));
    const tasks = [...due].map((hour) => toTaskItem('dirty', device, Date.parse(`${hour}:00:00Z`) * 1000));
    await writeAll(this.measurements, tasks, [], this.patience);
  }

  /** Takes a batch as `ingest` does. @param givenUp whether it ends before the device is remembered */
  private async take(device: string, arrivals: readonly Arrival[], givenUp: boolean): Promise<void> {
    const [first] = arrivals;
    if (first === undefined) return;
    const { signal } = this.patience;
    const states = await readStates(this.measurements, [device], () => undefined, this.patience);
    const before = states.get(device) ?? NEW_STATE;
    let results = takeRuns(before, METER, 's.1', arrivals);
    const unknown = results.flatMap((result) => result.unknown);
    if (unknown.length > 0) {
      const recalled = await readSessions(this.measurements, new Map([[device, unknown]]), signal);
      results = takeRuns(before, METER, 's.1', arrivals, recalled.get(device));
    }
    for (const result of results) await this.write(device, first, result);
    const last = results.findLast(({ messages }) => messages.length > 0);
    if (givenUp || last === undefined) return;
    await writeItems(this.measurements, [toStateItem(device, last.state)], this.patience);
  }

  /** Compacts what is queued, until nothing is. */
  async compact(device: string): Promise<void> {
    const rules = rulesOfType(METER);
    const far = BORDER + 365 * 24 * MICROS_PER_HOUR;
    const plan = { expires: far, accountsExpire: far, rules };
    // One that waits for its batch to come again stays.
    const done = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const tasks = await Array.fromAsync(
        readTasks(this.measurements, 'dirty', taskPartitionOf(device), { to: far }),
      );
      const own = tasks.filter((task) => task.device === device);
      if (own.length === 0 || own.every(({ value }) => done.has(value))) return;
      for (const task of own) {
        done.add(task.value);
        const result = await mergeHour(this.measurements, device, task.start, plan, this.patience);
        if (result === 'raced' || result === 'early') throw new Error(`compaction is ${result}`);
        if (result === 'waiting') continue;
        if (result !== undefined) await writeAll(this.measurements, [], result.garbage, this.patience);
        if ((result?.waiting ?? 0) === 0) await completeTask(this.measurements, task);
      }
    }
    throw new Error(`compaction of ${device} does not come to an end`);
  }

  /** Merges the chunks of hours that are open, as `compaction` does; or breaks off before it deletes them. */
  private async mergeOpen(device: string, how: 'whole' | 'broken'): Promise<void> {
    const far = BORDER + 365 * 24 * MICROS_PER_HOUR;
    const open = { isWorth: () => true };
    const plan = { expires: far, accountsExpire: far, rules: rulesOfType(METER), open };
    for (const hour of await readDirtyHours(this.measurements, device, 0, far)) {
      const result = await mergeHour(this.measurements, device, hour, plan, this.patience);
      if (result === 'raced' || result === 'early') throw new Error(`merging is ${result}`);
      if (typeof result === 'object' && how === 'whole')
        await writeAll(this.measurements, [], result.garbage, this.patience);
    }
  }

  /** Plays a history. */
  async play(device: string, { messages, deliveries, batches }: History): Promise<void> {
    const arrivals = deliveries.map((place, at): Arrival => {
      const message = messages[place];
      if (message === undefined) throw new RangeError(`no message ${place}`);
      return {
        sequence: String(4_000_000_000 + at * 7),
        // From before the border to after it: the hours of arrival differ.
        arrived: BORDER + (at - Math.floor(deliveries.length / 2)) * 20 * MICROS_PER_SECOND,
        bytes: payloadOf(message),
      };
    });
    let start = 0;
    for (let turn = 0; start < arrivals.length; turn += 1) {
      const { records = 1, givenUp, again, compact, merge } = batches[turn % batches.length] ?? {};
      const portion = arrivals.slice(start, start + records);
      if (givenUp !== undefined) await this.take(device, arrivals.slice(start, start + givenUp), true);
      await this.take(device, portion, false);
      if (again === true) await this.take(device, portion, false);
      if (merge !== undefined) await this.mergeOpen(device, merge);
      if (compact === true) await this.compact(device);
      start += portion.length;
    }
  }

  /** What came of a device. */
  async outcome(device: string): Promise<Outcome> {
    const range = { from: BORDER - 24 * MICROS_PER_HOUR, to: BORDER + 24 * MICROS_PER_HOUR };
    const points: [string, number, number | boolean | string, number][] = [];
    for await (const { columns } of readHours(this.measurements, device, {
      ...range,
      rules: rulesOfType(METER),
    }))
      for (const { channel, time, value, quality } of columns)
        for (const [at, one] of time.entries())
          points.push([channel, (one - BORDER) / MICROS_PER_SECOND, value[at] ?? 0, quality?.[at] ?? 0]);
    const accounts = await Array.fromAsync(readAccounts(this.measurements, device, range.from, range.to));
    const open = await readDirtyHours(this.measurements, device, range.from, range.to);
    let findings = await readFindings(this.measurements, device, range.from, range.to);
    for (const hour of open) {
      const items = await readHourItems(this.measurements, device, hour);
      findings = addFindings(findings, mergeHourItems(device, items).found);
    }
    const told = accounts.reduce((sum, { ledger }) => addLedgers(sum, ledger), EMPTY_LEDGER);
    const latest = await readLatest(this.measurements, device);
    const ranges = mergeRanges(accounts.map((account) => account.ranges));
    const gaps = gapsOf(ranges, { sessions: latest?.sessions ?? [], connections: [] });
    return {
      points: points.sort(([left, one], [right, other]) =>
        left < right ? -1 : left > right ? 1 : one - other,
      ),
      ledger: settle(told, sumFindings(findings, range.from, range.to)),
      missing: gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    };
  }
}
