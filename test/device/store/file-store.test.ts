import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../../device/store/file-store.ts';
import { type MessageStore, StoreFull } from '../../../device/store/message-store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const payloadOf = (session: string, seq: number, size: number): Buffer =>
  Buffer.from(`${session}/${seq}:${'x'.repeat(size)}`);
const keys = (store: MessageStore): string[] =>
  [...store.pending()].map(({ session, seq }) => `${session}/${seq}`);
const append = (store: MessageStore, size = 20) =>
  store.append((session, seq) => payloadOf(session, seq, size));
const segments = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort();

describe('a store on disk', () => {
  it('gives back after closing what is not acknowledged, and counts on in the same session', async () => {
    const first = openFileStore({ directory: root });
    for (let at = 0; at < 5; at += 1) append(first);
    first.acknowledge(first.session, 0, 1);
    first.acknowledge(first.session, 3, 3);
    const { session } = first;
    await first.close();
    const second = openFileStore({ directory: root });
    expect(keys(second)).toEqual([`${session}/2`, `${session}/4`]);
    expect(Buffer.from(second.read({ session, seq: 4, bytes: 0 }))).toEqual(payloadOf(session, 4, 20));
    expect(append(second)).toMatchObject({ session, seq: 5 });
    await second.close();
  });

  it('keeps counting when everything was acknowledged and deleted', async () => {
    const first = openFileStore({ directory: root, segmentBytes: 200 });
    for (let at = 0; at < 50; at += 1) append(first, 100);
    first.acknowledge(first.session, 0, 49);
    await first.close();
    const second = openFileStore({ directory: root });
    expect(append(second)).toMatchObject({ session: first.session, seq: 50 });
    await second.close();
  });

  it('begins a new session with every opening when it outlives only the process', async () => {
    const first = openFileStore({ directory: root, durability: 'process' });
    append(first);
    await first.sync();
    await first.close();
    const second = openFileStore({ directory: root, durability: 'process' });
    expect(second.session).not.toBe(first.session);
    expect(keys(second)).toEqual([`${first.session}/0`]);
    await second.close();
  });

  it('refuses the newest at its bound, names the gap, and takes again once there is room', async () => {
    const store = openFileStore({ directory: root, maxBytes: 2000, segmentBytes: 500 });
    const taken: number[] = [];
    let full: unknown;
    for (let at = 0; at < 100 && full === undefined; at += 1) {
      try {
        taken.push(append(store, 80).seq);
      } catch (error) {
        full = error;
      }
    }
    expect(full).toBeInstanceOf(StoreFull);
    expect(full).toMatchObject({ seq: taken.length });
    expect(store.refused).toBe(1);
    expect(store.bytes).toBeLessThanOrEqual(2000);
    expect(keys(store)).toHaveLength(taken.length);
    store.acknowledge(store.session, 0, taken.length - 1);
    expect(append(store, 80).seq).toBe(taken.length + 1);
    await store.close();
  });

  it('does not let acknowledged messages of the segment in use take up the room', async () => {
    const store = openFileStore({ directory: root, maxBytes: 1000, segmentBytes: 1000 });
    for (let at = 0; at < 200; at += 1) {
      const { seq, session } = append(store, 100);
      store.acknowledge(session, seq, seq);
    }
    expect(store.refused).toBe(0);
    await store.close();
  });

  it('begins a new session after damage, and keeps what is sound', async () => {
    const first = openFileStore({ directory: root });
    append(first);
    append(first);
    await first.close();
    const file = join(root, segments(root).at(-1) ?? '');
    truncateSync(file, statSync(file).size - 3);
    const second = openFileStore({ directory: root });
    expect(keys(second)).toEqual([`${first.session}/0`]);
    expect(second.session).not.toBe(first.session);
    await second.close();
  });

  it('takes two waits while a flush is under way as one more flush', async () => {
    const store = openFileStore({ directory: root });
    append(store);
    const waits = [store.sync(), store.sync(), store.sync()];
    expect(waits[1]).toBe(waits[2]);
    await Promise.all(waits);
    await store.close();
  });

  it('may drop a segment whose flush is under way', async () => {
    const store = openFileStore({ directory: root, segmentBytes: 100 });
    const { session } = append(store, 100);
    const flushed = store.sync();
    append(store, 100);
    store.acknowledge(session, 0, 1);
    append(store, 100);
    await flushed;
    await store.sync();
    expect(keys(store)).toEqual([`${session}/2`]);
    expect(segments(root)).toHaveLength(1);
    await store.close();
  });

  it('is open once', async () => {
    const store = openFileStore({ directory: root });
    expect(() => openFileStore({ directory: root })).toThrow('in use by process');
    await store.close();
    await store.close();
    await openFileStore({ directory: root }).close();
  });
});

/** Appends for ever, and says what is durable. */
const APPENDER = `
  const { openFileStore } = await import(process.argv[1]);
  const store = openFileStore({ directory: process.argv[2], segmentBytes: 2000 });
  for (;;) {
    const { session, seq } = store.append((session, seq) => Buffer.from(session + '/' + seq));
    await store.sync();
    if (seq % 3 === 0) store.acknowledge(session, seq, seq);
    else process.stdout.write(session + '/' + seq + '\\n');
  }
`;

it('loses nothing that it promised when its process is killed, again and again', async () => {
  const module = new URL('../../../device/store/file-store.ts', import.meta.url).href;
  const promised = new Set<string>();
  for (let life = 0; life < 3; life += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', APPENDER, module, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    let count = 0;
    for await (const line of lines) {
      // A number given twice would be taken for a message that the platform has.
      expect(promised.has(line)).toBe(false);
      promised.add(line);
      count += 1;
      if (count === 40) child.kill('SIGKILL');
    }
    await exited;
    expect(count).toBeGreaterThanOrEqual(40);
  }
  const store = openFileStore({ directory: root });
  const kept = new Set(keys(store));
  for (const key of promised) expect(kept.has(key), key).toBe(true);
  for (const message of store.pending()) {
    expect(Buffer.from(store.read(message)).toString()).toBe(`${message.session}/${message.seq}`);
  }
  await store.close();
}, 30_000);

type Step =
  | { readonly do: 'append'; readonly size: number }
  | { readonly do: 'acknowledge'; readonly from: number; readonly span: number }
  | { readonly do: 'sync' }
  | { readonly do: 'crash'; readonly keep: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.nat(300) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('acknowledge' as const), from: fc.nat(40), span: fc.nat(10) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'sync' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

/**
 * What is left after a crash: all that was flushed, and any part of what was written to the newest segment since.
 * The crashed process is left open on the old folder; the next one opens a copy.
 */
const crashed = (directory: string, to: string, flushed: ReadonlyMap<string, number>, keep: number): void => {
  mkdirSync(to);
  const files = segments(directory);
  for (const file of files) copyFileSync(join(directory, file), join(to, file));
  const newest = files.at(-1) ?? '';
  const size = statSync(join(to, newest)).size;
  const safe = flushed.get(newest) ?? 0;
  truncateSync(join(to, newest), Math.floor(safe + (size - safe) * keep));
};

describe('whatever happens to a store', () => {
  it('loses nothing durable, brings back nothing durably forgotten, and never uses a number twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 120, max: 1500 }),
        async (steps, segmentBytes) => {
          const base = mkdtempSync(join(root, 'run-'));
          let generation = 0;
          let directory = join(base, '0');
          let store = openFileStore({ directory, segmentBytes });
          const left: MessageStore[] = [];
          const payloads = new Map<string, Buffer>();
          /** Messages that must be there; acknowledged ones that must not, once flushed. */
          const durable = new Set<string>();
          const forgotten = new Set<string>();
          let fresh: string[] = [];
          let freshForgotten: string[] = [];
          let flushed = new Map<string, number>();
          // A head is flushed with the file that it begins.
          const note = (): void => {
            flushed = new Map(
              segments(directory).map((file) => [file, statSync(join(directory, file)).size]),
            );
            for (const key of fresh) durable.add(key);
            for (const key of freshForgotten) forgotten.add(key);
            fresh = [];
            freshForgotten = [];
          };
          note();
          for (const action of steps) {
            if (action.do === 'append') {
              const before = segments(directory).at(-1);
              const { session, seq } = append(store, action.size);
              const key = `${session}/${seq}`;
              const payload = payloadOf(session, seq, action.size);
              expect(durable.has(key)).toBe(false);
              if (segments(directory).at(-1) !== before) {
                // Beginning a segment flushed the one before and its own head, and nothing since.
                const size = statSync(join(directory, segments(directory).at(-1) ?? '')).size;
                note();
                flushed.set(segments(directory).at(-1) ?? '', size - payload.length - 15);
              }
              payloads.set(key, payload);
              fresh.push(key);
            } else if (action.do === 'acknowledge') {
              for (const { session, seq } of store.acknowledge(
                store.session,
                action.from,
                action.from + action.span,
              )) {
                const key = `${session}/${seq}`;
                durable.delete(key);
                fresh = fresh.filter((other) => other !== key);
                freshForgotten.push(key);
              }
            } else if (action.do === 'sync') {
              await store.sync();
              note();
            } else {
              generation += 1;
              const next = join(base, String(generation));
              crashed(directory, next, flushed, action.keep);
              left.push(store);
              directory = next;
              store = openFileStore({ directory, segmentBytes });
              const kept = keys(store);
              fresh = [];
              freshForgotten = [];
              for (const key of kept) durable.add(key);
              note();
            }
            const kept = new Set(keys(store));
            for (const key of durable) expect(kept.has(key), `${key} lost`).toBe(true);
            for (const key of forgotten) expect(kept.has(key), `${key} came back`).toBe(false);
          }
          for (const message of store.pending()) {
            expect(Buffer.from(store.read(message))).toEqual(
              payloads.get(`${message.session}/${message.seq}`),
            );
          }
          await store.close();
          for (const old of left) await old.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
