import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type ErrorsMessage, errorsMessage } from '../../contracts/messages/downstream.ts';
import { isBalanced, sumCounts } from '../../lambdas/domain/ledger/ledger.ts';
import { readLatest } from '../../lambdas/store/measurements/index.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';
import { MALFORMED } from './malformed.ts';

let lab: Lab;
let victim: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  victim = await lab.register('victim');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const operator = () => ({
  region: lab.gateway.assembly.region,
  endpoint: lab.gateway.addresses.aws,
  credentials: lab.gateway.iam.operator,
});
const physical = (type: string, prefix: string): string => {
  const found = lab.gateway.assembly.byType(type).find(({ logicalId }) => logicalId.startsWith(prefix));
  if (found === undefined) throw new Error(`no ${type} ${prefix}`);
  return found.physicalId;
};

interface Quarantined {
  readonly bytes: string;
  readonly notes: readonly { readonly code: string }[];
  readonly site: string;
  readonly device: string;
}

/** What was read of the quarantine, by key: nobody changes it. */
const known = new Map<string, Quarantined>();

/** Every object of the quarantine. */
const quarantined = async (): Promise<Quarantined[]> => {
  const s3 = new S3Client({ ...operator(), forcePathStyle: true });
  const bucket = physical('AWS::S3::Bucket', 'Archive');
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'quarantine/', ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  const read = async (key: string): Promise<void> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    known.set(key, JSON.parse((await Body?.transformToString()) ?? '') as Quarantined);
  };
  await Promise.all(keys.filter((key) => !known.has(key)).map(read));
  s3.destroy();
  return keys.flatMap((key) => known.get(key) ?? []);
};

const ledger = async (device: string) => {
  const client = new DynamoDBClient(operator());
  const latest = await readLatest(
    { client, table: physical('AWS::DynamoDB::Table', 'Measurements') },
    device,
  );
  client.destroy();
  if (latest === undefined) throw new Error(`nothing is known of ${device}`);
  return latest.ledger;
};

describe(`${MALFORMED.length} kinds of malformed payload`, () => {
  const notes: ErrorsMessage[] = [];
  const start = Date.now() - 3_600_000;
  const good = (place: number): string =>
    JSON.stringify({ v: 1, data: [{ n: 'count', t: start + place * 1000, v: place }] });

  beforeAll(async () => {
    const client = await lab.connect(victim);
    client.on('message', (_topic, payload) =>
      notes.push(errorsMessage.parse(JSON.parse(payload.toString()))),
    );
    await client.subscribeAsync(victim.topics.errors, { qos: 1 });
    for (const [place, { bytes }] of MALFORMED.entries()) {
      await client.publishAsync(victim.topics.data, bytes, { qos: 1 });
      await client.publishAsync(victim.topics.data, good(place), { qos: 1 });
    }
    await lab.gateway.drain();
  });

  test('each is kept with its raw bytes and its code', async () => {
    const kept = new Map((await quarantined()).map((entry) => [entry.bytes, entry]));
    const wrong = MALFORMED.flatMap(({ name, bytes, code }) => {
      const entry = kept.get(bytes.toString('base64'));
      const codes = entry?.notes.map((note) => note.code);
      return codes?.includes(code) && entry?.device === 'victim' ? [] : [{ name, codes }];
    });
    expect(wrong).toEqual([]);
  });

  test('the device is told of each', async () => {
    await expect.poll(() => notes.length).toBe(MALFORMED.length);
    const told = notes.flatMap(({ codes }) => codes.map(({ code }) => code)).sort();
    expect([...new Set(told)]).toEqual([...new Set(MALFORMED.map(({ code }) => code))].sort());
  });

  test('their neighbours are stored', async () => {
    const from = new Date(start).toISOString();
    const { items } = await lab.json<{ items: { v: number }[] }>(
      `/v1/devices/victim/series?from=${from}&channels=count`,
    );
    expect(items.map(({ v }) => v)).toEqual(MALFORMED.map((_, place) => place));
  });

  test('the ledger adds up', async () => {
    const sum = await ledger('victim');
    expect(isBalanced(sum)).toBe(true);
    expect(sum.messages).toBe(2 * MALFORMED.length);
    expect(sum.stored).toBe(MALFORMED.length);
    expect(sumCounts(sum.quarantined) + sumCounts(sum.rejected)).toBeGreaterThanOrEqual(MALFORMED.length);
  });
});

test('random bytes and random JSON end in the quarantine or in the table, never in between', async () => {
  const device = await lab.register('random');
  const client = await lab.connect(device);
  const payloads = [
    ...fc
      .sample(fc.uint8Array({ maxLength: 200 }), { numRuns: 150, seed: 11 })
      .map((bytes) => Buffer.from(bytes)),
    ...fc.sample(fc.json(), { numRuns: 150, seed: 12 }).map((text) => Buffer.from(text)),
  ];
  for (const payload of payloads) await client.publishAsync(device.topics.data, payload, { qos: 1 });
  await lab.gateway.drain();
  const sum = await ledger('random');
  expect(isBalanced(sum)).toBe(true);
  expect(sum.messages).toBe(payloads.length);
  const kept = (await quarantined()).filter((entry) => entry.device === 'random');
  expect(kept.length).toBe(payloads.length);
});

test('a message of a device that is not registered is kept, and nobody is told', async () => {
  const device = await lab.register('leaving');
  const client = await lab.connect(device);
  const { headers } = await lab.call('/v1/devices/leaving');
  const body = JSON.stringify({ v: 1, data: [{ n: 'temp', t: Date.now(), v: 1 }] });
  await client.publishAsync(device.topics.data, body, { qos: 1 });
  await lab.json('/v1/devices/leaving', {
    method: 'DELETE',
    body: '{"reason":"a test"}',
    headers: { 'if-match': headers.get('etag') ?? '' },
  });
  await lab.gateway.drain();
  const { items } = await lab.json<{ items: unknown[] }>(
    `/v1/devices/leaving/series?from=${new Date(Date.now() - 3_600_000).toISOString()}`,
  );
  const kept = (await quarantined()).filter((entry) => entry.device === 'leaving');
  expect(items.length + kept.length).toBe(1);
});
