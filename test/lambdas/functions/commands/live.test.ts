/** `commands` tells people how commands are, after it has written it, and never fails for their sake. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CommandWork } from '../../../../contracts/messages/command-work.ts';
import { commandEvent } from '../../../../contracts/messages/live.ts';
import { upstream } from '../../../../contracts/messages/topics.ts';
import { commandDeclaration } from '../../../../contracts/resources/command-declarations.ts';
import { newCommandId } from '../../../../lambdas/domain/commands/command-id.ts';
import { newCommand } from '../../../../lambdas/domain/commands/kept-command.ts';
import { takePlace } from '../../../../lambdas/store/registry/command-places.ts';
import { createCommand, readCommand } from '../../../../lambdas/store/registry/commands.ts';
import { applyConnection, createConnection } from '../../../../lambdas/store/registry/presence.ts';
import { type Aws, publishedIn, startAws } from '../../../support/aws.ts';

let aws: Aws;
let handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
const registry = () => ({ client: aws.dynamo, table: aws.registryTable });

beforeAll(async () => {
  aws = await startAws();
  ({ handler } = await import('../../../../lambdas/functions/commands/handler.ts'));
});
afterEach(() => aws.heal());
afterAll(() => aws.close());

const batch = (...works: readonly CommandWork[]): SQSEvent =>
  ({
    Records: works.map((work, at) => ({ messageId: `m-${at}`, body: JSON.stringify(work) })),
  }) as SQSEvent;

let made = 0;
/** A queued command of a device that is connected. */
const queued = async () => {
  const device = `oven-${++made}`;
  await createConnection(registry(), device);
  const change = { device, at: Date.now(), order: 1, session: 's', address: undefined, reason: undefined };
  await applyConnection(registry(), { ...change, state: 'online' });
  const id = newCommandId(new Date(), Buffer.alloc(10, made));
  await takePlace(registry(), device, id);
  await createCommand(
    registry(),
    newCommand({
      id,
      device: { id: device, site: 'lab', type: 'oven' },
      typeVersion: 1,
      name: 'heat',
      declaration: commandDeclaration.parse({}),
      parameters: { secret: 'of the parameters' },
      dryRun: false,
      reason: undefined,
      expiresAfter: undefined,
      by: { kind: 'user', subject: 'ada', name: 'Ada' },
      at: new Date(),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
  );
  aws.calls.length = 0;
  const reply = (kind: 'accepted' | 'result', document: object, at = Date.now()): CommandWork => ({
    kind: 'reply',
    topic: upstream.reply({ site: 'lab', device }, id, kind),
    payload: Buffer.from(JSON.stringify({ v: 1, ...document })).toString('base64'),
    at,
  });
  return { device, id, topic: `live/lab/commands/${device}/${id}`, reply };
};

const told = () =>
  publishedIn(aws.calls)
    .filter(({ topic }) => topic.startsWith('live/'))
    .map(({ topic, document }) => ({ topic, command: commandEvent.parse(document).command }));
const fine = { batchItemFailures: [] };

test('each change is told once a message, with the state that it led to', async () => {
  const { device, id, topic, reply } = await queued();
  expect(await handler(batch({ kind: 'device', device, connected: false }))).toEqual(fine);
  expect(told()).toMatchObject([
    { topic, command: { id, device, state: 'sent', createdBy: { name: 'Ada' } } },
  ]);
  aws.calls.length = 0;
  const now = Date.now();
  await handler(batch(reply('accepted', {}, now), reply('result', { ok: true, value: 'large' }, now + 1)));
  expect(told().map(({ command: { state } }) => state)).toEqual(['accepted', 'succeeded']);
  const texts = JSON.stringify(publishedIn(aws.calls));
  expect(texts).not.toContain('large');
  expect(texts).not.toContain('of the parameters');
});

test('what changes nothing is not told', async () => {
  const { device, reply } = await queued();
  await handler(batch({ kind: 'device', device, connected: false }));
  await handler(batch(reply('result', { ok: true })));
  aws.calls.length = 0;
  await handler(batch(reply('result', { ok: true }), { kind: 'device', device, connected: false }));
  expect(told()).toEqual([]);
});

test('nobody who could not be told has the work done again', async () => {
  const { device, id, topic } = await queued();
  aws.fail(`iotdata:POST /topics/${encodeURIComponent(topic)}?qos=1`, { left: Number.POSITIVE_INFINITY });
  expect(await handler(batch({ kind: 'device', device, connected: false }))).toEqual(fine);
  expect((await readCommand(registry(), id))?.command.state).toBe('sent');
  expect(publishedIn(aws.calls).filter((each) => each.topic === topic)).toHaveLength(1);
});

test('what was changed is told although the rest of the work fails, and comes again', async () => {
  const { device, id } = await queued();
  aws.fail(`iotdata:POST /topics/${encodeURIComponent(`lab/lab/${device}/commands/${id}`)}?qos=1`);
  const { batchItemFailures } = await handler(batch({ kind: 'device', device, connected: false }));
  expect(batchItemFailures).toHaveLength(1);
  expect(told()).toMatchObject([{ command: { id, state: 'queued' } }]);
});
