import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { readArchivedDay } from '../../../../lambdas/store/archive/days.ts';
import { ObjectRefused } from '../../../../lambdas/store/objects/objects.ts';
import { ParquetDay } from '../../../../series/formats/parquet-archive.ts';

const DAY = Date.parse('2026-03-01T00:00:00Z') * 1000;
const column = {
  channel: 'temp',
  type: 'number',
  unit: 'Cel',
  time: [DAY + 1, DAY + 2],
  value: [20.5, 21],
  quality: undefined,
} as const;
const parquet = new ParquetDay();
parquet.add([column]);
const bytes = Buffer.from(parquet.finish());
const sha256 = createHash('sha256').update(bytes).digest('hex');
const archived = { key: 'archive/k.parquet', sha256, pending: [] };

it('is read again when S3 asks for patience, and not when it says no', async () => {
  const refusals = [new ObjectRefused('SlowDown', 503, 'k'), new ObjectRefused('InternalError', 500, 'k')];
  const patient = await readArchivedDay(async () => {
    const refusal = refusals.pop();
    if (refusal !== undefined) throw refusal;
    return bytes;
  }, archived);
  expect(patient).toMatchObject([{ channel: 'temp', time: column.time, value: column.value }]);
  let calls = 0;
  const denied = readArchivedDay(async () => {
    calls += 1;
    throw new ObjectRefused('AccessDenied', 403, 'k');
  }, archived);
  await expect(denied).rejects.toThrow('AccessDenied');
  expect(calls).toBe(1);
});
