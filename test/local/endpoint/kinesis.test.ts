import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEndpoint } from '../../../local/endpoint/index.ts';
import type { Resource } from '../../../local/types.ts';
import { arn, assembly, KEY_ARN, ROLE, resource, SmallIam, STREAM, silent } from '../../support/endpoint.ts';

const STREAM_ARN = arn('kinesis', 'stream/telemetry');
const SHARD = 'shardId-000000000000';

describe('kinesis', () => {
  let iam: SmallIam;
  const toClose: (() => unknown)[] = [];

  beforeEach(() => {
    iam = new SmallIam();
    iam.grants = [['kinesis:*', '*']];
  });
  afterEach(async () => {
    for (const close of toClose.splice(0).reverse()) await close();
  });

  async function start(
    own: { dataDir?: string; streamBytes?: number } = {},
    resources: readonly Resource[] = [STREAM],
  ) {
    const endpoint = await startEndpoint({
      assembly: assembly(resources),
      iam,
      log: silent,
      host: '127.0.0.1',
      port: 0,
      ...own,
    });
    toClose.push(() => endpoint.close());
    const client = new KinesisClient({
      endpoint: endpoint.url,
      region: 'us-east-1',
      credentials: iam.role,
      maxAttempts: 1,
    });
    toClose.push(() => client.destroy());
    return { endpoint, client };
  }

  async function readAll(client: KinesisClient, type: 'TRIM_HORIZON' | 'LATEST' = 'TRIM_HORIZON') {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: 'telemetry', ShardId: SHARD, ShardIteratorType: type }),
    );
    return client.send(new GetRecordsCommand({ ShardIterator }));
  }

  const tempDir = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'labgate-'));
    toClose.unshift(() => rm(dir, { recursive: true }));
    return dir;
  };

  it('takes records of a real client and gives them back in order', async () => {
    const { client } = await start();
    const first = await client.send(
      new PutRecordCommand({ StreamName: 'telemetry', PartitionKey: 'a/b', Data: Buffer.from('one') }),
    );
    const more = await client.send(
      new PutRecordsCommand({
        StreamARN: STREAM_ARN,
        Records: [2, 3, 4].map((n) => ({ PartitionKey: 'ä/b', Data: Buffer.from(`n${n}`) })),
      }),
    );
    expect(more.FailedRecordCount).toBe(0);
    const sequences = [first, ...(more.Records ?? [])].map((r) => r.SequenceNumber ?? '');
    expect(sequences).toEqual([...sequences].sort());
    expect(sequences.every((s) => /^\d{56}$/.test(s))).toBe(true);

    const read = await readAll(client);
    expect(read.Records?.map((r) => Buffer.from(r.Data ?? []).toString())).toEqual(['one', 'n2', 'n3', 'n4']);
    expect(read.Records?.map((r) => r.PartitionKey)).toEqual(['a/b', 'ä/b', 'ä/b', 'ä/b']);
    expect(read.Records?.map((r) => r.SequenceNumber)).toEqual(sequences);
    expect(read.MillisBehindLatest).toBe(0);
    expect(read.Records?.[0]?.ApproximateArrivalTimestamp?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('reads from every kind of position', async () => {
    const { client } = await start();
    const put = (text: string) =>
      client.send(
        new PutRecordCommand({ StreamName: 'telemetry', PartitionKey: 'k', Data: Buffer.from(text) }),
      );
    await put('a');
    const { SequenceNumber } = await put('b');
    await put('c');
    const from = async (where: object) => {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName: 'telemetry',
          ShardId: SHARD,
          ShardIteratorType: 'LATEST',
          ...where,
        }),
      );
      const read = await client.send(new GetRecordsCommand({ ShardIterator }));
      return [(read.Records ?? []).map((r) => Buffer.from(r.Data ?? []).toString()).join(''), read] as const;
    };
    const at = { StartingSequenceNumber: SequenceNumber };
    expect((await from({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', ...at }))[0]).toBe('bc');
    expect((await from({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', ...at }))[0]).toBe('c');
    expect((await from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(0) }))[0]).toBe('abc');
    const future = new Date(Date.now() + 3_600_000);
    expect((await from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: future }))[0]).toBe('');
    const [nothing, tail] = await from({});
    expect(nothing).toBe('');
    await put('d');
    const next = await client.send(new GetRecordsCommand({ ShardIterator: tail.NextShardIterator }));
    expect(next.Records).toHaveLength(1);
    await expect(
      from({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '7' }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  });

  it('spreads keys over shards by MD5 and keeps the order of each key', async () => {
    const { client, endpoint } = await start({}, [
      resource('AWS::Kinesis::Stream', 'wide', { StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    ]);
    const { Shards } = await client.send(new ListShardsCommand({ StreamName: 'wide', MaxResults: 3 }));
    expect(Shards).toHaveLength(3);
    const records = Array.from({ length: 400 }, (_, n) => ({
      partitionKey: `dev${n % 20}`,
      data: Buffer.from(String(n)),
    }));
    const wide = arn('kinesis', 'stream/wide');
    await endpoint.kinesis.put(ROLE, 'wide', records);
    const seen = new Map<string, number[]>();
    const used = new Set<string>();
    for (const shard of endpoint.kinesis.shards(ROLE, wide)) {
      for (const r of endpoint.kinesis.get(ROLE, wide, shard, 'TRIM_HORIZON', 10_000).records) {
        used.add(shard);
        seen.set(r.partitionKey, [
          ...(seen.get(r.partitionKey) ?? []),
          Number(Buffer.from(r.data, 'base64').toString()),
        ]);
      }
    }
    expect(used.size).toBe(4);
    expect(seen.size).toBe(20);
    for (const numbers of seen.values()) {
      expect(numbers).toHaveLength(20);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    // MD5 of 'a' is 0cc175b9...: the first quarter of the space.
    const placed = await client.send(
      new PutRecordCommand({ StreamName: 'wide', PartitionKey: 'a', Data: Buffer.from('x') }),
    );
    expect(placed.ShardId).toBe(SHARD);
    const last = await client.send(
      new PutRecordCommand({
        StreamName: 'wide',
        PartitionKey: 'a',
        ExplicitHashKey: String((1n << 128n) - 1n),
        Data: Buffer.from('x'),
      }),
    );
    expect(last.ShardId).toBe('shardId-000000000003');
  });

  it('tells a waiting poller of new records and lets it go on where it was', async () => {
    const { endpoint } = await start();
    const start0 = endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'LATEST', 10);
    expect(start0.records).toEqual([]);
    const woken = new Promise<void>((resolve) => {
      toClose.push(endpoint.onAppend(STREAM_ARN, resolve));
    });
    await endpoint.kinesis.put(ROLE, STREAM_ARN, [{ partitionKey: 'k', data: Buffer.from('hi') }]);
    await woken;
    const batch = endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, start0.next, 10);
    expect(batch.records.map((r) => r.data)).toEqual([Buffer.from('hi').toString('base64')]);
    expect(endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, batch.next, 10).records).toEqual([]);
  });

  it('refuses what a role may not do, naming action, stream and role', async () => {
    const { client, endpoint } = await start();
    iam.grants = [['kinesis:PutRecord', STREAM_ARN]];
    await endpoint.kinesis.put(ROLE, 'telemetry', [{ partitionKey: 'k', data: Buffer.from('1') }]);
    await expect(
      client.send(
        new PutRecordsCommand({
          StreamName: 'telemetry',
          Records: [{ PartitionKey: 'k', Data: Buffer.from('1') }],
        }),
      ),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: ${ROLE} is not authorized to perform: kinesis:PutRecords on resource: ${STREAM_ARN} because no identity-based policy allows the kinesis:PutRecords action`,
    });
    for (const missing of ['DescribeStream', 'GetShardIterator', 'GetRecords']) {
      iam.grants = ['DescribeStream', 'GetShardIterator', 'GetRecords']
        .filter((op) => op !== missing)
        .map((op) => [`kinesis:${op}`, STREAM_ARN]);
      expect(() => endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'LATEST', 1)).toThrow(`kinesis:${missing}`);
    }
  });

  it('asks for the use of a customer key', async () => {
    const key = resource('AWS::KMS::Key', 'k1', {}, KEY_ARN);
    const { client, endpoint } = await start({}, [
      key,
      resource('AWS::Kinesis::Stream', 'telemetry', {
        StreamEncryption: { EncryptionType: 'KMS', KeyId: KEY_ARN },
      }),
    ]);
    const put = () =>
      endpoint.kinesis.put(ROLE, 'telemetry', [{ partitionKey: 'k', data: Buffer.from('1') }]);
    await expect(put()).rejects.toThrow('kms:GenerateDataKey');
    iam.grants = [...iam.grants, ['kms:GenerateDataKey', KEY_ARN]];
    await put();
    await expect(readAll(client)).rejects.toThrow('kms:Decrypt');
    iam.grants = [...iam.grants, ['kms:Decrypt', KEY_ARN]];
    const read = await readAll(client);
    expect(read.Records?.[0]?.EncryptionType).toBe('KMS');
    expect(iam.asked).toContainEqual({
      action: 'kms:Decrypt',
      resource: KEY_ARN,
      context: { 'kms:viaservice': 'kinesis.us-east-1.amazonaws.com', 'kms:calleraccount': '000000000000' },
    });
  });

  it('holds producers back when full, and makes room for what consumers have released', async () => {
    const { endpoint } = await start({ streamBytes: 12 * 1024 * 1024 });
    const records = Array.from({ length: 500 }, () => ({ partitionKey: 'k', data: Buffer.alloc(4096) }));
    let puts = 0;
    const fill = async () => {
      for (;;) {
        await endpoint.kinesis.put(ROLE, 'telemetry', records);
        puts += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'ProvisionedThroughputExceededException' });
    expect(puts).toBe(6);
    const all = endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'TRIM_HORIZON', 10_000);
    expect(all.records.length).toBeGreaterThan(2000);
    endpoint.kinesis.release('slow', STREAM_ARN, SHARD, all.records[10]?.sequenceNumber ?? '');
    endpoint.kinesis.release('fast', STREAM_ARN, SHARD, all.next);
    await expect(fill()).rejects.toMatchObject({ code: 'ProvisionedThroughputExceededException' });
    endpoint.kinesis.release('slow', STREAM_ARN, SHARD, all.next);
    await endpoint.kinesis.put(ROLE, 'telemetry', records);
    // What nobody released is still there.
    const rest = endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, all.next, 10_000);
    expect(rest.records).toHaveLength(3000 - all.records.length + 500);
  });

  it('keeps records over a restart, cuts off a torn one, and never gives a number twice', async () => {
    const dataDir = await tempDir();
    const one = await start({ dataDir });
    const records = Array.from({ length: 1500 }, (_, n) => ({
      partitionKey: `k${n}`,
      data: Buffer.alloc(4096, n % 256),
    }));
    await Promise.all(
      [0, 500, 1000].map((n) => one.endpoint.kinesis.put(ROLE, 'telemetry', records.slice(n, n + 500))),
    );
    const before = one.endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'TRIM_HORIZON', 10_000);
    await one.endpoint.close();

    const shardDir = join(dataDir, 'kinesis', 'telemetry', SHARD);
    const files = (await readdir(shardDir)).sort();
    expect(files.length).toBeGreaterThan(1);
    const last = await open(join(shardDir, files.at(-1) ?? ''), 'r+');
    const { size } = await last.stat();
    await last.write(Buffer.from('half a rec'), 0, 10, size);
    await last.close();

    const two = await start({ dataDir });
    const after = two.endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'TRIM_HORIZON', 10_000);
    expect(after.records).toEqual(before.records);
    await two.endpoint.kinesis.put(ROLE, 'telemetry', [{ partitionKey: 'new', data: Buffer.from('x') }]);
    const next = two.endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, after.next, 10);
    expect(next.records.map((r) => r.partitionKey)).toEqual(['new']);
    expect((next.records[0]?.sequenceNumber ?? '') > after.next).toBe(true);
  });

  it('fails some records of a call as told, and keeps the others', async () => {
    const { client, endpoint } = await start();
    endpoint.faults.set({ service: 'kinesis', operation: 'PutRecords', rate: 1, kind: 'partial', seed: 5 });
    const sent = Array.from({ length: 30 }, (_, n) => `r${n}`);
    const reply = await client.send(
      new PutRecordsCommand({
        StreamName: 'telemetry',
        Records: sent.map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) })),
      }),
    );
    const failed = reply.Records?.map((r) => r.ErrorCode === 'ProvisionedThroughputExceededException') ?? [];
    expect(reply.FailedRecordCount).toBe(failed.filter(Boolean).length);
    const kept = (await readAll(client)).Records?.map((r) => Buffer.from(r.Data ?? []).toString());
    expect(kept).toEqual(sent.filter((_, n) => !failed[n]));
    expect(kept?.length).toBeLessThan(30);
    // The same faults hold where there is no HTTP.
    endpoint.faults.set({ service: 'kinesis', rate: 1, kind: 'throttle', seed: 5 });
    const record = { partitionKey: 'k', data: Buffer.from('x') };
    await expect(endpoint.kinesis.put(ROLE, 'telemetry', [record])).rejects.toMatchObject({
      code: 'ProvisionedThroughputExceededException',
    });
    expect(() => endpoint.kinesis.get(ROLE, STREAM_ARN, SHARD, 'LATEST', 1)).toThrow('Rate exceeded');
  });

  it('says what it is and refuses what it does not know', async () => {
    const { client } = await start();
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: 'telemetry' }),
    );
    expect(StreamDescriptionSummary).toMatchObject({
      StreamARN: STREAM_ARN,
      StreamStatus: 'ACTIVE',
      OpenShardCount: 1,
    });
    await expect(
      client.send(new DescribeStreamSummaryCommand({ StreamName: 'other' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(
      client.send(
        new SubscribeToShardCommand({
          ConsumerARN: STREAM_ARN,
          ShardId: SHARD,
          StartingPosition: { Type: 'LATEST' },
        }),
      ),
    ).rejects.toThrow('SubscribeToShard');
  });
});
