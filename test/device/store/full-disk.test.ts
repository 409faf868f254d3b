import fs, { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../../device/store/file-store.ts';
import type { MessageStore } from '../../../device/store/message-store.ts';

/** Writes that still succeed. */
const disk = { left: Number.POSITIVE_INFINITY };
const { writeSync } = fs;

// The module itself, for who has imported it before: tests share what they load.
const fillUp = (): void => {
  fs.writeSync = ((fd: number, bytes: Buffer, from: number, length: number, at: number): number => {
    disk.left -= 1;
    if (disk.left >= 0) return writeSync(fd, bytes, from, length, at);
    // What fits is written all the same.
    writeSync(fd, bytes, from, length >> 1, at);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }) as typeof writeSync;
  syncBuiltinESMExports();
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'full-disk-'));
  fillUp();
});
afterEach(() => {
  disk.left = Number.POSITIVE_INFINITY;
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
  rmSync(root, { recursive: true, force: true });
});

const append = (store: MessageStore) =>
  store.append((session, seq) => Buffer.from(`${session}/${seq}:${'x'.repeat(80)}`));
const keys = (store: MessageStore): string[] =>
  [...store.pending()].map(({ session, seq }) => `${session}/${seq}`);

/** What another process finds that comes after a crash. */
const afterCrash = async (directory: string): Promise<string[]> => {
  const copy = mkdtempSync(join(root, 'copy-'));
  cpSync(directory, copy, { recursive: true });
  const store = openFileStore({ directory: copy });
  for (const message of store.pending())
    expect(Buffer.from(store.read(message)).toString()).toContain(`${message.session}/${message.seq}:`);
  const found = keys(store);
  await store.close();
  return found;
};

describe('a full disk', () => {
  it('costs no message that was taken, at whichever write it fills up', async () => {
    let failures = 0;
    for (let fails = 0; ; fails += 1) {
      const directory = join(root, `at-${fails}`);
      disk.left = Number.POSITIVE_INFINITY;
      const store = openFileStore({ directory, segmentBytes: 250 });
      disk.left = fails;
      let full = false;
      const taken = new Set<string>();
      for (let turn = 0; turn < 12; turn += 1) {
        try {
          const { session, seq } = append(store);
          await store.sync();
          taken.add(`${session}/${seq}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' });
        }
        // Somebody makes room, and the platform has what was sent before.
        full ||= disk.left < 0;
        if (full) disk.left = Number.POSITIVE_INFINITY;
        if (turn === 8)
          for (const { session, seq } of store.acknowledge(store.session, 0, 8))
            taken.delete(`${session}/${seq}`);
      }
      disk.left = Number.POSITIVE_INFINITY;
      expect(new Set(keys(store)), `write ${fails}`).toEqual(taken);
      const found = new Set(await afterCrash(directory));
      for (const key of taken) expect(found.has(key), `${key} lost when write ${fails} failed`).toBe(true);
      await store.close();
      if (!full) break;
      failures += 1;
    }
    expect(failures).toBeGreaterThan(12);
  });

  it('does not keep what the platform has, and says that it comes again after a restart', async () => {
    const troubles: Error[] = [];
    const store = openFileStore({
      directory: root,
      segmentBytes: 250,
      trouble: (error) => troubles.push(error),
    });
    for (let turn = 0; turn < 12; turn += 1) append(store);
    await store.sync();
    const before = readdirSync(root).length;
    disk.left = 0;
    expect(store.acknowledge(store.session, 0, 11)).toHaveLength(12);
    expect(keys(store)).toEqual([]);
    expect(readdirSync(root).length).toBeLessThan(before);
    expect(troubles).toMatchObject([{ cause: { code: 'ENOSPC' } }]);
    disk.left = Number.POSITIVE_INFINITY;
    expect(append(store).seq).toBe(12);
    await store.close();
  });

  it('can be opened again once there is room', async () => {
    disk.left = 0;
    expect(() => openFileStore({ directory: root })).toThrow('ENOSPC');
    disk.left = Number.POSITIVE_INFINITY;
    const store = openFileStore({ directory: root });
    expect(append(store).seq).toBe(0);
    await store.close();
  });
});
