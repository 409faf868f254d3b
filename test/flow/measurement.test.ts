import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Point } from '../../contracts/resources/series.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';

let lab: Lab;
let balance: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  balance = await lab.register('meter-1');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe('a measurement', () => {
  const at = new Date(Date.now() - 60_000).toISOString();
  const after = new Date(Date.parse(at) + 1000).toISOString();

  test('goes over mutual TLS to the query API, and the device hears that it is stored', async () => {
    const client = await lab.connect(balance);
    const acks: unknown[] = [];
    client.on('message', (topic, payload) => acks.push([topic, JSON.parse(payload.toString())]));
    await client.subscribeAsync(balance.topics.ack, { qos: 1 });
    const message = {
      v: 1,
      session: 's1',
      seq: 0,
      ack: true,
      data: [
        { n: 'temp', t: at, v: 21.5, u: 'Cel' },
        { n: 'door', t: at, v: true },
        { n: 'count', t: at, v: 7 },
        { n: 'state', t: at, v: 'idle' },
        { n: 'temp', t: after, v: 60 },
      ],
    };
    await client.publishAsync(balance.topics.data, JSON.stringify(message), { qos: 1 });
    await lab.gateway.drain();

    const { items } = await lab.json<{ items: Point[] }>(`/v1/devices/meter-1/series?from=${at}`);
    expect(items).toEqual([
      { n: 'count', t: at, v: 7, u: '1', q: 'good' },
      { n: 'door', t: at, v: true, u: '1', q: 'good' },
      { n: 'state', t: at, v: 'idle', u: '1', q: 'good' },
      { n: 'temp', t: at, v: 21.5, u: 'Cel', q: 'good' },
      { n: 'temp', t: after, v: 60, u: 'Cel', q: 'uncertain/out-of-range' },
    ]);
    const latest = await lab.json<{ items: Point[] }>('/v1/devices/meter-1/latest');
    expect(latest.items.find(({ n }) => n === 'temp')).toMatchObject({ v: 60, t: after });
    await expect
      .poll(() => acks)
      .toEqual([[balance.topics.ack, expect.objectContaining({ session: 's1', ranges: [[0, 0]] })]]);
    await client.endAsync();
  });

  test('comes back in buckets, as CSV and as NDJSON', async () => {
    const buckets = await lab.json<{ items: object[] }>(
      `/v1/devices/meter-1/series?from=${at}&channels=temp&every=PT1H&agg=count,min,max`,
    );
    expect(buckets.items.reduce((sum: number, bucket) => sum + (bucket as { count: number }).count, 0)).toBe(
      2,
    );
    const csv = await lab.call(`/v1/devices/meter-1/series?from=${at}&channels=temp`, {
      headers: { accept: 'text/csv' },
    });
    expect((await csv.text()).trim().split(/\r\n/)).toEqual([
      'time,channel,value,unit,quality',
      `${at},temp,21.5,Cel,good`,
      `${after},temp,60,Cel,uncertain/out-of-range`,
    ]);
    const lines = await lab.call(`/v1/devices/meter-1/series?from=${at}&channels=door`, {
      headers: { accept: 'application/x-ndjson' },
    });
    expect(JSON.parse(await lines.text())).toEqual({ n: 'door', t: at, v: true, u: '1', q: 'good' });
  });

  test('comes in by columns, by SenML and zipped, through Basic Ingest too', async () => {
    const client = await lab.connect(balance);
    const later = (seconds: number): string => new Date(Date.parse(at) + seconds * 1000).toISOString();
    const send = (
      body: object,
      topic = balance.topics.data,
      pack = (text: string): Buffer => Buffer.from(text),
    ) => client.publishAsync(topic, pack(JSON.stringify(body)), { qos: 1 });
    await send({ v: 1, t: [later(10), later(11)], c: { temp: { u: 'Cel', v: [1, 2] } } });
    await send([{ n: 'temp', u: 'Cel', t: Date.parse(later(12)) / 1000, v: 3 }] as never);
    await send({ v: 1, data: [{ n: 'temp', t: later(13), v: 4 }] }, undefined, (text) => gzipSync(text));
    await send({ v: 1, data: [{ n: 'temp', t: later(14), v: 5 }] }, balance.topics.basicIngest);
    await lab.gateway.drain();
    const { items } = await lab.json<{ items: Point[] }>(
      `/v1/devices/meter-1/series?from=${later(10)}&to=${later(20)}&channels=temp`,
    );
    expect(items.map(({ v }) => v)).toEqual([1, 2, 3, 4, 5]);
    await client.endAsync();
  });

  test('needed no right that the templates do not give', () => {
    expect(lab.gateway.iam.denials).toEqual([]);
  });
});
