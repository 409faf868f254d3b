import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeReplay } from '../../../../lambdas/domain/ingestion/replay.ts';
import { isBalanced } from '../../../../lambdas/domain/ledger/ledger.ts';
import { marshal } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { typeToItem } from '../../../../lambdas/store/registry/items.ts';
import { ITEM_FORMAT, META, replayKey } from '../../../../lambdas/store/registry/keys.ts';
import { fault, NOW, record, rows, startWorld, TYPE, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.close());

const DAY = 86_400e6;
const MENDED = {
  ...TYPE,
  channels: { ...TYPE.channels, co2: { unit: '%', type: 'number', kind: 'continuous' } },
} as const;

/** The only entry of a device, and the record that asks for it. */
const entryOf = (device: string) => {
  const [key, ...others] = [...world.objects.keys()].filter((each) => each.includes(`/${device}/`));
  if (key === undefined || others.length > 0) throw new Error(`${device} has ${others.length + 1} entries`);
  const [, site, , date = '', file = ''] = key.split('/');
  const sequence = file.replace('.json', '');
  return { key, id: `${site}/${device}/${date}/${sequence}`, ask: encodeReplay({ date, sequence }) };
};
const order = (id: string): Promise<void> =>
  world.put(
    marshal({ pk: replayKey(id), sk: META, format: ITEM_FORMAT, by: 'ada', at: '2026-03-01T12:00:00Z' }),
  );

it('takes a message again as of its first arrival, by the type as it is now', async () => {
  const start = NOW - 6 * DAY;
  const message = rows([1, 2], { session: 's', seq: 7 }, start, 'co2');
  await world.take([record({ device: 'a', payload: message, arrived: NOW - 5 * DAY })]);
  expect(await world.points('a')).toEqual([]);
  const { id, ask } = entryOf('a');
  await order(id);
  await world.put(typeToItem(MENDED));
  // Beside a message of today: it neither looks new nor disturbs what is.
  await world.take([
    record({ device: 'a', payload: rows([5], { session: 't', seq: 0, ack: true }) }),
    record({ device: 'a', payload: ask, arrived: NOW + 3 * DAY }),
  ]);
  expect((await world.points('a')).filter(([channel]) => channel === 'co2')).toEqual([
    ['co2', (start - NOW) / 1e6, 1, 0],
    ['co2', (start - NOW) / 1e6 + 1, 2, 0],
  ]);
  const latest = await world.latest('a');
  expect(latest?.sessions.at(-1)).toMatchObject({ id: 't', ranges: [[0, 0]] });
  const ledger = await world.settled('a');
  expect(ledger).toMatchObject({ received: 5, stored: 3, quarantined: { 'unknown-channel': 2 } });
  expect(ledger !== undefined && isBalanced(ledger)).toBe(true);
  expect([...world.objects.keys()].filter((key) => key.includes('/a/'))).toHaveLength(1);
});

it('keeps what still cannot be stored as a new entry of the first arrival', async () => {
  await world.take([record({ device: 'b', payload: 'nonsense', arrived: NOW - 5 * DAY })]);
  const { id, ask, key } = entryOf('b');
  await order(id);
  await world.take([record({ device: 'b', payload: ask })]);
  const entries = [...world.objects].filter(([each]) => each.includes('/b/') && each !== key);
  expect(entries).toHaveLength(1);
  expect(JSON.parse(entries[0]?.[1] ?? '')).toMatchObject({
    arrived: '2026-02-24T10:20:00.000Z',
    bytes: Buffer.from('nonsense').toString('base64'),
    notes: [{ code: 'unknown-format' }],
  });
});

it('takes a message of a device that was registered since', async () => {
  await world.take([record({ device: 'new', payload: rows([1]) })]);
  const { id, ask } = entryOf('new');
  await order(id);
  await world.register('new');
  await world.take([record({ device: 'new', payload: ask })]);
  expect(await world.points('new')).toHaveLength(1);
});

it('takes an entry once, however often its device asks', async () => {
  await world.register('again');
  await world.take([record({ device: 'again', payload: rows([1], { session: 's', seq: 0 }, NOW, 'later') })]);
  const { id, ask } = entryOf('again');
  await order(id);
  await world.put(typeToItem({ ...TYPE, channels: { ...TYPE.channels, later: MENDED.channels.co2 } }));
  const asked = record({ device: 'again', payload: ask });
  await world.take([asked]);
  const correction = rows([9], { session: 's', seq: 1 }, NOW, 'later');
  await world.take([record({ device: 'again', payload: correction })]);
  const corrected = await world.points('again');
  expect(corrected).toEqual([['later', 0, 9, 0]]);
  // The device has seen the record, and sends the same bytes; the stream gives the first one again.
  await world.take([record({ device: 'again', payload: ask }), asked]);
  expect(await world.points('again')).toEqual(corrected);
  const entries = [...world.objects].filter(([key]) => key.includes('/again/'));
  expect(entries.map(([, text]) => JSON.parse(text).notes[0].code)).toEqual([
    'unknown-channel',
    'unknown-format',
  ]);
});

it('counts the record that was noted, and no other', async () => {
  await world.register('noted');
  await world.take([record({ device: 'noted', payload: rows([1], {}, NOW, 'ph') })]);
  const { id, ask } = entryOf('noted');
  const [forged, asked] = [0, 1].map(() => record({ device: 'noted', payload: ask }));
  if (forged === undefined || asked === undefined) throw new Error('no records');
  await world.put(
    marshal({
      ...{ pk: replayKey(id), sk: META, format: ITEM_FORMAT, by: 'ada', at: '2026-03-01T12:00:00Z' },
      sequence: asked.kinesis.sequenceNumber,
    }),
  );
  await world.put(typeToItem({ ...TYPE, channels: { ...TYPE.channels, ph: MENDED.channels.co2 } }));
  await world.take([forged]);
  expect(await world.points('noted')).toEqual([]);
  await world.take([asked]);
  expect(await world.points('noted')).toHaveLength(1);
});

it('does not believe a device that asks by itself, for another, or for nothing', async () => {
  await world.register('forger');
  await world.take([record({ device: 'forger', payload: 'junk' })]);
  const { ask, key } = entryOf('forger');
  const ids = [...world.objects.keys()].filter((each) => each.includes('/b/'));
  const [, , , date = '', file = ''] = (ids[0] ?? '').split('/');
  const other = encodeReplay({ date, sequence: file.replace('.json', '') });
  const none = encodeReplay({ date: '2026-01-01', sequence: '1' });
  await order('berlin/forger/2026-01-01/1');
  await world.take([ask, other, none].map((payload) => record({ device: 'forger', payload })));
  const codes = [...world.objects]
    .filter(([each]) => each.includes('/forger/') && each !== key)
    .map(([, text]) => JSON.parse(text).notes[0].code);
  expect(codes).toEqual(['unknown-format', 'unknown-format', 'unknown-format']);
  expect(await world.points('forger')).toEqual([]);
});

it('comes again while the quarantine does not answer, and the others do not wait', async () => {
  await world.register('waiting');
  await world.take([record({ device: 'waiting', payload: 'junk' })]);
  const { id, ask } = entryOf('waiting');
  await order(id);
  await world.register('beside');
  world.intercept = ({ action }) => (action === 's3:GetObject' ? fault('SlowDown', 503) : undefined);
  const batch = [
    record({ device: 'waiting', payload: ask }),
    record({ device: 'beside', payload: rows([1]) }),
  ];
  const { batchItemFailures } = await world.take(batch, 1500);
  expect(batchItemFailures).toEqual([{ itemIdentifier: batch[0]?.kinesis.sequenceNumber }]);
  expect(await world.points('beside')).toHaveLength(1);
  world.intercept = undefined;
  expect(await world.take(batch)).toEqual({ batchItemFailures: [] });
  expect([...world.objects.keys()].filter((key) => key.includes('/waiting/'))).toHaveLength(2);
});
