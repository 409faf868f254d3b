import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Bucket, Point } from '../../../../contracts/resources/series.ts';
import { MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { ResponseStream } from '../../../../local/lambda/worker/response-stream.ts';
import { forgedCursors } from '../../../support/forged-cursors.ts';
import { person } from '../../../support/http-events.ts';
import { column, startWorld, time, type World } from '../../../support/query-api.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.addDevice('incubator-1');
  await world.addChunk('incubator-1', [
    column('temp', [
      ['2026-03-01T10:00:00Z', 37],
      ['2026-03-01T10:00:00.000250Z', 37.02, 9],
      ['2026-03-01T10:59:59.999999Z', 36.5, 12],
      ['2026-03-01T11:30:00Z', 38],
      ['2026-03-03T00:00:00Z', 40],
    ]),
    column(
      'door',
      [
        ['2026-03-01T10:00:00Z', false],
        ['2026-03-01T11:30:00Z', true],
      ],
      { type: 'boolean', unit: '1' },
    ),
  ]);
  // The same point again, later: it wins.
  await world.addChunk('incubator-1', [column('temp', [['2026-03-01T11:30:00Z', 38.5]])]);
}, 30_000);
afterAll(() => world.close());
afterEach(() => world.aws.heal());

const series = (query: string): string => `/v1/devices/incubator-1/series?${query}`;
const WHOLE = 'from=2026-03-01T00:00:00Z&to=2026-03-04T00:00:00Z';
const itemsOf = async (query: string): Promise<Point[]> =>
  (await world.json({ path: series(query) })).body['items'] as Point[];

describe('lists of a query', () => {
  it('are sets: a quality that is named three times is not all three', async () => {
    const good = await itemsOf(`${WHOLE}&channels=temp&quality=good`);
    expect(good.map(({ q }) => q)).not.toContain('bad');
    expect(await itemsOf(`${WHOLE}&channels=temp,temp&quality=good,good,good`)).toEqual(good);
    expect(good.length).toBeLessThan((await itemsOf(`${WHOLE}&channels=temp`)).length);
  });

  it('do not contradict themselves', async () => {
    const { status, body } = await world.json({ path: series(`${WHOLE}&unit=temp:K,temp:[degF]`) });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('give one unit for each channel');
  });
});

describe('points', () => {
  it('come by time and channel, with unit and quality, each once', async () => {
    const answer = await world.json({ path: series(WHOLE) });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', vary: 'accept, authorization' },
    });
    expect(answer.body).toEqual({
      device: 'incubator-1',
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-04T00:00:00.000Z',
      items: [
        { n: 'door', t: '2026-03-01T10:00:00.000Z', v: false, u: '1', q: 'good' },
        { n: 'temp', t: '2026-03-01T10:00:00.000Z', v: 37, u: 'Cel', q: 'good' },
        { n: 'temp', t: '2026-03-01T10:00:00.000250Z', v: 37.02, u: 'Cel', q: 'uncertain/jump' },
        { n: 'temp', t: '2026-03-01T10:59:59.999999Z', v: 36.5, u: 'Cel', q: 'bad/sensor-failure' },
        { n: 'door', t: '2026-03-01T11:30:00.000Z', v: true, u: '1', q: 'good' },
        { n: 'temp', t: '2026-03-01T11:30:00.000Z', v: 38.5, u: 'Cel', q: 'good' },
        { n: 'temp', t: '2026-03-03T00:00:00.000Z', v: 40, u: 'Cel', q: 'good' },
      ],
      next: null,
    });
  });

  it('lie in [from, to), to the microsecond', async () => {
    const values = async (from: string, to: string): Promise<unknown[]> =>
      (await itemsOf(`channels=temp&from=${from}&to=${to}`)).map(({ v }) => v);
    expect(await values('2026-03-01T10:00:00.000250Z', '2026-03-01T10:59:59.999999Z')).toEqual([37.02]);
    expect(await values('2026-03-01T10:00:00.000251Z', '2026-03-01T11:00:00Z')).toEqual([36.5]);
    expect(await values('2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z')).toEqual([]);
  });

  it.each([1, 2, 3, 7, 100])('are the same page by page, %i at a time', async (limit) => {
    const all = await itemsOf(WHOLE);
    const found: Point[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const answer: Awaited<ReturnType<World['json']>> = await world.json({
        path: series(`${WHOLE}&limit=${limit}${next === '' ? '' : `&cursor=${next}`}`),
      });
      const page = answer.body['items'] as Point[];
      expect(page.length).toBeLessThanOrEqual(limit);
      found.push(...page);
      next = answer.body['next'] as string | null;
      if (next === null) expect(answer.headers).not.toHaveProperty('link');
      else
        expect(answer.headers['link']).toBe(
          `<${series(`${WHOLE}&limit=${limit}`).replaceAll(':', '%3A')}&cursor=${next}>; rel="next"`,
        );
    }
    expect(found).toEqual(all);
  });

  it('keep the end of an open range on all pages', async () => {
    const first = await world.json({ path: series('from=2026-03-01T00:00:00Z&limit=3') });
    const second = await world.json({
      path: series(`from=2026-03-01T00:00:00Z&limit=3&cursor=${first.body['next']}`),
    });
    expect(second.body['to']).toBe(first.body['to']);
  });

  it.each([
    ['no from', 'to=2026-03-01T00:00:00Z', '?from'],
    ['a range that ends before it begins', 'from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', '?from'],
    ['a range that begins after now', 'from=2200-03-02T00:00:00Z', '?from'],
    ['a time that is none', 'from=yesterday', '?from'],
    ['a width that is none', `${WHOLE}&every=5m`, '?every'],
    ['a width of months and hours', `${WHOLE}&every=P1MT1H`, '?every'],
    ['aggregates without a width', `${WHOLE}&agg=mean`, '?agg'],
    ['an aggregate that does not exist', `${WHOLE}&every=PT1H&agg=mode`, '?agg'],
    ['a parameter that does not exist', `${WHOLE}&fill=none`, '?fill'],
    ['too large a page', `${WHOLE}&limit=50001`, '?limit'],
  ])('refuses %s', async (_, query, pointer) => {
    const answer = await world.json({ path: series(query) });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request', errors: [{ pointer }] } });
  });

  it('refuses the cursor of another query', async () => {
    const { body } = await world.json({ path: series(`${WHOLE}&limit=1`) });
    const answer = await world.json({ path: series(`${WHOLE}&channels=temp&cursor=${body['next']}`) });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
  });

  it.each([
    series(`${WHOLE}&limit=1`),
    series('from=2026-03-01T00:00:00Z&limit=1'),
    series(`${WHOLE}&every=PT1H&limit=1`),
    `/v1/series?devices=incubator-1&align=true&${WHOLE}&limit=1`,
    `/v1/snapshot?site=lab&limit=1`,
  ])('refuses forged cursors of %s', async (path) => {
    await world.addDevice('incubator-2');
    const { body } = await world.json({ path });
    for (const cursor of forgedCursors(String(body['next'])))
      expect(await world.json({ path: `${path}&cursor=${cursor}` }), cursor).toMatchObject({
        status: 400,
        body: { code: 'invalid-cursor' },
      });
  });

  it('are not found for who may not see the site', async () => {
    const path = series(WHOLE);
    expect(await world.json({ path, claims: person('Viewer@elsewhere') })).toMatchObject({ status: 404 });
    expect(await world.json({ path, claims: person('Viewer@lab') })).toMatchObject({ status: 200 });
    expect(await world.json({ path: path.replace('incubator-1', 'none') })).toMatchObject({ status: 404 });
  });

  it.each(['', '&every=PT1H&agg=mean', '&every=PT5M&agg=mean'])(
    'with%s that cannot be read are a fault for who may see them, and not found for others',
    async (more) => {
      const path = series(`${WHOLE}${more}`);
      world.aws.fail('dynamodb:Query', { left: Number.POSITIVE_INFINITY });
      expect(await world.json({ path, claims: person('Viewer@elsewhere') })).toMatchObject({ status: 404 });
      expect(await world.json({ path })).toMatchObject({ status: 500 });
      world.aws.heal();
      expect(await world.json({ path })).toMatchObject({ status: 200 });
    },
  );
});

describe('buckets', () => {
  const buckets = async (query: string): Promise<Bucket[]> => (await itemsOf(query)) as unknown as Bucket[];

  it('aggregate good and uncertain points, and count the bad ones', async () => {
    const answer = await world.json({ path: series(`${WHOLE}&every=PT1H&channels=temp`) });
    expect(answer.body).toMatchObject({ every: 'PT1H', next: null });
    expect(answer.body['items']).toEqual([
      {
        n: 'temp',
        t: '2026-03-01T10:00:00.000Z',
        u: 'Cel',
        count: 2,
        min: 37,
        max: 37.02,
        mean: expect.closeTo(37.01, 10),
        first: 37,
        last: 37.02,
        sum: expect.closeTo(74.02, 10),
        stddev: expect.closeTo(Math.SQRT2 / 100, 10),
        quality: { good: 1, uncertain: 1, bad: 1 },
        partial: false,
      },
      expect.objectContaining({ t: '2026-03-01T11:00:00.000Z', count: 1, mean: 38.5, stddev: null }),
      expect.objectContaining({ t: '2026-03-03T00:00:00.000Z', count: 1 }),
    ]);
  });

  it('give only what was asked for, and no number for what is none', async () => {
    const items = await buckets(`${WHOLE}&every=P1D&agg=mean,last&channels=door`);
    expect(items).toEqual([
      {
        n: 'door',
        t: '2026-03-01T00:00:00.000Z',
        u: '1',
        mean: null,
        last: true,
        quality: { good: 2, uncertain: 0, bad: 0 },
        partial: false,
      },
    ]);
  });

  it('follow the calendar for months and years, and span hours', async () => {
    const items = await buckets(
      `from=2026-01-15T00:00:00Z&to=2027-01-01T00:00:00Z&every=P3M&agg=count&channels=temp`,
    );
    expect(items).toMatchObject([
      { t: '2026-01-01T00:00:00.000Z', count: 4, quality: { bad: 1 }, partial: true },
    ]);
  });

  it('say when they are cut or not over', async () => {
    const cut = 'from=2026-03-01T10:00:00.000001Z&to=2026-03-01T11:45:00Z&every=PT1H&channels=temp&agg=count';
    expect(await buckets(cut)).toMatchObject([
      { t: '2026-03-01T10:00:00.000Z', count: 1, partial: true },
      { t: '2026-03-01T11:00:00.000Z', count: 1, partial: true },
    ]);
    const open = 'from=2026-01-01T00:00:00Z&to=2250-01-01T00:00:00Z&every=P224Y&channels=temp&agg=count';
    expect(await buckets(open)).toMatchObject([{ partial: true }]);
  });

  it.each([1, 2, 100])('are the same page by page, %i at a time', async (limit) => {
    const all = await buckets(`${WHOLE}&every=PT7M`);
    const found: Bucket[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body }: Awaited<ReturnType<World['json']>> = await world.json({
        path: series(`${WHOLE}&every=PT7M&limit=${limit}${next === '' ? '' : `&cursor=${next}`}`),
      });
      found.push(...(body['items'] as Bucket[]));
      next = body['next'] as string | null;
    }
    expect(found).toEqual(all);
    expect(all.length).toBeGreaterThan(4);
  });
});

describe('formats', () => {
  const get = (query: string, accept: string) =>
    world.send({ path: series(query), headers: { Accept: accept } });

  it('writes CSV as RFC 4180 has it', async () => {
    await world.addDevice('incubator-csv');
    await world.addChunk('incubator-csv', [
      column(
        'note',
        [
          ['2026-03-01T10:00:00Z', 'say "hi", then\r\ngo'],
          ['2026-03-01T10:00:01Z', 'plain'],
        ],
        { type: 'string', unit: '1' },
      ),
      column('temp', [['2026-03-01T10:00:00Z', -1.5]]),
    ]);
    const path = `/v1/devices/incubator-csv/series?${WHOLE}`;
    const answer = await world.send({ path, headers: { Accept: 'text/csv' } });
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.text).toBe(
      [
        'time,channel,value,unit,quality',
        '2026-03-01T10:00:00.000Z,note,"say ""hi"", then\r\ngo",1,good',
        '2026-03-01T10:00:00.000Z,temp,-1.5,Cel,good',
        '2026-03-01T10:00:01.000Z,note,plain,1,good',
        '',
      ].join('\r\n'),
    );
    const mark = await world.send({ path: `${path}&csv=spreadsheet`, headers: { Accept: 'text/csv' } });
    expect(mark.text).toBe(`\uFEFF${answer.text}`);
    expect(mark.headers['etag']).not.toBe(answer.headers['etag']);
    const page = (more: string) =>
      world.send({ path: `${path}&limit=10${more}`, headers: { Accept: 'text/csv' } });
    expect((await page('&csv=spreadsheet')).headers['etag']).not.toBe((await page('')).headers['etag']);
    expect(await world.json({ path: `${path}&csv=spreadsheet` })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ pointer: '?csv' }] },
    });
    const buckets = await world.send({
      path: `${path}&every=P1D&agg=max,stddev`,
      headers: { Accept: 'text/csv' },
    });
    expect(buckets.text).toBe(
      [
        'time,channel,unit,max,stddev,good,uncertain,bad,partial',
        '2026-03-01T00:00:00.000Z,note,1,,,2,0,0,false',
        '2026-03-01T00:00:00.000Z,temp,Cel,-1.5,,1,0,0,false',
        '',
      ].join('\r\n'),
    );
  });

  it('writes NDJSON, whole or in pages', async () => {
    const all = await itemsOf(WHOLE);
    const whole = await get(WHOLE, 'application/x-ndjson');
    expect(whole.headers).toMatchObject({ 'content-type': 'application/x-ndjson' });
    expect(whole.headers).not.toHaveProperty('link');
    const parse = (text: string): unknown[] =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    expect(parse(whole.text)).toEqual(all);
    const page = await get(`${WHOLE}&limit=2`, 'application/x-ndjson');
    expect(parse(page.text)).toEqual(all.slice(0, 2));
    const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(page.headers['link'] ?? '') ?? [];
    const rest = await world.send({
      path: next.replace('limit=2', 'limit=50'),
      headers: { Accept: 'application/x-ndjson' },
    });
    expect(parse(rest.text)).toEqual(all.slice(2));
    expect(rest.headers).not.toHaveProperty('link');
  });

  it('answers an empty range with no rows', async () => {
    const empty = 'from=2026-02-01T00:00:00Z&to=2026-02-02T00:00:00Z';
    expect((await get(empty, 'text/csv')).text).toBe('time,channel,value,unit,quality\r\n');
    expect((await get(empty, 'application/x-ndjson')).text).toBe('');
    expect(await itemsOf(empty)).toEqual([]);
  });

  it.each([
    ['*/*', 'application/json'],
    ['text/*', 'text/csv'],
    ['text/csv;q=0.4, application/x-ndjson;q=0.9', 'application/x-ndjson'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
    ['text/html, */*;q=0.1', 'application/json'],
  ])('answers %s with %s', async (accept, type) => {
    expect((await get(WHOLE, accept)).headers['content-type']).toContain(type);
  });

  it('has nothing for who wants something else', async () => {
    expect(await get(WHOLE, 'application/pdf')).toMatchObject({ status: 406 });
  });
});

describe('streams', () => {
  const HOURS = 12;
  const PER_HOUR = 3000;
  const RANGE = `from=2026-04-01T00:00:00Z&to=2026-04-02T00:00:00Z`;
  const path = `/v1/devices/incubator-long/series?${RANGE}`;
  const headers = { Accept: 'application/x-ndjson' };

  beforeAll(async () => {
    await world.addDevice('incubator-long');
    const start = time('2026-04-01T00:00:00Z');
    for (let hour = 0; hour < HOURS; hour++) {
      const points = Array.from({ length: PER_HOUR }, (_, at) => {
        const noise = Math.sin(at * hour + at);
        return [start + hour * MICROS_PER_HOUR + at * 1_000_000, noise] as const;
      });
      await world.addChunk('incubator-long', [column('temp', points)]);
    }
  }, 30_000);

  it('give all of a long range, in pieces', async () => {
    const answer = await world.send({ path, headers });
    expect(answer.text.trimEnd().split('\n')).toHaveLength(HOURS * PER_HOUR);
    expect(answer.pieces).toBeGreaterThan(10);
  });

  it('are kept for a while once their range is settled, and known again in pages', async () => {
    const whole = await world.send({ path, headers });
    expect(whole.headers).toMatchObject({ 'cache-control': 'private, max-age=3600' });
    expect(whole.headers).not.toHaveProperty('etag');
    const page = { path: `${path}&limit=30000`, headers };
    const { etag = '' } = (await world.send(page)).headers;
    const again = await world.send({ ...page, headers: { ...headers, 'If-None-Match': etag } });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  it('wait for a slow reader instead of filling the memory', async () => {
    let written = 0;
    let given = 0;
    const stream: ResponseStream = new ResponseStream({
      window: 64 * 1024,
      highWaterMark: undefined,
      send: (bytes) => {
        given += bytes.byteLength;
        // The reader takes a piece when nothing else is going on, and never sees more than a few at once.
        setImmediate(() => {
          written += bytes.byteLength;
          stream.taken(bytes.byteLength);
        });
        expect(given - written).toBeLessThan(512 * 1024);
      },
    });
    await world.open({ path, headers }, stream);
    expect(written).toBeGreaterThan(HOURS * PER_HOUR * 50);
  });

  it('end when the reader goes away', async () => {
    const stream: ResponseStream = new ResponseStream({
      window: 1024,
      highWaterMark: 1024,
      send: () => setImmediate(() => stream.destroy()),
    });
    await expect(world.open({ path, headers }, stream)).rejects.toThrow();
  });

  it('break where the data break, so that half an answer never looks whole', async () => {
    await world.addDevice('incubator-broken');
    await world.addChunk('incubator-broken', [column('temp', [['2026-04-01T01:00:00Z', 1]])]);
    const page = Array.from(
      { length: 5000 },
      (_, at) => [time('2026-04-01T00:00:00Z') + at * 1000, at] as const,
    );
    await world.addChunk('incubator-broken', [column('temp', page)]);
    const broken = {
      pk: { S: 'incubator-broken' },
      sk: { S: `2026-04-01T02#c#0#${'9'.padStart(56, '0')}#1` },
      f: { N: '1' },
      b: { B: Buffer.from('these are no columns at all') },
    };
    await world.aws.dynamo.send(new PutItemCommand({ TableName: world.aws.measurementsTable, Item: broken }));
    const chunks: Buffer[] = [];
    const stream: ResponseStream = new ResponseStream({
      window: 1024 * 1024,
      highWaterMark: undefined,
      send: (bytes) => {
        chunks.push(Buffer.from(bytes));
        stream.taken(bytes.byteLength);
      },
    });
    const request = { path: path.replace('incubator-long', 'incubator-broken'), headers };
    await expect(world.open(request, stream)).rejects.toThrow('is of format 116');
    expect(Buffer.concat(chunks).toString()).toContain('"statusCode":200');
    expect(stream.writableEnded).toBe(false);
    const whole = await world.json({ path: request.path });
    expect(whole).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    expect(JSON.stringify(whole.body)).not.toContain('corrupt');
  });
});
