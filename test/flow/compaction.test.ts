/** Hours that are over become blocks, and nobody who reads them sees a difference. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { InvokeResult } from '../../local/types.ts';
import { type Instrument, type Lab, openLab } from '../support/lab.ts';
import { passHotDays, pointKeys } from './hot-days.ts';

let lab: Lab;
let device: Instrument;

beforeAll(async () => {
  lab = await openLab(inject('assembly'));
  await lab.createType();
  device = await lab.register('compacted');
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
/** Start of an hour that was over long ago. */
const start = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;

const publish = async (times: readonly number[], value: number): Promise<void> => {
  const client = await lab.connect(device);
  const data = times.flatMap((t) => [
    { n: 'temp', t, v: value },
    { n: 'door', t, v: value > 20 },
  ]);
  await client.publishAsync(device.topics.data, JSON.stringify({ v: 1, data }), { qos: 1 });
  await client.endAsync();
  await lab.gateway.drain();
};

const run = (): Promise<InvokeResult> => lab.gateway.schedules.runNow('CompactionSchedule');

const keys = (): Promise<string[]> => pointKeys(lab, device.clientId);

const series = async (): Promise<unknown> => {
  const range = `from=${new Date(start).toISOString()}&to=${new Date(start + 3 * HOUR).toISOString()}`;
  const { items } = await lab.json<{ items: unknown[] }>(
    `/v1/devices/${device.clientId}/series?${range}&limit=1000`,
  );
  return items;
};

describe('compaction', () => {
  test('is called on its schedule and merges what is closed', async () => {
    await publish([start, start + 1000, start + HOUR], 20);
    await publish([start + 500, start + HOUR + 500], 21);
    const before = await series();
    expect((await keys()).filter((key) => key.includes('#c#')).length).toBeGreaterThan(2);
    expect(await run()).toMatchObject({ ok: true, payload: { failed: 0, done: true } });
    expect(await series()).toStrictEqual(before);
    const closed = (key: string): boolean => key < new Date(start + 3 * HOUR).toISOString();
    const kinds = (await keys()).filter(closed).map((key) => key.slice(13));
    expect(kinds).toStrictEqual(['#h', '#h']);
  });

  test('takes what comes late into the hour', async () => {
    await publish([start + 500, start + 700], 22);
    const before = await series();
    expect(await run()).toMatchObject({ ok: true, payload: { chunks: 1, done: true } });
    expect(await series()).toStrictEqual(before);
  });

  test('archives days that are over, with what comes late, and reads go on without the blocks', async () => {
    const day = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 3 * 86_400_000;
    await publish([day, day + 1000, day + 5 * HOUR], 23);
    expect(await run()).toMatchObject({ ok: true, payload: { days: 1, done: true } });
    await publish([day + 700], 24);
    expect(await run()).toMatchObject({ ok: true, payload: { days: 1, done: true } });
    const range = `from=${new Date(day).toISOString()}&to=${new Date(day + 6 * HOUR).toISOString()}`;
    const read = () => lab.json<{ items: unknown[] }>(`/v1/devices/${device.clientId}/series?${range}`);
    const { items } = await read();
    expect(items).toHaveLength(8);
    await passHotDays(lab, device.clientId);
    expect((await keys()).some((key) => key.startsWith(new Date(day).toISOString().slice(0, 10)))).toBe(
      false,
    );
    expect((await read()).items).toStrictEqual(items);
  });

  test('is denied by name when the schedule may not call it', async () => {
    const grant = lab.gateway.iam
      .grants()
      .find(({ roleLogicalId }) => roleLogicalId.includes('CompactionScheduleRole'));
    if (grant === undefined) throw new Error('the schedule has no grant');
    using _without = lab.gateway.iam.without(grant);
    await expect(run()).rejects.toThrow(/lambda:InvokeFunction/);
  });
});
