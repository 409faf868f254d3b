import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { presenceEvent } from '../../../../contracts/messages/live.ts';
import { readConnections } from '../../../../lambdas/store/registry/connections.ts';
import { readDetail } from '../../../../lambdas/store/registry/devices.ts';
import { deviceToItem } from '../../../../lambdas/store/registry/items.ts';
import type { Registry } from '../../../../lambdas/store/registry/keys.ts';
import { createConnection } from '../../../../lambdas/store/registry/presence.ts';
import { type Aws, publishedIn, startAws } from '../../../support/aws.ts';

let aws: Aws;
let registry: Registry;
let handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
beforeAll(async () => {
  aws = await startAws();
  registry = { client: aws.dynamo, table: aws.registryTable };
  ({ handler } = await import('../../../../lambdas/functions/presence/handler.ts'));
}, 30_000);
afterAll(() => aws.close());
afterEach(() => aws.heal());

let made = 0;
const device = async (): Promise<string> => {
  const id = `device-${++made}`;
  const at = '2026-03-01T10:00:00.000Z';
  await registry.client.send(
    new PutItemCommand({
      TableName: registry.table,
      Item: deviceToItem({
        id,
        site: 'lab',
        type: 'ph-meter',
        state: 'active',
        createdAt: at,
        createdBy: 'ada',
        updatedAt: at,
        version: 1,
      }),
    }),
  );
  await createConnection(registry, id);
  return id;
};

interface Lifecycle {
  readonly clientId: string;
  readonly timestamp: number;
  readonly eventType: 'connected' | 'disconnected';
  readonly versionNumber: number;
  readonly disconnectReason?: string;
}

const batch = (...bodies: readonly unknown[]): SQSEvent =>
  ({
    Records: bodies.map((body, index) => ({
      messageId: `message-${index}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })),
  }) as SQSEvent;

const T = Date.parse('2026-03-01T10:00:00Z');
const HOUR = 3_600_000;
const connected = (clientId: string, versionNumber: number, timestamp: number): Lifecycle => ({
  clientId,
  timestamp,
  eventType: 'connected',
  versionNumber,
});
const disconnected = (clientId: string, versionNumber: number, timestamp: number): Lifecycle => ({
  clientId,
  timestamp,
  eventType: 'disconnected',
  versionNumber,
  disconnectReason: 'CONNECTION_LOST',
});
const connectionOf = async (id: string) => (await readDetail(registry, id, new Date()))?.connection;
/** When it came or went, in milliseconds since T. */
const historyOf = async (id: string, from = T - 9 * HOUR, to = T + 9 * HOUR): Promise<number[]> =>
  (await readConnections(registry, id, from * 1000, to * 1000)).map((time) => time / 1000 - T);
const fine = { batchItemFailures: [] };

describe('presence', () => {
  it('keeps who is connected since when, and why it went', async () => {
    const id = await device();
    expect(await connectionOf(id)).toEqual({ state: 'unknown' });
    const event = {
      ...connected(id, 4, T),
      ipAddress: '10.0.0.7',
      sessionIdentifier: 's-1',
      principalIdentifier: 'p',
    };
    expect(await handler(batch(event))).toEqual(fine);
    expect(await connectionOf(id)).toEqual({
      state: 'online',
      since: '2026-03-01T10:00:00.000Z',
      address: '10.0.0.7',
      certificateId: 'p',
    });
    await handler(batch(disconnected(id, 4, T + 1)));
    expect(await connectionOf(id)).toEqual({
      state: 'offline',
      since: '2026-03-01T10:00:00.001Z',
      reason: 'CONNECTION_LOST',
    });
    await handler(batch(connected(id, 5, T + 2)));
    expect(await connectionOf(id)).toEqual({ state: 'online', since: '2026-03-01T10:00:00.002Z' });
  });

  it('comes to the same end in any order, with any event doubled', async () => {
    const story = (id: string): Lifecycle[] => [
      connected(id, 1, T),
      disconnected(id, 1, T + 1000),
      connected(id, 2, T + 1000),
      // The clock of another broker is behind: the number decides.
      disconnected(id, 2, T + 900),
      connected(id, 3, T + 2000),
      // An hour offline starts the numbering again.
      disconnected(id, 3, T + 3000),
      connected(id, 0, T + 2 * HOUR),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
        fc.array(fc.nat(6), { maxLength: 3 }),
        async (order, again) => {
          const id = await device();
          const events = story(id);
          for (const index of [...order, ...again]) expect(await handler(batch(events[index]))).toEqual(fine);
          expect(await connectionOf(id)).toMatchObject({
            state: 'online',
            since: '2026-03-01T12:00:00.000Z',
          });
          expect(await historyOf(id)).toEqual([0, 900, 1000, 1000, 2000, 3000, 2 * HOUR]);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('comes to the same end when all come at once', async () => {
    const id = await device();
    const events = [1, 2, 3, 4, 5].flatMap((n) => [connected(id, n, T + n), disconnected(id, n, T + n)]);
    expect(await handler(batch(...events))).toEqual(fine);
    expect(await connectionOf(id)).toMatchObject({ state: 'offline', since: '2026-03-01T10:00:00.005Z' });
  });

  it('drops clients that are no devices, and counts what it did', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const id = await device();
    let lines: string[];
    try {
      expect(
        await handler(batch(connected('browser-1', 0, T), connected(id, 0, T), connected(id, 0, T))),
      ).toEqual(fine);
      lines = [...log.mock.calls, ...write.mock.calls].map(([line]) => String(line));
    } finally {
      log.mockRestore();
      write.mockRestore();
    }
    const metrics = lines.filter((line) => line.includes('_aws')).map((line) => JSON.parse(line));
    expect(metrics).toMatchObject([{ PresenceApplied: 1, PresenceSuperseded: 1, PresenceUnknownClient: 1 }]);
    expect(await readDetail(registry, 'browser-1', new Date())).toBeUndefined();
    expect(await historyOf('browser-1')).toEqual([]);
  });

  it('remembers when devices came and went, each by itself, for as long as completeness is asked for', async () => {
    const [id, other] = [await device(), await device()];
    await handler(batch(connected(id, 1, T), disconnected(id, 1, T + 5), connected(id, 2, T + 9)));
    await handler(batch(connected(other, 1, T + 7)));
    expect(await historyOf(id)).toEqual([0, 5, 9]);
    expect(await historyOf(id, T + 5, T + 8)).toEqual([5]);
    expect(await historyOf(id, T + 0.001, T + 5)).toEqual([5]);
    expect(await historyOf(id, T + 4, T + 4.999)).toEqual([]);
    expect(await historyOf(other)).toEqual([7]);
    const { Item: item } = await registry.client.send(
      new GetItemCommand({
        TableName: registry.table,
        Key: { pk: { S: `CONNECTIONS#${id}` }, sk: { S: `00${T + 5}#3` } },
      }),
    );
    expect(item).toMatchObject({
      state: { S: 'offline' },
      expiresAt: { N: String(T / 1000 + 1 + 92 * 86_400) },
    });
  });

  it('gives back only what failed', async () => {
    const id = await device();
    const answer = await handler(
      batch(
        'not json',
        connected(id, 1, T),
        { clientId: id },
        { ...connected(id, 1, T), eventType: 'subscribed' },
      ),
    );
    expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      'message-0',
      'message-2',
      'message-3',
    ]);
    expect(await connectionOf(id)).toMatchObject({ state: 'online' });
  });

  it('gives back an event that could not be written, and takes it the next time', async () => {
    const id = await device();
    aws.fail('dynamodb:UpdateItem');
    expect(await handler(batch(connected(id, 1, T)))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'message-0' }],
    });
    expect(await handler(batch(connected(id, 1, T)))).toEqual(fine);
    expect(await connectionOf(id)).toMatchObject({ state: 'online' });
  });

  it('gives back an event that is applied but not remembered', async () => {
    const id = await device();
    aws.fail('dynamodb:UpdateItem', { skip: 1 });
    expect((await handler(batch(connected(id, 1, T)))).batchItemFailures).toHaveLength(1);
    expect(await historyOf(id)).toEqual([]);
    expect(await handler(batch(connected(id, 1, T)))).toEqual(fine);
    expect(await historyOf(id)).toEqual([0]);
  });

  describe('tells people', () => {
    const told = () => publishedIn(aws.calls);

    it('once who came or went, after that is written, and of several changes only the last', async () => {
      const [one, other] = [await device(), await device()];
      aws.calls.length = 0;
      await handler(
        batch(
          connected(one, 1, T),
          disconnected(one, 1, T + 1),
          connected(other, 1, T),
          connected(other, 1, T),
        ),
      );
      const event = (id: string, state: 'online' | 'offline', since: number, order: number, more = {}) => ({
        topic: `live/lab/presence/${id}`,
        document: {
          v: 1,
          device: id,
          site: 'lab',
          connection: { state, since: new Date(since).toISOString(), ...more },
          order,
        },
      });
      expect(told().toSorted((a, b) => a.topic.localeCompare(b.topic))).toEqual([
        event(one, 'offline', T + 1, 3, { reason: 'CONNECTION_LOST' }),
        event(other, 'online', T, 2),
      ]);
      for (const { document } of told()) expect(presenceEvent.safeParse(document).success).toBe(true);
      const actions = aws.calls.map(({ action }) => action);
      expect(actions.findIndex((action) => action.startsWith('iotdata'))).toBeGreaterThan(
        actions.lastIndexOf('dynamodb:UpdateItem'),
      );
    });

    it('nothing of what is superseded, or of who is no device', async () => {
      const id = await device();
      await handler(batch(connected(id, 2, T)));
      aws.calls.length = 0;
      await handler(batch(connected(id, 1, T), connected('nobody', 1, T)));
      expect(told()).toEqual([]);
    });

    it('though what follows fails: the event would be superseded when it comes again', async () => {
      const id = await device();
      aws.calls.length = 0;
      aws.fail('dynamodb:UpdateItem', { skip: 1 });
      expect((await handler(batch(connected(id, 1, T)))).batchItemFailures).toHaveLength(1);
      expect(told()).toHaveLength(1);
    });

    it.each([
      ['the broker', (id: string) => `iotdata:POST /topics/live%2Flab%2Fpresence%2F${id}?qos=1`],
      ['the table', () => 'dynamodb:GetItem'],
    ])('or, when %s refuses, does without: what is written does not come again', async (_, action) => {
      const id = await device();
      aws.fail(action(id), { left: Number.POSITIVE_INFINITY });
      expect(await handler(batch(connected(id, 1, T)))).toEqual(fine);
      expect(await connectionOf(id)).toMatchObject({ state: 'online' });
    });
  });

  it('needs nothing but UpdateItem, and to tell it GetItem', async () => {
    const id = await device();
    aws.calls.length = 0;
    await handler(batch(connected(id, 1, T), connected(id, 1, T), connected('nobody', 1, T)));
    const actions = new Set(aws.calls.map(({ action }) => action.split(' ')[0]));
    expect([...actions]).toEqual(['dynamodb:UpdateItem', 'dynamodb:GetItem', 'iotdata:POST']);
  });
});
