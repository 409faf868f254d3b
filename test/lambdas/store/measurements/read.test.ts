import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../../../lambdas/domain/ledger/ledger.ts';
import {
  readChunks,
  readHours,
  readLatest,
  toChunkItems,
  writeItems,
} from '../../../../lambdas/store/measurements/index.ts';
import { type Aws, startAws } from '../../../support/aws.ts';

const HOUR = Date.parse('2026-03-01T10:00:00Z') * 1000;
const HOUR_MICROS = 3600e6;
const patience = { signal: new AbortController().signal };

let aws: Aws;
beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.close());
const table = () => ({ client: aws.dynamo, table: aws.measurementsTable });

const write = async (
  device: string,
  first: number,
  hour: number,
  times: number[],
  channel = 'temp',
): Promise<void> => {
  const column = {
    channel,
    type: 'number' as const,
    unit: 'Cel',
    time: times.map((at) => HOUR + hour * HOUR_MICROS + at * 1e6),
    value: times.map((at) => at + first / 10),
    quality: undefined,
  };
  const items = toChunkItems({
    device,
    origin: { shardKey: 'x.0', first: String(first), count: 1 },
    hours: [{ hour: HOUR + hour * HOUR_MICROS, columns: [column] }],
    ledgerHour: HOUR + hour * HOUR_MICROS,
    ledger: EMPTY_LEDGER,
    messages: [],
  });
  await writeItems(table(), items, patience);
};

const read = async (device: string, from: number, to: number, channels?: ReadonlySet<string>) => {
  const points: [number, string, number, unknown][] = [];
  const range = { from: HOUR + from * 1e6, to: HOUR + to * 1e6, ...(channels ? { channels } : {}) };
  for await (const { hour, columns } of readHours(table(), device, range))
    for (const { channel, time, value } of columns)
      for (const [at, one] of time.entries())
        points.push([(hour - HOUR) / HOUR_MICROS, channel, (one - HOUR) / 1e6, value[at]]);
  return points;
};

describe('readHours', () => {
  it('gives each point once, the later arrival, in order of time, within the range', async () => {
    await write('a', 2, 0, [10, 20]);
    await write('a', 1, 0, [0, 10, 30]);
    await write('a', 3, 1, [0]);
    await write('a', 4, 3, [0]);
    await write('ab', 4, 0, [0]);
    expect(await read('a', 0, 3600 * 3)).toStrictEqual([
      [0, 'temp', 0, 0.1],
      [0, 'temp', 10, 10.2],
      [0, 'temp', 20, 20.2],
      [0, 'temp', 30, 30.1],
      [1, 'temp', 3600, 0.3],
    ]);
    expect(await read('a', 10, 30)).toHaveLength(2);
    expect(await read('a', 3600, 3601)).toHaveLength(1);
    expect(await read('a', 30.5, 40)).toStrictEqual([]);
    expect(await read('a', 5, 5)).toStrictEqual([]);
  });

  it('reads only the channels asked for', async () => {
    await write('c', 1, 0, [0], 'temp');
    await write('c', 2, 0, [0], 'humidity');
    expect((await read('c', 0, 3600, new Set(['humidity']))).map(([, channel]) => channel)).toStrictEqual([
      'humidity',
    ]);
    expect(await read('c', 0, 3600, new Set(['other']))).toStrictEqual([]);
  });

  it('goes on over pages', async () => {
    aws.calls.length = 0;
    const { requestHandler } = aws.dynamo.config;
    const handle = (request: { body: Uint8Array; headers: object }, options: object) => {
      const asked: object = JSON.parse(Buffer.from(request.body).toString());
      const body = Buffer.from(JSON.stringify({ ...asked, Limit: 1 }));
      const headers = { ...request.headers, 'content-length': String(body.length) };
      return requestHandler.handle({ ...request, body, headers } as never, options);
    };
    const limited = { config: { ...aws.dynamo.config, requestHandler: { handle } } } as never;
    let chunks = 0;
    for await (const _ of readChunks(
      { client: limited, table: aws.measurementsTable },
      'a',
      HOUR,
      HOUR + 9 * HOUR_MICROS,
    ))
      chunks += 1;
    expect(chunks).toBe(4);
    expect(aws.calls.length).toBeGreaterThanOrEqual(4);
  });
});

describe('readLatest', () => {
  it('knows nothing of a device that never sent', async () => {
    expect(await readLatest(table(), 'nobody')).toBeUndefined();
  });
});
