/** What was taken is on disk, also when the disk is full for a while; what is damaged there is named. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { damagePolicy } from '../../../local/damage.ts';
import { DiskWatch } from '../../../local/endpoint/disk-watch.ts';
import { durable, type LevelClass } from '../../../local/endpoint/dynamodb/durable-level.ts';
import { DynamoEngine } from '../../../local/endpoint/dynamodb/engine.ts';
import { provisionTable } from '../../../local/endpoint/dynamodb/tables.ts';
import { describeSummary } from '../../../local/endpoint/kinesis/describe.ts';
import { Stream } from '../../../local/endpoint/kinesis/stream.ts';
import { newHead } from '../../../local/endpoint/s3/object.ts';
import { Bucket } from '../../../local/endpoint/s3/store.ts';
import { Journal } from '../../../local/endpoint/sqs/journal.ts';
import { Queue } from '../../../local/endpoint/sqs/queue.ts';
import { ITEMS } from '../../support/endpoint.ts';
import { type FullDisk, fullDisk } from '../../support/full-disk.ts';
import { newLog } from '../../support/hand-made-assembly.ts';
import { Level, type LevelStore } from '../../support/level.ts';

let folder: string;
let disk: FullDisk;
let { log, lines } = newLog();
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labgate-durable-'));
  disk = await fullDisk();
  ({ log, lines } = newLog());
});
afterEach(() => {
  disk[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});
const messages = () => lines.map(({ level, message }) => `${level} ${message}`);

/** Another byte in the middle of a file. */
const damage = (path: string, at: (length: number) => number = (length) => length >> 1): void => {
  const bytes = readFileSync(path);
  const place = at(bytes.length);
  bytes[place] = (bytes[place] ?? 0) ^ 4;
  writeFileSync(path, bytes);
};

describe('the level store', () => {
  it('flushes writes together before it tells of them, in their order', async () => {
    const flushed: { readonly count: number; readonly options: object }[] = [];
    class Watched extends (Level as unknown as LevelClass) {
      override _batch(changes: readonly never[], options: object): Promise<void> {
        flushed.push({ count: changes.length, options });
        return super._batch(changes, options);
      }
    }
    const Durable = durable(Watched, () => undefined) as unknown as typeof Level;
    const store: LevelStore = new Durable(folder);
    await Promise.all([...Array(300).keys()].map((at) => store.put(`k${at}`, `v${at}`)));
    await Promise.all([store.put('k1', 'new'), store.del('k2'), store.put('k3', 'newer')]);
    expect(await Promise.all(['k0', 'k1', 'k2', 'k3', 'k299'].map((key) => store.get(key)))).toEqual([
      'v0',
      'new',
      undefined,
      'newer',
      'v299',
    ]);
    await store.close();
    expect(flushed.map(({ options }) => options)).toEqual(flushed.map(() => ({ sync: true })));
    expect(flushed.reduce((sum, { count }) => sum + count, 0)).toBe(303);
    expect(flushed.length).toBeLessThan(10);
  });
});

describe('dynamodb', () => {
  const open = (acceptDamage = false) =>
    DynamoEngine.open(folder, new Map(), 'us-east-1', '000000000000', log, acceptDamage);
  const put = (engine: DynamoEngine, pk: string) =>
    engine.call(
      'PutItem',
      JSON.stringify({ TableName: ITEMS.name, Item: { pk: { S: pk }, v: { S: 'x'.repeat(200) } } }),
    );

  it('does not start on a log in which one byte is another, names it, and goes on without it when told', async () => {
    const engine = await open();
    await provisionTable(engine, ITEMS);
    for (let at = 0; at < 200; at += 25)
      await Promise.all([...Array(25).keys()].map((i) => put(engine, `item-${at + i}`)));
    await engine.close();
    const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.log'));
    damage(join(folder, name));
    await expect(open()).rejects.toThrow(
      new RegExp(`${join(folder, name)} is damaged at byte \\d+: a record does not fit its checksum`),
    );
    const rest = await open(true);
    const { body } = await rest.call('Scan', JSON.stringify({ TableName: ITEMS.name, Select: 'COUNT' }));
    expect(JSON.parse(String(body)).Count).toBeLessThan(200);
    await rest.close();
    expect(messages()).toEqual([
      expect.stringMatching(/^error .*is damaged at byte .*left out, and kept as/),
    ]);
    expect(existsSync(join(folder, `${name}.damaged`))).toBe(true);
    // What is left is sound.
    await (await open()).close();
  });

  it('opens the store anew after writes have failed, and has lost nothing that it took', async () => {
    // No file may be larger than this: so writes fail until a new log is begun, as it is when the store is opened.
    const script = new URL('../../support/writes-until-it-fails.ts', import.meta.url).pathname;
    const shell = `trap '' XFSZ; ulimit -f 1000; exec "$0" "$@"`;
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', shell, process.execPath, script, folder]);
    const { failed, known, taken, missing, lines } = JSON.parse(stdout);
    expect(failed).toBeGreaterThan(0);
    expect(known).toBe(true);
    expect(taken).toBeGreaterThan(200);
    expect(missing).toBe(0);
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^error dynamodb: the store cannot write/),
        'warn dynamodb: the store writes again',
      ]),
    );
  });
});

describe('a stream', () => {
  const options = {
    name: 's',
    arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    shards: 1,
    mode: 'PROVISIONED' as const,
    retentionHours: 24,
    keyArn: undefined,
    maxBytes: 2 ** 24,
    maxRecordBytes: 2 ** 20,
  };
  const open = (accept = false) => Stream.open(options, folder, log, damagePolicy(accept, log));
  const put = (stream: Stream, text: string) =>
    stream.put([{ partitionKey: 'k', data: Buffer.from(text.padEnd(500, '.')) }], Date.now());
  const texts = (stream: Stream): string[] => {
    const [shard] = stream.shards;
    if (shard === undefined) throw new Error('no shard');
    return shard
      .read(shard.horizon, 10_000, 2 ** 30)
      .map(({ data }) => Buffer.from(data, 'base64').toString().replace(/\.+$/, ''));
  };

  it('refuses what it cannot write, does not keep it in memory for ever, and goes on once there is room', async () => {
    let stream = await open();
    await put(stream, 'before');
    disk.left = 0;
    await expect(put(stream, 'first')).rejects.toMatchObject({ code: 'InternalError', status: 500 });
    const { bytes } = stream;
    for (let at = 0; at < 20; at += 1)
      await expect(put(stream, `refused ${at}`)).rejects.toThrow('no space left');
    expect(stream.bytes).toBe(bytes);
    expect(texts(stream)).toEqual(['before']);
    expect(() => describeSummary(stream)).toThrow('cannot write');
    disk.left = Number.POSITIVE_INFINITY;
    await put(stream, 'after');
    describeSummary(stream);
    expect(messages()).toEqual([
      'error stream s: files cannot be written: ENOSPC: no space left on device, write',
      'warn stream s: files can be written again',
    ]);
    // Whoever was refused did not know: it may be there.
    expect(texts(stream)).toEqual(['before', 'first', 'after']);
    await stream.close();
    stream = await open();
    expect(texts(stream)).toEqual(['before', 'first', 'after']);
    await stream.close();
  });

  it('closes while the disk is full, and loses nothing that it took', async () => {
    let stream = await open();
    await put(stream, 'kept');
    disk.left = 0;
    await expect(put(stream, 'refused')).rejects.toThrow();
    await stream.close();
    disk.left = Number.POSITIVE_INFINITY;
    stream = await open();
    expect(texts(stream)).toEqual(['kept']);
    expect(messages()).toContain('warn stream: cut off a record that was not written whole');
    await stream.close();
  });

  it('does not start on a file in which one byte is another, and names it', async () => {
    const stream = await open();
    for (let at = 0; at < 20; at += 1) await put(stream, `record ${at}`);
    await stream.close();
    const shard = join(folder, 'shardId-000000000000');
    const [name = ''] = readdirSync(shard);
    damage(join(shard, name));
    await expect(open()).rejects.toThrow(/\.seg is damaged at byte \d+: a record does not fit its checksum/);
    const rest = await open(true);
    expect(texts(rest)).toEqual([...Array(10).keys()].map((at) => `record ${at}`));
    await rest.close();
    await (await open()).close();
    damage(join(folder, 'stream.json'));
    await expect(open()).rejects.toThrow(/stream\.json is damaged/);
  });
});

describe('a queue', () => {
  const path = () => join(folder, 'q.jsonl');
  const open = async (accept = false): Promise<Queue> => {
    const { journal, entries } = await Journal.open(path(), damagePolicy(accept, log));
    const options = {
      name: 'q',
      arn: 'arn:aws:sqs:us-east-1:000000000000:q',
      keyArn: undefined,
      visibilitySeconds: 30,
      delaySeconds: 0,
      waitSeconds: 0,
      retentionSeconds: 1000,
      maxBytes: 1000,
      redrive: undefined,
    };
    return new Queue(options, new DiskWatch('queue q', log), journal, entries);
  };
  const send = (queue: Queue, body: string) => queue.send(body, {}, 'me', Date.now());
  const bodies = async (queue: Queue): Promise<string[]> =>
    (await queue.receive(100, 0, 0, Date.now)).map(({ message }) => message.body);

  it('keeps what it took before and after the disk was full, and leaves no half line', async () => {
    const queue = await open();
    await send(queue, 'before');
    disk.left = 0;
    await expect(send(queue, 'refused')).rejects.toMatchObject({ status: 500 });
    disk.left = Number.POSITIVE_INFINITY;
    await send(queue, 'after');
    expect(await bodies(queue)).toEqual(['before', 'after']);
    const crashed = readFileSync(path());
    disk.left = 0;
    await queue.close();
    disk.left = Number.POSITIVE_INFINITY;
    for (const bytes of [readFileSync(path()), crashed]) {
      writeFileSync(path(), bytes);
      const again = await open();
      expect(await bodies(again)).toEqual(['before', 'after']);
      await again.close();
    }
    expect(readdirSync(folder).filter((file) => file.endsWith('.new'))).toEqual([]);
  });

  it('does not start on a line that is not what was written, names it, and goes on without it when told', async () => {
    const queue = await open();
    for (const body of ['a', 'b', 'c']) await send(queue, body);
    await queue.close();
    damage(path());
    await expect(open()).rejects.toThrow(/q\.jsonl is damaged at byte \d+: line 2 is not what was written/);
    const rest = await open(true);
    expect(await bodies(rest)).toEqual(['a', 'c']);
    await rest.close();
  });
});

describe('a bucket', () => {
  const open = () => Bucket.open('b', undefined, folder, log);
  const put = (bucket: Bucket, key: string, text: string) =>
    bucket.put(newHead(key, Buffer.from(text), undefined, {}), Buffer.from(text), () => undefined);
  const read = async (bucket: Bucket, key: string): Promise<string> => {
    const head = bucket.head(key);
    if (head === undefined) throw new Error(`no ${key}`);
    return String(await bucket.read(head));
  };
  const fileOf = (key: string): string => {
    const [name = ''] = readdirSync(folder).filter((file) =>
      readFileSync(join(folder, file), 'utf8').includes(`"key":"${key}"`),
    );
    return join(folder, name);
  };

  it('keeps the former object when the disk is full, and leaves nothing half', async () => {
    const bucket = await open();
    await put(bucket, 'a', 'former');
    disk.left = 1;
    await expect(put(bucket, 'a', 'later')).rejects.toMatchObject({ code: 'InternalError', status: 500 });
    expect(await read(bucket, 'a')).toBe('former');
    expect(readdirSync(folder)).toHaveLength(1);
    disk.left = Number.POSITIVE_INFINITY;
    await put(bucket, 'a', 'later');
    expect(await read(await open(), 'a')).toBe('later');
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 30), 'it is cut short'],
    [
      'another byte in its body',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('bbb', 'bxb'), 'latin1'),
      'its body does not fit its checksum',
    ],
  ])('with an object that is damaged (%s) starts, names it and refuses it alone', async (_, change, what) => {
    const bucket = await open();
    await put(bucket, 'a', 'sound');
    await put(bucket, 'b', 'b'.repeat(100));
    const file = fileOf('b');
    writeFileSync(file, change(readFileSync(file)));
    const again = await open();
    await expect(read(again, 'b')).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining(what),
    });
    expect(await read(again, 'a')).toBe('sound');
    expect(messages()).toContain(`error ${file} is damaged: ${what}`);
    await again.delete('b');
  });

  it('with an object whose head is damaged starts, and names the file', async () => {
    const bucket = await open();
    await put(bucket, 'a', 'sound');
    const file = fileOf('a');
    writeFileSync(file, readFileSync(file, 'latin1').replace('"size":5', '"size":4'), 'latin1');
    expect((await open()).list()).toEqual([]);
    expect(messages()).toEqual([`error ${file} is damaged: its head does not fit its checksum`]);
  });
});
