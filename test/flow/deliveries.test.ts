/** What the stream refuses and what Lambda gives up is listed in the quarantine, and comes into the series from there. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { basicIngest } from '../../contracts/messages/topics.ts';
import type { Completeness } from '../../contracts/resources/completeness.ts';
import type { Quarantined, QuarantinedMessage } from '../../contracts/resources/quarantine.ts';
import type { Point } from '../../contracts/resources/series.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';
import { type Variant, variantOf } from '../support/variant.ts';

let finite: Variant;
let lab: Lab;

beforeAll(async () => {
  // A batch is given up after its first try.
  finite = variantOf(inject('assembly'), ({ Resources }) => {
    for (const { Type, Properties } of Object.values(Resources))
      if (Type === 'AWS::Lambda::EventSourceMapping' && Properties['MaximumRetryAttempts'] !== undefined)
        Properties['MaximumRetryAttempts'] = 0;
  });
  lab = await openLab(finite.folder);
  await lab.createType();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  finite[Symbol.dispose]();
});

const start = Date.now() - 1_800_000;
const at = (minute: number): string => new Date(start + minute * 60_000).toISOString();
const range = `from=${new Date(start).toISOString()}`;

/** Publishes a message of one session for each number. */
const publish = async (
  device: Instrument,
  numbers: readonly number[],
  topic = device.topics.data,
): Promise<void> => {
  const client = await lab.connect(device);
  for (const seq of numbers) {
    const message = { v: 1, session: 's', seq, data: [{ n: 'temp', t: at(seq), v: seq }] };
    await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
  }
  await client.endAsync();
  await lab.gateway.drain();
};

/** Takes a right away for as long as something is done. */
const without = async (role: string, action: string, work: () => Promise<void>): Promise<void> => {
  const held = lab.gateway.iam
    .grants()
    .filter((each) => each.action === action && each.roleLogicalId.startsWith(role));
  expect(held).not.toEqual([]);
  using taken = new DisposableStack();
  for (const grant of held) taken.use(lab.gateway.iam.without(grant));
  await work();
};

const entriesOf = async (id: string): Promise<Quarantined[]> =>
  (await lab.json<{ items: Quarantined[] }>(`/v1/quarantine?site=lab-1&device=${id}`)).items;
const valuesOf = async (id: string): Promise<Point['v'][]> =>
  (await lab.json<{ items: Point[] }>(`/v1/devices/${id}/series?${range}&channels=temp`)).items.map(
    ({ v }) => v,
  );
const missing = async (id: string): Promise<Pick<Completeness, 'messages' | 'missing' | 'gaps'>> =>
  lab.json<Completeness>(`/v1/devices/${id}/completeness?${range}`);

const replayAll = async (entries: readonly Quarantined[]): Promise<void> => {
  for (const { id } of entries) {
    const replay = () => lab.json(`/v1/quarantine/${id}/replay`, { method: 'POST' });
    expect(await replay()).toEqual(await replay());
  }
  await lab.gateway.drain();
};

describe.each([
  { what: 'the stream refuses', role: 'DataRole', action: 'kinesis:PutRecord', code: 'stream-refused' },
  {
    what: 'Lambda gives up',
    role: 'IngestRole',
    action: 'dynamodb:BatchWriteItem',
    code: 'delivery-gave-up',
  },
])('what $what', ({ role, action, code }) => {
  test('is listed with its device, and comes into the series when it is taken again, once', async () => {
    const id = code;
    const device = await lab.register(id);
    await publish(device, [0]);
    await without(role, action, () => publish(device, [1, 2]));
    await publish(device, [3]);
    expect(await valuesOf(id)).toEqual([0, 3]);
    expect(await missing(id)).toMatchObject({ missing: 2, gaps: [{ session: 's', from: 1, to: 2 }] });

    const entries = await entriesOf(id);
    expect(entries.map(({ session, seq, notes }) => [session, seq, notes.map((note) => note.code)])).toEqual([
      ['s', 1, [code]],
      ['s', 2, [code]],
    ]);
    const shown = await lab.json<QuarantinedMessage>(`/v1/quarantine/${entries[0]?.id}`);
    expect(shown.decoded?.points).toMatchObject([{ n: 'temp', t: at(1), v: 1 }]);

    await replayAll(entries);
    await replayAll(entries);
    expect(await valuesOf(id)).toEqual([0, 1, 2, 3]);
    expect(await missing(id)).toMatchObject({ messages: 4, missing: 0, gaps: [] });
    expect((await entriesOf(id)).map(({ replay }) => replay !== undefined)).toEqual([true, true]);
  });
});

test('what was refused on its way by Basic Ingest has its device too', async () => {
  const device = await lab.register('basic');
  const rule = lab.gateway.assembly
    .byType('AWS::IoT::TopicRule')
    .find(({ logicalId }) => logicalId.startsWith('DataRule'));
  const topic = basicIngest(rule?.physicalId ?? '', device.topics.data);
  await without('DataRole', 'kinesis:PutRecord', () => publish(device, [0], topic));
  const entries = await entriesOf('basic');
  expect(entries.map(({ notes }) => notes[0]?.code)).toEqual(['stream-refused']);
  await replayAll(entries);
  expect(await valuesOf('basic')).toEqual([0]);
});
