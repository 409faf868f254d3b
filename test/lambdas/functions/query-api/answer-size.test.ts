/** Streams that Lambda would cut are refused before they begin, and no others. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manySeriesQuery } from '../../../../contracts/resources/series.ts';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { refuseTooLarge } from '../../../../lambdas/functions/query-api/answer-size.ts';
import {
  parseQuery,
  resolveSeries,
  type Series,
} from '../../../../lambdas/functions/query-api/series-query.ts';
import type { SeriesType } from '../../../../series/formats/encoders.ts';
import { column, startWorld, TYPE, time, type World } from '../../../support/query-api.ts';

let world: World;
const START = time('2026-03-28T00:00:00Z');
const RANGE = 'from=2026-03-28T00:00:00Z&to=2026-03-30T00:00:00Z';
/** The first hours of two days. */
const TEMP = Array.from({ length: 2 * 360 }, (_, at) => {
  const quality = at % 10 === 0 ? 12 : at % 7 === 0 ? 9 : 0;
  const hour = Math.floor(at / 180);
  const day = Math.floor(hour / 2);
  const time = START + day * MICROS_PER_DAY + (hour % 2) * MICROS_PER_HOUR + (at % 180) * 20_000_000;
  return [time, Math.round(20 + 5 * Math.sin(at / 40)), quality] as const;
});
const DOOR = TEMP.filter((_, at) => at % 3 === 0).map(([at]) => [at, at % 2 === 0] as const);
const DEVICES = ['archived-1', 'archived-2'];

const stored = async (device: string): Promise<void> => {
  await world.addDevice(device);
  await world.addChunk(device, [column('temp', TEMP), column('door', DOOR, { type: 'boolean', unit: '1' })]);
  await world.compact(device);
};

/** As if a day in the archive held so many points. */
const pretend = async (device: string, points: number): Promise<void> => {
  await world.aws.dynamo.send(
    new UpdateItemCommand({
      TableName: world.aws.measurementsTable,
      Key: { pk: { S: `${device}#a` }, sk: { S: '2026-03-28' } },
      UpdateExpression: 'SET n = :n',
      ConditionExpression: 'attribute_exists(v)',
      ExpressionAttributeValues: { ':n': { N: String(points) } },
    }),
  );
};

beforeAll(async () => {
  world = await startWorld();
  for (const device of DEVICES) {
    await stored(device);
    await world.archive(device);
  }
  await stored('great-1');
  await world.archive('great-1');
  await pretend('great-1', 10_000_000);
  await stored('gone-1');
}, 60_000);
afterAll(() => world.close());

const get = async (path: string, accept: string) => await world.send({ path, headers: { accept } });

describe('a stream of more than 200 MB', () => {
  const path = `/v1/devices/great-1/series?${RANGE}`;

  it('is refused, and says what to do instead', async () => {
    const { status, text } = await get(path, 'text/csv');
    expect({ status, ...JSON.parse(text) }).toMatchObject({
      status: 400,
      code: 'answer-too-large',
      detail:
        'at least 10000480 points are more than 200 MB of text/csv: take pages with limit, or have files made with POST /v1/exports',
    });
  });

  it.each([
    ['in pages', `${path}&limit=10`, 'text/csv'],
    ['in JSON, which has pages', path, 'application/json'],
    ['packed', path, 'application/vnd.apache.parquet'],
    ['of a channel that has few', `${path}&channels=door`, 'text/csv'],
    ['of a quality that few have', `${path}&quality=bad`, 'text/csv'],
    [
      'of a part of that day',
      `/v1/devices/great-1/series?from=2026-03-28T00:00:01Z&to=2026-03-30T00:00:00Z`,
      'text/csv',
    ],
    ['as buckets', `${path}&every=PT1H&agg=mean`, 'text/csv'],
    ['as their shape', `${path}&points=10`, 'text/csv'],
  ])('comes %s', async (_, less, accept) => {
    const { status, body } = await get(less, accept);
    expect(status).toBe(200);
    expect(body.length).toBeGreaterThan(100);
  });

  it('is refused of filled buckets, which nobody has to count', async () => {
    const filled = `/v1/devices/great-1/series?from=2026-03-01T00:00:00Z&to=2026-03-30T00:00:00Z&every=PT1S&agg=mean&fill=null`;
    const { status, text } = await get(filled, 'text/csv');
    expect({ status, ...JSON.parse(text) }).toMatchObject({
      status: 400,
      code: 'answer-too-large',
      detail: 'at least 7516800 buckets are more than 200 MB of text/csv: take pages with limit',
    });
  });
});

describe.each<SeriesType>(['text/csv', 'application/x-ndjson', 'application/vnd.apache.arrow.stream'])(
  'an answer in %s',
  (type) => {
    const seriesOf = (query: string): Series => {
      const of = manySeriesQuery.parse(Object.fromEntries(new URLSearchParams(query)));
      const instruments = of.devices.map((id) => ({ id, channels: TYPE.channels }));
      const options = { ...parseQuery(of), several: true, now: START + 3 * MICROS_PER_DAY };
      return resolveSeries(instruments, of, options);
    };
    const measurements = () => ({ client: world.aws.dynamo, table: world.aws.measurementsTable });

    it.each([
      `devices=archived-1&${RANGE}`,
      `devices=archived-1,archived-2&${RANGE}`,
      `devices=archived-1,archived-2&${RANGE}&channels=temp`,
      `devices=archived-1&${RANGE}&quality=bad`,
      `devices=archived-1&${RANGE}&channels=temp&quality=good,uncertain`,
      `devices=archived-1,archived-2&${RANGE}&align=true`,
      `devices=archived-1&${RANGE}&channels=temp&align=true`,
      `devices=archived-1&${RANGE}&every=PT20M&agg=mean&fill=null`,
      `devices=archived-1&${RANGE}&every=PT20M&agg=mean&fill=null&channels=temp&align=true`,
    ])('is refused only where it is longer: %s', async (query) => {
      const { status, body } = await get(`/v1/series?${query}`, type);
      expect(status).toBe(200);
      const series = seriesOf(query);
      await refuseTooLarge(measurements(), series, type, body.length);
      await expect(refuseTooLarge(measurements(), series, type, body.length / 32)).rejects.toMatchObject({
        code: 'answer-too-large',
      });
    });

    it('is begun where days are not in the archive: summaries may be all that is left of them', async () => {
      const series = seriesOf(`devices=gone-1&${RANGE}`);
      await refuseTooLarge(measurements(), series, type, 1);
    });
  },
);
