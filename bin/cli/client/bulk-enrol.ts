/** Registers many devices: a result a line, some at a time, resumable by what the results say. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { canonicalJson } from '../../../contracts/canonical-json.ts';
import type { FleetEntry, FleetLine } from './fleet-file.ts';
import { UnreachableError } from './reach.ts';
import { ApiError } from './refusal.ts';

const result = z.object({
  line: z.int(),
  id: z.string().optional(),
  ok: z.boolean(),
  /** Of what the line says: a line that was changed since is not the one that succeeded. */
  digest: z.string().optional(),
  folder: z.string().optional(),
  certificateId: z.string().optional(),
  /** It was registered before. */
  found: z.boolean().optional(),
  error: z.string().optional(),
});
/** What became of a line. */
export type FleetResult = z.infer<typeof result>;

const digestOf = (entry: FleetEntry): string =>
  createHash('sha256').update(canonicalJson(entry)).digest('base64url');

/** Digests of the lines that have succeeded. A line that was cut off, as the process ended, counts for nothing. */
export const succeeded = (results: string): Set<string> => {
  const done = new Set<string>();
  for (const line of results.split('\n')) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    const parsed = result.safeParse(value);
    if (parsed.success && parsed.data.ok && parsed.data.digest !== undefined) done.add(parsed.data.digest);
  }
  return done;
};

/** What registering one device gives. */
export interface Made {
  readonly folder: string;
  readonly certificateId: string | undefined;
  readonly found: boolean;
}

const TRIES = 4;
const FIRST_PAUSE_MILLIS = 500;

const passes = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 429 || error.status >= 500);

const patiently = async (register: () => Promise<Made>): Promise<Made> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await register();
    } catch (error) {
      if (!passes(error) || tries === TRIES) throw error;
      await delay(FIRST_PAUSE_MILLIS * 2 ** (tries - 1));
    }
  }
};

/** Counts of a run. */
export interface BulkCounts {
  registered: number;
  failed: number;
  /** Had succeeded before. */
  skipped: number;
}

/**
 * Registers the devices of lines.
 * @param register does it for one; doing it again gives the same device
 * @param write keeps a result, in the order in which they come about
 * @throws {UnreachableError} when nobody answers any more; what was done stands in the results
 */
export const bulkEnrol = async (
  lines: Iterable<FleetLine>,
  options: {
    readonly concurrency: number;
    readonly done: Set<string>;
    readonly register: (entry: FleetEntry) => Promise<Made>;
    readonly write: (result: FleetResult) => void;
  },
): Promise<BulkCounts> => {
  const { done, register, write } = options;
  const counts: BulkCounts = { registered: 0, failed: 0, skipped: 0 };
  const queue = lines[Symbol.iterator]();
  /** Lines of one device wait for each other: they would make keys in the same folder. */
  const underWay = new Map<string, Promise<void>>();
  let end: UnreachableError | undefined;

  const take = async (line: number, entry: FleetEntry): Promise<void> => {
    const { id } = entry;
    const digest = digestOf(entry);
    if (done.has(digest)) {
      counts.skipped += 1;
      return;
    }
    try {
      const made = await patiently(() => register(entry));
      done.add(digest);
      counts.registered += 1;
      write({ line, id, ok: true, digest, ...made });
    } catch (error) {
      if (error instanceof UnreachableError) end = error;
      counts.failed += 1;
      write({ line, id, ok: false, digest, error: error instanceof Error ? error.message : String(error) });
    }
  };
  const work = async (): Promise<void> => {
    while (end === undefined) {
      const next = queue.next();
      if (next.done === true) return;
      const { value } = next;
      if ('error' in value) {
        const { line, id, error } = value;
        counts.failed += 1;
        write({ line, ...(id === undefined ? {} : { id }), ok: false, error });
        continue;
      }
      const { line, entry } = value;
      const mine = (underWay.get(entry.id) ?? Promise.resolve()).then(() => take(line, entry));
      underWay.set(entry.id, mine);
      await mine;
      if (underWay.get(entry.id) === mine) underWay.delete(entry.id);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  if (end !== undefined) throw end;
  return counts;
};
