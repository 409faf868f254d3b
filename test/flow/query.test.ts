import { zstdDecompressSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.ts';

let lab: Lab;
const START = Math.floor(Date.now() / 3_600_000 - 3) * 3_600_000;
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const RANGE = `from=${at(0)}&to=${at(7200)}`;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  for (const [place, id] of ['asked-1', 'asked-2'].entries()) {
    const client = await lab.connect(await lab.register(id));
    const t = Array.from({ length: 120 }, (_, minute) => at(minute * 60));
    const v = t.map((_, minute) => minute + 100 * place);
    const data = JSON.stringify({ v: 1, t, c: { temp: { u: 'Cel', v } } });
    await client.publishAsync(`lab/lab-1/${id}/data`, data, { qos: 1 });
    await client.endAsync();
  }
  await lab.gateway.drain();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

interface Page {
  readonly items: readonly Record<string, unknown>[];
}

describe('questions through the API', () => {
  test('are answered in buckets, in another unit, and filled', async () => {
    const query = `channels=temp&${RANGE}&every=PT30M&agg=mean,p50,twmean&unit=temp:K&quality=good`;
    const { items } = await lab.json<Page>(`/v1/devices/asked-1/series?${query}`);
    expect(items.map(({ mean, p50 }) => [mean, p50])).toEqual([
      [287.65, 287.65],
      // Beyond 50 Cel the type says out of range: uncertain.
      [313.15, 313.15],
      [null, null],
      [null, null],
    ]);
  });

  test('are answered for several devices, aligned', async () => {
    const query = `devices=asked-1,asked-2&channels=temp&${RANGE}&every=PT1H&agg=max&align=true`;
    const { items } = await lab.json<Page>(`/v1/series?${query}`);
    expect(items).toEqual([
      { t: at(0), values: { 'asked-1/temp': 59, 'asked-2/temp': 159 } },
      { t: at(3600), values: { 'asked-1/temp': 119, 'asked-2/temp': 200 } },
    ]);
  });

  test('are answered for an instant', async () => {
    const { items } = await lab.json<Page>(`/v1/snapshot?devices=asked-1,asked-2&at=${at(630)}`);
    expect(items.map(({ device, v }) => [device, v])).toEqual([
      ['asked-1', 10],
      ['asked-2', 110],
    ]);
  });

  test('are answered in bytes that come through unchanged', async () => {
    const path = `/v1/devices/asked-1/series?channels=temp&${RANGE}`;
    const bytes = async (accept: string): Promise<Uint8Array> =>
      new Uint8Array(await (await lab.call(path, { headers: { accept } })).arrayBuffer());
    const expected = Array.from({ length: 120 }, (_, minute) => minute);
    const arrow = tableFromIPC(await bytes('application/vnd.apache.arrow.stream'));
    expect([...(arrow.getChild('value') ?? [])]).toEqual(expected);
    const { buffer } = await bytes('application/vnd.apache.parquet');
    const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) };
    const rows = await parquetReadObjects({ file: buffer as ArrayBuffer, compressors });
    expect(rows.map((row) => row['value'])).toEqual(expected);
  });

  test('needed no right that the templates do not give', () => {
    expect(lab.gateway.iam.denials).toEqual([]);
  });
});
