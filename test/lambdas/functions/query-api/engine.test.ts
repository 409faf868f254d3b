import { zstdDecompressSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE } from '../../../../contracts/time.ts';
import { person } from '../../../support/http-events.ts';
import { column, startWorld, time, type World } from '../../../support/query-api.ts';

let world: World;
const START = time('2026-03-28T00:00:00Z');
const DAYS = 3;

/** A point each 5 minutes over three days in which the clocks of Berlin change, with gaps and all qualities. */
const POINTS = Array.from({ length: DAYS * 288 }, (_, at) => at)
  .filter((at) => at % 97 > 10)
  .map((at) => {
    const value = Math.round((20 + 5 * Math.sin(at / 40) + ((at * 7919) % 13) / 10) * 1000) / 1000;
    const quality = at % 31 === 0 ? 12 : at % 17 === 0 ? 9 : 0;
    return [START + at * 5 * MICROS_PER_MINUTE + ((at * 331) % 997), value, quality] as const;
  });
const FLOW = POINTS.filter((_, at) => at % 12 === 0).map(([at, value]) => [at, Math.round(value)] as const);

beforeAll(async () => {
  world = await startWorld();
  for (const id of ['plain-1', 'dense-1']) {
    await world.addDevice(id);
    await world.addChunk(id, [column('temp', POINTS), column('flow', FLOW, { unit: 'mL/min' })]);
  }
  await world.addDevice('far-1', 'elsewhere');
  // One device is read from blocks and rollups, but for an hour that late data opened again.
  await world.compact('dense-1');
  const late = [[START + 30 * MICROS_PER_HOUR + 7, 99, 0] as const];
  await world.addChunk('plain-1', [column('temp', late)]);
  await world.addChunk('dense-1', [column('temp', late)]);
}, 60_000);
afterAll(() => world.close());
afterEach(() => world.aws.heal());

const RANGE = 'from=2026-03-28T00:00:00Z&to=2026-03-31T00:00:00Z';
type Row = Record<string, unknown>;
const get = async (device: string, query: string) =>
  await world.json({ path: `/v1/devices/${device}/series?${query}` });
const rows = async (device: string, query: string): Promise<Row[]> => {
  const answer = await get(device, query);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body['items'] as Row[];
};

const AGG = 'count,min,max,mean,twmean,first,last,sum,stddev,range,delta,rate';

describe('a device that is compacted and one that is not', () => {
  it.each([
    [`${RANGE}&every=PT1H&agg=${AGG},p50,p95`],
    [`${RANGE}&every=PT5M&agg=${AGG}`],
    [`${RANGE}&every=PT15M&agg=p50,p99`],
    [`${RANGE}&every=PT90M&agg=${AGG},p10`],
    [`${RANGE}&every=P1D&tz=Europe/Berlin&agg=${AGG},p50`],
    [`${RANGE}&every=P1D&tz=Asia/Kolkata&agg=${AGG}`],
    [`${RANGE}&every=P1D&tz=Asia/Kolkata&agg=p50`],
    [`${RANGE}&every=P1M&agg=${AGG},p99.9`],
    [`from=2026-03-28T01:23:45Z&to=2026-03-30T11:11:11.111111Z&every=PT2H&agg=${AGG}`],
    [`${RANGE}&every=PT1H&agg=count,max&quality=bad`],
    [`${RANGE}&every=PT20M&agg=mean&fill=linear`],
    [`${RANGE}&every=PT1H&agg=sum,mean,stddev&unit=temp:[degF],flow:L/h`],
    [`${RANGE}&points=50`],
    [`${RANGE}&points=20&quality=good`],
    [`${RANGE}&points=5000`],
    [RANGE],
  ])('answer the same to %s', async (query) => {
    const [plain, dense] = [await rows('plain-1', query), await rows('dense-1', query)];
    expect(plain.length).toBeGreaterThan(0);
    expect(dense).toEqual(plain);
  });
});

describe('quantiles of hours and days', () => {
  const exactly = (share: number, numbers: readonly number[]): number => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const rank = share * (sorted.length - 1);
    const [below = 0, above = 0] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
    return below + (above - below) * (rank % 1);
  };
  const usable = POINTS.filter(([, , quality]) => quality !== 12);
  const inside = usable.filter(
    ([at]) => at >= START + 24 * MICROS_PER_HOUR && at < START + 48 * MICROS_PER_HOUR,
  );
  const day = 'from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z&every=P1D&agg=p50,p95,count&channels=temp';

  it.each(['plain-1', 'dense-1'])('are exact while the points are there: %s', async (device) => {
    const { body } = await get(device, day);
    expect(body).not.toHaveProperty('error');
    const [found] = body['items'] as Row[];
    const numbers = [...inside.map(([, value]) => value), 99];
    expect(found).toMatchObject({ count: numbers.length });
    for (const [name, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const)
      expect(found?.[name]).toBeCloseTo(exactly(share, numbers), 12);
  });

  it('say their error, and no more digits, where the points are many or gone', async () => {
    const many = 'from=2025-03-29T00:00:00Z&to=2026-03-30T00:00:00Z&every=P1D&agg=p50&channels=temp';
    await world.addDevice('gone-1');
    await world.addChunk('gone-1', [column('temp', POINTS)]);
    await world.compact('gone-1');
    await world.forget('gone-1', (sk) => sk.startsWith('2026-03-29'));
    for (const [device, query] of [
      ['dense-1', many],
      ['gone-1', day],
    ] as const) {
      const { body } = await get(device, query);
      expect(body['error']).toBe(0.01);
      const found = (body['items'] as Row[]).map(({ p50 }) => Number(p50));
      expect(found.length).toBeGreaterThan(0);
      for (const p50 of found) expect(Number(p50.toPrecision(3))).toBe(p50);
    }
    expect((await get('dense-1', many.replace('p50', 'mean'))).body).not.toHaveProperty('error');
  });
});

describe('buckets', () => {
  it('follow the days of a zone across a change of its clocks', async () => {
    const query = `${RANGE}&every=P1D&tz=Europe/Berlin&agg=count&channels=temp`;
    const answer = await get('dense-1', query);
    expect(answer.body).toMatchObject({ every: 'P1D', tz: 'Europe/Berlin' });
    expect((answer.body['items'] as Row[]).map(({ t, partial }) => [t, partial])).toEqual([
      ['2026-03-27T23:00:00.000Z', true],
      ['2026-03-28T23:00:00.000Z', false],
      ['2026-03-29T22:00:00.000Z', false],
      ['2026-03-30T22:00:00.000Z', true],
    ]);
  });

  it('are filled as asked', async () => {
    const query =
      'from=2026-03-28T07:00:00Z&to=2026-03-28T09:20:00Z&every=PT20M&agg=count,mean&channels=temp';
    const means = async (fill: string) =>
      (await rows('plain-1', `${query}&fill=${fill}`)).map(({ mean, filled }) => [mean, filled]);
    const none = await means('none');
    const nulls = await means('null');
    expect(none.every(([, filled]) => filled === undefined)).toBe(true);
    expect(nulls).toHaveLength(7);
    const gaps = nulls.flatMap(([mean], at) => (mean === null ? [at] : []));
    expect(gaps).toEqual([4, 5]);
    const [, , , before, , , after] = nulls.map(([mean]) => Number(mean));
    const left = before ?? Number.NaN;
    const right = after ?? Number.NaN;
    const previous = await means('previous');
    expect([previous[4], previous[5]]).toEqual([
      [left, true],
      [left, true],
    ]);
    const linear = await means('linear');
    expect(linear[4]).toEqual([expect.closeTo(left + (right - left) / 3, 9), true]);
    expect(linear[5]).toEqual([expect.closeTo(left + ((right - left) * 2) / 3, 9), true]);
    const counts = (await rows('plain-1', `${query}&fill=previous`)).map(({ count }) => count);
    expect(counts[4]).toBe(0);
  });

  it.each(['none', 'null', 'previous', 'linear'])(
    'are the same page by page when filled with %s',
    async (fill) => {
      const query = `from=2026-03-28T00:00:00Z&to=2026-03-29T00:00:00Z&every=PT20M&agg=mean,last&fill=${fill}`;
      const all = await rows('dense-1', query);
      const found: Row[] = [];
      for (let next: unknown = ''; next !== null; ) {
        const { body } = await get('dense-1', `${query}&limit=17${next === '' ? '' : `&cursor=${next}`}`);
        found.push(...(body['items'] as Row[]));
        next = body['next'];
      }
      expect(found).toEqual(all);
    },
  );

  it('hold steps until the next point, and draw lines between others', async () => {
    await world.addDevice('kinds-1');
    const at = (second: number): number => START + second * 1_000_000;
    const values = [[at(0), 0] as const, [at(30), 10] as const, [at(40), 0] as const];
    await world.addChunk('kinds-1', [column('temp', values), column('flow', values, { unit: 'mL/min' })]);
    const items = await rows('kinds-1', `${RANGE}&every=PT1M&agg=twmean,delta,rate`);
    expect(items).toMatchObject([
      { n: 'flow', twmean: 2.5, delta: 0, rate: 0 },
      { n: 'temp', twmean: 5 },
    ]);
  });

  it('are told in another unit: on a scale, as a difference, as a sum', async () => {
    await world.addDevice('units-1');
    await world.addChunk('units-1', [
      column('temp', [
        [START, 0],
        [START + 1, 100],
      ]),
    ]);
    const agg = 'count,min,max,mean,sum,range,stddev';
    const [item] = await rows('units-1', `${RANGE}&every=P1D&agg=${agg}&unit=temp:[degF]`);
    expect(item).toMatchObject({ u: '[degF]', count: 2, min: 32, max: 212, mean: 122, sum: 244, range: 180 });
    expect(await rows('units-1', `${RANGE}&unit=temp:K`)).toMatchObject([
      { v: 273.15, u: 'K' },
      { v: 373.15 },
    ]);
  });
});

describe('points', () => {
  it('are of the qualities that are asked for', async () => {
    const of = async (quality: string) =>
      new Set((await rows('dense-1', `${RANGE}&quality=${quality}`)).map(({ q }) => q));
    expect(await of('bad')).toEqual(new Set(['bad/sensor-failure']));
    expect(await of('good,uncertain')).toEqual(new Set(['good', 'uncertain/jump']));
    expect((await of('good,uncertain,bad')).size).toBe(3);
  });

  it('keep first, last, least and greatest when they are few', async () => {
    const items = await rows('dense-1', `${RANGE}&points=40&channels=temp`);
    expect(items.length).toBeLessThanOrEqual(42);
    const usable = (await rows('plain-1', `${RANGE}&channels=temp&quality=good,uncertain`)).map(({ v }) =>
      Number(v),
    );
    const values = items.map(({ v }) => Number(v));
    expect(values[0]).toBe(usable[0]);
    expect(values.at(-1)).toBe(usable.at(-1));
    expect(Math.max(...values)).toBe(Math.max(...usable));
    expect(Math.min(...values)).toBe(Math.min(...usable));
    expect(items[0]).not.toHaveProperty('q');
  });
});

describe('several devices', () => {
  const many = (query: string) => world.json({ path: `/v1/series?${query}` });

  it('come one after the other', async () => {
    const answer = await many(`devices=dense-1,kinds-1,plain-1&${RANGE}&every=P1D&agg=count`);
    expect(answer.body).toMatchObject({ devices: ['dense-1', 'kinds-1', 'plain-1'], next: null });
    const items = answer.body['items'] as Row[];
    const of = (device: string) =>
      items.filter((each) => each['device'] === device).map(({ device: _, ...rest }) => rest);
    expect(of('plain-1')).toEqual(await rows('plain-1', `${RANGE}&every=P1D&agg=count`));
    expect(of('dense-1')).toEqual(of('plain-1'));
    expect([...new Set(items.map(({ device }) => device))]).toEqual(['dense-1', 'kinds-1', 'plain-1']);
  });

  it.each([
    [1, '00:00:00Z&to=2026-03-28T01:30:00Z'],
    [7, '00:00:00Z&to=2026-03-28T06:00:00Z'],
    [500, '00:00:00Z&to=2026-03-28T06:00:00Z'],
  ])('are the same page by page, %i at a time', async (limit, range) => {
    const query = `devices=dense-1,kinds-1,plain-1&from=2026-03-28T${range}`;
    const all = (await many(query)).body['items'];
    const found: unknown[] = [];
    for (let next: unknown = ''; next !== null; ) {
      const { body } = await many(`${query}&limit=${limit}${next === '' ? '' : `&cursor=${next}`}`);
      found.push(...(body['items'] as Row[]));
      next = body['next'];
    }
    expect(found).toEqual(all);
  });

  it('stand beside each other when aligned, page by page as well', async () => {
    const query = `devices=dense-1,kinds-1&channels=temp&${RANGE}&every=PT1H&agg=mean&align=true`;
    const items = (await many(query)).body['items'] as { t: string; values: Row }[];
    const dense = await rows('dense-1', `${RANGE}&every=PT1H&agg=mean&channels=temp`);
    expect(items.map(({ t }) => t)).toEqual(dense.map(({ t }) => t));
    expect(items[0]?.values).toEqual({ 'dense-1/temp': dense[0]?.['mean'], 'kinds-1/temp': 10 / 3 });
    const paged: unknown[] = [];
    for (let next: unknown = ''; next !== null; ) {
      const { body } = await many(`${query}&limit=9${next === '' ? '' : `&cursor=${next}`}`);
      paged.push(...(body['items'] as Row[]));
      next = body['next'];
    }
    expect(paged).toEqual(items);
    const csv = await world.send({ path: `/v1/series?${query}&limit=1`, headers: { Accept: 'text/csv' } });
    expect(csv.text.split('\r\n')[0]).toBe('time,dense-1/temp,kinds-1/temp');
  });

  it('align points of equal times, whatever the batches', async () => {
    const query = `devices=plain-1,dense-1&channels=temp&${RANGE}&align=true`;
    const items = (await many(query)).body['items'] as { values: Row }[];
    expect(items.length).toBeGreaterThan(500);
    for (const { values } of items) expect(values['plain-1/temp']).toBe(values['dense-1/temp']);
  });

  it('show the quality of each point that is aligned', async () => {
    const at = (second: number) => `2026-03-20T10:00:0${second}Z`;
    const range = 'from=2026-03-20T10:00:00Z&to=2026-03-20T10:00:05Z';
    for (const [id, points] of [
      [
        'graded-1',
        [
          [at(0), 1, 9],
          [at(1), 2],
        ],
      ],
      ['graded-2', [[at(1), 3, 12]]],
    ] as const) {
      await world.addDevice(id);
      await world.addChunk(id, [column('temp', points)]);
    }
    const path = `devices=graded-1,graded-2&channels=temp&${range}&align=true`;
    const { body } = await many(path);
    expect(body['items']).toEqual([
      {
        t: '2026-03-20T10:00:00.000Z',
        values: { 'graded-1/temp': 1, 'graded-2/temp': null },
        quality: { 'graded-1/temp': 'uncertain/jump', 'graded-2/temp': null },
      },
      {
        t: '2026-03-20T10:00:01.000Z',
        values: { 'graded-1/temp': 2, 'graded-2/temp': 3 },
        quality: { 'graded-1/temp': 'good', 'graded-2/temp': 'bad/sensor-failure' },
      },
    ]);
    const csv = await world.send({ path: `/v1/series?${path}`, headers: { Accept: 'text/csv' } });
    expect(csv.text.split('\r\n').slice(0, 2)).toEqual([
      'time,graded-1/temp,graded-1/temp/quality,graded-2/temp,graded-2/temp/quality',
      '2026-03-20T10:00:00.000Z,1,uncertain/jump,,',
    ]);
    expect((await many(`${path}&layout=columns`)).body['columns']).toMatchObject({
      'graded-1/temp/quality': ['uncertain/jump', 'good'],
      'graded-2/temp/quality': [null, 'bad/sensor-failure'],
    });
  });

  it('are not found as soon as one of them is not to be seen', async () => {
    const path = `/v1/series?devices=dense-1,far-1&${RANGE}`;
    expect(await world.json({ path, claims: person('Viewer@lab') })).toMatchObject({ status: 404 });
    expect(await world.json({ path, claims: person('Viewer') })).toMatchObject({ status: 200 });
  });
});

describe('a snapshot', () => {
  const snapshot = async (query: string): Promise<Row[]> => {
    const answer = await world.json({ path: `/v1/snapshot?${query}` });
    expect(answer).toMatchObject({ status: 200 });
    return answer.body['items'] as Row[];
  };

  beforeAll(async () => {
    await world.addDevice('shown-1');
    await world.addDevice('shown-2');
    const hour = (at: number) => START + at * MICROS_PER_HOUR;
    await world.addChunk('shown-1', [
      column('temp', [
        [hour(0), 1],
        [hour(20), 2],
        [hour(23), 3],
        [hour(23) + 1, 4, 12],
      ]),
      column('flow', [[hour(2), 7]], { unit: 'mL/min' }),
    ]);
    await world.addChunk('shown-2', [column('temp', [[hour(22), 5]])]);
    for (const id of ['shown-1', 'shown-2']) await world.addLatest(id);
  });

  it.each([
    ['2026-03-28T00:00:00Z', ['shown-1 temp 1 good']],
    ['2026-03-28T19:59:59Z', ['shown-1 flow 7 good', 'shown-1 temp 1 good']],
    ['2026-03-28T22:59:59Z', ['shown-1 flow 7 good', 'shown-1 temp 2 good', 'shown-2 temp 5 good']],
    ['2026-03-28T23:00:00Z', ['shown-1 flow 7 good', 'shown-1 temp 3 good', 'shown-2 temp 5 good']],
    [
      '2026-03-29T01:00:00Z',
      ['shown-1 flow 7 good', 'shown-1 temp 4 bad/sensor-failure', 'shown-2 temp 5 good'],
    ],
    ['2026-03-29T03:00:00Z', ['shown-1 temp 4 bad/sensor-failure', 'shown-2 temp 5 good']],
    ['2026-03-27T00:00:00Z', []],
    ['2026-04-28T00:00:00Z', []],
  ])('of %s is what was measured last', async (at, expected) => {
    const items = await snapshot(`devices=shown-1,shown-2&at=${at}`);
    expect(items.map(({ device, n, v, q }) => `${device} ${n} ${v} ${q}`)).toEqual(expected);
  });

  it('of a hundred devices takes four calls of DynamoDB', async () => {
    const many = Array.from({ length: 100 }, (_, at) => `many-${at}`);
    const at = Date.parse('2026-03-28T12:00:00Z') * 1000;
    for (const id of many) await world.addDevice(id);
    for (const [place, id] of [...many.entries()].slice(0, 60)) {
      await world.addChunk(id, [column('temp', [[at, place]])]);
      await world.addLatest(id);
    }
    const path = `/v1/snapshot?devices=${many.join()}&at=2026-03-28T12:00:00Z`;
    const right = many.slice(0, 60).map((id, place) => [id, place]);
    const ask = async () => {
      world.aws.calls.length = 0;
      const { status, body } = await world.json({ path });
      expect([status, body['next']]).toEqual([200, null]);
      expect((body['items'] as Row[]).map(({ device, v }) => [device, v])).toEqual(right);
      return world.aws.calls.map(({ action }) => action);
    };
    // Devices, their type, and two slots of each.
    expect(await ask()).toEqual(Array.from({ length: 4 }, () => 'dynamodb:BatchGetItem'));
  });

  describe('of a site', () => {
    const ids = Array.from({ length: 7 }, (_, at) => `placed-${at}`);
    const measuredAt = Date.parse('2026-03-28T12:00:00Z') * 1000;
    const page = async (query: string, claims = person('Viewer@north')) =>
      await world.json({ path: `/v1/snapshot?site=north&${query}`, claims });

    beforeAll(async () => {
      for (const [at, id] of ids.entries()) {
        await world.addDevice(id, 'north');
        if (at === 3) continue;
        await world.addChunk(id, [column('temp', [[measuredAt, at]])]);
        await world.addLatest(id);
      }
      // Sorts between the others, and is not of the site.
      await world.addDevice('placed-4a', 'north-east');
      await world.addChunk('placed-4a', [column('temp', [[measuredAt, 44]])]);
      await world.addLatest('placed-4a');
    });

    it.each([1, 2, 3, 6, 7, 100])('comes whole in pages of %i', async (limit) => {
      const at = 'at=2026-03-28T13:00:00Z&within=PT2H&unit=temp:K';
      const found: unknown[] = [];
      let cursor: unknown = '';
      for (let pages = 1; cursor !== null; pages += 1) {
        const more = cursor === '' ? '' : `&cursor=${cursor}`;
        const { status, body, headers } = await page(`${at}&limit=${limit}${more}`);
        expect(status).toBe(200);
        found.push(...(body['items'] as Row[]).map(({ device, v }) => `${device} ${v}`));
        cursor = body['next'];
        expect(headers['link'] !== undefined).toBe(cursor !== null);
        expect(pages).toBeLessThanOrEqual(Math.ceil(ids.length / limit));
      }
      expect(found).toEqual(
        ids.flatMap((id, at) => (at === 3 ? [] : [`${id} ${Math.round((at + 273.15) * 100) / 100}`])),
      );
    });

    it('keeps the instant of the first page, and its cursor to the question', async () => {
      const first = await page('limit=2');
      const second = await page(`limit=2&cursor=${first.body['next']}`);
      expect(second.body['at']).toBe(first.body['at']);
      const other = await page(`limit=2&channels=temp&cursor=${first.body['next']}`);
      expect(other).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    });

    it('is empty where the caller may not see it, as where there is no such site', async () => {
      const at = 'at=2026-03-28T13:00:00Z&unit=temp:K';
      const { body } = await page(at, person('Viewer@lab'));
      expect(body).toEqual({ at: '2026-03-28T13:00:00.000Z', items: [], next: null });
      const nowhere = await world.json({ path: `/v1/snapshot?site=nowhere&${at}` });
      expect(nowhere.body).toEqual(body);
    });

    it.each(['', 'devices=placed-1&site=north', 'devices=placed-1&limit=3', 'devices=placed-1&cursor=x'])(
      'does not go with %j',
      async (query) => {
        expect(await world.json({ path: `/v1/snapshot?${query}` })).toMatchObject({ status: 400 });
      },
    );
  });

  it('looks no further back than asked, and converts', async () => {
    const query = 'devices=shown-1&at=2026-03-28T22:00:00Z';
    expect(await snapshot(`${query}&within=PT1H`)).toEqual([]);
    expect(await snapshot(`${query}&channels=temp&within=PT2H&unit=temp:K`)).toMatchObject([
      { v: 275.15, u: 'K' },
    ]);
    const far = await world.json({ path: `/v1/snapshot?${query}&within=P32D` });
    expect(far).toMatchObject({ status: 400, body: { errors: [{ pointer: '?within' }] } });
  });
});

const ARROW = 'application/vnd.apache.arrow.stream';
const PARQUET = 'application/vnd.apache.parquet';

describe('tables', () => {
  const send = (path: string, type: string) => world.send({ path, headers: { Accept: type } });

  beforeAll(async () => {
    await world.addDevice('mixed-1');
    await world.addChunk('mixed-1', [
      column('temp', [
        [START + 1, -0],
        [START + 2, 1.5, 9],
      ]),
      column('door', [[START + 2, true]], { type: 'boolean', unit: '1' }),
    ]);
  });
  const MIXED = `/v1/devices/mixed-1/series?${RANGE}`;

  it('come as an Arrow stream', async () => {
    const { headers, body } = await send(MIXED, ARROW);
    expect(headers['content-type']).toBe(ARROW);
    const table = tableFromIPC(body);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'time Timestamp<MICROSECOND, UTC>',
      'channel Utf8',
      'value Float64',
      'value_truth Bool',
      'unit Utf8',
      'quality Utf8',
    ]);
    expect(table.toArray().map((row) => ({ ...row.toJSON() }))).toEqual([
      {
        time: (START + 1) / 1000,
        channel: 'temp',
        value: -0,
        value_truth: null,
        unit: 'Cel',
        quality: 'good',
      },
      {
        time: (START + 2) / 1000,
        channel: 'door',
        value: null,
        value_truth: true,
        unit: '1',
        quality: 'good',
      },
      {
        time: (START + 2) / 1000,
        channel: 'temp',
        value: 1.5,
        value_truth: null,
        unit: 'Cel',
        quality: 'uncertain/jump',
      },
    ]);
  });

  it('come as Parquet', async () => {
    const { headers, body } = await send(MIXED, PARQUET);
    expect(headers['content-type']).toBe(PARQUET);
    const file = new Uint8Array(body).buffer;
    const metadata = parquetMetadata(file);
    const found = await parquetReadObjects({
      file,
      metadata,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    expect(found).toMatchObject([
      { channel: 'temp', value: -0, value_truth: null, unit: 'Cel', quality: 'good' },
      { channel: 'door', value: null, value_truth: true, unit: '1', quality: 'good' },
      { channel: 'temp', value: 1.5, value_truth: null, quality: 'uncertain/jump' },
    ]);
    expect(found.map((row) => row['time'])).toEqual([1, 2, 2].map(() => new Date(START / 1000)));
  });

  it.each([
    ['buckets', '/v1/devices/dense-1/series?', 'every=PT1H&agg=count,mean,first,p50&fill=null'],
    ['aligned buckets', '/v1/series?devices=dense-1,mixed-1&', 'every=PT1H&agg=max&align=true'],
    ['aligned points', '/v1/series?devices=dense-1,mixed-1&', 'channels=temp&align=true'],
    ['several devices', '/v1/series?devices=dense-1,kinds-1&', 'every=P1D&agg=last'],
    ['points of one type', '/v1/devices/dense-1/series?', 'channels=temp,flow'],
    ['nothing', '/v1/devices/dense-1/series?', 'channels=none'],
  ])('hold the same rows in every format: %s', async (_, path, query) => {
    const url = `${path}${RANGE}&${query}`;
    const csv = (await send(url, 'text/csv')).text.trimEnd().split('\r\n');
    const arrow = tableFromIPC((await send(url, ARROW)).body);
    const file = new Uint8Array((await send(url, PARQUET)).body).buffer;
    const parquet = await parquetReadObjects({
      file,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    expect(arrow.numRows).toBe(csv.length - 1);
    expect(parquet).toHaveLength(csv.length - 1);
    const lines = (csv[0] ?? '').split(',').filter((name) => name !== 'time');
    for (const [at, line] of csv.slice(1).entries()) {
      const cells = line.split(',').filter((__, place) => (csv[0] ?? '').split(',')[place] !== 'time');
      const shown = (value: unknown): string =>
        value === null || value === undefined || Number.isNaN(value)
          ? ''
          : Object.is(value, -0)
            ? '-0'
            : String(value);
      // Channels of several types have a column each.
      const of = (row: Row | undefined, name: string): string => shown(row?.[name] ?? row?.[`${name}_truth`]);
      expect(lines.map((name) => of(arrow.get(at)?.toJSON(), name))).toEqual(cells);
      expect(lines.map((name) => of(parquet[at], name))).toEqual(cells);
    }
  });
});

describe('answers', () => {
  it('come as columns', async () => {
    const items = await rows('dense-1', `${RANGE}&every=P1D&agg=mean,count&channels=temp`);
    const { body } = await get('dense-1', `${RANGE}&every=P1D&agg=mean,count&channels=temp&layout=columns`);
    expect(body).not.toHaveProperty('items');
    expect(body['columns']).toEqual({
      t: items.map(({ t }) => t),
      n: items.map(() => 'temp'),
      u: items.map(() => 'Cel'),
      mean: items.map(({ mean }) => mean),
      count: items.map(({ count }) => count),
      good: items.map(({ quality }) => (quality as Row)['good']),
      uncertain: items.map(({ quality }) => (quality as Row)['uncertain']),
      bad: items.map(({ quality }) => (quality as Row)['bad']),
      partial: items.map(({ partial }) => partial),
    });
  });

  it('are known again when their range has ended', async () => {
    const path = `/v1/devices/dense-1/series?${RANGE}&every=P1D`;
    const first = await world.send({ path });
    const etag = first.headers['etag'] ?? '';
    expect(etag).toMatch(/^"[\w-]{32}"$/);
    expect(first.headers['cache-control']).toMatch(/^private, (max-age=3600|no-cache)$/);
    const again = await world.send({ path, headers: { 'If-None-Match': `"other", ${etag}` } });
    expect(again).toMatchObject({ status: 304, text: '', headers: { etag } });
    expect(await world.send({ path, headers: { 'If-None-Match': '"other"' } })).toMatchObject({
      status: 200,
    });
  });

  it.each(['application/json', 'application/x-ndjson', 'text/csv', ARROW, PARQUET])(
    'are known again in the format that they came in: %s',
    async (Accept) => {
      const path = `/v1/devices/dense-1/series?${RANGE}&every=P1D`;
      const first = await world.send({ path, headers: { Accept } });
      const { etag = '' } = first.headers;
      expect(etag).toMatch(/^"[\w-]{32}"$/);
      const again = await world.send({ path, headers: { Accept, 'If-None-Match': etag } });
      expect(again).toMatchObject({
        status: 304,
        text: '',
        headers: { etag, vary: 'accept, authorization' },
      });
      const other = Accept === 'text/csv' ? 'application/x-ndjson' : 'text/csv';
      const changed = await world.send({ path, headers: { Accept: other, 'If-None-Match': etag } });
      expect(changed.status).toBe(200);
      expect(changed.body.equals(first.body)).toBe(false);
    },
  );

  it('are not known again when something was added', async () => {
    await world.addDevice('added-1');
    await world.addChunk('added-1', [column('temp', [[START, 1]])]);
    const sent = { path: `/v1/devices/added-1/series?${RANGE}`, headers: { Accept: 'text/csv' } };
    const { etag = '' } = (await world.send(sent)).headers;
    const again = { ...sent, headers: { ...sent.headers, 'If-None-Match': etag } };
    expect(await world.send(again)).toMatchObject({ status: 304 });
    await world.addChunk('added-1', [column('temp', [[START + 1, 2]])]);
    const added = await world.send(again);
    expect(added.status).toBe(200);
    expect(added.text.trimEnd().split('\r\n')).toHaveLength(3);
  });

  it('are kept by no one while their range is open', async () => {
    const open = await world.send({ path: '/v1/devices/dense-1/series?from=2026-03-28T00:00:00Z&every=P1M' });
    expect(open.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(open.headers).not.toHaveProperty('etag');
  });

  it.each([
    ['a zone that is none', 'every=P1D&tz=Europe/Atlantis', '?tz'],
    ['an offset as a zone', 'every=P1D&tz=%2B01:00', '?tz'],
    ['a zone for clock time', 'every=PT1H&tz=Europe/Berlin', '?tz'],
    ['a zone without a width', 'tz=Europe/Berlin', '?tz'],
    ['a fill without a width', 'fill=null', '?fill'],
    ['a fill that is none', 'every=PT1H&fill=cubic', '?fill'],
    ['buckets of more years than are', 'every=P300000Y', '?every'],
    ['buckets of more years than are, by days', 'every=P110000D', '?every'],
    ['buckets of more years than are, by hours', 'every=PT9999999999H', '?every'],
    ['buckets without end', 'every=PT0.001S&fill=null', '?fill'],
    ['a quantile beyond 100', 'every=PT1H&agg=p101', '?agg'],
    ['a quality that is none', 'quality=fine', '?quality'],
    ['points and a width', 'every=PT1H&points=10', '?points'],
    ['too few points', 'points=3', '?points'],
    ['too many points of all channels', 'points=20000&channels=a,b,c,d,e,f,g,h,i,j,k', '?points'],
    ['a unit of another dimension', 'unit=temp:Pa', '?unit'],
    ['a unit that is none', 'unit=temp:furlong', '?unit'],
    ['a unit without a channel', 'unit=K', '?unit'],
    ['a unit for a channel that is none', 'unit=nothing:K', '?unit'],
    ['a unit for truth values', 'unit=door:K', '?unit'],
    ['a layout that is none', 'layout=cube', '?layout'],
  ])('refuses %s', async (_, query, pointer) => {
    const answer = await get('dense-1', `${RANGE}&${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ pointer }] } });
  });

  it.each([
    ['no devices', '', '?devices'],
    ['a device that is none by name', 'devices=A%20b', '?devices'],
    ['several aggregates to align', 'devices=dense-1&every=P1D&agg=mean,max&align=true', '?agg'],
    ['chosen points to align', 'devices=dense-1&points=10&align=true', '?points'],
  ])('refuses %s', async (_, query, pointer) => {
    const answer = await world.json({ path: `/v1/series?${RANGE}&${query}` });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ pointer }] } });
  });
});
