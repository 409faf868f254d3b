import { expect, it } from 'vitest';
import { bulkEnrol, type FleetResult, succeeded } from '../../../../bin/cli/client/bulk-enrol.ts';
import type { FleetEntry, FleetLine } from '../../../../bin/cli/client/fleet-file.ts';
import { UnreachableError } from '../../../../bin/cli/client/reach.ts';
import { ApiError } from '../../../../bin/cli/client/refusal.ts';

const device = (line: number, id: string, more: object = {}): FleetLine => ({
  line,
  entry: { id, site: 's', type: 't', ...more },
});
/** Runs lines, and tells what was registered and written. */
const run = async (
  lines: readonly FleetLine[],
  register: (entry: FleetEntry) => Promise<void> = async () => undefined,
  before = '',
) => {
  const asked: string[] = [];
  const written: FleetResult[] = [];
  let now = 0;
  let most = 0;
  const counts = await bulkEnrol(lines, {
    concurrency: 3,
    done: succeeded(before),
    register: async (entry) => {
      asked.push(entry.id);
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      await register(entry);
      return { folder: `devices/${entry.id}`, certificateId: 'c', found: false };
    },
    write: (result) => written.push(result),
  }).catch((error: unknown) => error);
  return { counts, asked, written, most, text: written.map((each) => JSON.stringify(each)).join('\n') };
};

it('registers some at a time, and writes a result a line', async () => {
  const lines = Array.from({ length: 10 }, (_, at) => device(at + 2, `d${at}`));
  const { counts, written, most } = await run(lines);
  expect(counts).toEqual({ registered: 10, failed: 0, skipped: 0 });
  expect(most).toBe(3);
  expect(written.map(({ line }) => line).sort((one, other) => one - other)).toEqual(
    lines.map(({ line }) => line),
  );
  expect(written[0]).toMatchObject({ id: 'd0', ok: true, folder: 'devices/d0', certificateId: 'c' });
});

it('skips on the next run what has succeeded, and nothing else', async () => {
  const fails = async ({ id }: FleetEntry): Promise<void> => {
    if (id === 'b') throw new ApiError(422, 'unknown-type: no such type');
  };
  const lines: FleetLine[] = [
    device(2, 'a'),
    device(3, 'b'),
    { line: 4, id: undefined, error: 'is no JSON' },
  ];
  const first = await run(lines, fails);
  expect(first.counts).toEqual({ registered: 1, failed: 2, skipped: 0 });
  expect(first.written).toContainEqual({ line: 4, ok: false, error: 'is no JSON' });
  const again = await run(
    [...lines, device(5, 'a', { name: 'Other' })],
    undefined,
    `${first.text}\n{"line":9,"ok":tr`,
  );
  // The line of `a` that says something else is not the one that succeeded.
  expect(again.asked.sort()).toEqual(['a', 'b']);
  expect(again.counts).toEqual({ registered: 2, failed: 1, skipped: 1 });
});

it('takes lines of one device one after the other, and the same line once', async () => {
  let busy = false;
  const alone = async (): Promise<void> => {
    expect(busy).toBe(false);
    busy = true;
    await new Promise(setImmediate);
    busy = false;
  };
  const { counts, asked } = await run([device(2, 'a'), device(3, 'a'), device(4, 'a', { name: 'x' })], alone);
  expect(asked).toEqual(['a', 'a']);
  expect(counts).toEqual({ registered: 2, failed: 0, skipped: 1 });
});

it('tries again what may pass', async () => {
  let tries = 0;
  const { counts } = await run([device(2, 'a')], async () => {
    tries += 1;
    if (tries < 2) throw new ApiError(429, 'throttled');
  });
  expect(counts).toMatchObject({ registered: 1 });
  expect(tries).toBe(2);
});

it('ends when nobody answers', async () => {
  const lines = Array.from({ length: 20 }, (_, at) => device(at + 2, `d${at}`));
  const { counts, asked } = await run(lines, async () => {
    throw new UnreachableError('nobody answers');
  });
  expect(counts).toBeInstanceOf(UnreachableError);
  expect(asked.length).toBeLessThanOrEqual(3);
});
