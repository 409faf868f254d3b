/**
 * The promise of a stream's mapping, for any way a function fails: every record is given to the function, in order
 * within its key, what was reported as done is not given again, and a restart goes on where it stopped.
 */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { startEventSources } from '../../../local/events/index.ts';
import { JsonText } from '../../../local/lambda/index.ts';
import type { Functions, InvokeResult } from '../../../local/types.ts';
import { TestIam, World } from '../../support/functions.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';

interface Seen {
  readonly key: string;
  readonly value: number;
  readonly sequence: string;
}

const recordsOf = (event: unknown): Seen[] => {
  if (!(event instanceof JsonText)) throw new Error('The event is not JSON text.');
  const { Records: records } = JSON.parse(event.text);
  return records.map(
    ({ kinesis }: { kinesis: { partitionKey: string; data: string; sequenceNumber: string } }): Seen => ({
      key: kinesis.partitionKey,
      value: Number(Buffer.from(kinesis.data, 'base64').toString()),
      sequence: kinesis.sequenceNumber,
    }),
  );
};

/** What a function does with a batch: succeed, throw, or report a record (by its place) as failed. */
type Behaviour = 'ok' | 'throw' | { readonly fail: number };
const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Behaviour>('ok') },
  { weight: 1, arbitrary: fc.constant<Behaviour>('throw') },
  { weight: 3, arbitrary: fc.record({ fail: fc.nat(20) }) },
);

/** Behaves as told, one entry a call, then well; keeps what it has confirmed. */
class ScriptedFunctions implements Functions {
  readonly confirmed: Seen[] = [];
  readonly calls: Seen[][] = [];
  readonly script: Behaviour[];
  constructor(script: readonly Behaviour[]) {
    this.script = [...script];
  }

  async invoke(_arn: string, event: unknown): Promise<InvokeResult> {
    const records = recordsOf(event);
    this.calls.push(records);
    await Promise.resolve();
    const next = this.script.shift() ?? 'ok';
    if (next === 'throw') return { ok: false, errorType: 'Error', errorMessage: 'told to' };
    const index = next === 'ok' ? records.length : Math.min(next.fail, records.length);
    this.confirmed.push(...records.slice(0, index));
    const failed = records[index];
    return {
      ok: true,
      payload: { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed.sequence }] },
    };
  }

  async invokeStreaming(): Promise<never> {
    throw new Error('Nothing streams here.');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const world = new World();
afterAll(() => world.dispose());
world.function('f', '');
/** One for each run, so that not each of them has to start a store. */
const STREAMS = Array.from({ length: 30 }, (_, at) => `${STREAM}${at}`);
for (const [at, arn] of STREAMS.entries())
  world.resource('AWS::Kinesis::Stream', `s${at}`, arn, { Name: `s${at}`, ShardCount: 2 });

let endpoint: Awaited<ReturnType<typeof startEndpoint>> | undefined;
let runs = 0;
afterAll(() => endpoint?.close());
/** A stream that nothing was ever written to, and the endpoint that it is at. */
const unused = async () => {
  const stream = STREAMS[runs % STREAMS.length] ?? STREAM;
  if (stream === STREAMS[0]) {
    await endpoint?.close();
    const { assembly, log } = world;
    endpoint = await startEndpoint({ assembly, iam: new TestIam(), log, host: '127.0.0.1', port: 0 });
  }
  runs += 1;
  if (endpoint === undefined) throw new Error('The first run starts it.');
  return { stream, endpoint };
};

test('every record is confirmed once and in order within its key, whatever the function does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        keys: fc.array(fc.nat(5), { minLength: 1, maxLength: 60 }),
        script: fc.array(behaviour, { maxLength: 4 }),
        batchSize: fc.integer({ min: 1, max: 12 }),
        processors: fc.integer({ min: 1, max: 3 }),
        bisect: fc.boolean(),
      }),
      async ({ keys, script, batchSize, processors, bisect }) => {
        const { log } = world;
        const { stream, endpoint } = await unused();
        const mapping = {
          stack: 'test',
          logicalId: 'mapping',
          physicalId: 'mapping',
          type: 'AWS::Lambda::EventSourceMapping',
          arn: undefined,
          properties: {
            FunctionName: 'f',
            EventSourceArn: stream,
            StartingPosition: 'TRIM_HORIZON',
            BatchSize: batchSize,
            ParallelizationFactor: processors,
            BisectBatchOnFunctionError: bisect,
            FunctionResponseTypes: ['ReportBatchItemFailures'],
          },
        };
        const assembly = {
          ...world.assembly,
          byType: (type: string) => (type === mapping.type ? [mapping] : world.assembly.byType(type)),
        };
        const iam = new TestIam();
        const functions = new ScriptedFunctions(script);
        const records = keys.map((key, value) => ({ key: `k${key}`, value }));
        await endpoint.kinesis.put(
          'writer',
          stream,
          records.map(({ key, value }) => ({ partitionKey: key, data: Buffer.from(String(value)) })),
        );
        const events = await startEventSources({ assembly, iam, log, endpoint, functions, retryMs: 1 });
        await events.drain();
        await events.close();
        expect(functions.confirmed).toHaveLength(records.length);
        for (const key of new Set(records.map((record) => record.key))) {
          const values = (all: readonly { key: string; value: number }[]) =>
            all.filter((record) => record.key === key).map(({ value }) => value);
          expect(values(functions.confirmed)).toEqual(values(records));
        }
        for (const call of functions.calls) expect(call.length).toBeLessThanOrEqual(batchSize);
        expect(events.stats().shards.reduce((sum, { givenUp }) => sum + givenUp, 0)).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);

test('after a restart reading goes on where it stopped, and what was not confirmed comes again', async () => {
  using kept = new World();
  kept.function('f', '');
  kept.resource('AWS::Kinesis::Stream', 's', STREAM, { Name: 's', ShardCount: 1 });
  kept.resource('AWS::Lambda::EventSourceMapping', 'mapping', 'arn:mapping', {
    FunctionName: 'f',
    EventSourceArn: STREAM,
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 5,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  const { assembly, log, folder: dataDir } = kept;
  const iam = new TestIam();
  const begin = async (functions: Functions, values: readonly number[]) => {
    const endpoint = await startEndpoint({ assembly, iam, log, dataDir, host: '127.0.0.1', port: 0 });
    const records = values.map((value) => ({ partitionKey: 'k', data: Buffer.from(String(value)) }));
    if (records.length > 0) await endpoint.kinesis.put('writer', STREAM, records);
    const events = await startEventSources({ assembly, iam, log, dataDir, endpoint, functions, retryMs: 1 });
    return {
      events,
      stop: async () => {
        await events.close();
        await endpoint.close();
      },
    };
  };
  // The first batch is confirmed up to its third record; from then on nothing is.
  const first = new ScriptedFunctions([{ fail: 3 }, ...Array.from({ length: 1000 }, () => 'throw' as const)]);
  const before = await begin(first, [0, 1, 2, 3, 4, 5, 6, 7]);
  await expect.poll(() => first.calls.length).toBeGreaterThan(2);
  await before.stop();
  const second = new ScriptedFunctions([]);
  const after = await begin(second, [8]);
  await after.events.drain();
  await after.stop();
  expect(first.confirmed.map(({ value }) => value)).toEqual([0, 1, 2]);
  expect(second.confirmed.map(({ value }) => value)).toEqual([3, 4, 5, 6, 7, 8]);
  const third = new ScriptedFunctions([]);
  const idle = await begin(third, []);
  await idle.events.drain();
  await idle.stop();
  expect(third.calls).toEqual([]);
});
