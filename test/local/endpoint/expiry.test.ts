/** Time to live of items, and lifecycle rules of objects. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TableShape } from '../../../local/endpoint/dynamodb/capacity.ts';
import { Expiry, type ItemWalk } from '../../../local/endpoint/dynamodb/expiry.ts';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import { Lifecycle, lifecycleRules } from '../../../local/endpoint/s3/lifecycle.ts';
import { Uploads } from '../../../local/endpoint/s3/multipart.ts';
import { newHead } from '../../../local/endpoint/s3/object.ts';
import { Bucket } from '../../../local/endpoint/s3/store.ts';
import { assembly, resource, SmallIam, silent, TABLE } from '../../support/endpoint.ts';
import { Level } from '../../support/level.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'labgate-expiry-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const BUCKET = resource(
  'AWS::S3::Bucket',
  'archive',
  {
    LifecycleConfiguration: {
      Rules: [
        { Id: 'exports', Status: 'Enabled', Prefix: 'exports/', ExpirationInDays: 8 },
        { Id: 'off', Status: 'Disabled', Prefix: 'kept/', ExpirationInDays: 1 },
        { Id: 'uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
        { Id: 'versions', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
      ],
    },
  },
  'arn:aws:s3:::archive',
);

describe('the endpoint', () => {
  it('deletes what has expired, and only that', async () => {
    const iam = new SmallIam();
    const endpoint = await startEndpoint({
      assembly: assembly([TABLE, BUCKET]),
      iam,
      log: silent,
      host: '127.0.0.1',
      port: 0,
      dataDir: folder,
      sweepMs: 20,
    });
    const config = { endpoint: endpoint.url, region: 'us-east-1', credentials: iam.operator };
    const db = new DynamoDBClient(config);
    const now = Math.floor(Date.now() / 1000);
    const put = (sk: string, expires: object, more: object = {}) =>
      db.send(
        new PutItemCommand({
          TableName: 'registry',
          Item: { pk: { S: 'p' }, sk: { S: sk }, site: { S: 'berlin' }, expires: expires as never, ...more },
        }),
      );
    const scan = async (IndexName?: string): Promise<unknown[]> => {
      const { Items = [] } = await db.send(
        new ScanCommand({ TableName: 'registry', ...(IndexName === undefined ? {} : { IndexName }) }),
      );
      return Items.map(({ sk }) => sk?.S).sort();
    };
    await put('past', { N: String(now - 10) });
    await put('soon', { N: String(now + 2) });
    await put('later', { N: String(now + 1000) });
    await put('text', { S: String(now - 10) });
    await put('ancient', { N: '1' });
    // Only the attribute itself counts, wherever else its name stands.
    await put('inside', { N: String(now + 1000) }, { map: { M: { expires: { N: '5' } } } });
    await put('said', { N: String(now + 1000) }, { note: { S: `"expires":{"N":"${now - 10}"}` } });
    const kept = ['ancient', 'inside', 'later', 'said', 'text'];
    await expect.poll(() => scan(), { timeout: 20_000 }).toEqual(kept);
    expect(await scan('bySite')).toEqual(kept);
    db.destroy();
    await endpoint.close();
  });
});

describe('the walk through items', () => {
  it('goes on where it stopped, through all tables, and rests when it is through', async () => {
    const store = new Level(folder) as unknown as ItemWalk & InstanceType<typeof Level>;
    for (let at = 0; at < 1200; at += 1) {
      const table = at < 1000 ? 'one' : 'two';
      const expires = at % 100 === 0 ? 900 : 2000;
      await store.put(
        `item-${table}~${String(at).padStart(5, '0')}`,
        `{"pk":{"S":"${at}"},"at":{"N":"${expires}"}}`,
      );
    }
    await store.put('item-other~1', '{"pk":{"S":"x"},"at":{"N":"900"}}');
    const removed: string[] = [];
    const shape = { keys: ['pk'], indexes: [], timeToLive: 'at' };
    const expiry = new Expiry({
      store,
      rest: 60_000,
      tables: new Map<string, TableShape>([
        ['one', shape],
        ['two', shape],
        ['other', { keys: ['pk'], indexes: [] }],
      ]),
      run: async (_, body) => {
        const { TableName, Key } = JSON.parse(body);
        removed.push(`${TableName} ${Key.pk.S}`);
      },
    });
    const steps: number[] = [];
    for (let step = 0; step < 8; step += 1) {
      await expiry.step(1_000_000);
      steps.push(removed.length);
    }
    expect(steps[0]).toBe(5);
    expect(removed).toEqual([...Array(12).keys()].map((at) => `${at < 10 ? 'one' : 'two'} ${at * 100}`));
    // A minute later it begins anew.
    await expiry.step(1_061_000);
    expect(removed).toHaveLength(17);
    await store.close();
  });
});

describe('lifecycle rules', () => {
  it('end objects at the midnight after their last day, and uploads that nobody completes', async () => {
    const bucket = await Bucket.open('archive', undefined, folder, silent);
    const uploads = new Uploads();
    const lifecycle = new Lifecycle([[bucket, lifecycleRules(BUCKET)]], uploads, silent);
    vi.useFakeTimers({ now: Date.UTC(2026, 2, 1, 12), toFake: ['Date'] });
    try {
      for (const key of ['exports/a', 'exports/b', 'kept/c', 'd'])
        await bucket.put(newHead(key, Buffer.from(key), undefined, {}), Buffer.from(key), () => undefined);
      const { id } = uploads.start('archive', 'exports/big', {});
      const keys = async (at: number): Promise<string[]> => {
        await lifecycle.sweep(at);
        return bucket.list().map(({ key }) => key);
      };
      expect(await keys(Date.UTC(2026, 2, 9, 23))).toEqual(['d', 'exports/a', 'exports/b', 'kept/c']);
      vi.setSystemTime(Date.UTC(2026, 2, 9, 23));
      await bucket.put(
        newHead('exports/b', Buffer.from('new'), undefined, {}),
        Buffer.from('new'),
        () => undefined,
      );
      expect(await keys(Date.UTC(2026, 2, 10))).toEqual(['d', 'exports/b', 'kept/c']);
      const part = new URLSearchParams({ uploadId: id, partNumber: '1' });
      expect(() =>
        uploads.part(
          { operation: 'UploadPart', bucket: 'archive', key: 'exports/big', query: part } as never,
          { body: Buffer.alloc(1), checksum: undefined },
        ),
      ).toThrow('The specified upload does not exist.');
      expect((await Bucket.open('archive', undefined, folder, silent)).list()).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that say something else are refused by name', () => {
    const other = resource('AWS::S3::Bucket', 'b', {
      LifecycleConfiguration: { Rules: [{ Id: 'x', Status: 'Enabled', Transitions: [] }] },
    });
    expect(() => lifecycleRules(other)).toThrow(
      'b: the lifecycle rule x has Transitions, which is not run locally',
    );
  });
});
