/** The same points, wherever they have got to: what is asked for gets the same answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import { column, startWorld, time, type World } from '../../../support/query-api.ts';

let world: World;
const START = time('2026-03-28T00:00:00Z');
const DAYS = 2;

/** Hours of each day that have points: its ends, and some that touch. */
const HOURS = new Set([0, 3, 4, 5, 6, 13, 22, 23]);
/** Two points a minute or so, of all qualities, with gaps; the second day is cut short. */
const POINTS = Array.from({ length: DAYS * 24 * 120 - 80 }, (_, at) => at)
  .filter((at) => at % 211 > 20 && HOURS.has(Math.floor(at / 120) % 24))
  .map((at) => {
    const value = Math.round((20 + 5 * Math.sin(at / 40) + ((at * 7919) % 13) / 10) * 1000) / 1000;
    const quality = at % 31 === 0 ? 12 : at % 17 === 0 ? 9 : 0;
    return [START + at * 30_000_000 + ((at * 331) % 997) * 1000, value, quality] as const;
  });
const FLOW = POINTS.filter((_, at) => at % 12 === 0).map(([at, value]) => [at, Math.sqrt(value)] as const);
const DOOR = POINTS.filter((_, at) => at % 50 === 0).map(([at, value]) => [at, value > 20] as const);
const LATE = [
  [START + 30 * MICROS_PER_HOUR + 7, 99, 0] as const,
  [START + 30 * MICROS_PER_HOUR + 60_000_000, -99, 0] as const,
];

const late = (device: string) => world.addChunk(device, [column('temp', LATE)]);
const archived = async (device: string): Promise<void> => {
  await world.compact(device);
  await world.archive(device);
};

/** How the points of a device have got to where they are. */
const STATES: Readonly<Record<string, (device: string) => Promise<void>>> = {
  'in-chunks': late,
  'in-blocks': async (device) => {
    await late(device);
    await world.compact(device);
  },
  archived: async (device) => {
    await late(device);
    await archived(device);
  },
  'archived-and-late': async (device) => {
    await archived(device);
    await late(device);
  },
  'late-in-block': async (device) => {
    await archived(device);
    await late(device);
    await world.compact(device);
  },
  'archived-again': async (device) => {
    await archived(device);
    await late(device);
    await archived(device);
  },
  cold: async (device) => {
    await late(device);
    await archived(device);
    await world.passHotDays(device);
  },
  'cold-alone': async (device) => {
    await late(device);
    await archived(device);
    await world.passHotDays(device);
    for (const rollups of ['r1m', 'r1h']) await world.forget(`${device}#${rollups}`);
  },
  'cold-and-late': async (device) => {
    await archived(device);
    await world.passHotDays(device);
    await late(device);
  },
  'partly-without-minutes': async (device) => {
    await late(device);
    await archived(device);
    await world.forget(`${device}#r1m`, (sk) => sk.startsWith('2026-03-28'));
  },
};

beforeAll(async () => {
  world = await startWorld();
  for (const [device, bring] of Object.entries(STATES)) {
    await world.addDevice(device);
    await world.addChunk(device, [
      column('temp', POINTS),
      column('flow', FLOW, { unit: 'mL/min' }),
      column('door', DOOR, { type: 'boolean', unit: '1' }),
    ]);
    await bring(device);
  }
}, 120_000);
afterAll(() => world.close());

const RANGE = 'from=2026-03-28T00:00:00Z&to=2026-03-30T12:00:00Z';
const CUT = 'from=2026-03-28T03:07:11Z&to=2026-03-29T22:59:30.5Z';
const AGG = 'count,min,max,mean,twmean,first,last,sum,stddev,range,delta,rate';
type Row = Record<string, unknown>;
const rows = async (path: string): Promise<Row[]> => {
  const { status, body } = await world.json({ path });
  expect({ status, next: body['next'] }).toEqual({ status: 200, next: null });
  return body['items'] as Row[];
};

describe.each([
  ['points', RANGE],
  ['points of a range that cuts hours', `${CUT}&channels=temp`],
  ['minutes', `${RANGE}&every=PT1M&agg=${AGG}`],
  ['five minutes', `${CUT}&every=PT5M&agg=mean`],
  [
    'minutes from one to another',
    'from=2026-03-28T03:07:00Z&to=2026-03-29T22:59:00Z&every=PT1M&agg=count,sum',
  ],
  ['seven minutes with what is missing', `${CUT}&every=PT7M&agg=mean,last&fill=previous`],
  ['quarters of an hour with exact quantiles', `${RANGE}&every=PT15M&agg=p50,p99`],
  ['hours', `${CUT}&every=PT1H&agg=${AGG},p50`],
  ['days of a zone', `${RANGE}&every=P1D&tz=Asia/Kolkata&agg=${AGG}`],
  ['hours of what is bad', `${RANGE}&every=PT1H&agg=count,max&quality=bad`],
  ['the shape of the whole', `${RANGE}&points=50`],
])('%s', (_, query) => {
  const of = (device: string) => rows(`/v1/devices/${device}/series?${query}&limit=50000`);
  let right: Row[] = [];
  beforeAll(async () => {
    right = await of('in-chunks');
    expect(right.length).toBeGreaterThan(2);
  });

  it.each(Object.keys(STATES))('are the same: %s', async (device) => {
    expect(await of(device)).toStrictEqual(right);
  });
});

describe('all of them at once', () => {
  it('come by minute, page by page as well', async () => {
    const devices = Object.keys(STATES);
    const query = `devices=${devices.join()}&channels=temp&${RANGE}&every=PT10M&agg=mean,count`;
    const all = await rows(`/v1/series?${query}&limit=50000`);
    const of = (device: string) =>
      all.filter((each) => each['device'] === device).map(({ device: __, ...rest }) => rest);
    for (const device of devices) expect(of(device)).toStrictEqual(of('in-chunks'));
    const found: Row[] = [];
    for (let next: unknown = ''; next !== null; ) {
      const { body } = await world.json({
        path: `/v1/series?${query}&limit=700${next === '' ? '' : `&cursor=${next}`}`,
      });
      found.push(...(body['items'] as Row[]));
      next = body['next'];
    }
    expect(found).toStrictEqual(all);
  });

  it('are read a hundred at a time: one call of the registry once types are known, and one of minutes', async () => {
    const devices = ['archived', 'archived-again', 'cold'];
    const to = new Date((START + MICROS_PER_DAY) / 1000).toISOString();
    const range = `from=2026-03-28T00:00:00Z&to=${to}&every=PT5M&agg=mean&limit=50000`;
    const path = `/v1/series?devices=${devices.join()}&${range}`;
    await rows(path);
    world.aws.calls.length = 0;
    await rows(path);
    const batches = world.aws.calls.filter(({ action }) => action === 'dynamodb:BatchGetItem');
    expect(batches).toHaveLength(2);
    expect(world.aws.calls.filter(({ body }) => body.includes('"zs"') || body.includes(',zs'))).toHaveLength(
      1,
    );
    // What tasks say, and nothing else.
    expect(world.aws.calls.length).toBeLessThanOrEqual(2 + 2 * devices.length);
  });
});
